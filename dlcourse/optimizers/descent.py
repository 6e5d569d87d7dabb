"""Gradient descent, with and without momentum. Read ``adaptive.py`` next."""

from __future__ import annotations

from typing import Any

from ..backend import xp
from ..errors import check_number
from .base import Optimizer


class SGD(Optimizer):
    """Gradient descent, w ← w − rate·g; with momentum a ball that keeps rolling.

    With momentum m the velocity v ← m·v − rate·g is added to w; `nesterov` looks
    ahead and adds m·v − rate·g. Source: Robbins and Monro (1951), Polyak (1964),
    Nesterov (1983); lecture "gradient descent".
    """

    spares = 1

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
    def momentum(self) -> Any:
        """How much of its velocity the ball keeps: a number, or (R, 1) for R runs."""
        return self._momentum

    @momentum.setter
    def momentum(self, value: Any) -> None:
        self._momentum = value
        plain = isinstance(value, float) and value == 0
        self.slots = () if plain else ("velocity",)

    def update(self, w, g, rate, spare, velocity=None):
        step = xp.multiply(g, rate, out=spare)
        if velocity is None:
            w -= step
            return
        velocity *= self.momentum
        velocity -= step
        if self.nesterov:
            w -= step
            w += xp.multiply(velocity, self.momentum, out=spare)
        else:
            w += velocity
