"""The cross-entropies: how surprised a prediction is by the truth.

They are computed from the logits wherever the prediction's graph shows a softmax or a
sigmoid as its last step. Read ``margin.py`` next.
"""

from __future__ import annotations

from typing import Any

from .. import backend, ops
from ..autodiff import made_by
from ..backend import xp
from ..errors import LabelError, ShapeError, check_number
from ..tensor import Tensor, raw
from .base import EPSILON, Loss, average


def _logits(y_pred: Tensor, op: Any) -> tuple[Any, dict[str, Any]]:
    """What went into `op`, if that is what made y_pred (along the last axis).

    And what the cross-entropy need not compute again: the probabilities.
    """
    node = made_by(y_pred)
    if node is None or node.op is not op:
        return None, {}
    if op is ops.sigmoid:
        return node.inputs[0], {"sigmoid": node.y}
    if node.settings.get("axis", -1) not in (-1, y_pred.ndim - 1):
        return None, {}
    return node.inputs[0], {"softmax": node.saved[0]}


class BinaryCrossentropy(Loss):
    """−t·log p − (1 − t)·log(1 − p), for yes-or-no answers t with probability p.

    With ``from_logits=True`` the prediction is the logit z, and p = sigmoid(z).
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(reduction, name)
        self.from_logits = bool(from_logits)
        self.label_smoothing = check_number(
            "label_smoothing", label_smoothing, low=0, high=1
        )

    def prepare(self, y_true, y_pred):
        y_true = super().prepare(y_true, y_pred)
        if not bool(((y_true >= 0) & (y_true <= 1)).all()):
            raise LabelError(
                f"{self.name}: targets must lie in [0, 1], but they go from "
                f"{float(y_true.min())} to {float(y_true.max())}."
            )
        smooth = self.label_smoothing
        return y_true * (1 - smooth) + 0.5 * smooth if smooth else y_true

    def per_sample(self, y_true, y_pred):
        logits, known = self._from(y_pred)
        if logits is not None:
            losses = ops.sigmoid_cross_entropy(
                logits, y_true, reduction="none", **known
            )
        else:
            p = ops.clip(y_pred, EPSILON, 1 - EPSILON)
            losses = -(y_true * ops.log(p) + (1 - y_true) * ops.log(1 - p))
        return average(losses)

    def mean(self, y_true, y_pred):
        logits, known = self._from(y_pred)
        if logits is None:
            return super().mean(y_true, y_pred)
        return ops.sigmoid_cross_entropy(logits, y_true, **known)

    def _from(self, y_pred: Tensor) -> tuple[Any, dict[str, Any]]:
        return (y_pred, {}) if self.from_logits else _logits(y_pred, ops.sigmoid)


class CategoricalCrossentropy(Loss):
    """−Σ t·log p over the classes; t is one-hot or a distribution, shape (N, C)."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(reduction, name)
        self.from_logits = bool(from_logits)
        self.label_smoothing = check_number(
            "label_smoothing", label_smoothing, low=0, high=1
        )

    def prepare(self, y_true, y_pred):
        y_true = super().prepare(y_true, y_pred)
        _check_shares(self.name, y_true)
        smooth = self.label_smoothing
        return y_true * (1 - smooth) + smooth / y_true.shape[-1] if smooth else y_true

    def per_sample(self, y_true, y_pred):
        logits, known = self._from(y_pred)
        if logits is not None:
            return ops.softmax_cross_entropy(logits, y_true, reduction="none", **known)
        p = y_pred / ops.sum(y_pred, axis=-1, keepdims=True)
        return -ops.sum(y_true * ops.log(ops.clip(p, EPSILON, 1 - EPSILON)), axis=-1)

    def mean(self, y_true, y_pred):
        logits, known = self._from(y_pred)
        if logits is None:
            return super().mean(y_true, y_pred)
        known["checked"] = True  # by `prepare`
        return ops.softmax_cross_entropy(logits, y_true, **known)

    def _from(self, y_pred: Tensor) -> tuple[Any, dict[str, Any]]:
        return (y_pred, {}) if self.from_logits else _logits(y_pred, ops.softmax)


class SparseCategoricalCrossentropy(Loss):
    """−log p of the true class; labels are whole numbers, shape (N,) or (N, 1)."""

    def __init__(
        self,
        from_logits: bool = False,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(reduction, name)
        self.from_logits = bool(from_logits)

    def prepare(self, y_true, y_pred):
        labels = raw(y_true)
        if not backend.is_array(labels):
            labels = xp.asarray(labels)
        if labels.shape == (*y_pred.shape[:-1], 1):
            labels = labels[..., 0]
        if labels.shape != y_pred.shape[:-1]:
            raise ShapeError(
                f"{self.name}: y_pred {y_pred.shape} needs labels of shape "
                f"{y_pred.shape[:-1]}, not {labels.shape}."
            )
        return ops.check_labels(self.name, labels, y_pred.shape[-1])

    def per_sample(self, y_true, y_pred):
        logits, known = self._from(y_pred)
        if logits is None:
            p = y_pred / ops.sum(y_pred, axis=-1, keepdims=True)
            logits = ops.log(ops.clip(p, EPSILON, 1 - EPSILON))
            return -ops.take_along_axis(logits, y_true[..., None], axis=-1)[..., 0]
        known["checked"] = True  # by `prepare`
        return ops.softmax_cross_entropy(logits, y_true, reduction="none", **known)

    mean = CategoricalCrossentropy.mean
    _from = CategoricalCrossentropy._from


def _check_shares(name: str, y_true: Any) -> None:
    if not bool((y_true >= 0).all()):
        lowest = float(y_true.min())
        raise LabelError(f"{name}: targets must be shares of at least 0, not {lowest}.")


class KLDivergence(Loss):
    """Σ t·log(t/p): how far the distribution p is from t."""

    def prepare(self, y_true, y_pred):
        y_true = super().prepare(y_true, y_pred)
        _check_shares(self.name, y_true)
        return y_true

    def per_sample(self, y_true, y_pred):
        t = xp.clip(y_true, EPSILON, 1)
        p = ops.clip(y_pred, EPSILON, 1)
        return ops.sum(t * ops.log(t / p), axis=-1)
