"""The geometry that convolution and pooling share: where each window lies.

Arrays are channels last, (N, *space, C) with one, two or three axes of space. Read
``conv.py`` next.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ...backend import xp
from ...errors import ConfigError, ShapeError, check_count


class Axis(NamedTuple):
    """One axis of space: how a window of `window` cells moves over `size` cells."""

    size: int
    window: int
    stride: int
    dilation: int
    before: int  # padding
    after: int

    @property
    def reach(self) -> int:
        """How many cells a dilated window spans."""
        return (self.window - 1) * self.dilation + 1

    @property
    def padded(self) -> int:
        """The size with its padding."""
        return self.size + self.before + self.after

    @property
    def out(self) -> int:
        """How many places the window has."""
        return (self.padded - self.reach) // self.stride + 1

    def cells(self, k: int) -> slice:
        """The padded cells that the window's k-th cell meets, place by place."""
        start = k * self.dilation
        return slice(start, start + (self.out - 1) * self.stride + 1, self.stride)


def per_axis(name: str, value: Any, axes: int) -> tuple[int, ...]:
    """One whole number for each axis, from a number or a sequence of them."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * axes
    if len(values) != axes:
        raise ConfigError(f"{name} needs {axes} numbers, one an axis, not {value!r}.")
    return tuple(check_count(name, v) for v in values)


def geometry(
    name: str,
    sizes: Sequence[int],
    window: Sequence[int],
    strides: Any,
    padding: Any,
    dilation_rate: Any = 1,
) -> list[Axis]:
    """The axes of space of a convolution or pooling, with `padding` in cells.

    Raises `ConfigError` for settings that cannot be, `ShapeError` for a window that is
    larger than what it moves over.
    """
    n = len(sizes)
    strides = per_axis("strides", strides, n)
    dilations = per_axis("dilation_rate", dilation_rate, n)
    axes = []
    for i, size in enumerate(sizes):
        reach = (window[i] - 1) * dilations[i] + 1
        before, after = _pads(padding, i, n, size, reach, strides[i])
        axis = Axis(size, window[i], strides[i], dilations[i], before, after)
        if axis.reach > axis.padded:
            raise ShapeError(
                f"{name}: a window of {axis.window} (dilation {axis.dilation}, so "
                f"{axis.reach} cells) does not fit {axis.padded} cells on axis {i + 1}"
                f"{' with padding' if before + after else ''}; use padding='same' or a "
                "smaller window."
            )
        axes.append(axis)
    return axes


def _pads(
    padding: Any, i: int, n: int, size: int, reach: int, stride: int
) -> tuple[int, int]:
    if padding == "valid":
        return 0, 0
    if padding == "same":  # as many places as strides; the odd cell goes at the end
        total = max((-(-size // stride) - 1) * stride + reach - size, 0)
        return total // 2, total - total // 2
    if padding == "causal":
        if n != 1:
            raise ConfigError("padding='causal' is for one axis of space only.")
        return reach - 1, 0
    if isinstance(padding, str):
        raise ConfigError(
            f"padding must be 'valid', 'same', a number or pairs, not {padding!r}."
        )
    one = padding[i] if isinstance(padding, (tuple, list)) else padding
    pair = tuple(one) if isinstance(one, (tuple, list)) else (one, one)
    if len(pair) != 2:
        raise ConfigError(f"padding needs (before, after) for each axis: {padding!r}.")
    before, after = (check_count("padding", p, low=0) for p in pair)
    return before, after


def pad_space(x: Any, axes: Sequence[Axis], value: float = 0.0) -> Any:
    """`x` with its padding around; x itself where there is none."""
    if all(axis.before == axis.after == 0 for axis in axes):
        return x
    padded = xp.empty((len(x), *(a.padded for a in axes), x.shape[-1]), x.dtype)
    if value or any(a.before or a.after for a in axes):
        padded.fill(value)
    padded[inner(axes)] = x
    return padded


def inner(axes: Sequence[Axis]) -> tuple[slice, ...]:
    """The index of the data inside its padding."""
    cells = (slice(a.before, a.before + a.size) for a in axes)
    return (slice(None), *cells)


def windows(padded: Any, axes: Sequence[Axis]) -> Any:
    """A view (N, *out, *window, C) of every window, without copying."""
    steps = padded.strides[1:-1]
    return xp.lib.stride_tricks.as_strided(
        padded,
        (
            len(padded),
            *(a.out for a in axes),
            *(a.window for a in axes),
            padded.shape[-1],
        ),
        (
            padded.strides[0],
            *(s * a.stride for s, a in zip(steps, axes, strict=True)),
            *(s * a.dilation for s, a in zip(steps, axes, strict=True)),
            padded.strides[-1],
        ),
    )


def merged_windows(padded: Any, axes: Sequence[Axis]) -> Any:
    """The same view with the last axis of the window and the channels as one.

    Cells side by side are neighbors in memory (unless dilated), so copying the windows
    moves whole lines instead of one cell's channels at a time.
    """
    view = windows(padded, axes)
    neighbors = padded.strides[-2] == padded.shape[-1] * padded.strides[-1]
    if not neighbors or (axes[-1].dilation > 1 and axes[-1].window > 1):
        return view
    line = axes[-1].window * padded.shape[-1]
    return xp.lib.stride_tricks.as_strided(
        view, (*view.shape[:-2], line), (*view.strides[:-2], view.strides[-1])
    )


def offsets(
    axes: Sequence[Axis],
) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...]]]:
    """Each cell of the window, and the padded cells it meets (batch axis included)."""
    for cell in itertools.product(*(range(a.window) for a in axes)):
        cells = (a.cells(k) for a, k in zip(axes, cell, strict=True))
        yield cell, (slice(None), *cells)


def places(axes: Sequence[Axis]) -> int:
    """How many places the window has in one sample."""
    return math.prod(a.out for a in axes)
