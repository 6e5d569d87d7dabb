"""Metrics: what people read while a network trains. They are never differentiated.

A metric collects over batches: ``update_state`` takes one, ``result`` gives the value
so far, ``reset_state`` begins anew.
"""

from __future__ import annotations

from typing import Any

from . import backend, losses
from .backend import xp
from .config import Configurable, resolve
from .errors import ConfigError, ShapeError, check_count, check_number
from .tensor import raw

__all__ = [
    "Accuracy",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "Mean",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Metric",
    "RootMeanSquaredError",
    "SparseCategoricalAccuracy",
    "TopKCategoricalAccuracy",
    "get",
]


class Metric(Configurable):
    """An average over the samples of all batches, each with its weight."""

    default_name = "metric"

    def __init__(self, name: str | None = None) -> None:
        self.name = name or self.default_name
        self.reset_state()

    def reset_state(self) -> None:
        """Forget all batches."""
        self._total: Any = 0.0
        self._count: Any = 0.0

    def per_sample(self, y_true: Any, y_pred: Any) -> Any:
        """The value of each sample, from arrays."""
        raise NotImplementedError

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in one batch."""
        y_pred = backend.asarray(raw(y_pred))
        values = self.per_sample(raw(y_true), y_pred)
        self._add(values, sample_weight)

    def _add(self, values: Any, sample_weight: Any) -> None:
        # stays on the device: no value is fetched before result()
        if sample_weight is None:
            self._total = self._total + values.sum(dtype="float64")
            self._count += values.size
            return
        weight = backend.asarray(raw(sample_weight)).reshape(-1)
        if len(values) != len(weight):
            raise ShapeError(
                f"{self.name}: sample_weight has shape {weight.shape}, but there are "
                f"{len(values)} samples."
            )
        each = values.reshape(len(values), -1).mean(axis=-1)
        self._total = self._total + (each * weight).sum(dtype="float64")
        self._count = self._count + weight.sum(dtype="float64")

    def result(self) -> float:
        """The value over all batches since the last reset."""
        return float(self._total) / float(self._count) if float(self._count) else 0.0

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        self.update_state(y_true, y_pred, sample_weight)
        return self.result()


class Mean(Metric):
    """The mean of values given to it."""

    default_name = "mean"

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore
        """Take in some values."""
        self._add(backend.asarray(raw(values)), sample_weight)


def _same_shape(name: str, y_true: Any, y_pred: Any) -> Any:
    y_true = backend.asarray(y_true, y_pred.dtype)
    if y_true.shape != y_pred.shape:
        raise ShapeError(
            f"{name}: y_true has shape {y_true.shape} and y_pred {y_pred.shape}; they "
            "must be the same."
        )
    return y_true


def _as_float(hits: Any) -> Any:
    return hits.astype(backend.DEFAULT_FLOAT)


class Accuracy(Metric):
    """The share of predictions that equal the target exactly."""

    default_name = "accuracy"

    def per_sample(self, y_true, y_pred):
        return _as_float(_same_shape(self.name, y_true, y_pred) == y_pred)


class BinaryAccuracy(Metric):
    """The share of probabilities on the right side of `threshold`."""

    default_name = "binary_accuracy"

    def __init__(self, name: str | None = None, threshold: float = 0.5) -> None:
        self.threshold = check_number("threshold", threshold, low=0, high=1)
        super().__init__(name)

    def per_sample(self, y_true, y_pred):
        y_true = _same_shape(self.name, y_true, y_pred)
        return _as_float((y_pred > self.threshold) == (y_true > 0.5))


class CategoricalAccuracy(Metric):
    """The share of samples whose most probable class is the one-hot target's."""

    default_name = "categorical_accuracy"

    def per_sample(self, y_true, y_pred):
        y_true = _same_shape(self.name, y_true, y_pred)
        return _as_float(y_true.argmax(-1) == y_pred.argmax(-1))


class SparseCategoricalAccuracy(Metric):
    """The share of samples whose most probable class is the label."""

    default_name = "sparse_categorical_accuracy"

    def per_sample(self, y_true, y_pred):
        labels = backend.asindices(y_true)
        if labels.shape == (*y_pred.shape[:-1], 1):
            labels = labels[..., 0]
        if labels.shape != y_pred.shape[:-1]:
            raise ShapeError(
                f"{self.name}: y_pred {y_pred.shape} needs labels of shape "
                f"{y_pred.shape[:-1]}, not {labels.shape}."
            )
        return _as_float(labels == y_pred.argmax(-1))


class TopKCategoricalAccuracy(Metric):
    """The share of samples whose true class is among the k most probable."""

    default_name = "top_k_categorical_accuracy"

    def __init__(self, k: int = 5, name: str | None = None) -> None:
        self.k = check_count("k", k)
        super().__init__(name)

    def per_sample(self, y_true, y_pred):
        y_true = _same_shape(self.name, y_true, y_pred)
        place = y_true.argmax(-1)
        true = xp.take_along_axis(y_pred, place[..., None], -1)
        return _as_float((y_pred > true).sum(-1) < self.k)


class MeanSquaredError(Metric):
    """The mean squared error."""

    default_name = "mean_squared_error"

    def per_sample(self, y_true, y_pred):
        return xp.square(_same_shape(self.name, y_true, y_pred) - y_pred)


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
        return xp.abs(_same_shape(self.name, y_true, y_pred) - y_pred)


class LossMetric(Metric):
    """A loss, or any function f(y_true, y_pred) of arrays, read as a metric."""

    def __init__(self, loss: Any, name: str) -> None:
        self.loss = loss
        super().__init__(name)

    def per_sample(self, y_true, y_pred):
        if isinstance(self.loss, losses.Loss):
            from .tensor import Tensor

            prediction = Tensor(y_pred)
            true = self.loss.prepare(y_true, prediction)
            return self.loss.per_sample(true, prediction).data
        return backend.asarray(raw(self.loss(y_true, y_pred)))


_ALIASES = {"mse": "MeanSquaredError", "mae": "MeanAbsoluteError"}


def get(metric: Any, *, loss: Any = None, output_shape: Any = None) -> Metric:
    """The metric of that name; "accuracy" is the one that fits the loss and the output.

    Names of losses serve as well; a function f(y_true, y_pred) gives a value for each
    sample.
    """
    if metric in ("accuracy", "acc"):
        width = output_shape[-1] if output_shape else None
        if isinstance(loss, losses.SparseCategoricalCrossentropy):
            return SparseCategoricalAccuracy(metric)
        if width == 1 or isinstance(loss, losses.BinaryCrossentropy):
            return BinaryAccuracy(metric, 0.0 if _reads_logits(loss) else 0.5)
        return CategoricalAccuracy(metric)
    try:
        found = resolve(
            "metric", metric, Metric, globals(), __all__, _ALIASES, functions=True
        )
    except ConfigError:
        try:
            return LossMetric(losses.get(metric), metric)
        except ConfigError:
            pass
        raise
    if isinstance(found, Metric):
        if isinstance(metric, str):
            found.name = metric
        return found
    return LossMetric(found, getattr(found, "__name__", "metric"))


def _reads_logits(loss: Any) -> bool:
    return isinstance(loss, losses.BinaryCrossentropy) and loss.from_logits
