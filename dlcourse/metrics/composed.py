"""Metrics made of something else: of a loss, a function, or one output of several."""

from __future__ import annotations

from typing import Any

from .. import backend, losses
from ..tensor import Tensor, raw
from .base import Metric


class LossMetric(Metric):
    """A loss, or any function f(y_true, y_pred) of arrays, read as a metric."""

    def __init__(self, loss: Any, name: str) -> None:
        self.loss = loss
        super().__init__(name)

    def per_sample(self, y_true, y_pred):
        if isinstance(self.loss, losses.Loss):
            prediction = Tensor(y_pred)
            true = self.loss.prepare(y_true, prediction)
            return self.loss.per_sample(true, prediction).data
        return backend.asarray(raw(self.loss(y_true, y_pred)))


class OfOutput(Metric):
    """A metric that looks at one output of a network with several."""

    def __init__(self, metric: Metric, output: int, name: str) -> None:
        self.metric, self.output = metric, output
        super().__init__(name)

    def reset_state(self) -> None:
        self.metric.reset_state()

    def get_state(self) -> Any:
        return self.metric.get_state()

    def checked_state(self, state: Any) -> Any:
        return self.metric.checked_state(state)

    def set_state(self, state: Any) -> None:
        self.metric.set_state(state)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in one batch: lists with an entry for each output."""
        k = self.output
        weight = None if sample_weight is None else sample_weight[k]
        self.metric.update_state(y_true[k], y_pred[k], weight)

    def result(self) -> float:
        return self.metric.result()


class OfLoss(Metric):
    """One output's addend of a `JointLoss`, without its factor, over the batches."""

    def __init__(self, loss: Any, output: int, name: str) -> None:
        self.loss, self.output = loss, output
        super().__init__(name)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in the batch that the loss has just been computed of."""
        samples = len(y_pred[self.output])
        self._total = self._total + self.loss.latest[self.output] * samples
        self._count += samples
