"""Metrics: what people read while a network trains. They are never differentiated.

A metric collects over batches: ``update_state`` takes one, ``result`` gives the value
so far, ``reset_state`` begins anew.
"""

from typing import Any

from .. import losses
from ..config import resolve, snake
from ..errors import ConfigError
from .accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
)
from .base import Mean, Metric
from .composed import LossMetric
from .decisions import AUC, F1Score, Precision, Recall
from .regression import (
    CosineSimilarity,
    MeanAbsoluteError,
    MeanSquaredError,
    R2Score,
    RootMeanSquaredError,
)

__all__ = [
    "AUC",
    "Accuracy",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "CosineSimilarity",
    "F1Score",
    "Mean",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Metric",
    "Precision",
    "R2Score",
    "Recall",
    "RootMeanSquaredError",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
    "get",
]

_ALIASES = {"mse": "MeanSquaredError", "mae": "MeanAbsoluteError"}


def get(
    metric: Any, *, loss: Any = None, output_shape: Any = None, target_shape: Any = None
) -> Metric:
    """The metric of that name; "accuracy" is the one that fits the loss and the output.

    Names of losses serve as well; a function f(y_true, y_pred) gives a value for each
    sample. Without a loss the shapes of output and target decide on the accuracy.
    """
    if isinstance(metric, str) and metric in ("accuracy", "acc"):
        width = output_shape[-1] if output_shape else None
        if isinstance(loss, losses.SparseCategoricalCrossentropy):
            return SparseCategoricalAccuracy(metric)
        if width == 1 or isinstance(loss, losses.BinaryCrossentropy):
            return BinaryAccuracy(metric, 0.0 if _reads_logits(loss) else 0.5)
        if target_shape and (*target_shape, 1)[len(output_shape) - 1] == 1:
            return SparseCategoricalAccuracy(metric)  # labels (N,) or (N, 1)
        return CategoricalAccuracy(metric)
    try:
        found = resolve(
            "metric", metric, Metric, globals(), __all__, _ALIASES, functions=True
        )
    except ConfigError:
        try:
            found = losses.get(metric)
        except ConfigError:
            pass
        else:
            return LossMetric(found, _name(metric, found))
        raise
    if isinstance(found, Metric):
        if isinstance(metric, str):
            found.name = metric
        return found
    return LossMetric(found, _name(metric, found))


def _name(given: Any, found: Any) -> str:
    """What to call a loss or a function: as asked for, or in Keras's spelling."""
    if isinstance(given, str):
        return given
    if isinstance(found, losses.Loss):
        return snake(found.name)
    return getattr(found, "__name__", "metric").strip("<>")


def _reads_logits(loss: Any) -> bool:
    return isinstance(loss, losses.BinaryCrossentropy) and loss.from_logits
