"""Penalties on large weights, added to the loss.

A penalty makes the training prefer small weights, and small weights make smooth
functions (ridge regression is L2 on a linear model).
"""

from __future__ import annotations

from typing import Any

from .config import Configurable, resolve
from .errors import check_number
from .ops import abs as abs_
from .ops import square
from .ops import sum as sum_

__all__ = ["L1", "L1L2", "L2", "Regularizer", "get"]


class Regularizer(Configurable):
    """A penalty: ``regularizer(w)`` is a number to add to the loss."""

    def __call__(self, w: Any) -> Any:
        raise NotImplementedError


class L1L2(Regularizer):
    """l1·Σ|w| + l2·Σw²."""

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = check_number("l1", l1, low=0)
        self.l2 = check_number("l2", l2, low=0)

    def __call__(self, w: Any) -> Any:
        penalty = 0.0
        if self.l1:
            penalty = self.l1 * sum_(abs_(w))
        if self.l2:
            penalty = self.l2 * sum_(square(w)) + penalty
        return penalty


class L1(L1L2):
    """l1·Σ|w|: pushes weights to exactly zero (the lasso)."""

    def __init__(self, l1: float = 0.01) -> None:
        super().__init__(l1=l1)


class L2(L1L2):
    """l2·Σw²: shrinks all weights, the large ones most (ridge)."""

    def __init__(self, l2: float = 0.01) -> None:
        super().__init__(l2=l2)


def get(regularizer: Any) -> Regularizer | None:
    """The regularizer of that name ("l1", "l2", "l1_l2"); objects and None as is."""
    if regularizer is None:
        return None
    aliases = {"l1_l2": "L1L2"}
    return resolve(
        "regularizer",
        regularizer,
        Regularizer,
        globals(),
        __all__,
        aliases,
        functions=True,
    )
