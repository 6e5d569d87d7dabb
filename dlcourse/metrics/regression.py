"""How far a predicted number or direction is off. Read ``composed.py`` next."""

from __future__ import annotations

from typing import Any

from ..backend import xp
from ..tensor import raw
from .base import Metric, same_shape


class MeanSquaredError(Metric):
    """The mean squared error."""

    default_name = "mean_squared_error"

    def per_sample(self, y_true, y_pred):
        return xp.square(same_shape(self.name, y_true, y_pred) - y_pred)


class RootMeanSquaredError(MeanSquaredError):
    """The root of the mean squared error, in the target's own unit."""

    default_name = "root_mean_squared_error"

    def result(self) -> float:
        """The root over all batches since the last reset."""
        return super().result() ** 0.5


class MeanAbsoluteError(Metric):
    """The mean absolute error."""

    default_name = "mean_absolute_error"

    def per_sample(self, y_true, y_pred):
        return xp.abs(same_shape(self.name, y_true, y_pred) - y_pred)


class CosineSimilarity(Metric):
    """The cosine of the angle between target and prediction, t·y/(‖t‖‖y‖)."""

    default_name = "cosine_similarity"

    def __init__(self, name: str | None = None, axis: int = -1) -> None:
        self.axis = axis
        super().__init__(name)

    def per_sample(self, y_true, y_pred):
        y_true = same_shape(self.name, y_true, y_pred)
        return (_unit(y_true, self.axis) * _unit(y_pred, self.axis)).sum(self.axis)


def _unit(x: Any, axis: int) -> Any:
    square = xp.square(x).sum(axis, keepdims=True)
    return x / xp.sqrt(xp.maximum(square, 1e-12))


class R2Score(Metric):
    """R² = 1 − Σ(t − y)²/Σ(t − t̄)²: the share of the variance that is explained.

    1 is perfect, 0 no better than the mean t̄. With several outputs, shape (N, C), the
    mean of their R².
    """

    default_name = "r2_score"
    collects = ("_residual", "_total", "_square", "_count")
    _residual: Any
    _square: Any

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in one batch."""
        y_pred = xp.atleast_1d(xp.asarray(raw(y_pred), "float64"))
        y_true = same_shape(self.name, raw(y_true), y_pred)
        weight = xp.ones(len(y_pred))
        if sample_weight is not None:
            weight = self._weights(sample_weight, y_pred.shape[:1])
        columns = (len(y_pred), -1)
        y_true, y_pred = y_true.reshape(columns), y_pred.reshape(columns)
        weight = weight[:, None]
        self._residual = self._residual + (weight * (y_true - y_pred) ** 2).sum(0)
        self._total = self._total + (weight * y_true).sum(0)
        self._square = self._square + (weight * y_true**2).sum(0)
        self._count = self._count + xp.broadcast_to(weight, y_true.shape).sum(0)

    def result(self) -> float:
        """The score over all batches since the last reset."""
        if not xp.asarray(self._count).any():
            return 0.0
        spread = self._square - self._total**2 / self._count
        flat = spread <= 0  # all targets alike: there is nothing to explain
        score = 1 - self._residual / xp.where(flat, 1, spread)
        return float(xp.where(flat, 0, score).mean())
