"""Sliding a kernel over cells, and what its gradient is: the loops of convolution.

As matrix products: the windows laid out as rows ("im2col"), times the kernel as a
matrix. Rows are made for a few samples at a time and made again in the backward pass
instead of kept: what fits the cache costs less than what has to be fetched. Read
``scattering.py`` next.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ...backend import xp
from ...tuning import add_product, column_sums, pieces, product, scratch
from .windows import (
    Axis,
    merged_windows,
    offsets,
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
    if is_depthwise(kernel, groups):
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
    all_windows = Windows(padded, axes, groups)
    for part in pieces(n, all_windows.bytes_each):
        rows = all_windows.rows(part)
        if groups > 1:
            each = xp.matmul(rows, w)  # (G, rows, F/G)
            y[part] = xp.moveaxis(each, 0, 1).reshape(y[part].shape)
        else:
            times(rows, w, y[part].reshape(*rows.shape[:-1], filters))
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


class _Bands:
    """The windows one cell high, for stride one along the first axis of space.

    A band of them is laid out for each line of the image, and every row of the kernel
    meets these bands, one line further on each time: a third of the copying for a 3×3
    kernel, and 5 to 20 % of the whole convolution, for all sizes tried.
    """

    def __init__(self, padded: Any, axes: Sequence[Axis]) -> None:
        self.first, self.places = axes[0], places(axes[1:])
        lines = padded.reshape(-1, *padded.shape[2:])
        self.windows = Windows(lines, axes[1:], 1)
        self.inner = self.windows.cells * padded.shape[-1]  # entries of a window
        band = self.first.padded * self.places * self.inner
        self.bytes_each = band * padded.dtype.itemsize

    def rows(self, part: slice) -> list[Any]:
        """For each row of the kernel, the windows it meets: (N, rows, K'·C)."""
        height, out = self.first.padded, self.first.out
        bands = self.windows.rows(slice(part.start * height, part.stop * height))
        bands = bands.reshape(-1, height, self.places * self.inner)
        starts = (k * self.first.dilation for k in range(self.first.window))
        return [
            bands[:, start : start + out].reshape(len(bands), -1, self.inner)
            for start in starts
        ]


def _slide_bands(
    padded: Any,
    kernel: Any,
    axes: Sequence[Axis],
    y: Any,
    finish: Callable[[Any], Any] | None,
) -> None:
    """`slide` where bands will do."""
    bands, filters = _Bands(padded, axes), kernel.shape[-1]
    matrices = kernel.reshape(len(kernel), -1, filters)
    bytes_each = bands.bytes_each + 2 * y.nbytes // max(1, len(y))
    for part in pieces(len(y), bytes_each):
        target = y[part].reshape(part.stop - part.start, -1, filters)
        here = scratch("conv.band", target.shape, y.dtype)
        for k, rows in enumerate(bands.rows(part)):
            product(rows, matrices[k], out=here if k else target)
            if k:
                target += here
        if finish:
            finish(y[part])


def _bands_gradient(padded: Any, g: Any, axes: Sequence[Axis], dw: Any) -> None:
    """`kernel_gradient` where bands will do."""
    bands, filters = _Bands(padded, axes), dw.shape[-1]
    dw.fill(0)
    totals = dw.reshape(len(dw), bands.inner, filters)
    for part in pieces(len(g), bands.bytes_each):
        columns = g[part].reshape(part.stop - part.start, -1, filters)
        for k, rows in enumerate(bands.rows(part)):
            add_product(totals[k], rows, columns)


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
    if is_depthwise(dw, groups):
        for cell, cells in offsets(axes):
            dw[cell][0] = column_sums(padded[cells] * g)
        return dw
    if _banded(padded, axes, groups):
        _bands_gradient(padded, g, axes, dw)
        return dw
    filters = shape[-1]
    dw.fill(0)
    total = _matrices(dw, groups)  # (K·C, F), or (G, K·C/G, F/G): views
    all_windows = Windows(padded, axes, groups)
    for part in pieces(len(padded), all_windows.bytes_each):
        rows = all_windows.rows(part)
        if groups > 1:
            columns = g[part].reshape(-1, groups, filters // groups)
            total += xp.matmul(xp.swapaxes(rows, -1, -2), xp.moveaxis(columns, 1, 0))
        else:
            add_product(total, rows, g[part].reshape(*rows.shape[:-1], filters))
    return dw


def times(rows: Any, w: Any, out: Any) -> None:
    """The product of `Windows.rows` with a matrix, written to `out`."""
    if rows.ndim == 3:  # one thin matrix a sample, read as a transpose
        xp.matmul(rows, w, out=out)
    else:
        product(rows, w, out=out)


def is_depthwise(kernel: Any, groups: int) -> bool:
    """Does every channel have a kernel of its own, and no other sees it?"""
    return kernel.shape[-2] == 1 and kernel.shape[-1] == groups and groups > 1


def _matrices(kernel: Any, groups: int) -> Any:
    """The kernel as a matrix (K·C, F), or one for each group (G, K·C/G, F/G)."""
    filters = kernel.shape[-1]
    if groups == 1:
        return kernel.reshape(-1, filters)
    return xp.moveaxis(kernel.reshape(-1, groups, filters // groups), 1, 0)


class Windows:
    """All windows of a batch, laid out as matrices a few samples at a time."""

    def __init__(self, padded: Any, axes: Sequence[Axis], groups: int) -> None:
        self.channels = padded.shape[-1]
        self.places, self.groups = places(axes), groups
        self.cells = math.prod(a.window for a in axes)
        self.dtype = padded.dtype
        self.bytes_each = (
            self.places * self.cells * self.channels * padded.dtype.itemsize
        )
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
        return xp.swapaxes(columns, -1, -2)

    def _as_it_is(self, part: slice) -> Any:
        """(rows, C): a window of one cell needs no copy."""
        return self.view[part].reshape(-1, self.channels)

    def _groups(self, part: slice) -> Any:
        """(G, rows, K·C/G)."""
        each = self.channels // self.groups
        cells = self.view[part].reshape(-1, self.cells, self.groups, each)
        rows = xp.moveaxis(cells, 2, 0)
        return rows.reshape(self.groups, len(cells), -1)
