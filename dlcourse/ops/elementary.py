"""The elementary functions and their derivatives, element by element.

This is the lecture's table of derivatives as code: each function, then its rule. ``g``
is the gradient that comes in, ``y`` the function's own output, ``x`` its input. A rule
is made of operators and ops only, so the same line serves raw arrays (fast) and Tensors
(when the derivative itself is differentiated).

Where a function has a corner, the conventions are: relu'(0) = 0, abs'(0) = 0; `maximum`
and `minimum` give a tie to their first argument; `clip` passes the gradient at its
bounds. Read
``activations.py`` next.
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
    condition = raw(condition)
    return g * xp.asarray(condition != 0 if first else condition == 0)


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
