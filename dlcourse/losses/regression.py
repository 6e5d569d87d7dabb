"""Losses for numbers: how far a prediction is off. Read ``classification.py`` next."""

from __future__ import annotations

from .. import ops
from ..errors import check_number
from ..ops.kernels.losses import mean_squared_error
from .base import EPSILON, Loss, average


class MeanAbsoluteError(Loss):
    """|t − y|: every unit of error counts the same."""

    def per_sample(self, y_true, y_pred):
        return average(ops.abs(y_pred - y_true))


class MeanSquaredError(Loss):
    """(t − y)²: twice the error counts four times."""

    def per_sample(self, y_true, y_pred):
        return average(ops.square(y_pred - y_true))

    def mean(self, y_true, y_pred):
        return mean_squared_error(y_pred, y_true)


class Huber(Loss):
    """½e² for errors up to delta, a straight line δ·|e| − ½δ² beyond (Huber, 1964)."""

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(reduction, name)
        self.delta = check_number("delta", delta, low=0, open_low=True)

    def per_sample(self, y_true, y_pred):
        size = ops.abs(y_pred - y_true)
        inner = ops.minimum(size, self.delta)
        return average(0.5 * ops.square(inner) + self.delta * (size - inner))


class Poisson(Loss):
    """y − t·log y: for counts t whose predicted mean is y."""

    def per_sample(self, y_true, y_pred):
        return average(y_pred - y_true * ops.log(y_pred + EPSILON))
