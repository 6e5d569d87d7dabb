"""Losses for labels −1 and +1: being right is not enough, it must be with a margin."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..backend import xp
from ..errors import LabelError
from .base import Loss, average


def _signed(y_true: Any) -> Any:
    """Labels 0/1 become −1/+1; others are left as they are (Keras's rule)."""
    binary = bool(((y_true == 0) | (y_true == 1)).all())
    return 2 * y_true - 1 if binary else y_true


class Hinge(Loss):
    """max(0, 1 − t·y), t = ±1: no loss beyond the margin (labels 0/1 are converted)."""

    def per_sample(self, y_true, y_pred):
        return average(ops.relu(1 - _signed(y_true) * y_pred))


class SquaredHinge(Loss):
    """max(0, 1 − t·y)², t = ±1."""

    def per_sample(self, y_true, y_pred):
        return average(ops.square(ops.relu(1 - _signed(y_true) * y_pred)))


class CategoricalHinge(Loss):
    """max(0, 1 + the best wrong score − the right score); t is one-hot."""

    def per_sample(self, y_true, y_pred):
        right = ops.sum(y_true * y_pred, axis=-1)
        wrong = ops.max((1 - y_true) * y_pred, axis=-1)
        return ops.relu(1 + wrong - right)


def _check_signs(name: str, y_true: Any) -> Any:
    if not bool((xp.abs(y_true) == 1).all()):
        raise LabelError(f"{name}: labels must be −1 or +1; 2·y − 1 makes them of 0/1.")
    return y_true


class Exponential(Loss):
    """exp(−t·y), t = ±1: boosting's loss (Freund and Schapire, 1997)."""

    def prepare(self, y_true, y_pred):
        return _check_signs(self.name, super().prepare(y_true, y_pred))

    def per_sample(self, y_true, y_pred):
        # beyond e^80 float32 has no number: go on in a straight line, finite at ±1000
        margin = -y_true * y_pred
        edge = ops.minimum(margin, 80.0)
        return average(ops.exp(edge) * (1 + margin - edge))


class Logistic(Loss):
    """log(1 + exp(−t·y)), t = ±1: binary cross-entropy in other words."""

    def prepare(self, y_true, y_pred):
        return _check_signs(self.name, super().prepare(y_true, y_pred))

    def per_sample(self, y_true, y_pred):
        return average(ops.softplus(-y_true * y_pred))
