"""Losses: how wrong a prediction is, as one number for each sample.

A loss class has one formula, ``per_sample(y_true, y_pred)``; what all share (checking
shapes, weights, the mean over the batch) is in `Loss`. The empirical risk of the lecture is
the mean of the loss over the data.

Cross-entropies are computed from the logits wherever the prediction's graph shows a
softmax or a sigmoid as its last step: then they are finite at any logit.
"""

from __future__ import annotations

from typing import Any

from . import backend, ops
from .autodiff import made_by
from .backend import xp
from .config import Configurable, resolve
from .errors import ConfigError, LabelError, ShapeError, check_number, did_you_mean
from .tensor import Tensor, raw

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

EPSILON = 1e-7  # Keras's: how near to 0 and 1 a probability may come
_REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "none", None)


class Loss(Configurable):
    """``loss(y_true, y_pred, sample_weight=None)``: a number to be made small.

    `reduction` is "sum_over_batch_size" (the mean over the samples, the default),
    "sum" or "none". `sample_weight` multiplies each sample's loss; the weighted sum is
    still divided by the number of samples. Raises `ShapeError` where the two shapes
    differ, (n,) against (n, 1) included, and `LabelError` for labels that cannot be.
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = None
    ) -> None:
        if reduction not in _REDUCTIONS:
            known = [word for word in _REDUCTIONS if word]
            raise ConfigError(
                f"There is no reduction {reduction!r}. {did_you_mean(reduction, known)}"
            )
        self.reduction = reduction
        self.name = name or type(self).__name__

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        tensor = isinstance(y_pred, Tensor)
        y_pred = y_pred if tensor else Tensor(y_pred)
        y_true = self.prepare(y_true, y_pred)
        losses = self.per_sample(y_true, y_pred)
        result = self._reduce(losses, sample_weight)
        return result if tensor else result.data

    def prepare(self, y_true: Any, y_pred: Tensor) -> Any:
        """Check the targets against the predictions and give them their type."""
        y_true = raw(y_true)
        y_true = backend.asarray(y_true, y_pred.dtype)
        if y_true.shape != y_pred.shape:
            raise ShapeError(
                f"{self.name}: y_true has shape {y_true.shape} and y_pred "
                f"{y_pred.shape}; they must be the same"
                + _hint(y_true.shape, y_pred.shape)
            )
        return y_true

    def per_sample(self, y_true: Any, y_pred: Tensor) -> Tensor:
        """The loss of each sample: the last axis is averaged away."""
        raise NotImplementedError

    def mean(self, y_true: Any, y_pred: Tensor) -> Tensor:
        """The mean of ``per_sample`` over the batch (fused where there is a kernel)."""
        return ops.mean(self.per_sample(y_true, y_pred))

    def _reduce(self, losses: Tensor, sample_weight: Any) -> Tensor:
        if sample_weight is not None:
            weight = backend.asarray(raw(sample_weight), losses.dtype)
            if weight.shape != losses.shape and weight.shape != (*losses.shape, 1):
                raise ShapeError(
                    f"{self.name}: sample_weight has shape {weight.shape}, but there "
                    f"are losses of shape {losses.shape}."
                )
            losses = losses * weight.reshape(losses.shape)
        if self.reduction in ("none", None):
            return losses
        return ops.sum(losses) if self.reduction == "sum" else ops.mean(losses)


def _hint(true: tuple[int, ...], pred: tuple[int, ...]) -> str:
    if true == pred[:-1] and pred[-1] == 1:
        return ". Give y_true a second axis: y_true[:, None]."
    if pred == true[:-1] and true[-1] == 1:
        return ". Take the second axis off y_true: y_true[:, 0]."
    return "."


def _average(losses: Any) -> Any:
    return ops.mean(losses, axis=-1) if len(losses.shape) > 1 else losses


# ---------------------------------------------------------------------- regression


class MeanAbsoluteError(Loss):
    """|t − y|: every unit of error counts the same."""

    def per_sample(self, y_true, y_pred):
        return _average(ops.abs(y_pred - y_true))


class MeanSquaredError(Loss):
    """(t − y)²: twice the error counts four times."""

    def per_sample(self, y_true, y_pred):
        return _average(ops.square(y_pred - y_true))


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
        return _average(0.5 * ops.square(inner) + self.delta * (size - inner))


class Poisson(Loss):
    """y − t·log y: for counts t whose predicted mean is y."""

    def per_sample(self, y_true, y_pred):
        return _average(y_pred - y_true * ops.log(y_pred + EPSILON))


# ---------------------------------------------------------------- classification


def _logits(y_pred: Tensor, op: Any) -> Tensor | None:
    """What went into `op`, if that is what made y_pred (along the last axis)."""
    node = made_by(y_pred)
    if node is None or node.op is not op:
        return None
    axis = node.settings.get("axis", -1)
    return node.inputs[0] if axis in (-1, y_pred.ndim - 1) else None


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
        logits = y_pred if self.from_logits else _logits(y_pred, ops.sigmoid)
        if logits is not None:
            losses = ops.sigmoid_cross_entropy(logits, y_true, reduction="none")
        else:
            p = ops.clip(y_pred, EPSILON, 1 - EPSILON)
            losses = -(y_true * ops.log(p) + (1 - y_true) * ops.log(1 - p))
        return _average(losses)

    def mean(self, y_true, y_pred):
        logits = y_pred if self.from_logits else _logits(y_pred, ops.sigmoid)
        if logits is None:
            return super().mean(y_true, y_pred)
        return ops.sigmoid_cross_entropy(logits, y_true)


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
        if not bool(xp.isfinite(y_true).all()):
            raise LabelError(f"{self.name}: there are NaN or infinite targets.")
        smooth = self.label_smoothing
        return y_true * (1 - smooth) + smooth / y_true.shape[-1] if smooth else y_true

    def per_sample(self, y_true, y_pred):
        logits = y_pred if self.from_logits else _logits(y_pred, ops.softmax)
        if logits is not None:
            return ops.softmax_cross_entropy(logits, y_true, reduction="none")
        p = y_pred / ops.sum(y_pred, axis=-1, keepdims=True)
        return -ops.sum(y_true * ops.log(ops.clip(p, EPSILON, 1 - EPSILON)), axis=-1)

    def mean(self, y_true, y_pred):
        logits = y_pred if self.from_logits else _logits(y_pred, ops.softmax)
        if logits is None:
            return super().mean(y_true, y_pred)
        return ops.softmax_cross_entropy(logits, y_true)


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
        logits = y_pred if self.from_logits else _logits(y_pred, ops.softmax)
        if logits is None:
            p = y_pred / ops.sum(y_pred, axis=-1, keepdims=True)
            logits = ops.log(ops.clip(p, EPSILON, 1 - EPSILON))
            return -ops.take_along_axis(logits, y_true[..., None], axis=-1)[..., 0]
        return ops.softmax_cross_entropy(logits, y_true, reduction="none")

    mean = CategoricalCrossentropy.mean


class KLDivergence(Loss):
    """Σ t·log(t/p): how far the distribution p is from t."""

    def per_sample(self, y_true, y_pred):
        t = xp.clip(y_true, EPSILON, 1)
        p = ops.clip(y_pred, EPSILON, 1)
        return ops.sum(t * ops.log(t / p), axis=-1)


# -------------------------------------------------------------------- margin losses


def _signed(y_true: Any) -> Any:
    """Labels 0/1 become −1/+1; others are left as they are (Keras's rule)."""
    binary = bool(((y_true == 0) | (y_true == 1)).all())
    return 2 * y_true - 1 if binary else y_true


class Hinge(Loss):
    """max(0, 1 − t·y), t = ±1: no loss beyond the margin (labels 0/1 are converted)."""

    def per_sample(self, y_true, y_pred):
        return _average(ops.relu(1 - _signed(y_true) * y_pred))


class SquaredHinge(Loss):
    """max(0, 1 − t·y)², t = ±1."""

    def per_sample(self, y_true, y_pred):
        return _average(ops.square(ops.relu(1 - _signed(y_true) * y_pred)))


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
        return _average(ops.exp(edge) * (1 + margin - edge))


class Logistic(Loss):
    """log(1 + exp(−t·y)), t = ±1: binary cross-entropy in other words."""

    def prepare(self, y_true, y_pred):
        return _check_signs(self.name, super().prepare(y_true, y_pred))

    def per_sample(self, y_true, y_pred):
        return _average(ops.softplus(-y_true * y_pred))


_ALIASES = {
    "mse": "MeanSquaredError",
    "mae": "MeanAbsoluteError",
    "kld": "KLDivergence",
    "kl_divergence": "KLDivergence",
    "bce": "BinaryCrossentropy",
}


def get(loss: Any) -> Any:
    """The loss of that name ("mse", "binary_crossentropy"); a loss or function as it is.

    A plain function ``f(y_true, y_pred)`` gives the loss of each sample.
    """
    found = resolve("loss", loss, Loss, globals(), __all__, _ALIASES)
    return found if isinstance(found, Loss) else FunctionLoss(found)


class FunctionLoss(Loss):
    """A function ``f(y_true, y_pred)`` of Tensors, made a loss."""

    def __init__(self, function: Any) -> None:
        super().__init__(name=getattr(function, "__name__", "loss"))
        self.function = function

    def prepare(self, y_true, y_pred):
        return backend.asarray(raw(y_true))

    def per_sample(self, y_true, y_pred):
        return self.function(y_true, y_pred)
