"""Learning rates that change with the step: ``schedule(step)`` gives the rate.

Formulas and names are Keras 3's; `step` counts optimizer steps from 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from .config import Configurable, resolve
from .errors import ConfigError, check_number

__all__ = [
    "CosineDecay",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "get",
]


class LearningRateSchedule(Configurable):
    """A learning rate as a function of the step."""

    def __call__(self, step: int) -> float:
        raise NotImplementedError


def _rate(value: Any) -> float:
    return check_number("initial_learning_rate", value, low=0)


class ExponentialDecay(LearningRateSchedule):
    """rate · decay_rate^(step / decay_steps); with `staircase` in whole steps only."""

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
    ) -> None:
        self.initial_learning_rate = _rate(initial_learning_rate)
        self.decay_steps = check_number(
            "decay_steps", decay_steps, low=0, open_low=True
        )
        self.decay_rate = check_number("decay_rate", decay_rate, low=0)
        self.staircase = bool(staircase)

    def __call__(self, step: int) -> float:
        p = step / self.decay_steps
        power = math.floor(p) if self.staircase else p
        return self.initial_learning_rate * self.decay_rate**power


class InverseTimeDecay(LearningRateSchedule):
    """rate / (1 + decay_rate · step / decay_steps)."""

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
    ) -> None:
        self.initial_learning_rate = _rate(initial_learning_rate)
        self.decay_steps = check_number(
            "decay_steps", decay_steps, low=0, open_low=True
        )
        self.decay_rate = check_number("decay_rate", decay_rate, low=0)
        self.staircase = bool(staircase)

    def __call__(self, step: int) -> float:
        p = step / self.decay_steps
        time = math.floor(p) if self.staircase else p
        return self.initial_learning_rate / (1 + self.decay_rate * time)


class PolynomialDecay(LearningRateSchedule):
    """From the first rate to the last along (1 − step/decay_steps)^power."""

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
    ) -> None:
        self.initial_learning_rate = _rate(initial_learning_rate)
        self.decay_steps = check_number(
            "decay_steps", decay_steps, low=0, open_low=True
        )
        self.end_learning_rate = check_number("end_learning_rate", end_learning_rate)
        self.power = check_number("power", power)
        self.cycle = bool(cycle)

    def __call__(self, step: int) -> float:
        length = self.decay_steps
        if self.cycle:
            length *= max(1, math.ceil(step / length))
        else:
            step = min(step, length)
        span = self.initial_learning_rate - self.end_learning_rate
        return span * (1 - step / length) ** self.power + self.end_learning_rate


class CosineDecay(LearningRateSchedule):
    """Half a cosine from the first rate to alpha times it, after a linear warm-up."""

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        alpha: float = 0.0,
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None:
        self.initial_learning_rate = _rate(initial_learning_rate)
        self.decay_steps = check_number(
            "decay_steps", decay_steps, low=0, open_low=True
        )
        self.alpha = check_number("alpha", alpha)
        self.warmup_target = (
            None
            if warmup_target is None
            else check_number("warmup_target", warmup_target)
        )
        self.warmup_steps = int(check_number("warmup_steps", warmup_steps, low=0))

    def __call__(self, step: int) -> float:
        top = self.initial_learning_rate
        if self.warmup_target is not None:
            if step < self.warmup_steps:
                return top + (self.warmup_target - top) * step / self.warmup_steps
            step, top = step - self.warmup_steps, self.warmup_target
        share = min(step, self.decay_steps) / self.decay_steps
        cosine = 0.5 * (1 + math.cos(math.pi * share))
        return top * ((1 - self.alpha) * cosine + self.alpha)


class PiecewiseConstantDecay(LearningRateSchedule):
    """values[i] until step boundaries[i] (included), then the next value."""

    def __init__(self, boundaries: Sequence[int], values: Sequence[float]) -> None:
        if len(values) != len(boundaries) + 1:
            raise ConfigError(
                f"PiecewiseConstantDecay needs one value more than boundaries, but got "
                f"{len(values)} values and {len(boundaries)} boundaries."
            )
        if any(a >= b for a, b in pairwise(boundaries)):
            raise ConfigError(f"boundaries must rise, but they are {boundaries!r}.")
        self.boundaries = tuple(boundaries)
        self.values = tuple(check_number("value", value, low=0) for value in values)

    def __call__(self, step: int) -> float:
        for boundary, value in zip(self.boundaries, self.values, strict=False):
            if step <= boundary:
                return value
        return self.values[-1]


def get(schedule: Any) -> Any:
    """A schedule from its config dict; a schedule as it is."""
    return resolve("schedule", schedule, LearningRateSchedule, globals(), __all__)
