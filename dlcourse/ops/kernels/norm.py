"""Normalization: make values have mean 0 and variance 1, then scale and shift them.

Batch, layer and group normalization differ only in which values are taken together.
With x̂ = (x − mean) / √(variance + ε) the gradient is that of x̂ with its own mean, and
its part along x̂, taken out: the two directions that normalizing makes flat. Read
``recurrent.py`` next.
"""

from __future__ import annotations

import math
from typing import Any

from ...autodiff import kernel as kernel_of
from ...backend import xp
from ...errors import ConfigError, ShapeError
from ...tuning import column_sums, fold, pieces, scratch
from ..composite import mean as mean_of
from ..elementary import sqrt, square
from ..shaping import floats, reshape


def _others(ndim: int, axis: Any) -> tuple[int, ...]:
    kept = {a % ndim for a in ((axis,) if isinstance(axis, int) else axis)}
    return tuple(i for i in range(ndim) if i not in kept)


def _line(w: Any, ndim: int, axis: Any) -> Any:
    """A vector (or one value for each entry of `axis`), laid along its axes."""
    kept = sorted(a % ndim for a in ((axis,) if isinstance(axis, int) else axis))
    shape = [1] * ndim
    for place, n in zip(kept, w.shape, strict=True):
        shape[place] = n
    return reshape(w, tuple(shape))


def _check_line(name: str, what: str, w: Any, x: Any, axis: Any) -> None:
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    expected = tuple(x.shape[a] for a in sorted(a % len(x.shape) for a in axes))
    if w is not None and tuple(w.shape) != expected:
        raise ShapeError(
            f"{name}: {what} has shape {tuple(w.shape)}, but x {tuple(x.shape)} has "
            f"{expected} on axis {axis}."
        )


def normalized(x: Any, axes: tuple[int, ...], epsilon: float) -> tuple[Any, Any]:
    """(x̂, 1/√(variance + ε)) over `axes`, on arrays."""
    centered = x - x.mean(axis=axes, keepdims=True)
    variance = xp.square(centered).mean(axis=axes, keepdims=True)
    scale = 1 / xp.sqrt(variance + epsilon)
    centered *= scale
    return centered, scale


def normalized_gradient(g: Any, x: Any, scale: Any, axes: tuple[int, ...]) -> Any:
    """The gradient of the values before normalizing; g that of x̂, here called x."""
    dx = g - g.mean(axis=axes, keepdims=True)
    dx -= x * (g * x).mean(axis=axes, keepdims=True)
    dx *= scale
    return dx


# ----------------------------------------------------------------------------- batch


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
        axes = _others(ndim, axis)
        center = x - mean_of(x, axis=axes, keepdims=True)
        spread = mean_of(square(center), axis=axes, keepdims=True)
    else:
        center = x - _line(floats(mean), ndim, axis)
        spread = _line(floats(variance), ndim, axis)
    # the small factors first: one pass less over x
    return center * (_line(gamma, ndim, axis) / sqrt(spread + epsilon)) + _line(
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
    total = squares = 0
    for part in pieces(slice(0, len(lines)), 4 * lines.itemsize * lines.shape[1]):
        away = scratch("norm.away", lines[part].shape, lines.dtype)
        xp.subtract(lines[part], line, out=away)
        total = total + column_sums(away)
        away *= away
        squares = squares + column_sums(away)
    shift = total.reshape(-1, channels).sum(axis=0) / n
    variance = squares.reshape(-1, channels).sum(axis=0) / n - shift * shift
    return near + shift, xp.maximum(variance, 0)


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
    for part in pieces(slice(0, len(lines)), 2 * lines.itemsize * lines.shape[1]):
        here = out[part]
        xp.subtract(lines[part], m, out=here)
        here *= s
        here += b
    return _back_to(y, x.shape, axis), (rows, mean, scale, gamma, axis, x.shape)


@_batch_norm.backward
def _(g, saved, needs, into):
    rows, mean, scale, gamma, axis, shape = saved
    g = _channel_rows(g, axis)
    n, channels = rows.shape
    lines, m = _lines(rows, mean)
    gradients = g.reshape(lines.shape)
    total = along = 0
    for part in pieces(slice(0, len(lines)), 4 * lines.itemsize * lines.shape[1]):
        away = scratch("norm.away", lines[part].shape, lines.dtype)
        xp.subtract(lines[part], m, out=away)
        away *= gradients[part]
        total = total + column_sums(gradients[part])
        along = along + column_sums(away)
    dbeta = total.reshape(-1, channels).sum(axis=0)
    dgamma = along.reshape(-1, channels).sum(axis=0) * scale
    if not needs[0]:
        return None, dgamma, dbeta
    # gamma·scale·(g − mean of g − x̂·mean of g·x̂)
    dx = xp.empty_like(rows)
    _, tilt, level, stretch = _lines(
        rows, -scale * dgamma / n, dbeta / n, gamma * scale
    )
    out = dx.reshape(lines.shape)
    for part in pieces(slice(0, len(lines)), 3 * lines.itemsize * lines.shape[1]):
        here = out[part]
        xp.subtract(lines[part], m, out=here)
        here *= tilt
        here += gradients[part]
        here -= level
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
        _check_line("batch_norm", what, w, x, axis)
    if mean is None:
        return _batch_norm(
            x, gamma, beta, axis=axis, epsilon=epsilon, statistics=statistics
        )
    settings = {"mean": mean, "variance": variance, "axis": axis, "epsilon": epsilon}
    return batch_norm_reference(x, gamma, beta, **settings)


# --------------------------------------------------------------------- layer and group


def layer_norm_reference(
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    *,
    axis: Any = -1,
    epsilon: float = 1e-3,
) -> Any:
    """gamma·x̂ + beta by elementary ops, x̂ normalized over `axis`."""
    x = floats(x)
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    center = x - mean_of(x, axis=axes, keepdims=True)
    y = center / sqrt(mean_of(square(center), axis=axes, keepdims=True) + epsilon)
    y = y if gamma is None else y * _line(gamma, len(x.shape), axis)
    return y if beta is None else y + _line(beta, len(x.shape), axis)


@kernel_of(layer_norm_reference)
def layer_norm(x, gamma=None, beta=None, *, axis=-1, epsilon=1e-3):
    """Normalize each sample over `axis`: the same in training and inference.

    Shapes: x any, gamma and beta shaped like x on `axis` (an int or a tuple), y as x.
    Source: Ba, Kiros and Hinton (2016).
    """
    for what, w in (("gamma", gamma), ("beta", beta)):
        _check_line("layer_norm", what, w, x, axis)
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    hat, scale = normalized(x, axes, epsilon)
    y = hat
    if gamma is not None:
        y = y * _line(gamma, x.ndim, axis)
    if beta is not None:
        y = y + _line(beta, x.ndim, axis)
    return y, (hat, scale, gamma, axes, axis)


@layer_norm.backward
def _(g, saved, needs, into):
    hat, scale, gamma, axes, axis = saved
    needs = (*needs, False, False)[:3]
    dx = dgamma = dbeta = None
    rest = _others(hat.ndim, axis)
    if needs[0]:
        inner = g if gamma is None else g * _line(gamma, hat.ndim, axis)
        dx = normalized_gradient(inner, hat, scale, axes)
    if needs[1]:
        dgamma = (g * hat).sum(axis=rest)
    if needs[2]:
        dbeta = g.sum(axis=rest)
    return dx, dgamma, dbeta


def group_norm(
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    *,
    groups: int = 32,
    axis: int = -1,
    epsilon: float = 1e-3,
) -> Any:
    """Normalize each sample over groups of channels: for small batches of images.

    Shapes: x (N, …), gamma and beta (C,) with C = x.shape[axis] a multiple of `groups`
    (−1: a group for each channel), y as x. Source: Wu and He (2018).
    """
    x = floats(x)
    ndim = len(x.shape)
    axis = axis % ndim
    channels = x.shape[axis]
    groups = channels if groups == -1 else groups
    if groups < 1 or channels % groups:
        raise ConfigError(
            f"group_norm: {channels} channels cannot be put into {groups} equal groups."
        )
    for what, w in (("gamma", gamma), ("beta", beta)):
        _check_line("group_norm", what, None if w is None else floats(w), x, axis)
    split = (*x.shape[:axis], groups, channels // groups, *x.shape[axis + 1 :])
    over = tuple(i for i in range(1, ndim + 1) if i != axis)
    y = reshape(layer_norm(reshape(x, split), axis=over, epsilon=epsilon), x.shape)
    y = y if gamma is None else y * _line(floats(gamma), ndim, axis)
    return y if beta is None else y + _line(floats(beta), ndim, axis)
