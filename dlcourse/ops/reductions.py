"""Sums, means, extremes: many elements become one.

`axis` is an int, a tuple of ints, or None for all axes; `keepdims` leaves the reduced
axes with size one. A sum hands its gradient to every element, an extreme gives all of
it to the first element that has it. Read ``composite.py`` next.
"""

from __future__ import annotations

import math
from typing import Any

from .. import backend
from ..autodiff import broadcast_to, op
from ..backend import xp
from ..tensor import raw
from .shaping import check_axis, concatenate, reshape, transpose


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(ndim))
    return tuple(a % ndim for a in ((axis,) if isinstance(axis, int) else axis))


def _kept(shape: tuple[int, ...], axis: Any) -> tuple[int, ...]:
    """The shape that keepdims=True gives."""
    axes = _axes(axis, len(shape))
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


@op
def sum(x, *, axis=None, keepdims=False):
    """The sum of the elements along `axis`."""
    return x.sum(axis=axis, keepdims=keepdims)


def _spread(g, y, x, axis=None, keepdims=False):
    return broadcast_to(reshape(g, _kept(x.shape, axis)), shape=x.shape)


sum.gradient(x=_spread)


@op
def prod(x, *, axis=None, keepdims=False):
    """The product of the elements along `axis`."""
    return x.prod(axis=axis, keepdims=keepdims)


def _others(g, y, x, axis=None, keepdims=False):
    """The product of all *other* elements: right where an element is zero, too."""
    axes = _axes(axis, len(x.shape))
    rest = tuple(i for i in range(len(x.shape)) if i not in axes)
    order = (*rest, *axes)
    size = math.prod(x.shape[a] for a in axes)
    lines = x.transpose(order).reshape((*(x.shape[i] for i in rest), size))
    line = [lines[..., i] for i in range(size)]
    before, after = [None] * size, [None] * size  # the products of those on each side
    for i in range(1, size):
        before[i] = line[0] if i == 1 else before[i - 1] * line[i - 1]
        k = size - 1 - i
        after[k] = line[size - 1] if i == 1 else after[k + 1] * line[k + 1]
    parts = []
    for i, (left, right) in enumerate(zip(before, after, strict=True)):
        both = [side for side in (left, right) if side is not None]
        product = both[0] if both else line[i] * 0 + 1
        product = product * both[1] if len(both) == 2 else product
        parts.append(reshape(product, (*product.shape, 1)))
    shape = tuple(x.shape[i] for i in order)
    inverse = sorted(range(len(order)), key=order.__getitem__)
    slope = transpose(reshape(concatenate(parts, axis=-1), shape), inverse)
    return slope * reshape(g, _kept(x.shape, axis))


prod.gradient(x=_others)


def _first_extreme(x: Any, axis: Any, pick: Any) -> Any:
    """A mask with one True per reduced line: the first place of the extreme."""
    values = raw(x)
    axes = _axes(axis, values.ndim)
    rest = tuple(i for i in range(values.ndim) if i not in axes)
    lines = values.transpose((*rest, *axes))
    shape = lines.shape
    size = math.prod(shape[len(rest) :])
    lines = lines.reshape((*shape[: len(rest)], size))
    place = pick(lines, axis=-1)
    mask = place[..., None] == xp.arange(size)
    inverse = sorted(range(values.ndim), key=(*rest, *axes).__getitem__)
    return mask.reshape(shape).transpose(inverse)


@op
def max(x, *, axis=None, keepdims=False):
    """The largest element along `axis`; the first of equals gets the gradient."""
    return x.max(axis=axis, keepdims=keepdims)


max.gradient(
    x=lambda g, y, x, axis=None, keepdims=False: (
        reshape(g, _kept(x.shape, axis)) * _first_extreme(x, axis, xp.argmax)
    )
)


@op
def min(x, *, axis=None, keepdims=False):
    """The smallest element along `axis`; the first of equals gets the gradient."""
    return x.min(axis=axis, keepdims=keepdims)


min.gradient(
    x=lambda g, y, x, axis=None, keepdims=False: (
        reshape(g, _kept(x.shape, axis)) * _first_extreme(x, axis, xp.argmin)
    )
)


def count(shape: tuple[int, ...], axis: Any) -> int:
    """How many elements a reduction over `axis` puts into one."""
    return math.prod(shape[a] for a in _axes(axis, len(shape)))


def argmax(x: Any, *, axis: int | None = None) -> Any:
    """The place of the (first) largest element: a plain integer array."""
    values = backend.asarray(raw(x))
    axis = None if axis is None else check_axis("argmax", axis, values.shape)
    return xp.asarray(xp.argmax(values, axis))
