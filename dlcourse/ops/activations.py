"""The activation functions and their derivatives, in the same form as elementary.py.

What makes a network more than one affine map. relu'(0) = 0 by convention. Read
``shaping.py`` next.
"""

from __future__ import annotations

import math

import numpy as np

from .. import backend
from ..autodiff import op
from ..backend import xp
from .elementary import abs, erf, exp, square, where


@op
def tanh(x):
    """Squash each element into (−1, 1)."""
    return xp.tanh(x)


tanh.gradient(x=lambda g, y, x: g * (1 - y * y))


@op
def sigmoid(x):
    """Squash each element into (0, 1): 1 / (1 + e⁻ˣ)."""
    with np.errstate(over="ignore"):  # 1/∞ is the 0 that is wanted
        return 1 / (1 + xp.exp(-x))


sigmoid.gradient(x=lambda g, y, x: g * (y * (1 - y)))
sigmoid.keeps_origin = True  # the losses go back to the logits


@op
def relu(x):
    """max(0, x): the rectified linear unit."""
    return xp.maximum(x, 0)


relu.gradient(x=lambda g, y, x: g * (y > 0))


@op
def leaky_relu(x, *, negative_slope=0.2):
    """x where positive, negative_slope·x elsewhere, so that no unit dies."""
    return xp.where(x > 0, x, negative_slope * x)


leaky_relu.gradient(
    x=lambda g, y, x, negative_slope=0.2: where(x > 0, g, g * negative_slope)
)


@op
def elu(x, *, alpha=1.0):
    """x where positive, alpha·(eˣ − 1) elsewhere (Clevert et al., 2015)."""
    return xp.where(x > 0, x, alpha * xp.expm1(xp.minimum(x, 0)))


elu.gradient(x=lambda g, y, x, alpha=1.0: g * where(x > 0, 1.0, y + alpha))

# the fixed point of mean 0, variance 1 (Klambauer et al., 2017)
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


@op
def selu(x):
    """The self-normalizing ELU, 1.0507·elu(x, 1.6733) (Klambauer et al., 2017)."""
    return SELU_SCALE * xp.where(x > 0, x, SELU_ALPHA * xp.expm1(xp.minimum(x, 0)))


selu.gradient(
    x=lambda g, y, x: g * where(x > 0, SELU_SCALE, y + SELU_SCALE * SELU_ALPHA)
)


@op
def silu(x):
    """x·sigmoid(x), also called swish."""
    return x * sigmoid(x)


@op
def softplus(x):
    """log(1 + eˣ), a smooth ReLU, without overflow."""
    return xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x)))


softplus.gradient(x=lambda g, y, x: g * sigmoid(x))


@op
def softsign(x):
    """x / (1 + |x|): like tanh, with slower tails."""
    return x / (1 + xp.abs(x))


softsign.gradient(x=lambda g, y, x: g / square(1 + abs(x)))


@op
def hard_sigmoid(x):
    """relu6(x + 3) / 6: a sigmoid of three straight pieces."""
    return xp.clip(x + 3, 0, 6) / 6


hard_sigmoid.gradient(x=lambda g, y, x: g * ((x > -3) & (x < 3)) / 6)


def _silu_rule(g, y, x):
    s = sigmoid(x)
    return g * (s + y * (1 - s))


silu.gradient(x=_silu_rule)

_TANH_SCALE = math.sqrt(2 / math.pi)


@op
def gelu(x, *, approximate=False):
    """x·Φ(x) with the normal distribution's Φ (Hendrycks and Gimpel, 2016).

    `approximate` takes their formula with tanh instead of the error function.
    """
    if approximate:
        return 0.5 * x * (1 + xp.tanh(_TANH_SCALE * (x + 0.044715 * x * x * x)))
    return 0.5 * x * (1 + backend.erf(x / math.sqrt(2)))


def _gelu_rule(g, y, x, approximate=False):
    if approximate:
        t = tanh(_TANH_SCALE * (x + 0.044715 * x * x * x))
        inner = _TANH_SCALE * (1 + 3 * 0.044715 * x * x)
        return g * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner)
    density = exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    return g * (0.5 * (1 + erf(x / math.sqrt(2))) + x * density)


gelu.gradient(x=_gelu_rule)
