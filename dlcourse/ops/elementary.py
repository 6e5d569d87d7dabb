"""The elementary functions and their derivatives, element by element.

This is the lecture's table of derivatives as code: each function, then its rule. ``g`` is
the gradient that comes in, ``y`` the function's own output, ``x`` its input. A rule is
made of operators and ops only, so the same line serves raw arrays (fast) and Tensors
(when the derivative itself is differentiated).

Where a function has a corner, the conventions are: relu'(0) = 0, abs'(0) = 0; `maximum`
and `minimum` give a tie to their first argument; `clip` passes the gradient at its
bounds. Read ``shaping.py`` next.
"""

from __future__ import annotations

import math

from .. import backend
from ..autodiff import op
from ..backend import xp
from ..tensor import raw

# ------------------------------------------------------------------- arithmetic


@op
def add(x1, x2):
    """x1 + x2, broadcast as NumPy does."""
    return x1 + x2


add.gradient(x1=lambda g, y, x1, x2: g, x2=lambda g, y, x1, x2: g)


@op
def subtract(x1, x2):
    """x1 − x2, broadcast as NumPy does."""
    return x1 - x2


subtract.gradient(x1=lambda g, y, x1, x2: g, x2=lambda g, y, x1, x2: -g)


@op
def multiply(x1, x2):
    """x1 · x2, element by element."""
    return x1 * x2


multiply.gradient(x1=lambda g, y, x1, x2: g * x2, x2=lambda g, y, x1, x2: g * x1)


@op
def divide(x1, x2):
    """x1 / x2, element by element."""
    return x1 / x2


divide.gradient(x1=lambda g, y, x1, x2: g / x2, x2=lambda g, y, x1, x2: -(g * y) / x2)


@op
def power(x1, x2):
    """x1 to the power x2; the derivative by x2 needs x1 > 0 (it is 0 at x1 = 0)."""
    return x1**x2


@power.gradients
def _(g, y, x1, x2):
    """d/dx1 = x2·x1^(x2−1) and d/dx2 = y·log x1."""
    if isinstance(x2, (int, float)):
        return (g * (x2 * x1 ** (x2 - 1)) if x2 != 0 else g * 0.0), None
    slope = x2 * x1 ** where(x2 == 0, 1.0, x2 - 1)  # x^0 is flat, at x = 0 too
    if isinstance(x1, (int, float)):
        return None, (g * y * math.log(x1) if x1 > 0 else g * 0.0)
    zero = x1 == 0
    return g * slope, g * where(zero, 0.0, y * log(where(zero, 1.0, x1)))


@op
def negative(x):
    """−x."""
    return -x


negative.gradient(x=lambda g, y, x: -g)


@op
def abs(x):
    """|x|."""
    return xp.abs(x)


abs.gradient(x=lambda g, y, x: g * sign(x))


@op
def sign(x):
    """−1, 0 or 1; flat everywhere."""
    return xp.sign(x)


sign.gradient(x=lambda g, y, x: g * 0.0)


@op
def square(x):
    """x²."""
    return x * x


square.gradient(x=lambda g, y, x: g * (2 * x))


@op
def sqrt(x):
    """√x; its slope at 0 is infinite."""
    return xp.sqrt(x)


sqrt.gradient(x=lambda g, y, x: g / (2 * y))


# ------------------------------------------------- exponentials and trigonometry


@op
def exp(x):
    """eˣ."""
    return xp.exp(x)


exp.gradient(x=lambda g, y, x: g * y)


@op
def expm1(x):
    """eˣ − 1, accurate for small x."""
    return xp.expm1(x)


expm1.gradient(x=lambda g, y, x: g * (y + 1))


@op
def log(x):
    """The natural logarithm."""
    return xp.log(x)


log.gradient(x=lambda g, y, x: g / x)


@op
def log1p(x):
    """log(1 + x), accurate for small x."""
    return xp.log1p(x)


log1p.gradient(x=lambda g, y, x: g / (1 + x))


@op
def sin(x):
    """The sine; x in radians."""
    return xp.sin(x)


sin.gradient(x=lambda g, y, x: g * cos(x))


@op
def cos(x):
    """The cosine; x in radians."""
    return xp.cos(x)


cos.gradient(x=lambda g, y, x: -g * sin(x))


@op
def erf(x):
    """The error function, 2/√π ∫₀ˣ exp(−t²) dt."""
    return backend.erf(x)


erf.gradient(x=lambda g, y, x: g * ((2 / math.sqrt(math.pi)) * exp(-x * x)))


# ------------------------------------------------------------------- activations


@op
def tanh(x):
    """Squash each element into (−1, 1)."""
    return xp.tanh(x)


tanh.gradient(x=lambda g, y, x: g * (1 - y * y))


@op
def sigmoid(x):
    """Squash each element into (0, 1): 1 / (1 + e⁻ˣ), without overflow at any x."""
    small = xp.exp(-xp.abs(x))  # never more than 1
    return xp.where(x >= 0, 1, small) / (1 + small)


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
    x=lambda g, y, x, negative_slope=0.2: g * where(x > 0, 1.0, negative_slope)
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


# ------------------------------------------------------------------------- choices


@op
def maximum(x1, x2):
    """The larger of the two, element by element; a tie counts as x1."""
    return xp.maximum(x1, x2)


maximum.gradient(
    x1=lambda g, y, x1, x2: g * (x1 >= x2), x2=lambda g, y, x1, x2: g * (x1 < x2)
)


@op
def minimum(x1, x2):
    """The smaller of the two, element by element; a tie counts as x1."""
    return xp.minimum(x1, x2)


minimum.gradient(
    x1=lambda g, y, x1, x2: g * (x1 <= x2), x2=lambda g, y, x1, x2: g * (x1 > x2)
)


@op
def where(condition, x1, x2):
    """x1 where `condition` holds, x2 elsewhere."""
    return xp.where(condition, x1, x2)


def _chosen(g, condition, first):
    condition = raw(condition) != 0
    return g * (condition if first else ~condition)


where.gradient(
    x1=lambda g, y, condition, x1, x2: _chosen(g, condition, True),
    x2=lambda g, y, condition, x1, x2: _chosen(g, condition, False),
)


@op
def clip(x, x_min, x_max):
    """x, but never below x_min nor above x_max; a bound of None is no bound."""
    return xp.clip(x, x_min, x_max)


def _inside(g, y, x, x_min, x_max):
    if x_min is not None:
        g = g * (x >= x_min)
    return g if x_max is None else g * (x <= x_max)


clip.gradient(x=_inside)
