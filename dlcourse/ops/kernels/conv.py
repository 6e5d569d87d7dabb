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

import math
from collections.abc import Sequence
from typing import Any

from ...autodiff import kernel as kernel_of
from ...backend import xp
from ...errors import ShapeError, check_count
from ..products import matmul, swap_last
from ..shaping import concatenate, getitem, pad, split
from .windows import (
    Axis,
    geometry,
    inner,
    offsets,
    pad_space,
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
