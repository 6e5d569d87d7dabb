"""Normalization: make values have mean 0 and variance 1, then scale and shift them.

Batch, layer and group normalization differ only in which values are taken together.
With x̂ = (x − mean) / √(variance + ε) the gradient is that of x̂ with its own mean, and
its part along x̂, taken out: the two directions that normalizing makes flat. Read
``batch_norm.py`` next.
"""

from __future__ import annotations

from typing import Any

from ...autodiff import kernel as kernel_of
from ...backend import xp
from ...errors import ConfigError, ShapeError
from ..composite import mean as mean_of
from ..elementary import sqrt, square
from ..shaping import floats, reshape


def others(ndim: int, axis: Any) -> tuple[int, ...]:
    """All axes but `axis` (one or several)."""
    kept = {a % ndim for a in ((axis,) if isinstance(axis, int) else axis)}
    return tuple(i for i in range(ndim) if i not in kept)


def line_of(w: Any, ndim: int, axis: Any) -> Any:
    """A vector (or one value for each entry of `axis`), laid along its axes."""
    kept = sorted(a % ndim for a in ((axis,) if isinstance(axis, int) else axis))
    shape = [1] * ndim
    for place, n in zip(kept, w.shape, strict=True):
        shape[place] = n
    return reshape(w, tuple(shape))


def check_line(name: str, what: str, w: Any, x: Any, axis: Any) -> None:
    """Raise `ShapeError` unless `w` (or None) has what x has on `axis`."""
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
    y = y if gamma is None else y * line_of(gamma, len(x.shape), axis)
    return y if beta is None else y + line_of(beta, len(x.shape), axis)


@kernel_of(layer_norm_reference)
def layer_norm(x, gamma=None, beta=None, *, axis=-1, epsilon=1e-3):
    """Normalize each sample over `axis`: the same in training and inference.

    Shapes: x any, gamma and beta shaped like x on `axis` (an int or a tuple), y as x.
    Source: Ba, Kiros and Hinton (2016).
    """
    for what, w in (("gamma", gamma), ("beta", beta)):
        check_line("layer_norm", what, w, x, axis)
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    hat, scale = normalized(x, axes, epsilon)
    y = hat
    if gamma is not None:
        y = y * line_of(gamma, x.ndim, axis)
    if beta is not None:
        y = y + line_of(beta, x.ndim, axis)
    return y, (hat, scale, gamma, axes, axis)


@layer_norm.backward
def _(g, saved, needs, into):
    hat, scale, gamma, axes, axis = saved
    needs = (*needs, False, False)[:3]
    dx = dgamma = dbeta = None
    rest = others(hat.ndim, axis)
    if needs[0]:
        inner = g if gamma is None else g * line_of(gamma, hat.ndim, axis)
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
        check_line("group_norm", what, None if w is None else floats(w), x, axis)
    split = (*x.shape[:axis], groups, channels // groups, *x.shape[axis + 1 :])
    over = tuple(i for i in range(1, ndim + 1) if i != axis)
    y = reshape(layer_norm(reshape(x, split), axis=over, epsilon=epsilon), x.shape)
    y = y if gamma is None else y * line_of(floats(gamma), ndim, axis)
    return y if beta is None else y + line_of(floats(beta), ndim, axis)
