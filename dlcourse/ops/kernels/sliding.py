"""Sliding a kernel over cells, and the two ways back: the loops of every convolution.

As matrix products: the windows laid out as rows ("im2col"), times the kernel as a
matrix. Rows are made for a few samples at a time and made again in the backward pass
instead of kept: what fits the cache costs less than what has to be fetched. Read
``conv.py`` next.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ...backend import xp
from ...tuning import column_sums, pieces, product, scratch
from .windows import (
    Axis,
    inner,
    merged_windows,
    offsets,
    pad_space,
    places,
    windows,
)

THIN = 16  # cells side by side: below it, copying windows as rows is all overhead


def slide(
    padded: Any,
    kernel: Any,
    axes: Sequence[Axis],
    groups: int,
    finish: Callable[[Any], Any] | None = None,
) -> Any:
    """The convolution itself: padded (N, *padded, C) to (N, *out, F).

    `finish` is called on each chunk of the result, to add a bias while it is in cache.
    """
    n, filters = len(padded), kernel.shape[-1]
    y = xp.empty((n, *(a.out for a in axes), filters), padded.dtype)
    if _is_depthwise(kernel, groups):
        y.fill(0)
        for cell, cells in offsets(axes):
            y += padded[cells] * kernel[cell][0]
        if finish:
            finish(y)
        return y
    if _banded(padded, axes, groups):
        _slide_bands(padded, kernel, axes, y, finish)
        return y
    w = _matrices(kernel, groups)
    all_windows = _Windows(padded, axes, groups)
    for part in all_windows.chunks():
        rows = all_windows.rows(part)
        if groups > 1:
            each = xp.matmul(rows, w)  # (G, rows, F/G)
            y[part] = xp.moveaxis(each, 0, 1).reshape(y[part].shape)
        elif rows.ndim == 3:  # one thin matrix a sample
            xp.matmul(rows, w, out=y[part].reshape(len(rows), -1, filters))
        else:
            product(rows, w, out=y[part].reshape(-1, filters))
        if finish:
            finish(y[part])
    return y


def _banded(padded: Any, axes: Sequence[Axis], groups: int) -> bool:
    return (
        groups == 1
        and len(axes) > 1
        and axes[0].stride == 1 < axes[0].window
        and axes[-1].window * padded.shape[-1] >= THIN
        and padded.flags.c_contiguous
    )


def _slide_bands(
    padded: Any,
    kernel: Any,
    axes: Sequence[Axis],
    y: Any,
    finish: Callable[[Any], Any] | None,
) -> None:
    """The same for stride one along the first axis of space, with fewer copies.

    Only windows one cell high are laid out, a band of them for each line of the image.
    Every row of the kernel meets these bands, one line further on each time. A third of
    the copying for a 3×3 kernel; 5 to 20 % of the whole, for all sizes tried.
    """
    n, filters, first = len(padded), kernel.shape[-1], axes[0]
    lines = padded.reshape(n * first.padded, *padded.shape[2:])
    all_windows = _Windows(lines, axes[1:], 1)
    matrices = kernel.reshape(first.window, -1, filters)
    band = places(axes[1:]) * matrices.shape[1]
    size = first.padded * band + 2 * math.prod(y.shape[1:])
    for part in pieces(n, size * padded.dtype.itemsize):
        target = y[part].reshape(part.stop - part.start, -1, filters)
        bands = all_windows.rows(
            slice(part.start * first.padded, part.stop * first.padded)
        ).reshape(len(target), first.padded, -1, matrices.shape[1])
        here = scratch("conv.band", target.shape, y.dtype)
        for k, matrix in enumerate(matrices):
            start = k * first.dilation
            band_of_k = bands[:, start : start + first.out]
            band_of_k = band_of_k.reshape(len(target), -1, matrices.shape[1])
            product(band_of_k, matrix, out=here if k else target)
            if k:
                target += here
        if finish:
            finish(y[part])


def kernel_gradient(
    padded: Any,
    g: Any,
    axes: Sequence[Axis],
    groups: int,
    shape: tuple[int, ...],
    into: Any = None,
) -> Any:
    """The sum over all windows of cells times gradient, in the kernel's shape."""
    dw = xp.empty(shape, padded.dtype) if into is None else into
    if _is_depthwise(dw, groups):
        for cell, cells in offsets(axes):
            dw[cell][0] = column_sums(padded[cells] * g)
        return dw
    dw.fill(0)
    filters = shape[-1]
    total = dw.reshape(-1, filters) if groups == 1 else _matrices(dw, groups)
    all_windows = _Windows(padded, axes, groups)
    for part in all_windows.chunks():
        rows = all_windows.rows(part)
        if groups > 1:
            columns = g[part].reshape(-1, groups, filters // groups)
            total += xp.matmul(swap_last(rows), xp.moveaxis(columns, 1, 0))
        elif rows.ndim == 3:
            columns = g[part].reshape(len(rows), -1, filters)
            total += xp.matmul(swap_last(rows), columns).sum(axis=0)
        else:
            here = scratch("conv.kernel_gradient", total.shape, dw.dtype)
            total += xp.dot(rows.T, g[part].reshape(-1, filters), out=here)
    if groups > 1:  # (G, K·C/G, F/G) to (K, C/G, G·F/G)
        dw[...] = xp.moveaxis(total, 0, 1).reshape(shape)
    return dw


def scatter(
    g: Any, kernel: Any, axes: Sequence[Axis], groups: int, channels: int
) -> Any:
    """The way back: g (N, *out, F) to the cells (N, *size, C), padding cut off."""
    if _turns(axes) and not _is_depthwise(kernel, groups):
        back = [
            Axis(
                a.out,
                a.window,
                1,
                a.dilation,
                a.reach - 1 - a.before,
                a.reach - 1 - a.after,
            )
            for a in axes
        ]
        return slide(pad_space(g, back), _turned(kernel, groups), back, groups)
    padded = xp.zeros((len(g), *(a.padded for a in axes), channels), g.dtype)
    if groups == 1:
        _paint(padded, g, kernel, axes)
    elif _is_depthwise(kernel, groups):
        for cell, cells in offsets(axes):
            padded[cells] += g * kernel[cell][0]
    else:
        filters = kernel.shape[-1] // groups
        rows = xp.moveaxis(g.reshape(-1, groups, filters), 1, 0)
        for cell, cells in offsets(axes):
            w = kernel[cell].reshape(-1, groups, filters).transpose(1, 2, 0)
            part = xp.moveaxis(xp.matmul(rows, w), 0, 1)  # (rows, G, C/G)
            padded[cells] += part.reshape(*g.shape[:-1], channels)
    return padded[inner(axes)]


def _turns(axes: Sequence[Axis]) -> bool:
    """Is the way back best done as a convolution with the turned kernel?

    Only for stride one; and not where most of what that would slide over is padding
    (5×5 on 14×14 cells: 196 places against 100).
    """
    return all(
        a.stride == 1 and a.before < a.reach and a.after < a.reach for a in axes
    ) and math.prod(a.size for a in axes) <= 1.5 * places(axes)


def _paint(padded: Any, g: Any, kernel: Any, axes: Sequence[Axis]) -> None:
    """Add each place's gradient, times the kernel, to the cells of its window."""
    filters, channels = kernel.shape[-1], kernel.shape[-2]
    matrices = swap_last(kernel.reshape(-1, channels, filters))  # (K, F, C)
    matrices = xp.ascontiguousarray(matrices)
    bytes_each = places(axes) * len(matrices) * channels * g.dtype.itemsize
    for part in pieces(len(g), bytes_each):
        rows = g[part].reshape(-1, filters)
        here = scratch("conv.paint", (len(matrices), len(rows), channels), g.dtype)
        xp.matmul(rows, matrices, out=here)
        target = padded[part]
        for one, (_, cells) in zip(here, offsets(axes), strict=True):
            target[cells] += one.reshape(*g[part].shape[:-1], channels)


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


class _Windows:
    """All windows of a batch, laid out as matrices a few samples at a time."""

    def __init__(self, padded: Any, axes: Sequence[Axis], groups: int) -> None:
        self.samples, self.channels = len(padded), padded.shape[-1]
        self.places, self.groups = places(axes), groups
        self.cells = math.prod(a.window for a in axes)
        self.itemsize, self.dtype = padded.dtype.itemsize, padded.dtype
        thin = axes[-1].window * self.channels < THIN and self.places > 1
        if groups > 1:
            self.rows, self.view = self._groups, windows(padded, axes)
        elif self.cells == 1 and all(a.stride == 1 for a in axes):
            self.rows, self.view = self._as_it_is, padded
        elif thin:
            view = windows(padded, axes)
            n = 1 + len(axes)
            self.view = view.transpose((0, *range(n, view.ndim), *range(1, n)))
            self.rows = self._columns
        else:
            self.rows, self.view = self._rows, merged_windows(padded, axes)

    def chunks(self) -> Iterator[slice]:
        """Slices of the batch whose windows fit the cache together."""
        return pieces(
            self.samples, self.places * self.cells * self.channels * self.itemsize
        )

    def _rows(self, part: slice) -> Any:
        """(rows, K·C), in scratch memory."""
        view = self.view[part]
        shape = (len(view) * self.places, self.cells * self.channels)
        rows = scratch("conv.rows", shape, self.dtype)
        xp.copyto(rows.reshape(view.shape), view)
        return rows

    def _columns(self, part: slice) -> Any:
        """(N, rows, K·C), where a row has few cells side by side, in scratch memory.

        Copied cell by cell: long lines of neighboring places, read by BLAS as a
        transpose.
        """
        view = self.view[part]
        shape = (len(view), self.cells * self.channels, self.places)
        columns = scratch("conv.columns", shape, self.dtype)
        xp.copyto(columns.reshape(view.shape), view)
        return swap_last(columns)

    def _as_it_is(self, part: slice) -> Any:
        """(rows, C): a window of one cell needs no copy."""
        return self.view[part].reshape(-1, self.channels)

    def _groups(self, part: slice) -> Any:
        """(G, rows, K·C/G)."""
        each = self.channels // self.groups
        cells = self.view[part].reshape(-1, self.cells, self.groups, each)
        rows = xp.moveaxis(cells, 2, 0)
        return rows.reshape(self.groups, len(cells), -1)


def swap_last(x: Any) -> Any:
    """The transpose of each matrix in a stack of arrays, as a view."""
    return xp.swapaxes(x, -1, -2)
