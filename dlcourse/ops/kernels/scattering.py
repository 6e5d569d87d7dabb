"""The way back of a convolution: from each place to the cells its window saw.

It is the gradient of `conv` for its input, and as a layer `conv_transpose`. Along the
last axis of space each cell *gathers* from the places that saw it: a convolution again,
with the kernel turned round, and for a stride of s with s results for each place side
by side, so that it is a product for any stride. Along the other axes the kernel, row by
row, *paints* whole lines: sums of long lines, where painted cell by cell they are as
short as the channels are few (5×5 on LeNet's second layer: 1.6 ms, now 1.0; 7×7 with
stride two onto 64×64×3: 6.8, now 2.0). Read ``conv.py`` next.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from ...backend import xp
from ...tuning import pieces, scratch
from .sliding import THIN, Windows, is_depthwise, slide, times
from .windows import Axis, inner, offsets, pad_space

ROW = 8
"""What a row of a product costs besides its multiplications, in columns: with 6 columns
BLAS does 65 GFLOP/s, with 16 it does 110. So thin results share a row (`_block`)."""

MOST = 16  # places in a block: more bring nothing, and their matrix is slow to fill


def scatter(
    g: Any,
    kernel: Any,
    axes: Sequence[Axis],
    groups: int,
    finish: Callable[[Any], Any] | None = None,
) -> Any:
    """The way back: g (N, *out, F) to the cells (N, *size, C), padding cut off.

    `finish` is called on each chunk of the result, as in `slide`.
    """
    if is_depthwise(kernel, groups):
        padded = xp.zeros((len(g), *(a.padded for a in axes), groups), g.dtype)
        for cell, cells in offsets(axes):
            padded[cells] += g * kernel[cell][0]
        return padded[inner(axes)]
    if groups > 1:
        parts = zip(
            xp.split(g, groups, axis=-1), xp.split(kernel, groups, axis=-1), strict=True
        )
        parts = [scatter(xp.ascontiguousarray(a), b, axes, 1) for a, b in parts]
        return xp.concatenate(parts, axis=-1)
    thin = axes[-1].window * kernel.shape[-1] < THIN
    if thin and all(a.stride == 1 and a.reach > max(a.before, a.after) for a in axes):
        return _turned(g, kernel, axes, finish)
    return _by_lines(g, kernel, axes, finish)


def _turned(
    g: Any, kernel: Any, axes: Sequence[Axis], finish: Callable[[Any], Any] | None
) -> Any:
    """`scatter` for stride one, by gathering along all axes: best for few filters."""
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
    kernel = xp.flip(kernel, tuple(range(len(axes))))
    kernel = xp.ascontiguousarray(xp.swapaxes(kernel, -1, -2))
    return slide(pad_space(g, back), kernel, back, 1, finish)


def _by_lines(
    g: Any, kernel: Any, axes: Sequence[Axis], finish: Callable[[Any], Any] | None
) -> Any:
    """`scatter` by gathering along the last axis and painting along the others."""
    *others, last = axes
    channels = kernel.shape[-2]
    block = _block(last, channels)
    matrices = _matrices(kernel, block)
    whole = [Axis(a.out, 1, 1, 1, 0, 0) for a in others]
    padded = pad_space(g, [*whole, block.line])
    lines = Windows(padded.reshape(-1, *padded.shape[-2:]), [block.line], 1)
    places, sizes = tuple(a.out for a in others), tuple(a.size for a in others)
    height = math.prod(places)
    painted = block.line.out * block.outs * channels  # numbers in a painted line
    kept = last.size * channels  # of which so many are wanted

    dx = xp.empty((len(g), *sizes, last.size, channels), g.dtype)
    strokes = _strokes(tuple(others))
    straight = painted == kept and any(stroke.whole for stroke in strokes)
    each = (height * painted + math.prod(sizes) * kept) * g.dtype.itemsize
    for part in pieces(len(g), height * lines.bytes_each + each):
        rows = lines.rows(slice(part.start * height, part.stop * height))
        shape = (*rows.shape[:-1], block.outs * channels)  # of a product
        target = dx[part].reshape(-1, *sizes, kept)
        here = scratch("conv.painted", (len(target), *places, painted), g.dtype)
        if straight:
            times(rows, matrices[strokes[0].row], target.reshape(shape))
        else:
            target.fill(0)
        for stroke in strokes[straight:]:
            times(rows, matrices[stroke.row], here.reshape(shape))
            target[stroke.cells] += here[stroke.lines][..., :kept]
        if finish:
            finish(dx[part])
    return dx


# ------------------------------------------------------ gathering, along the last axis


class _Block(NamedTuple):
    """Results side by side, made by one row of the product: `outs` cells of a line.

    `line` says how the places they are made of are read. `meetings` are the numbers of
    all (tap, place, cell) where the place gives the cell something by this tap.
    """

    outs: int
    line: Axis
    meetings: tuple[tuple[int, int, int], ...]


@lru_cache(maxsize=1024)
def _block(axis: Axis, channels: int) -> _Block:
    """The cheapest blocks for an axis: with how many places' cells in each."""
    stride, whole = axis.stride, -(-axis.size // axis.stride)
    span = (axis.reach - 1) // stride

    def cost(places: int) -> int:
        reads = min(places + span, axis.out) if places == whole else places + span
        return -(-whole // places) * reads * (places * stride * channels + ROW)

    places = min(range(1, min(whole, MOST) + 1), key=cost)
    blocks = -(-whole // places)
    meetings = []
    for cell, tap in itertools.product(range(places * stride), range(axis.window)):
        place, rest = divmod(cell + axis.before - tap * axis.dilation, stride)
        if rest == 0 and (blocks > 1 or 0 <= place < axis.out):
            meetings.append((tap, place, cell))
    met = {0, *(place for _, place, _ in meetings)}
    first, last = min(met), max(met)
    step = math.gcd(*(place - first for place in met)) or 1
    after = max(0, (blocks - 1) * places + last + 1 - axis.out)
    reads = (last - first) // step + 1
    return _Block(
        places * stride,
        Axis(axis.out, reads, places, step, -first, after),
        tuple((tap, (place - first) // step, cell) for tap, place, cell in meetings),
    )


def _matrices(kernel: Any, block: _Block) -> Any:
    """For each row of the kernel the matrix (places·F, outs·C) that makes a block."""
    *window, channels, filters = kernel.shape
    taps = xp.swapaxes(kernel.reshape(-1, window[-1], channels, filters), -1, -2)
    shape = (len(taps), block.line.window, filters, block.outs, channels)
    matrices = xp.zeros(shape, kernel.dtype)
    for tap, place, cell in block.meetings:
        matrices[:, place, :, cell] = taps[:, tap]
    return matrices.reshape(len(taps), shape[1] * filters, block.outs * channels)


# -------------------------------------------------- painting, along the other axes


class _Stroke(NamedTuple):
    """Which of the places' lines a row of the kernel paints, and onto which cells'.

    `whole`: all of them, each onto the cells beside it.
    """

    row: int
    lines: tuple[slice, ...]
    cells: tuple[slice, ...]
    whole: bool


@lru_cache(maxsize=1024)
def _strokes(axes: tuple[Axis, ...]) -> tuple[_Stroke, ...]:
    """One for each row of the kernel that meets any cells, a whole one first."""
    strokes = []
    for row, tap in enumerate(itertools.product(*(range(a.window) for a in axes))):
        lines, cells, whole = [slice(None)], [slice(None)], True
        for k, axis in zip(tap, axes, strict=True):
            shift = k * axis.dilation - axis.before  # of the cells against the places
            low = max(0, -(shift // axis.stride))
            high = min(axis.out, (axis.size - 1 - shift) // axis.stride + 1)
            if low >= high:
                break
            start, stop = (n * axis.stride + shift for n in (low, high - 1))
            lines.append(slice(low, high))
            cells.append(slice(start, stop + 1, axis.stride))
            whole &= shift == 0 and axis.stride == 1 and axis.out == axis.size
        else:
            strokes.append(_Stroke(row, tuple(lines), tuple(cells), whole))
    return tuple(sorted(strokes, key=lambda stroke: not stroke.whole))
