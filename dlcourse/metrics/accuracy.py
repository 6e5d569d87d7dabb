"""How often a prediction is right. Read ``decisions.py`` next."""

from __future__ import annotations

from typing import Any

from .. import backend
from ..backend import xp
from ..errors import ShapeError, check_count, check_number
from .base import Metric, as_float, same_shape


class Accuracy(Metric):
    """The share of predictions that equal the target exactly."""

    default_name = "accuracy"

    def per_sample(self, y_true, y_pred):
        return as_float(same_shape(self.name, y_true, y_pred) == y_pred)


class BinaryAccuracy(Metric):
    """The share of probabilities on the right side of `threshold`."""

    default_name = "binary_accuracy"

    def __init__(self, name: str | None = None, threshold: float = 0.5) -> None:
        self.threshold = check_number("threshold", threshold, low=0, high=1)
        super().__init__(name)

    def per_sample(self, y_true, y_pred):
        y_true = same_shape(self.name, y_true, y_pred)
        return as_float((y_pred > self.threshold) == (y_true > 0.5))


class CategoricalAccuracy(Metric):
    """The share of samples whose most probable class is the one-hot target's."""

    default_name = "categorical_accuracy"

    def per_sample(self, y_true, y_pred):
        y_true = same_shape(self.name, y_true, y_pred)
        return as_float(y_true.argmax(-1) == y_pred.argmax(-1))


class SparseCategoricalAccuracy(Metric):
    """The share of samples whose most probable class is the label."""

    default_name = "sparse_categorical_accuracy"

    def per_sample(self, y_true, y_pred):
        labels = _labels(self.name, y_true, y_pred)
        return as_float(labels == y_pred.argmax(-1))


class TopKCategoricalAccuracy(Metric):
    """The share of samples whose true class is among the k most probable."""

    default_name = "top_k_categorical_accuracy"

    def __init__(self, k: int = 5, name: str | None = None) -> None:
        self.k = check_count("k", k)
        super().__init__(name)

    def per_sample(self, y_true, y_pred):
        y_true = same_shape(self.name, y_true, y_pred)
        return _among_best(y_true.argmax(-1), y_pred, self.k)


class SparseTopKCategoricalAccuracy(TopKCategoricalAccuracy):
    """The share of samples whose label is among the k most probable classes."""

    default_name = "sparse_top_k_categorical_accuracy"

    def per_sample(self, y_true, y_pred):
        return _among_best(_labels(self.name, y_true, y_pred), y_pred, self.k)


def _labels(name: str, y_true: Any, y_pred: Any) -> Any:
    """Labels (N,) or (N, 1) for predictions (N, C), as (N,)."""
    labels = backend.asindices(y_true)
    if labels.shape == (*y_pred.shape[:-1], 1):
        labels = labels[..., 0]
    if labels.shape != y_pred.shape[:-1]:
        raise ShapeError(
            f"{name}: y_pred {y_pred.shape} needs labels of shape "
            f"{y_pred.shape[:-1]}, not {labels.shape}."
        )
    return labels


def _among_best(labels: Any, y_pred: Any, k: int) -> Any:
    true = xp.take_along_axis(y_pred, labels[..., None], -1)
    return as_float((y_pred > true).sum(-1) < k)
