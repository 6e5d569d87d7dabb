"""Convolution over one, two or three axes of space, channels last.

A window slides over the input; at each place its cells are multiplied by the kernel and
summed. As a matrix product: the windows laid out as rows ("im2col"), times the kernel
as a matrix. The rows are made for a few samples at a time, so that they stay in the
cache.

The gradient of the kernel is rowsᵀ·g. The gradient of the input sends g·kernelᵀ back to
the cells it came from; for stride one that is again a convolution, with the kernel
turned round. `conv_transpose` is that way back, used as a layer. Read ``pool.py`` next.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

from ...autodiff import kernel as kernel_of
from ...backend import xp
from ...errors import ConfigError, ShapeError, check_count
from ..products import matmul, swap_last
from ..shaping import concatenate, floats, getitem, pad, reshape, split
from .windows import (
    Axis,
    geometry,
    inner,
    offsets,
    pad_space,
    per_axis,
    places,
    windows,
)

ROWS_BYTES = 1 << 20  # rows made at a time: they and the product stay in a 2 MB cache


# ---------------------------------------------------------- the loops over windows


def slide(padded: Any, kernel: Any, axes: Sequence[Axis], groups: int) -> Any:
    """The convolution itself: padded (N, *padded, C) to (N, *out, F)."""
    n, filters = len(padded), kernel.shape[-1]
    out = tuple(a.out for a in axes)
    y = xp.empty((n, *out, filters), padded.dtype)
    if _is_depthwise(kernel, groups):
        y.fill(0)
        for cell, cells in offsets(axes):
            y += padded[cells] * kernel[cell][0]
        return y
    views = windows(padded, axes)
    w = _matrices(kernel, groups)
    for part in _chunks(n, axes, padded):
        rows = _rows(views[part], axes, groups)
        if groups == 1:
            xp.matmul(rows, w, out=y[part].reshape(-1, filters))
        else:
            each = xp.matmul(rows, w)  # (G, rows, F/G)
            y[part] = xp.moveaxis(each, 0, 1).reshape(y[part].shape)
    return y


def kernel_gradient(
    padded: Any, g: Any, axes: Sequence[Axis], groups: int, shape: tuple[int, ...]
) -> Any:
    """The sum over all windows of cells times gradient, in the kernel's shape."""
    dw = xp.zeros(shape, padded.dtype)
    if _is_depthwise(dw, groups):
        sum_axes = tuple(range(g.ndim - 1))
        for cell, cells in offsets(axes):
            dw[cell][0] = (padded[cells] * g).sum(axis=sum_axes)
        return dw
    views = windows(padded, axes)
    filters = shape[-1]
    total: Any = 0
    for part in _chunks(len(padded), axes, padded):
        rows = _rows(views[part], axes, groups)
        if groups == 1:
            total = total + xp.matmul(rows.T, g[part].reshape(-1, filters))
        else:
            columns = g[part].reshape(-1, groups, filters // groups)
            total = total + xp.matmul(swap_last(rows), xp.moveaxis(columns, 1, 0))
    if groups > 1:  # (G, K·C/G, F/G) to (K, C/G, G·F/G)
        total = xp.moveaxis(total, 0, 1)
    return xp.ascontiguousarray(total).reshape(shape) if len(padded) else dw


def scatter(
    g: Any, kernel: Any, axes: Sequence[Axis], groups: int, channels: int
) -> Any:
    """The way back: g (N, *out, F) to the padded cells (N, *padded, C)."""
    shape = (len(g), *(a.padded for a in axes), channels)
    if all(a.stride == 1 for a in axes) and not _is_depthwise(kernel, groups):
        back = [
            Axis(a.out, a.window, 1, a.dilation, a.reach - 1, a.reach - 1) for a in axes
        ]
        return slide(pad_space(g, back), _turned(kernel, groups), back, groups)
    padded = xp.zeros(shape, g.dtype)
    filters = kernel.shape[-1] // groups
    rows = g.reshape(-1, groups, filters)
    for cell, cells in offsets(axes):
        w = kernel[cell]  # (C/G, F)
        if _is_depthwise(kernel, groups):
            padded[cells] += g * w[0]
        elif groups == 1:
            padded[cells] += xp.matmul(g, w.T)
        else:
            each = w.reshape(-1, groups, filters).transpose(1, 2, 0)  # (G, F/G, C/G)
            part = xp.matmul(xp.moveaxis(rows, 1, 0), each)
            padded[cells] += xp.moveaxis(part, 0, 1).reshape(*g.shape[:-1], channels)
    return padded


def _is_depthwise(kernel: Any, groups: int) -> bool:
    return kernel.shape[-2] == 1 and kernel.shape[-1] == groups and groups > 1


def _matrices(kernel: Any, groups: int) -> Any:
    """The kernel as a matrix (K·C, F), or one for each group (G, K·C/G, F/G)."""
    filters = kernel.shape[-1]
    if groups == 1:
        return kernel.reshape(-1, filters)
    return xp.moveaxis(kernel.reshape(-1, groups, filters // groups), 1, 0)


def _turned(kernel: Any, groups: int) -> Any:
    """The kernel turned round, inputs and outputs exchanged: for the way back."""
    space = tuple(range(kernel.ndim - 2))
    turned = xp.flip(kernel, space)  # (*window, C/G, F)
    if groups == 1:
        return xp.ascontiguousarray(xp.swapaxes(turned, -1, -2))
    shape = turned.shape
    parts = turned.reshape(*shape[:-1], groups, shape[-1] // groups)
    parts = xp.moveaxis(parts, -1, -3)  # (*window, F/G, C/G, G)
    parts = xp.swapaxes(parts, -1, -2)  # (*window, F/G, G, C/G)
    return xp.ascontiguousarray(parts).reshape(*shape[:-2], shape[-1] // groups, -1)


def _chunks(n: int, axes: Sequence[Axis], padded: Any) -> list[slice]:
    """Slices of the batch whose rows fit the cache together."""
    cells = places(axes) * math.prod(a.window for a in axes) * padded.shape[-1]
    step = max(1, ROWS_BYTES // max(1, cells * padded.dtype.itemsize))
    return [slice(i, min(n, i + step)) for i in range(0, n, step)]


def _rows(views: Any, axes: Sequence[Axis], groups: int) -> Any:
    """The windows laid out as rows: (rows, K·C), or (G, rows, K·C/G)."""
    count = len(views) * places(axes)
    if groups == 1:
        return views.reshape(count, -1)
    cells = math.prod(a.window for a in axes)
    parts = views.reshape(count, cells, groups, views.shape[-1] // groups)
    return xp.moveaxis(parts, 2, 0).reshape(groups, count, -1)


# ---------------------------------------------------------------------- convolution


def _check(name: str, x: Any, kernel: Any, groups: int, channels_axis: int) -> None:
    if x.ndim not in (3, 4, 5) or kernel.ndim != x.ndim:
        raise ShapeError(
            f"{name}: x {x.shape} must be (N, *space, C) with one to three axes of "
            f"space, and the kernel {kernel.shape} must have as many axes."
        )
    groups = check_count("groups", groups)
    if x.shape[-1] != kernel.shape[channels_axis] * groups or kernel.shape[-1] % groups:
        raise ShapeError(
            f"{name}: x {x.shape} has {x.shape[-1]} channels, but the kernel "
            f"{kernel.shape} with groups={groups} takes "
            f"{kernel.shape[channels_axis] * groups}"
            f"{'' if kernel.shape[-1] % groups == 0 else ' (and cannot be split)'}."
        )


def conv_reference(
    x: Any,
    kernel: Any,
    *,
    strides: Any = 1,
    padding: Any = "valid",
    dilation_rate: Any = 1,
    groups: int = 1,
) -> Any:
    """The sum over the window's cells of shifted inputs times the kernel there."""
    axes = geometry(
        "conv", x.shape[1:-1], kernel.shape[:-2], strides, padding, dilation_rate
    )
    padded = pad(x, ((0, 0), *((a.before, a.after) for a in axes), (0, 0)))
    y = None
    for cell, cells in offsets(axes):
        shifted, w = getitem(padded, cells), getitem(kernel, cell)
        pieces = [
            matmul(part, matrix)
            for part, matrix in zip(
                split(shifted, groups, axis=-1), split(w, groups, axis=-1), strict=True
            )
        ]
        term = concatenate(pieces, axis=-1)
        y = term if y is None else y + term
    return y


@kernel_of(conv_reference)
def conv(x, kernel, *, strides=1, padding="valid", dilation_rate=1, groups=1):
    """Slide a kernel over x and sum the products at each place.

    Shapes: x (N, *space, C), kernel (*window, C / groups, F), y (N, *out, F) with one
    to three axes of space. On each axis out = ⌊(size + padding − reach) / stride⌋ + 1
    with reach = (window − 1)·dilation + 1. `padding` is "valid", "same" (out =
    ⌈size / stride⌉, the odd cell at the end), "causal" (one axis), a number, or
    (before, after) pairs. Strides and dilation may both exceed one.

    Raises `ShapeError` for channels that do not fit or a window larger than its input.
    Lecture "convolutional networks".

    >>> conv([[[1.0], [2.0], [4.0]]], [[[-1.0]], [[1.0]]])[0, :, 0]
    array([1., 2.], dtype=float32)
    """
    _check("conv", x, kernel, groups, -2)
    axes = geometry(
        "conv", x.shape[1:-1], kernel.shape[:-2], strides, padding, dilation_rate
    )
    padded = pad_space(xp.ascontiguousarray(x), axes)
    return slide(padded, kernel, axes, groups), (padded, kernel, axes, groups)


@conv.backward
def _(g, saved, needs, into):
    padded, kernel, axes, groups = saved
    dx = dw = None
    g = xp.ascontiguousarray(g)
    if needs[1]:
        dw = kernel_gradient(padded, g, axes, groups, kernel.shape)
    if needs[0]:
        dx = scatter(g, kernel, axes, groups, padded.shape[-1])[inner(axes)]
    return dx, dw


# ----------------------------------------------------------------------- transposed


def transposed_geometry(
    sizes: Sequence[int],
    window: Sequence[int],
    strides: Any,
    padding: Any,
    output_padding: Any,
    dilation_rate: Any,
) -> tuple[list[Axis], list[int]]:
    """The axes of the convolution this is the way back of, and the output sizes.

    The `Axis` describes the *output* as that convolution's input: its ``out`` is at
    least our input's size, its padding is what is cut off.
    """
    n = len(sizes)
    strides = per_axis("strides", strides, n)
    dilations = per_axis("dilation_rate", dilation_rate, n)
    extra: Sequence[int | None] = [None] * n
    if output_padding is not None:
        given = (
            output_padding
            if isinstance(output_padding, (tuple, list))
            else [output_padding] * n
        )
        extra = [check_count("output_padding", e, low=0) for e in given]
    axes, outs = [], []
    for i, size in enumerate(sizes):
        stride, reach = strides[i], (window[i] - 1) * dilations[i] + 1
        full = (size - 1) * stride + reach
        more = extra[i]
        if more is not None and more >= stride and more > 0:
            raise ConfigError(
                f"output_padding must be smaller than the stride {stride}, not {more}."
            )
        if padding == "valid" and more is None:
            before, out = 0, size * stride + max(reach - stride, 0)
        elif padding == "same" and more is None:
            before, out = max(reach - stride, 0) // 2, size * stride
        else:
            if padding == "valid":
                before = after = 0
            elif padding == "same":
                before = after = reach // 2
            else:
                before, after = _pair(padding, i)
            out = full - before - after + (more or 0)
        if out < 1:
            raise ShapeError(
                f"conv_transpose: padding {padding!r} cuts all {full} cells off axis "
                f"{i + 1}."
            )
        after = max(full - before - out, 0)
        axes.append(Axis(out, window[i], stride, dilations[i], before, after))
        outs.append(out)
    return axes, outs


def _pair(padding: Any, i: int) -> tuple[int, int]:
    one = padding[i] if isinstance(padding, (tuple, list)) else padding
    if isinstance(one, str):
        raise ConfigError(
            f"padding must be 'valid', 'same', a number or pairs, not {padding!r}."
        )
    pair = tuple(one) if isinstance(one, (tuple, list)) else (one, one)
    before, after = (check_count("padding", p, low=0) for p in pair)
    return before, after


def _fitted(axes: Sequence[Axis], sizes: Sequence[int]) -> list[Axis]:
    """The axes padded exactly so far that the window has `sizes` places."""
    fitted = []
    for axis, size in zip(axes, sizes, strict=True):
        full = (size - 1) * axis.stride + axis.reach
        fitted.append(axis._replace(after=max(full - axis.before - axis.size, 0)))
    return fitted


def conv_transpose_reference(
    x: Any,
    kernel: Any,
    *,
    strides: Any = 1,
    padding: Any = "valid",
    output_padding: Any = None,
    dilation_rate: Any = 1,
) -> Any:
    """Each input cell paints the kernel, scaled by its value, onto the output."""
    x, kernel = floats(x), floats(kernel)
    sizes = x.shape[1:-1]
    axes, outs = transposed_geometry(
        sizes, kernel.shape[:-2], strides, padding, output_padding, dilation_rate
    )
    lengths = [
        max((n - 1) * a.stride + a.reach, a.before + a.size)
        for n, a in zip(sizes, axes, strict=True)
    ]
    y = None
    for cell in itertools.product(*(range(a.window) for a in axes)):
        term = matmul(x, swap_last(getitem(kernel, cell)))
        for i, (k, axis) in enumerate(zip(cell, axes, strict=True)):
            term = _spread(term, i + 1, axis, k, lengths[i])
        y = term if y is None else y + term
    cut = (slice(a.before, a.before + out) for a, out in zip(axes, outs, strict=True))
    return getitem(y, (slice(None), *cut))


def _spread(x: Any, place: int, axis: Axis, k: int, length: int) -> Any:
    """The entries of one axis, `stride` apart, starting at k·dilation, in `length`."""
    n = x.shape[place]
    front, back = x.shape[:place], x.shape[place + 1 :]
    none = [(0, 0)] * len(front)
    gaps = reshape(x, (*front, n, 1, *back))
    gaps = pad(gaps, (*none, (0, 0), (0, axis.stride - 1), *[(0, 0)] * len(back)))
    line = reshape(gaps, (*front, n * axis.stride, *back))
    line = getitem(line, (*[slice(None)] * place, slice(0, (n - 1) * axis.stride + 1)))
    start = k * axis.dilation
    rest = length - start - line.shape[place]
    return pad(line, (*none, (start, rest), *[(0, 0)] * len(back)))


@kernel_of(conv_transpose_reference)
def conv_transpose(
    x, kernel, *, strides=1, padding="valid", output_padding=None, dilation_rate=1
):
    """The way back of `conv`, as a layer that enlarges: each cell paints the kernel.

    Shapes: x (N, *space, C), kernel (*window, F, C), y (N, *out, F). "valid" gives
    size·stride + max(reach − stride, 0), "same" size·stride; a number p gives
    (size − 1)·stride − 2p + reach + output_padding. Sources: Zeiler et al. (2010);
    lecture "autoencoders".
    """
    fits = x.ndim in (3, 4, 5) and kernel.ndim == x.ndim
    if not fits or x.shape[-1] != kernel.shape[-1]:
        raise ShapeError(
            f"conv_transpose: x {x.shape} needs a kernel (*window, out, {x.shape[-1]}) "
            f"of as many axes, not {kernel.shape}."
        )
    sizes = x.shape[1:-1]
    axes, outs = transposed_geometry(
        sizes, kernel.shape[:-2], strides, padding, output_padding, dilation_rate
    )
    axes = _fitted(axes, sizes)
    x = xp.ascontiguousarray(x)
    exact = [
        axis._replace(size=(n - 1) * axis.stride + axis.reach, before=0, after=0)
        for axis, n in zip(axes, sizes, strict=True)
    ]
    painted = scatter(x, kernel, exact, 1, kernel.shape[-2])
    y = xp.zeros((len(x), *outs, kernel.shape[-2]), x.dtype)
    seen, kept = _overlap(axes, exact)
    y[kept] = painted[seen]
    return y, (x, kernel, axes, exact)


def _overlap(axes: Sequence[Axis], exact: Sequence[Axis]) -> tuple[Any, Any]:
    """Which painted cells are seen, and where they are in the output."""
    seen, kept = [slice(None)], [slice(None)]
    for axis, full in zip(axes, exact, strict=True):
        length = min(axis.size, full.size - axis.before)
        seen.append(slice(axis.before, axis.before + length))
        kept.append(slice(0, length))
    return tuple(seen), tuple(kept)


@conv_transpose.backward
def _(g, saved, needs, into):
    x, kernel, axes, exact = saved
    seen, kept = _overlap(axes, exact)
    painted = xp.zeros((len(g), *(a.size for a in exact), g.shape[-1]), g.dtype)
    painted[seen] = g[kept]
    dx = dw = None
    if needs[0]:
        dx = slide(painted, kernel, exact, 1)
    if needs[1]:
        dw = kernel_gradient(painted, x, exact, 1, kernel.shape)
    return dx, dw
