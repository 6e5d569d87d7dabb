"""Gradient descent, with and without momentum. Read ``adaptive.py`` next."""

from __future__ import annotations

from typing import Any

from ..errors import check_number
from .base import Optimizer


class SGD(Optimizer):
    """Gradient descent, w ← w − rate·g; with momentum a ball that keeps rolling.

    With momentum m the velocity v ← m·v − rate·g is added to w; `nesterov` looks
    ahead and adds m·v − rate·g. Source: Robbins and Monro (1951), Polyak (1964),
    Nesterov (1983); lecture "gradient descent".
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: Any = 0.0,
        nesterov: bool = False,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, name
        )
        self.momentum = check_number("momentum", momentum, low=0, high=1)
        self.nesterov = bool(nesterov)

    @property
    def slots(self) -> tuple[str, ...]:  # type: ignore[override]
        plain = isinstance(self.momentum, float) and self.momentum == 0
        return () if plain else ("velocity",)

    def update(self, w, g, rate, velocity=None):
        if velocity is None:
            w -= rate * g
            return
        velocity *= self.momentum
        velocity -= rate * g
        if self.nesterov:
            w += self.momentum * velocity - rate * g
        else:
            w += velocity
