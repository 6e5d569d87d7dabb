"""Batch normalization: each channel over the whole batch, in pieces that fit the cache.

The statistics take one reading of x, the result a second; in the backward pass the same
two. Read ``recurrent.py`` next.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ...autodiff import kernel as kernel_of
from ...backend import asarray, xp
from ...errors import ConfigError
from ...tensor import Tensor
from ...tuning import fold, ones, pieces, scratch
from ..composite import mean as mean_of
from ..elementary import sqrt, square
from ..shaping import floats
from .fused import fused
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
    activation: str | None = None,
) -> Any:
    """activation(gamma·(x − mean)/√(variance + ε) + beta) by elementary ops."""
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
    y = center * (line_of(gamma, ndim, axis) / sqrt(spread + epsilon)) + line_of(
        beta, ndim, axis
    )
    return y if activation is None else fused(activation).op(y)


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

    def sums(part: slice, total: Any, squares: Any) -> None:
        away = scratch("norm.away", lines[part].shape, lines.dtype)
        xp.subtract(lines[part], line, out=away)
        _add_up(away, total)
        away *= away
        _add_up(away, squares)

    total, squares = _sums(lines, channels, sums)
    shift = total / n
    return near + shift, xp.maximum(squares / n - shift * shift, 0)


def _sums(lines: Any, channels: int, work: Callable[..., Any]) -> Any:
    """Two sums for each channel (2, C), of what ``work`` makes of the lines' parts."""
    parts = list(_parts(lines))
    found = xp.empty((2, len(parts), lines.shape[1]), lines.dtype)
    for i, part in enumerate(parts):
        work(part, found[0, i], found[1, i])
    rows = len(parts) * lines.shape[1] // max(1, channels)
    return found.reshape(2, rows, channels).sum(axis=1)


def _add_up(lines: Any, out: Any) -> None:
    """The sum of some lines, as a product with ones."""
    xp.dot(ones(len(lines), lines.dtype), lines, out=out)


def _parts(lines: Any) -> Any:
    """Parts of the lines, two of which fit the cache together."""
    return pieces(len(lines), 2 * lines.dtype.itemsize * lines.shape[1])


def _channel_rows(x: Any, axis: int) -> Any:
    """x as (rows, C): a view where the channels are last already."""
    if axis % x.ndim != x.ndim - 1:
        x = xp.moveaxis(x, axis, -1)
    return xp.ascontiguousarray(x).reshape(math.prod(x.shape[:-1]), x.shape[-1])


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
def _batch_norm(
    x,
    gamma,
    beta,
    *,
    mean=None,
    variance=None,
    axis=-1,
    epsilon=1e-3,
    statistics=None,
    activation=None,
):
    rows = _channel_rows(x, axis)
    given = mean is not None
    if not given:
        mean, variance = statistics or batch_statistics(x, axis)
    scale = 1 / xp.sqrt(variance + epsilon)
    activation = activation and fused(activation)
    y = xp.empty_like(rows)
    lines, m, s, b = _lines(rows, mean, gamma * scale, beta)
    out = y.reshape(lines.shape)

    for part in _parts(lines):
        here = out[part]
        xp.subtract(lines[part], m, out=here)
        here *= s
        here += b
        if activation:
            activation.apply(here)
    values = out if activation else None
    saved = rows, values, mean, scale, gamma, axis, x.shape, activation, given
    return _back_to(y, x.shape, axis), saved


@_batch_norm.backward
def _(g, saved, needs, into):
    rows, values, mean, scale, gamma, axis, shape, activation, given = saved
    n, channels = max(1, len(rows)), rows.shape[1]
    lines, m = _lines(rows, mean)
    gradients = _channel_rows(g, axis).reshape(lines.shape)
    dx = xp.empty_like(rows)
    out = dx.reshape(lines.shape)

    def sums(part: slice, total: Any, along: Any) -> None:
        g = gradients[part]
        if activation:
            g = activation.gradient(g, values[part], out=out[part])
        away = scratch("norm.away", g.shape, g.dtype)
        xp.subtract(lines[part], m, out=away)
        away *= g
        _add_up(g, total)
        _add_up(away, along)

    total, along = _sums(lines, channels, sums)
    dbeta, dgamma = total, along * scale
    if not needs[0]:
        return None, dgamma, dbeta
    if activation:
        gradients = out
    _, stretch = _lines(rows, gamma * scale)
    if given:
        for part in _parts(lines):
            xp.multiply(gradients[part], stretch, out=out[part])
        return _back_to(dx, shape, axis), dgamma, dbeta
    # gamma·scale·(g − mean of g − x̂·mean of g·x̂)
    tilt = -scale * dgamma / n
    _, tilt, level = _lines(rows, tilt, tilt * mean + dbeta / n)
    for part in _parts(lines):
        away = scratch("norm.away", lines[part].shape, lines.dtype)
        xp.multiply(lines[part], tilt, out=away)
        away -= level
        here = xp.add(gradients[part], away, out=out[part])
        here *= stretch
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
    activation: str | None = None,
) -> Any:
    """Normalize each channel over the batch: y = gamma·x̂ + beta.

    Shapes: x (…, C), gamma and beta (C,), y as x. Mean and (biased) variance are those
    of the batch, or those given, (C,) each, which are constants. `statistics` may be
    the batch's own, where `batch_statistics` was asked before. With `activation` "relu"
    or "tanh" that is applied too, in the same pass. Source: Ioffe and Szegedy (2015).
    """
    if (mean is None) != (variance is None):
        raise ConfigError("batch_norm needs mean and variance together, or neither.")
    x, gamma, beta = floats(x), floats(gamma), floats(beta)
    if mean is not None:
        mean, variance = floats(mean), floats(variance)
    vectors = {"gamma": gamma, "beta": beta, "mean": mean, "variance": variance}
    for what, w in vectors.items():
        check_line("batch_norm", what, w, x, axis)
    settings = {"axis": axis, "epsilon": epsilon, "activation": activation}
    if mean is None:
        return _batch_norm(x, gamma, beta, statistics=statistics, **settings)
    if isinstance(mean, Tensor) or isinstance(variance, Tensor):
        settings |= {"mean": mean, "variance": variance}
        return batch_norm_reference(x, gamma, beta, **settings)
    mean, variance = (asarray(v, x.dtype) for v in (mean, variance))
    return _batch_norm(x, gamma, beta, mean=mean, variance=variance, **settings)
