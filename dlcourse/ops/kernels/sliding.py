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
    y = _result(padded, kernel, axes)
    if is_depthwise(kernel, groups):
        y.fill(0)
        for cell, cells in offsets(axes):
            y += padded[cells] * kernel[cell][0]
        if finish:
            finish(y)
        return y
    layout = _layout(padded, axes, groups)
    matrices = layout.matrices(kernel)
    for part in pieces(len(y), layout.bytes_each + 2 * y.nbytes // max(1, len(y))):
        for k, rows in enumerate(layout.all_rows(part)):
            _slide(y[part], rows, matrices[k], groups, first=k == 0)
        if finish:
            finish(y[part])
    return y


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
    dw.fill(0)
    layout = _layout(padded, axes, groups)
    totals = layout.matrices(dw)  # views
    for part in pieces(len(g), layout.bytes_each):
        for k, rows in enumerate(layout.all_rows(part)):
            _add_gradient(totals[k], rows, g[part], groups)
    return dw


def slide_with_gradient(
    padded: Any, kernel: Any, g: Any, axes: Sequence[Axis], into: Any = None
) -> tuple[Any, Any]:
    """`slide` and `kernel_gradient` at once, from the same rows: for `conv_transpose`.

    Its backward pass needs both (of W6 it takes 0.13 ms less than one after another).
    """
    y = _result(padded, kernel, axes)
    dw = xp.empty(kernel.shape, padded.dtype) if into is None else into
    dw.fill(0)
    layout = _layout(padded, axes, 1)
    matrices, totals = layout.matrices(kernel), layout.matrices(dw)
    for part in pieces(len(y), layout.bytes_each + 2 * y.nbytes // max(1, len(y))):
        for k, rows in enumerate(layout.all_rows(part)):
            _slide(y[part], rows, matrices[k], 1, first=k == 0)
            _add_gradient(totals[k], rows, g[part], 1)
    return y, dw


def is_depthwise(kernel: Any, groups: int) -> bool:
    """Does every channel have a kernel of its own, and no other sees it?"""
    return kernel.shape[-2] == 1 and kernel.shape[-1] == groups and groups > 1


def _result(padded: Any, kernel: Any, axes: Sequence[Axis]) -> Any:
    shape = (len(padded), *(a.out for a in axes), kernel.shape[-1])
    return xp.empty(shape, padded.dtype)


def _slide(y: Any, rows: Any, matrix: Any, groups: int, first: bool) -> None:
    """Write the product of rows and a kernel's matrix to y, or add it."""
    if groups > 1:
        each = xp.matmul(rows, matrix)  # (G, rows, F/G)
        y[...] = xp.moveaxis(each, 0, 1).reshape(y.shape)
        return
    y = y.reshape(*rows.shape[:-1], y.shape[-1])
    if first:
        times(rows, matrix, y)
    else:
        here = scratch("conv.product", y.shape, y.dtype)
        times(rows, matrix, here)
        y += here


def _add_gradient(total: Any, rows: Any, g: Any, groups: int) -> None:
    """Add the product of rows, transposed, and gradients to a kernel's matrix."""
    if groups > 1:
        columns = g.reshape(-1, groups, g.shape[-1] // groups)
        total += xp.matmul(xp.swapaxes(rows, -1, -2), xp.moveaxis(columns, 1, 0))
    else:
        add_product(total, rows, g.reshape(*rows.shape[:-1], g.shape[-1]))


def times(rows: Any, matrix: Any, out: Any) -> None:
    """The product of laid out rows with a matrix, written to `out`."""
    if rows.strides[-1] > rows.strides[-2]:  # columns, read as a transpose
        xp.matmul(rows, matrix, out=out)
    else:
        product(rows, matrix, out=out)


def _layout(padded: Any, axes: Sequence[Axis], groups: int) -> Windows | _Bands:
    """What lays out rows for the kernel, or for each of its rows in turn."""
    banded = (
        groups == 1
        and len(axes) > 1
        and axes[0].stride == 1 < axes[0].window
        and axes[-1].window * padded.shape[-1] >= THIN
        and padded.flags.c_contiguous
    )
    return _Bands(padded, axes) if banded else Windows(padded, axes, groups)


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

    def matrices(self, kernel: Any) -> Any:
        """One for each row of the kernel: (K, K'·C, F)."""
        return kernel.reshape(len(kernel), self.inner, -1)

    def all_rows(self, part: slice) -> list[Any]:
        """For each row of the kernel, the windows it meets: (N, rows, K'·C)."""
        height, out = self.first.padded, self.first.out
        bands = self.windows.rows(slice(part.start * height, part.stop * height))
        bands = bands.reshape(-1, height, self.places * self.inner)
        starts = (k * self.first.dilation for k in range(self.first.window))
        return [
            bands[:, start : start + out].reshape(len(bands), -1, self.inner)
            for start in starts
        ]


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
        elif (len(axes) == 1 or self.cells == 1) and all(
            a.stride == a.window and a.padded == a.out * a.window for a in axes
        ):
            self.rows, self.view = self._as_it_is, padded
        elif thin:
            view = windows(padded, axes)
            n = 1 + len(axes)
            self.view = view.transpose((0, *range(n, view.ndim), *range(1, n)))
            self.rows = self._columns
        else:
            self.rows, self.view = self._rows, merged_windows(padded, axes)

    def matrices(self, kernel: Any) -> Any:
        """The kernel as one matrix (1, K·C, F), or one a group (1, G, K·C/G, F/G)."""
        filters = kernel.shape[-1]
        if self.groups == 1:
            return kernel.reshape(1, -1, filters)
        each = kernel.reshape(-1, self.groups, filters // self.groups)
        return xp.moveaxis(each, 1, 0)[None]

    def all_rows(self, part: slice) -> list[Any]:
        """The one kind of rows there is: a whole kernel meets each."""
        return [self.rows(part)]

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
        """(rows, K·C): windows side by side along one axis need no copy."""
        return self.view[part].reshape(-1, self.cells * self.channels)

    def _groups(self, part: slice) -> Any:
        """(G, rows, K·C/G)."""
        each = self.channels // self.groups
        cells = self.view[part].reshape(-1, self.cells, self.groups, each)
        rows = xp.moveaxis(cells, 2, 0)
        return rows.reshape(self.groups, len(cells), -1)
