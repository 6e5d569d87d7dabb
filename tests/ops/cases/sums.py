"""Rows for the ops that sum: reductions, products, softmax, cross-entropies."""

from typing import Any

import numpy as np

from .case import does, row
from .elementwise import sigmoid

# --------------------------------------------------------------------- reductions


def logsumexp(x: Any, **how: Any) -> Any:
    return np.log(np.sum(np.exp(x), **how))


def norm(x: Any, **how: Any) -> Any:
    return np.sqrt(np.sum(x * x, **how))


OWN = {"logsumexp": logsumexp, "norm": norm}
for name in ("sum", "mean", "var", "std", "max", "min", "prod", *OWN):
    function = OWN.get(name, getattr(np, name, None))
    for axis in (None, 0, -1, (0, 2), (-1, -2)):
        for keep in (False, True):
            how = {"axis": axis, "keepdims": keep}
            reference = lambda x, f=function, how=how: f(x, **how)  # noqa: E731
            row(name, (3, 2, 4), reference=reference, **how)
    if name != "std":  # whose slope is infinite where the variance is zero
        row(name, (1, 3), reference=lambda x, f=function: f(x, axis=0), axis=0)
        row(name, (), reference=function, note="of a number")
row("argmax", order=0)
row("argmax", axis=0, order=0)
row("argmax", axis=-1, order=0)


def softmax(x: Any, axis: int = -1) -> Any:
    return np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)


for axis in (-1, 0, 1):
    reference = lambda x, axis=axis: softmax(x, axis)  # noqa: E731
    row("softmax", (3, 1, 4), reference=reference, axis=axis)
    reference = lambda x, axis=axis: np.log(softmax(x, axis))  # noqa: E731
    row("log_softmax", (3, 1, 4), reference=reference, axis=axis)

# ----------------------------------------------------------------------- products

for pair in (
    ((2, 3), (3, 4)),
    ((3,), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3,)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 1, 2, 3), (4, 3, 2)),
    ((5, 2, 3), (3,)),
    ((3,), (5, 3, 2)),
    ((1, 1), (1, 1)),
    ((2, 0), (0, 3)),
):
    row("matmul", *pair, note="{} {}".format(*pair))
row("tensordot", (2, 3, 4), (3, 4, 2))
row("tensordot", (2, 3, 4), (4, 5), axes=1)
row("tensordot", (2, 3), (4, 5), axes=0)
row("tensordot", (2, 3, 4), (4, 2, 5), axes=([0, 2], [1, 0]))
row("tensordot", (2, 3, 4), (3, 5), axes=(-2, 0))


def linear(x: Any, w: Any, b: Any = 0.0) -> Any:
    return x @ w + (b[:, None] if np.ndim(b) == 2 else b)


for shapes in (
    ((5, 3), (3, 2), (2,)),
    ((5, 3), (3, 2)),
    ((3,), (3, 2), (2,)),
    ((2, 5, 3), (3, 2), (2,)),
    ((1, 1), (1, 1), (1,)),
    ((0, 3), (3, 2), (2,)),
    ((5, 3), (4, 3, 2), (4, 2)),  # four networks at once on the same data
    ((4, 5, 3), (4, 3, 2), (4, 2)),  # and each on its own
    ((4, 5, 3), (4, 3, 2)),
    ((2, 20), (20, 3), (3,)),  # few rows against a long w: the other way round
):
    row("linear", *shapes, reference=linear, note=" ".join(map(str, shapes)))

row("mean_squared_error", (3, 2), (3, 2), reference=lambda y, t: ((y - t) ** 2).mean())

# ---------------------------------------------------------------- cross-entropies

LABELS = np.array([[1, 0], [3, 3], [2, 1]])
SHARES: dict[str, Any] = {"spans": {1: (0.1, 0.9)}}


def labelled(z: Any) -> Any:
    return -np.log(np.take_along_axis(softmax(z), LABELS[..., None], -1)[..., 0])


def distributed(z: Any, t: Any) -> Any:
    return -(t * np.log(softmax(z))).sum(-1)


def binary(z: Any, t: Any) -> Any:
    return -t * np.log(sigmoid(z)) - (1 - t) * np.log(1 - sigmoid(z))


for name, reduce in (("mean", np.mean), ("sum", np.sum), ("none", np.asarray)):
    of = lambda formula, reduce=reduce: lambda *xs: reduce(formula(*xs))  # noqa: E731
    how = {"reduction": name}
    does(
        "softmax_cross_entropy",
        f"labels {name}",
        lambda m, z, how=how: m.softmax_cross_entropy(z, LABELS, **how),
        (3, 2, 4),
        reference=of(labelled),
    )
    row(
        "softmax_cross_entropy",
        *((3, 4), (3, 4)),
        reference=of(distributed),
        **SHARES,
        **how,
    )
    row(
        "sigmoid_cross_entropy",
        *((3, 2), (3, 2)),
        reference=of(binary),
        **SHARES,
        **how,
    )
