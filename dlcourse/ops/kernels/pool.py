"""Pooling: one value for each window, the largest or the average.

Max-pooling gives all of its gradient to the first of equal cells; average pooling never
counts the padding. Read ``norm.py`` next.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ...autodiff import kernel as kernel_of
from ...backend import xp
from ...errors import ShapeError
from .. import reductions as reduce
from ..shaping import floats, getitem, pad, reshape, stack
from .windows import Axis, geometry, inner, offsets, pad_space, per_axis


def _axes(name: str, x: Any, pool_size: Any, strides: Any, padding: Any) -> list[Axis]:
    if len(x.shape) not in (3, 4, 5):
        raise ShapeError(
            f"{name}: x {tuple(x.shape)} must be (N, *space, C) with one to three axes "
            "of space."
        )
    window = per_axis("pool_size", pool_size, len(x.shape) - 2)
    strides = window if strides is None else strides
    return geometry(name, x.shape[1:-1], window, strides, padding)


def _counts(axes: list[Axis], dtype: Any) -> Any:
    """How many real cells each window holds: (1, *out, 1)."""
    ones = pad_space(xp.ones((1, *(a.size for a in axes), 1), dtype), axes)
    total: Any = 0
    for _, cells in offsets(axes):
        total = total + ones[cells]
    return xp.maximum(total, 1)  # a window of padding only averages to zero


def max_pool_reference(
    x: Any, *, pool_size: Any, strides: Any = None, padding: Any = "valid"
) -> Any:
    """The largest of the window's shifted inputs."""
    x = floats(x)
    axes = _axes("max_pool", x, pool_size, strides, padding)
    around = ((0, 0), *((a.before, a.after) for a in axes), (0, 0))
    padded = pad(x, around, constant_values=-math.inf)
    return reduce.max(
        stack([getitem(padded, cells) for _, cells in offsets(axes)]), axis=0
    )


@kernel_of(max_pool_reference)
def max_pool(x, *, pool_size, strides=None, padding="valid"):
    """The largest value in each window; `strides` defaults to `pool_size`.

    Shapes: x (N, *space, C), y (N, *out, C), sizes as in `conv`.

    >>> max_pool([[[1.0], [3.0], [2.0], [0.0]]], pool_size=2)[0, :, 0]
    array([3., 2.], dtype=float32)
    """
    axes = _axes("max_pool", x, pool_size, strides, padding)
    if _tiles(axes):
        y, kept = _tile_max(x, axes)
        return y, (axes, kept, x.shape, x.dtype)
    padded = pad_space(x, axes, -math.inf)
    y = winner = None
    for i, (_, cells) in enumerate(offsets(axes)):
        shifted = padded[cells]
        if y is None:
            y, winner = shifted.copy(), xp.zeros(shifted.shape, "int16")
        else:
            better = (shifted > y) | ((shifted != shifted) & (y == y))  # NaN wins
            xp.copyto(y, shifted, where=better)
            xp.copyto(winner, xp.asarray(i, "int16"), where=better)
    return y, (axes, winner, x.shape, x.dtype)


@max_pool.backward
def _(g, saved, needs, into):
    axes, winner, shape, dtype = saved
    if isinstance(winner, list):
        return (_tile_max_back(g, axes, winner, shape),)
    padded = xp.zeros((shape[0], *(a.padded for a in axes), shape[-1]), dtype)
    for i, (_, cells) in enumerate(offsets(axes)):
        padded[cells] += g * (winner == i)
    return (padded[inner(axes)],)


# Windows that lie side by side, the usual case, are pooled axis by axis: the last one
# first, so that of equal cells the first in reading order wins. Each pass halves what
# is left, and its slices are long (2×2 on 32×32×32×32: 7.6 to 1.0 ms).


def _tiles(axes: Sequence[Axis]) -> bool:
    """Do the windows lie side by side, without padding?"""
    return all(a.stride == a.window and a.before == a.after == 0 for a in axes)


def _tiles_of(x: Any, i: int, axis: Axis) -> list[Any]:
    """Views of the first, second … cell of each window along space axis i."""
    front, back = x.shape[: i + 1], x.shape[i + 2 :]
    whole = x[(*[slice(None)] * (i + 1), slice(0, axis.out * axis.window))]
    split = whole.reshape(*front, axis.out, axis.window, *back)
    return [split[(*[slice(None)] * (i + 2), j)] for j in range(axis.window)]


def _tile_max(x: Any, axes: Sequence[Axis]) -> tuple[Any, list[Any]]:
    """The maxima, and for each axis from which cell they came."""
    winners = []
    for i in reversed(range(len(axes))):
        top, *rest = _tiles_of(x, i, axes[i])
        winner = xp.zeros(top.shape, "int8" if len(rest) < 127 else "int32")
        for j, cell in enumerate(rest, 1):
            moves = ~(top >= cell)  # True where the new one is NaN: it wins
            if j == 1:
                winner[...] = moves
            else:
                xp.copyto(winner, xp.asarray(j, winner.dtype), where=moves)
            top = xp.maximum(top, cell)
        winners.append(winner)
        x = top
    return xp.ascontiguousarray(x), winners


def _tile_max_back(
    g: Any, axes: Sequence[Axis], winners: list[Any], shape: tuple[int, ...]
) -> Any:
    for i, winner in enumerate(reversed(winners)):
        size = (*g.shape[: i + 1], shape[i + 1], *g.shape[i + 2 :])
        covered = axes[i].out * axes[i].window == shape[i + 1]
        dx = xp.empty(size, g.dtype) if covered else xp.zeros(size, g.dtype)
        for j, cell in enumerate(_tiles_of(dx, i, axes[i])):
            xp.multiply(g, winner == j, out=cell)
        g = dx
    return g


def average_pool_reference(
    x: Any, *, pool_size: Any, strides: Any = None, padding: Any = "valid"
) -> Any:
    """The sum of the window's shifted inputs over the number of real cells."""
    x = floats(x)
    axes = _axes("average_pool", x, pool_size, strides, padding)
    padded = pad(x, ((0, 0), *((a.before, a.after) for a in axes), (0, 0)))
    total = None
    for _, cells in offsets(axes):
        term = getitem(padded, cells)
        total = term if total is None else total + term
    return total / _counts(axes, x.dtype)


@kernel_of(average_pool_reference)
def average_pool(x, *, pool_size, strides=None, padding="valid"):
    """The average of each window's real cells; the padding is never counted.

    Shapes: x (N, *space, C), y (N, *out, C), sizes as in `conv`.
    """
    axes = _axes("average_pool", x, pool_size, strides, padding)
    counts = math.prod(a.window for a in axes)
    if _tiles(axes):
        y = x
        for i, axis in enumerate(axes):  # whole lines first: 0.31 ms became 0.18
            first, *rest = _tiles_of(y, i, axis)
            y = sum(rest, start=first)
    else:
        padded = pad_space(x, axes)
        y = 0
        for _, cells in offsets(axes):
            y = y + padded[cells]
        if any(a.before or a.after for a in axes):
            counts = _counts(axes, x.dtype)
    return xp.ascontiguousarray(y) / counts, (axes, counts, x.shape)


@average_pool.backward
def _(g, saved, needs, into):
    axes, counts, shape = saved
    share = g / counts
    if _tiles(axes):
        for i in reversed(range(len(axes))):  # copies of ever longer runs
            share = xp.repeat(share, axes[i].window, axis=i + 1)
        if share.shape == shape:
            return (share,)
        dx = xp.zeros(shape, g.dtype)  # what no window covers gets none
        dx[tuple(slice(n) for n in share.shape)] = share
        return (dx,)
    padded = xp.zeros((shape[0], *(a.padded for a in axes), shape[-1]), g.dtype)
    for _, cells in offsets(axes):
        padded[cells] += share
    return (padded[inner(axes)],)


def global_average(x: Any, keepdims: bool = False) -> Any:
    """The mean over all axes of space: (N, *space, C) to (N, C)."""
    from ..composite import mean

    return mean(x, axis=tuple(range(1, len(x.shape) - 1)), keepdims=keepdims)


def global_max(x: Any, keepdims: bool = False) -> Any:
    """The maximum over all axes of space: (N, *space, C) to (N, C)."""
    return reduce.max(x, axis=tuple(range(1, len(x.shape) - 1)), keepdims=keepdims)


def up_sample(x: Any, size: tuple[int, ...]) -> Any:
    """Repeat every cell `size` times along each axis of space."""
    from ..shaping import broadcast_to

    shape = x.shape
    gaps, filled, out = [shape[0]], [shape[0]], [shape[0]]
    for n, factor in zip(shape[1:-1], size, strict=True):
        gaps += [n, 1]
        filled += [n, factor]
        out.append(n * factor)
    spread = broadcast_to(reshape(x, (*gaps, shape[-1])), (*filled, shape[-1]))
    return reshape(spread, (*out, shape[-1]))
