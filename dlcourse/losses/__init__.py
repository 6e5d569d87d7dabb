"""Losses: how wrong a prediction is, as one number for each sample.

A loss class has one formula, ``per_sample(y_true, y_pred)``; what all share (checking
shapes, weights, the mean over the batch) is in `Loss`. The empirical risk of the
lecture is the mean of the loss over the data.

Cross-entropies are computed from the logits wherever the prediction's graph shows a
softmax or a sigmoid as its last step: then they are finite at any logit.
"""

from typing import Any

from ..config import resolve
from .base import FunctionLoss, Loss
from .classification import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    KLDivergence,
    SparseCategoricalCrossentropy,
)
from .margin import CategoricalHinge, Exponential, Hinge, Logistic, SquaredHinge
from .regression import Huber, MeanAbsoluteError, MeanSquaredError, Poisson

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "Exponential",
    "Hinge",
    "Huber",
    "KLDivergence",
    "Logistic",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "get",
]

_ALIASES = {
    "mse": "MeanSquaredError",
    "mae": "MeanAbsoluteError",
    "kld": "KLDivergence",
    "kl_divergence": "KLDivergence",
    "bce": "BinaryCrossentropy",
}


def get(loss: Any) -> Any:
    """The loss of that name ("mse", "binary_crossentropy"); a loss as it is.

    A plain function ``f(y_true, y_pred)`` gives the loss of each sample.
    """
    found = resolve("loss", loss, Loss, globals(), __all__, _ALIASES, functions=True)
    return found if isinstance(found, Loss) else FunctionLoss(found)
