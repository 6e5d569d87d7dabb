"""Convolution by 3×3 with a third of the multiplications saved (Winograd's F(2, 3)).

A kernel of three rows w gives from four rows d of the input two rows of the output::

    y₀ = d₀w₀ + d₁w₁ + d₂w₂        six products, or only four:
    y₁ = d₁w₀ + d₂w₁ + d₃w₂

    m₀ = (d₀ − d₂)·w₀              m₁ = (d₁ + d₂)·(w₀ + w₁ + w₂)/2
    m₃ = (d₁ − d₃)·w₂              m₂ = (d₂ − d₁)·(w₀ − w₁ + w₂)/2

    y₀ = m₀ + m₁ + m₂              y₁ = m₁ − m₂ − m₃

What is added and subtracted are whole rows, in the cache; what is saved are products of
matrices. The gradient of the kernel is this, differentiated. For 64 channels, 32 images
of 16×16 cells, 5.2 instead of 6.8 ms, and the kernel's gradient 5.5 instead of 7.0; but
rounding errors are two to three times as large. Sources: Winograd (1980), Lavin and
Gray (2016). Read ``scattering.py`` next.

Along the other axis no window is laid out. Cells side by side are neighbors in memory,
so a row of cells, read w·C numbers at a time, is every w-th window of a kernel w wide;
begun one or two cells later, it is the others. The rows of an image follow each other
with their padding between them, which they share; what is computed there nobody takes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np  # only the host works like this, see `fits`

from ...tuning import SMALL_PRODUCT, on_host, pieces, scratch
from .windows import Axis

LEAST = 16  # channels and filters: below, the additions cost more than the products
LONG = 400  # numbers in a row of cells: shorter ones are added too slowly
WASTE = 1.2  # so many places with those in the padding, for one that is real
MOST = 1 << 14  # channels times filters: above, products are fast as they are


def fits(axes: Sequence[Axis], kernel_shape: Sequence[int], groups: int) -> bool:
    """Is the kernel three rows high, and are its products what takes the time?"""
    if len(axes) != 2 or groups > 1 or not on_host():
        return False
    down, across = axes
    channels, filters = kernel_shape[-2:]
    thin = min(channels, filters)
    return (
        down.window == 3
        and thin >= LEAST
        and channels * filters <= MOST
        and across.out * thin >= LONG
        and down.out % 2 == 0
        and all(a.stride == a.dilation == 1 for a in axes)
        and all(min(a.before, a.after) < a.window for a in axes)
        and _pitch(across) <= WASTE * across.out
    )


def slide_fast(
    x: Any, kernel: Any, axes: Sequence[Axis], finish: Callable[[Any], Any] | None
) -> Any:
    """The convolution of x (N, H, W, C), padding and all: (N, *out, F)."""
    window, channels, filters = kernel.shape[1:]
    inner = window * channels
    w0, w1, w2 = kernel.reshape(3, inner, filters)
    even, odd = (w0 + w2) / 2, w1 / 2
    matrices = np.stack([w0, even + odd, even - odd, w2])[:, None, None, None]
    y = np.empty((len(x), *(a.out for a in axes), filters), x.dtype)
    rows = _Rows(x, axes, filters)
    for part in rows.parts():
        if rows.began:
            windows = rows.every_wth(rows.cells, inner)
            m = rows.every_wth(rows.products, filters)
            m0, m1, m2, m3 = rows.images(rows.products)
            real = slice(axes[1].out)
        rows.transform(part)
        np.matmul(windows, matrices, out=m)
        m0 += m1
        m0 += m2
        m1 -= m2
        m1 -= m3
        y[part, 0::2] = m0[:, :, real]
        y[part, 1::2] = m1[:, :, real]
        if finish:
            finish(y[part])
    return y


def fast_gradient(
    x: Any, g: Any, axes: Sequence[Axis], shape: Sequence[int], into: Any = None
) -> Any:
    """The gradient of a kernel of this shape, of x (N, H, W, C) and g (N, *out, F)."""
    dw = np.empty(shape, x.dtype) if into is None else into
    rows = _Rows(x, axes, shape[-1])
    total = np.zeros((4, *dw.shape[1:]), dw.dtype)
    for part in rows.parts():
        if rows.began:
            seen, met = rows.every_cell()
            v0, v1, v2, v3 = rows.images(rows.products)
            real = slice(axes[1].out)
            each = scratch("winograd.each", (*seen.shape[:-1], met.shape[-1]), g.dtype)
        rows.transform(part)
        v0[:, :, real] = g[part, 0::2]
        v3[:, :, real] = g[part, 1::2]
        np.add(v0, v3, out=v1)
        np.subtract(v0, v3, out=v2)
        np.matmul(seen, met, out=each)
        total += each.sum(axis=(2, 3))
    m0, m1, m2, m3 = total
    even = (m1 + m2) / 2
    np.add(m0, even, out=dw[0])
    np.subtract(m1, m2, out=dw[1])
    dw[1] /= 2
    np.subtract(even, m3, out=dw[2])
    return dw


class _Rows:
    """Some images at a time as rows of cells, transformed, and room for products."""

    def __init__(self, x: Any, axes: Sequence[Axis], filters: int) -> None:
        down, across = axes
        self.x, self.axes, self.filters = x, axes, filters
        self.pairs, self.pitch = down.out // 2, _pitch(across)
        self.span = (self.pairs - 1) * self.pitch + across.out
        self.window, self.channels = across.window, x.shape[-1]
        each = self.channels * filters
        phases = math.ceil(self.span / self.window)
        self.by_window = _blocks(phases, self.window * each)
        self.by_cell = _blocks(self.span, each)
        covered = (
            self.window * math.prod(self.by_window),
            math.prod(self.by_cell),
            self.pairs * self.pitch,
        )
        self.length = max(covered) + self.window - 1
        self.n, self.began = 0, False

    def parts(self) -> Iterator[slice]:
        """Samples that fit the cache together; `began`: are the arrays new ones?"""
        both = self.channels + self.filters
        numbers = 4 * self.length * both + 2 * self.axes[0].out * self.pitch * both
        for part in pieces(len(self.x), numbers * self.x.dtype.itemsize):
            n = part.stop - part.start
            self.began = n != self.n
            if self.began:
                self._begin(n)
            yield part

    def _begin(self, n: int) -> None:
        """Take memory for n images: zeros, and what is never written to remains so."""
        self.n, dtype, channels = n, self.x.dtype, self.channels
        shape = (n, 2, self.pairs + 1, self.pitch, channels)
        self.padded = scratch("winograd.rows", shape, dtype)
        shape = (4, n, self.length, channels)
        self.cells = scratch("winograd.cells", shape, dtype)
        shape = (*shape[:-1], self.filters)
        self.products = scratch("winograd.products", shape, dtype)
        for room in (self.padded, self.cells, self.products):
            room.fill(0)
        even, odd = self.padded[:, 0], self.padded[:, 1]
        self.d = even[:, :-1], odd[:, :-1], even[:, 1:], odd[:, 1:]
        self.u = self.images(self.cells)

    def transform(self, part: slice) -> None:
        """Set the cells to d₀ − d₂, d₁ + d₂, d₂ − d₁ and d₁ − d₃ of some samples."""
        down, across = self.axes
        columns = slice(across.before, across.before + across.size)
        for parity in (0, 1):  # rows 0, 2, 4 … and 1, 3, 5 … apart, to add long lines
            rows = self.x[part, (parity - down.before) % 2 :: 2]
            first = (down.before - parity + 1) // 2
            self.padded[:, parity, first : first + rows.shape[1], columns] = rows
        (d0, d1, d2, d3), (u0, u1, u2, u3) = self.d, self.u
        np.subtract(d0, d2, out=u0)
        np.add(d1, d2, out=u1)
        np.subtract(d2, d1, out=u2)
        np.subtract(d1, d3, out=u3)

    def images(self, cells: Any) -> list[Any]:
        """The four (N, length, C) as rows of cells: (N, pairs, pitch, C) each."""
        used = cells[:, :, : self.pairs * self.pitch]
        shape = (self.n, self.pairs, self.pitch, cells.shape[-1])
        return [each.reshape(shape) for each in used]

    def every_wth(self, cells: Any, numbers: int) -> Any:
        """The cells as matrices (4, N, w, blocks, rows, numbers), see above."""
        w, (blocks, rows) = self.window, self.by_window
        four, image, cell, number = cells.strides
        return _view(
            cells,
            (4, self.n, w, blocks, rows, numbers),
            (four, image, cell, cell * w * rows, cell * w, number),
        )

    def every_cell(self) -> tuple[Any, Any]:
        """What meets in the gradient: (4, w, N, blocks, C, rows), (…, rows, F)."""
        n, (blocks, rows) = self.n, self.by_cell
        four, image, cell, number = self.cells.strides
        seen = _view(
            self.cells,
            (4, self.window, n, blocks, self.channels, rows),
            (four, cell, image, rows * cell, number, cell),
        )
        four, image, cell, number = self.products.strides
        met = _view(
            self.products,
            (4, 1, n, blocks, rows, self.filters),
            (four, 0, image, rows * cell, cell, number),
        )
        return seen, met


def _pitch(across: Axis) -> int:
    """From one row of cells to the next, with the padding between them."""
    return across.size + max(across.before, across.after)


def _blocks(rows: int, each: int) -> tuple[int, int]:
    """How many blocks of how many rows, each a small product (see `SMALL_PRODUCT`)."""
    blocks = math.ceil(rows * each / SMALL_PRODUCT)
    return blocks, math.ceil(rows / blocks)


def _view(a: Any, shape: Sequence[int], strides: Sequence[int]) -> Any:
    return np.lib.stride_tricks.as_strided(a, shape, strides)
