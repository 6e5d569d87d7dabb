"""Ops that move elements about without changing them: shapes, joins, pieces, indices.

Each one's gradient moves the elements back; where an element was used twice, its
gradients add up. Read ``products.py`` next.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from .. import backend
from ..autodiff import broadcast_to as _broadcast_to
from ..autodiff import op
from ..backend import xp
from ..errors import ConfigError, ShapeError
from ..tensor import Tensor, raw
from .labels import check_labels


def floats(x: Any) -> Any:
    """A Tensor or float array as it is; lists, numbers and integers as floats."""
    return x if isinstance(x, Tensor) else backend.asarray(x)


def check_axis(name: str, axis: int, shape: Sequence[int]) -> int:
    """`axis` counted from the front, or `ShapeError` if the shape has no such axis."""
    if not -len(shape) <= axis < len(shape):
        raise ShapeError(f"{name}: axis {axis} does not exist in shape {tuple(shape)}.")
    return axis % len(shape)


@op
def reshape(x, shape):
    """The same elements in another shape; one entry of `shape` may be −1."""
    return xp.reshape(x, shape)


reshape.gradient(x=lambda g, y, x, shape: reshape(g, x.shape))


@op
def transpose(x, axes=None):
    """The axes in another order; reversed if `axes` is None."""
    return xp.transpose(x, axes)


transpose.gradient(
    x=lambda g, y, x, axes=None: transpose(
        g,
        None
        if axes is None
        else [int(i) for i in np.argsort([a % g.ndim for a in axes])],
    )
)


def broadcast_to(x: Any, shape: Sequence[int]) -> Any:
    """Repeat `x` along axes of size one (or new ones in front) to fill `shape`."""
    return _broadcast_to(x, shape=tuple(shape))


def expand_dims(x: Any, axis: int) -> Any:
    """Insert an axis of size one at position `axis` (counted in the result)."""
    x = floats(x)
    ndim = len(x.shape) + 1
    if not -ndim <= axis < ndim:
        raise ShapeError(f"expand_dims: axis {axis} does not fit shape {x.shape}.")
    place = axis % ndim
    return reshape(x, (*x.shape[:place], 1, *x.shape[place:]))


def squeeze(x: Any, axis: int | Sequence[int] | None = None) -> Any:
    """Drop axes of size one: those in `axis`, or all of them."""
    x = floats(x)
    if axis is None:
        axes = {i for i, n in enumerate(x.shape) if n == 1}
    else:
        given = [axis] if isinstance(axis, int) else axis
        axes = {check_axis("squeeze", a, x.shape) for a in given}
    if any(x.shape[a] != 1 for a in axes):
        raise ShapeError(f"squeeze: axes {sorted(axes)} of {x.shape} are not all 1.")
    return reshape(x, tuple(n for i, n in enumerate(x.shape) if i not in axes))


@op
def flip(x, *, axis=None):
    """The elements in reverse order along `axis` (an int, a tuple, or all axes)."""
    return xp.flip(x, axis)


flip.gradient(x=lambda g, y, x, axis=None: flip(g, axis=axis))


# ------------------------------------------------------------------ joins and pieces


@op
def _concatenate(*xs, axis):
    return xp.concatenate(xs, axis=axis)


@_concatenate.gradients
def _(g, y, *xs, axis):
    pieces, start = [], 0
    for x in xs:
        stop = start + x.shape[axis]
        index = [slice(None)] * len(x.shape)
        index[axis] = slice(start, stop)
        pieces.append(g[tuple(index)])
        start = stop
    return pieces


def concatenate(xs: Sequence[Any], *, axis: int = 0) -> Any:
    """Join a list of Tensors along an axis that they already have."""
    return _concatenate(*xs, axis=axis)


def stack(xs: Sequence[Any], *, axis: int = 0) -> Any:
    """Join a list of Tensors of one shape along a new axis."""
    if not xs:
        raise ShapeError("stack needs at least one Tensor.")
    xs = [floats(x) for x in xs]
    shapes = {tuple(x.shape) for x in xs}
    if len(shapes) > 1:
        raise ShapeError(f"stack: all shapes must agree, but got {sorted(shapes)}.")
    return concatenate([expand_dims(x, axis) for x in xs], axis=axis)


def split(x: Any, indices_or_sections: int | Sequence[int], *, axis: int = 0) -> list:
    """Cut `x` along `axis` into equal sections, or before each of the given indices."""
    x = floats(x)
    axis = check_axis("split", axis, x.shape)
    n = x.shape[axis]
    if isinstance(indices_or_sections, int):
        if indices_or_sections < 1 or n % indices_or_sections:
            raise ShapeError(
                f"split: an axis of {n} cannot be cut into {indices_or_sections} "
                "equal sections."
            )
        step = n // indices_or_sections
        cuts = list(range(step, n, step))
    else:
        cuts = list(indices_or_sections)
    bounds = [0, *cuts, n]
    front = (slice(None),) * axis
    return [getitem(x, (*front, slice(a, b))) for a, b in pairwise(bounds)]


@op
def pad(x, pad_width, *, mode="constant", constant_values=0.0):
    """Add elements around `x`: `pad_width` is ((before, after), …), one pair an axis.

    A single number or pair holds for every axis. `mode` is NumPy's; only "constant"
    has a gradient.
    """
    if mode != "constant":
        return xp.pad(x, pad_width, mode=mode)
    return xp.pad(x, pad_width, mode=mode, constant_values=constant_values)


def _unpad(g, y, x, pad_width, mode="constant", constant_values=0.0):
    if mode != "constant":
        raise ConfigError(f"pad has no gradient for mode {mode!r}, only 'constant'.")
    pairs = np.broadcast_to(np.asarray(pad_width), (len(x.shape), 2)).tolist()
    sizes = zip(pairs, x.shape, strict=True)
    return g[tuple(slice(before, before + n) for (before, _), n in sizes)]


pad.gradient(x=_unpad)


# --------------------------------------------------------------------------- indices


def plain_index(index: Any) -> Any:
    """An index as the array library wants it: Tensors and lists as integer arrays."""
    if isinstance(index, tuple):
        return tuple(plain_index(i) for i in index)
    index = raw(index)
    if isinstance(index, (list, np.ndarray)) or backend.is_array(index):
        return backend.asindices(index)
    return index


@op
def _getitem(x, *, index):
    return x[index]


@op
def _setitem(g, *, index, shape):
    """Zeros of `shape` with `g` added in at `index`: the way back from indexing."""
    x = xp.zeros(shape, g.dtype)
    parts = index if isinstance(index, tuple) else (index,)
    if any(backend.is_array(part) for part in parts):
        backend.add_at(x, index, g)  # a place may have been taken twice
    else:
        x[index] = g
    return x


_getitem.gradient(x=lambda g, y, x, index: _setitem(g, index=index, shape=x.shape))
_setitem.gradient(g=lambda h, y, g, index, shape: _getitem(h, index=index))


def _check_places(index: Any, shape: tuple[int, ...]) -> None:
    """Raise for places that do not exist: a GPU would take others, unseen.

    Looked at on the host, where indices come from; arrays that are on the device
    already are left alone, for looking would be a wait.
    """
    parts = index if isinstance(index, tuple) else (index,)
    if any(part is None or part is Ellipsis for part in parts):
        return
    for axis, (part, size) in enumerate(zip(parts, shape, strict=False)):
        if not isinstance(part, (list, np.ndarray)):
            continue
        places = np.asarray(part)
        if places.dtype.kind in "iu" and places.size:
            wrong = places[(places < -size) | (places >= size)]
            if wrong.size:
                raise ShapeError(
                    f"getitem({tuple(shape)}): index {wrong[0]} is out of bounds for "
                    f"axis {axis} with size {size}"
                )


def getitem(x: Any, index: Any) -> Any:
    """x[index], with slices, integers, integer arrays or a boolean mask."""
    x = floats(x)
    _check_places(index, x.shape)
    return _getitem(x, index=plain_index(index))


def take(x: Any, indices: Any, *, axis: int | None = None) -> Any:
    """The elements at integer `indices` along `axis`, or of the flattened `x`."""
    x = floats(x)
    indices = raw(indices)
    indices = list(indices) if isinstance(indices, tuple) else indices
    if axis is None:
        return getitem(reshape(x, (-1,)), indices)
    front = (slice(None),) * check_axis("take", axis, x.shape)
    return getitem(x, (*front, indices))


def take_along_axis(x: Any, indices: Any, *, axis: int) -> Any:
    """One element for each entry of `indices`, counted along `axis`, as NumPy does."""
    x = floats(x)
    indices = backend.asindices(raw(indices))
    if indices.ndim != len(x.shape):
        raise ShapeError(
            f"take_along_axis: indices {indices.shape} need as many axes as {x.shape}."
        )
    axis = check_axis("take_along_axis", axis, x.shape)
    places = []
    for i in range(len(x.shape)):
        if i == axis:
            places.append(indices)
        else:
            line = [1] * len(x.shape)
            line[i] = -1
            places.append(xp.arange(x.shape[i]).reshape(line))
    return getitem(x, tuple(places))


def one_hot(labels: Any, num_classes: int) -> Any:
    """A row for each whole-number label: 1 at the label's place, 0 elsewhere.

    Shapes: labels (…,), result (…, num_classes), float32. Raises `LabelError` for a
    label outside 0 … num_classes − 1.

    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    labels = check_labels("one_hot", raw(labels), num_classes)
    return (labels[..., None] == xp.arange(num_classes)).astype(backend.DEFAULT_FLOAT)
