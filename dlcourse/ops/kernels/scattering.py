"""The way back of a convolution: from each place to the cells its window saw.

For stride one that is a convolution again, with the kernel turned round. Otherwise each
place paints the kernel, times its value, onto the cells. It is the gradient of `conv`
for its input, and as a layer `conv_transpose`. Read ``conv.py`` next.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ...backend import xp
from ...tuning import pieces, scratch
from .sliding import is_depthwise, slide
from .windows import Axis, inner, offsets, pad_space, places
from .winograd import fits, slide_fast


class Onto(NamedTuple):
    """Where the way back is to be written: which cells are `seen`, `kept` at which."""

    y: Any
    seen: tuple[slice, ...]
    kept: tuple[slice, ...]
    finish: Callable[[Any], Any] | None

    def write(self, part: slice, cells: Any) -> None:
        """Take over the cells of some samples, and finish them."""
        y = self.y[part]
        y[self.kept] = cells[self.seen]
        if self.finish:
            self.finish(y)


def scatter(
    g: Any,
    kernel: Any,
    axes: Sequence[Axis],
    groups: int,
    channels: int,
    onto: Onto | None = None,
) -> Any:
    """The way back: g (N, *out, F) to the cells (N, *size, C), padding cut off.

    Or to what `onto` says, which is then returned.
    """
    if _turns(axes) and not is_depthwise(kernel, groups):
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
        turned = _turned(kernel, groups)
        if fits(back, turned.shape, groups):
            dx = slide_fast(g, turned, back, None)
        else:
            dx = slide(pad_space(g, back), turned, back, groups)
        if onto is None:
            return dx
        onto.write(slice(None), dx)
        return onto.y
    if onto is None:
        dx = xp.empty((len(g), *(a.size for a in axes), channels), g.dtype)
        onto = Onto(dx, inner(axes), (...,), None)
    if groups == 1:
        _paint(g, kernel, axes, onto)
        return onto.y
    padded = xp.zeros((len(g), *(a.padded for a in axes), channels), g.dtype)
    if is_depthwise(kernel, groups):
        for cell, cells in offsets(axes):
            padded[cells] += g * kernel[cell][0]
    else:
        filters = kernel.shape[-1] // groups
        rows = xp.moveaxis(g.reshape(-1, groups, filters), 1, 0)
        for cell, cells in offsets(axes):
            w = kernel[cell].reshape(-1, groups, filters).transpose(1, 2, 0)
            part = xp.moveaxis(xp.matmul(rows, w), 0, 1)  # (rows, G, C/G)
            padded[cells] += part.reshape(*g.shape[:-1], channels)
    onto.write(slice(None), padded)
    return onto.y


def _turns(axes: Sequence[Axis]) -> bool:
    """Is the way back best done as a convolution with the turned kernel?

    Only for stride one; and not where most of what that would slide over is padding
    (5×5 on 14×14 cells: 196 places against 100).
    """
    return all(
        a.stride == 1 and a.before < a.reach and a.after < a.reach for a in axes
    ) and math.prod(a.size for a in axes) <= 1.5 * places(axes)


def _paint(g: Any, kernel: Any, axes: Sequence[Axis], onto: Onto) -> None:
    """Add each place's gradient, times the kernel, to the cells of its window.

    On a canvas for a few samples, from which they are taken over while in the cache.
    """
    filters, channels = kernel.shape[-1], kernel.shape[-2]
    matrices = xp.swapaxes(kernel.reshape(-1, channels, filters), -1, -2)
    matrices = xp.ascontiguousarray(matrices)  # (K, F, C)
    whole = tuple(a.padded for a in axes)
    numbers = (places(axes) * len(matrices) + math.prod(whole)) * channels
    bytes_each = numbers * g.dtype.itemsize
    all_cells = [cells for _, cells in offsets(axes)]
    for part in pieces(len(g), bytes_each):
        rows = g[part].reshape(-1, filters)
        here = scratch("conv.paint", (len(matrices), len(rows), channels), g.dtype)
        xp.matmul(rows, matrices, out=here)
        canvas = scratch("conv.canvas", (len(g[part]), *whole, channels), g.dtype)
        canvas.fill(0)
        for one, cells in zip(here, all_cells, strict=True):
            canvas[cells] += one.reshape(*g[part].shape[:-1], channels)
        onto.write(part, canvas)


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
