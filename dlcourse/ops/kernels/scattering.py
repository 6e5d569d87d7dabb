"""The way back of a convolution: from each place to the cells its window saw.

It is the gradient of `conv` for its input, and as a layer `conv_transpose`. A line of
places becomes a line of cells by a product, in blocks: either each cell *gathers* from
the places that saw it, for a stride of s with s cells for each place side by side; or
each place *paints* the kernel onto the cells, and blocks overlap. Rows of the kernel
are painted in turn, as sums of whole lines: done cell by cell, these are as short as
the channels are few (5×5 on LeNet's second layer: 1.6 ms, now 0.9; 7×7 with stride two
onto 64×64×3: 6.8, now 2.1). Read ``conv.py`` next.
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
from .winograd import fits, slide_fast

MOST = 8  # places in a block: more have never paid


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
    if all(a.stride == 1 and a.reach > max(a.before, a.after) for a in axes):
        back = [_back(axis) for axis in axes]
        shape = (*kernel.shape[:-2], kernel.shape[-1], kernel.shape[-2])
        if fits(back, shape, 1):
            return slide_fast(g, _turned(kernel), back, finish)
        if axes[-1].window * kernel.shape[-1] < THIN:
            return slide(pad_space(g, back), _turned(kernel), back, 1, finish)
    return _by_lines(g, kernel, axes, finish)


def _back(a: Axis) -> Axis:
    """The axis along which a turned kernel slides back, for stride one."""
    before, after = (a.reach - 1 - padding for padding in (a.before, a.after))
    return Axis(a.out, a.window, 1, a.dilation, before, after)


def _turned(kernel: Any) -> Any:
    """The kernel turned round, inputs and outputs exchanged."""
    turned = xp.flip(kernel, tuple(range(kernel.ndim - 2)))
    return xp.ascontiguousarray(xp.swapaxes(turned, -1, -2))


def _by_lines(
    g: Any, kernel: Any, axes: Sequence[Axis], finish: Callable[[Any], Any] | None
) -> Any:
    """`scatter` by blocks along the last axis and whole lines along the others."""
    *others, last = axes
    channels, filters = kernel.shape[-2:]
    block = _block(last, channels, filters)
    matrices = _matrices(kernel, block)
    around = [Axis(a.out, 1, 1, 1, 0, 0) for a in others]
    padded = pad_space(g, [*around, block.line])
    lines = Windows(padded.reshape(-1, *padded.shape[-2:]), [block.line], 1)
    places, sizes = tuple(a.out for a in others), tuple(a.size for a in others)
    height, size = math.prod(places), math.prod(sizes)
    made = block.line.out * block.outs * channels  # numbers the blocks of a line have
    kept = last.size * channels  # numbers of a line of the result

    dx = xp.empty((len(g), *sizes, last.size, channels), g.dtype)
    strokes = _strokes(tuple(others))
    straight = block.tiles and made == kept and any(s.whole for s in strokes)
    bytes_each = (height * made + size * max(kept, made)) * g.dtype.itemsize
    for part in pieces(len(g), height * lines.bytes_each + bytes_each):
        rows = lines.rows(slice(part.start * height, part.stop * height))
        shape = (*rows.shape[:-1], block.outs * channels)  # of a product
        n = part.stop - part.start
        here = scratch("conv.painted", (n, *places, made), g.dtype)
        target = canvas = dx[part].reshape(n, *sizes, kept)
        if not block.tiles:
            canvas = scratch("conv.canvas", (n, *sizes, made), g.dtype)
        width = canvas.shape[-1]
        if straight:  # nothing to add it to
            times(rows, matrices[strokes[0].row], canvas.reshape(shape))
        else:
            canvas.fill(0)
        for stroke in strokes[straight:]:
            times(rows, matrices[stroke.row], here.reshape(shape))
            canvas[stroke.cells] += here[stroke.lines][..., :width]
        if not block.tiles:
            _overlay(target, canvas, block, last, channels)
        if finish:
            finish(dx[part])
    return dx


# ------------------------------------------------------- blocks, along the last axis


class _Block(NamedTuple):
    """Results side by side, made by one row of the product: `outs` cells of a line.

    `line` says how the places they are made of are read. `meetings` are the numbers of
    all (tap, place, cell) where the place gives the cell something by this tap. Either
    the blocks are `tiles`, beside each other, or they overlap.
    """

    outs: int
    line: Axis
    meetings: tuple[tuple[int, int, int], ...]
    tiles: bool


@lru_cache(maxsize=1024)
def _block(axis: Axis, channels: int, filters: int) -> _Block:
    """The blocks that cost least: gathered or painted, of few places or several.

    In multiplications, as measured. A row of a product costs as much as 8 columns more,
    a number that is laid out for it 5; one that is summed 10, and where blocks overlap
    30, with 300 to begin each of their loops. Thin results, of 1 to 6 channels, are
    painted (W4's first layer: 1.8 ms, gathered 2.6), thick ones gathered (W4's second:
    8.3 ms, painted 14.1).
    """

    def cost(block: _Block) -> int:
        blocks, outs = block.line.out, block.outs * channels
        read = blocks * block.line.window * filters
        if block.tiles:
            return read * (outs + 8 + 5) + 10 * blocks * outs
        return read * (outs + 8) + blocks * (30 * outs + 300)

    numbers = range(1, min(MOST, -(-axis.size // axis.stride)) + 1)
    gathered = [_gathered(axis, places) for places in numbers]
    painted = [_painted(axis, min(places, axis.out)) for places in numbers]
    return min(gathered + painted, key=cost)


def _gathered(axis: Axis, places: int) -> _Block:
    """A place's cells, as many as the stride, from all the places that saw them."""
    outs = places * axis.stride
    meetings = []
    for cell, tap in itertools.product(range(outs), range(axis.window)):
        place, rest = divmod(cell + axis.before - tap * axis.dilation, axis.stride)
        if rest == 0:
            meetings.append((tap, place, cell))
    met = {0, *(place for _, place, _ in meetings)}
    first, last = min(met), max(met)
    step = math.gcd(*(place - first for place in met)) or 1
    meetings = [(tap, (place - first) // step, cell) for tap, place, cell in meetings]
    reads, blocks = (last - first) // step + 1, -(-axis.size // outs)
    after = max(0, (blocks - 1) * places + last + 1 - axis.out)
    line = Axis(axis.out, reads, places, step, -first, after)
    return _Block(outs, line, tuple(meetings), True)


def _painted(axis: Axis, places: int) -> _Block:
    """All cells that these places saw, from them alone."""
    meetings = [
        (tap, place, place * axis.stride + tap * axis.dilation)
        for place, tap in itertools.product(range(places), range(axis.window))
    ]
    line = Axis(axis.out, places, places, 1, 0, -axis.out % places)
    outs = (places - 1) * axis.stride + axis.reach
    return _Block(outs, line, tuple(meetings), False)


def _matrices(kernel: Any, block: _Block) -> Any:
    """For each row of the kernel the matrix (places·F, outs·C) that makes a block.

    It is zero where a place gives a cell nothing. (So an infinity at one place makes
    NaN of what else is in its block.)
    """
    *window, channels, filters = kernel.shape
    taps = xp.swapaxes(kernel.reshape(-1, window[-1], channels, filters), -1, -2)
    shape = (len(taps), block.line.window, filters, block.outs, channels)
    matrices = xp.zeros(shape, kernel.dtype)
    for tap, place, cell in block.meetings:
        matrices[:, place, :, cell] = taps[:, tap]
    return matrices.reshape(len(taps), shape[1] * filters, block.outs * channels)


def _overlay(
    target: Any, canvas: Any, block: _Block, axis: Axis, channels: int
) -> None:
    """Add up painted blocks, each at its cells of the line, without the padding."""
    target.fill(0)
    for i in range(block.line.out):
        first = i * block.line.stride * axis.stride - axis.before
        low, high = max(first, 0), min(first + block.outs, axis.size)
        shift = i * block.outs - first
        if low < high:
            part = canvas[..., (low + shift) * channels : (high + shift) * channels]
            target[..., low * channels : high * channels] += part


# ------------------------------------------------------- lines, along the other axes


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
