"""Batch normalization: each channel over the whole batch, in pieces that fit the cache.

The statistics take one reading of x, the result a second; in the backward pass the same
two. Read ``recurrent.py`` next.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ...autodiff import kernel as kernel_of
from ...backend import xp
from ...errors import ConfigError
from ...tuning import column_sums, fold, pieces, scratch
from ..composite import mean as mean_of
from ..elementary import sqrt, square
from ..shaping import floats
from .norm import check_line, line_of, others


def batch_norm_reference(
    x: Any,
    gamma: Any,
    beta: Any,
    *,
    mean: Any = None,
    variance: Any = None,
    axis: int = -1,
    epsilon: float = 1e-3,
    statistics: Any = None,
) -> Any:
    """gamma·(x − mean)/√(variance + ε) + beta by elementary ops."""
    x = floats(x)
    ndim = len(x.shape)
    if mean is None:
        axes = others(ndim, axis)
        center = x - mean_of(x, axis=axes, keepdims=True)
        spread = mean_of(square(center), axis=axes, keepdims=True)
    else:
        center = x - line_of(floats(mean), ndim, axis)
        spread = line_of(floats(variance), ndim, axis)
    # the small factors first: one pass less over x
    return center * (line_of(gamma, ndim, axis) / sqrt(spread + epsilon)) + line_of(
        beta, ndim, axis
    )


def batch_statistics(x: Any, axis: int = -1) -> tuple[Any, Any]:
    """Mean and biased variance (C,) of each channel over all other axes.

    The values are taken relative to the mean of the first few, so that squaring them
    loses nothing: one reading of x, and as safe as the two of the textbook.
    """
    rows = _channel_rows(x, axis)
    n, channels = rows.shape
    if n == 0 or channels == 0:
        nothing = xp.full((channels,), math.nan, x.dtype)
        return nothing, nothing
    near = rows[:64].mean(axis=0)
    lines, line = _lines(rows, near)

    def sums(part: slice) -> Any:
        away = scratch("norm.away", lines[part].shape, lines.dtype)
        xp.subtract(lines[part], line, out=away)
        total = column_sums(away)
        away *= away
        return xp.stack([total, column_sums(away)])

    total, squares = _in_pieces(lines, 4, sums).reshape(2, -1, channels).sum(axis=1)
    shift = total / n
    return near + shift, xp.maximum(squares / n - shift * shift, 0)


def _in_pieces(lines: Any, arrays: int, work: Callable[[slice], Any]) -> Any:
    """The sum of ``work(part)`` over parts of the lines.

    `arrays` like such a part are in use at a time, and shall fit the cache together.
    """
    bytes_each = arrays * lines.dtype.itemsize * lines.shape[1]
    return sum(work(part) for part in pieces(len(lines), bytes_each))


def _channel_rows(x: Any, axis: int) -> Any:
    """x as (rows, C): a view where the channels are last already."""
    if axis % x.ndim != x.ndim - 1:
        x = xp.moveaxis(x, axis, -1)
    return xp.ascontiguousarray(x).reshape(-1, x.shape[-1])


def _lines(rows: Any, *vectors: Any) -> list[Any]:
    """Several rows in one line, and vectors (C,) as often: long inner loops."""
    n, channels = rows.shape
    factor = fold(n, channels)
    lines = rows.reshape(n // factor, factor * channels)
    return [lines, *(xp.tile(vector, factor) for vector in vectors)]


def _back_to(rows: Any, shape: tuple[int, ...], axis: int) -> Any:
    """(rows, C) as an array of `shape` with its channels on `axis`."""
    axis = axis % len(shape)
    others = (*shape[:axis], *shape[axis + 1 :], shape[axis])
    return xp.moveaxis(rows.reshape(others), -1, axis)


@kernel_of(batch_norm_reference)
def _batch_norm(x, gamma, beta, *, axis=-1, epsilon=1e-3, statistics=None):
    rows = _channel_rows(x, axis)
    mean, variance = statistics or batch_statistics(x, axis)
    scale = 1 / xp.sqrt(variance + epsilon)
    y = xp.empty_like(rows)
    lines, m, s, b = _lines(rows, mean, gamma * scale, beta)
    out = y.reshape(lines.shape)

    def write(part: slice) -> int:
        here = out[part]
        xp.subtract(lines[part], m, out=here)
        here *= s
        here += b
        return 0

    _in_pieces(lines, 2, write)
    return _back_to(y, x.shape, axis), (rows, mean, scale, gamma, axis, x.shape)


@_batch_norm.backward
def _(g, saved, needs, into):
    rows, mean, scale, gamma, axis, shape = saved
    g = _channel_rows(g, axis)
    n, channels = rows.shape
    lines, m = _lines(rows, mean)
    gradients = g.reshape(lines.shape)

    def sums(part: slice) -> Any:
        away = scratch("norm.away", lines[part].shape, lines.dtype)
        xp.subtract(lines[part], m, out=away)
        away *= gradients[part]
        return xp.stack([column_sums(gradients[part]), column_sums(away)])

    total, along = _in_pieces(lines, 4, sums).reshape(2, -1, channels).sum(axis=1)
    dbeta, dgamma = total, along * scale
    if not needs[0]:
        return None, dgamma, dbeta
    # gamma·scale·(g − mean of g − x̂·mean of g·x̂)
    dx = xp.empty_like(rows)
    _, tilt, level, stretch = _lines(
        rows, -scale * dgamma / n, dbeta / n, gamma * scale
    )
    out = dx.reshape(lines.shape)

    def write(part: slice) -> int:
        here = out[part]
        xp.subtract(lines[part], m, out=here)
        here *= tilt
        here += gradients[part]
        here -= level
        here *= stretch
        return 0

    _in_pieces(lines, 3, write)
    return _back_to(dx, shape, axis), dgamma, dbeta


def batch_norm(
    x: Any,
    gamma: Any,
    beta: Any,
    *,
    mean: Any = None,
    variance: Any = None,
    axis: int = -1,
    epsilon: float = 1e-3,
    statistics: Any = None,
) -> Any:
    """Normalize each channel over the batch: y = gamma·x̂ + beta.

    Shapes: x (…, C), gamma and beta (C,), y as x. Mean and (biased) variance are those
    of the batch, or those given, (C,) each, which are constants. `statistics` may be
    the batch's own, where `batch_statistics` was asked before. Source: Ioffe and
    Szegedy (2015).
    """
    if (mean is None) != (variance is None):
        raise ConfigError("batch_norm needs mean and variance together, or neither.")
    x, gamma, beta = floats(x), floats(gamma), floats(beta)
    if mean is not None:
        mean, variance = floats(mean), floats(variance)
    vectors = {"gamma": gamma, "beta": beta, "mean": mean, "variance": variance}
    for what, w in vectors.items():
        check_line("batch_norm", what, w, x, axis)
    if mean is None:
        return _batch_norm(
            x, gamma, beta, axis=axis, epsilon=epsilon, statistics=statistics
        )
    settings = {"mean": mean, "variance": variance, "axis": axis, "epsilon": epsilon}
    return batch_norm_reference(x, gamma, beta, **settings)
