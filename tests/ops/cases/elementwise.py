"""Rows for the ops that work element by element."""

import math
from typing import Any

import numpy as np

from .case import does, row


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def erf(x: Any) -> Any:
    return np.vectorize(math.erf, otypes=[float])(x)


def elu(x: Any, alpha: float = 1.0) -> Any:
    return np.where(x > 0, x, alpha * (np.exp(x) - 1))


def gelu_by_tanh(x: Any) -> Any:
    return x / 2 * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**3)))


ZERO: dict[str, Any] = {"kinks": (0.0,)}
WIDE: dict[str, Any] = {"span": (-6.0, 6.0)}
POSITIVE: dict[str, Any] = {"span": (0.3, 3.0)}

# ------------------------------------------------------------------- one argument

SHAPES = ((3, 4), (), (1,), (2, 1, 3), (0, 3))
ONE: tuple[tuple[str, Any, dict[str, Any]], ...] = (
    ("negative", None, {}),
    ("abs", None, ZERO),
    ("sign", None, ZERO),
    ("square", None, {}),
    ("sqrt", None, POSITIVE),
    ("exp", None, {}),
    ("expm1", None, {}),
    ("log", None, POSITIVE),
    ("log1p", None, {"span": (-0.7, 2.0)}),
    ("sin", None, WIDE),
    ("cos", None, WIDE),
    ("erf", erf, {"span": (-4.0, 4.0)}),
    ("tanh", None, WIDE),
    ("sigmoid", sigmoid, WIDE),
    ("relu", lambda x: np.where(x > 0, x, 0), ZERO),
    ("leaky_relu", lambda x: np.where(x > 0, x, x / 5), ZERO),
    ("elu", elu, ZERO),
    ("selu", lambda x: 1.0507009873554805 * elu(x, 1.6732632423543772), ZERO),
    ("silu", lambda x: x * sigmoid(x), WIDE),
    ("gelu", lambda x: x / 2 * (1 + erf(x / 2**0.5)), {"span": (-4.0, 4.0)}),
    ("softplus", lambda x: np.log(1 + np.exp(x)), WIDE),
    ("softsign", lambda x: x / (1 + np.abs(x)), ZERO),
    (
        "hard_sigmoid",
        lambda x: np.clip(x + 3, 0, 6) / 6,
        {**WIDE, "kinks": (-3.0, 3.0)},
    ),
)
for name, reference, how in ONE:
    for shape in SHAPES:
        row(name, shape, reference=reference, note=str(shape), **how)

gentle = lambda x: np.where(x > 0, x, x / 4)  # noqa: E731
row("leaky_relu", reference=gentle, negative_slope=0.25, **ZERO)
row("elu", reference=lambda x: elu(x, 0.5), alpha=0.5, **ZERO)
row("gelu", reference=gelu_by_tanh, approximate=True, **WIDE)

ENDS = (-0.5, 0.7)
does("clip", "both", lambda m, x: m.clip(x, -0.5, 0.7), kinks=ENDS)
does("clip", "above", lambda m, x: m.clip(x, None, 0.7), kinks=ENDS)
does("clip", "below", lambda m, x: m.clip(x, -0.5, None), kinks=ENDS)

# ------------------------------------------------------------------ two arguments

PAIRS = (  # broadcasting both ways, axes of size one, single numbers, nothing at all
    ((3, 4), (3, 4)),
    ((3, 4), (4,)),
    ((4,), (3, 4)),
    ((3, 1), (1, 4)),
    ((), (3, 4)),
    ((2, 3, 4), (3, 1)),
    ((1, 1), (3, 4)),
    ((), ()),
    ((0, 4), (1, 4)),
)
TWO: tuple[tuple[str, dict[str, Any]], ...] = (
    ("add", {}),
    ("subtract", {}),
    ("multiply", {}),
    ("divide", {"spans": {1: (0.5, 2.0)}}),
    ("power", {"spans": {0: (0.4, 2.0)}}),
    ("maximum", {}),
    ("minimum", {}),
)
for name, how in TWO:
    for pair in PAIRS:
        row(name, *pair, note="{} {}".format(*pair), **how)

for exponent in (-1, 0, 1, 2, 3, 0.5):
    call = lambda m, x, n=exponent: m.power(x, n)  # noqa: E731
    does("power", f"to {exponent}", call, **POSITIVE)
does("power", "square of a negative", lambda m, x: m.power(x, 2), span=(-2.0, -0.5))
does("power", "of 2", lambda m, x: m.power(2.0, x))

MASK = np.array([[True, False, True, True], [False] * 4, [True] * 4])
for pair in (((3, 4), (3, 4)), ((4,), (3, 1)), ((), (3, 4))):
    does("where", "{} {}".format(*pair), lambda m, a, b: m.where(MASK, a, b), *pair)
does("where", "against a number", lambda m, a: m.where(MASK, a, 0.0))
