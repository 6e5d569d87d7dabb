"""What all losses share: checking shapes, weighing samples, the mean over the batch.

Read ``regression.py`` next.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .. import backend, ops
from ..backend import xp
from ..config import Configurable
from ..errors import ConfigError, LabelError, ShapeError, did_you_mean
from ..modes import state
from ..tensor import Tensor, raw

_REDUCTIONS = (
    "sum_over_batch_size",
    "mean",
    "mean_with_sample_weight",
    "sum",
    "none",
    None,
)
EPSILON = 1e-7  # Keras's: how near to 0 and 1 a probability may come


def _in_place(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let what is computed in this method be known as the loss's, for messages."""

    @functools.wraps(method)
    def placed(self: Any, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        before, state.place = state.place, f"loss {self.name!r}"
        try:
            return method(self, y_true, y_pred, sample_weight)
        finally:
            state.place = before

    return placed


class Loss(Configurable):
    """``loss(y_true, y_pred, sample_weight=None)``: a number to be made small.

    `reduction` is "sum_over_batch_size" (the mean over the samples, the default),
    "sum", "none" or "mean_with_sample_weight". `sample_weight` multiplies each sample's
    loss; the weighted sum is still divided by the number of samples, by the sum of the
    weights only with "mean_with_sample_weight". Raises `ShapeError` where the shapes
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

    @_in_place
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
        if not bool(xp.isfinite(y_true).all()):
            worst = float(y_true[~xp.isfinite(y_true)][0])
            raise LabelError(f"{self.name}: targets must be finite, not {worst}.")
        return y_true

    def per_sample(self, y_true: Any, y_pred: Tensor) -> Tensor:
        """The loss of each sample: the last axis is averaged away."""
        raise NotImplementedError

    def mean(self, y_true: Any, y_pred: Tensor) -> Tensor:
        """The mean of ``per_sample`` over the batch (fused where there is a kernel)."""
        return ops.mean(self.per_sample(y_true, y_pred))

    @_in_place
    def of_batch(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """The number that one step of training makes smaller, of prepared targets."""
        if sample_weight is None and self.reduction not in ("sum", "none", None):
            return self.mean(y_true, y_pred)
        value = self._reduce(self.per_sample(y_true, y_pred), sample_weight)
        return ops.mean(value) if value.ndim else value

    def _reduce(self, losses: Tensor, sample_weight: Any) -> Tensor:
        if sample_weight is not None:
            weight = self._fit(raw(sample_weight), losses.shape, losses.dtype)
            losses = losses * weight
            if self.reduction == "mean_with_sample_weight":
                weight = xp.broadcast_to(weight, losses.shape)
                return ops.sum(losses) * (1.0 / weight.sum())  # without a wait
        if self.reduction in ("none", None):
            return losses
        return ops.sum(losses) if self.reduction == "sum" else ops.mean(losses)

    def fitted(self, sample_weight: Any, y_true: Any, first: Tensor) -> Any:
        """Weights with as many axes as the losses of all samples; else `ShapeError`.

        `y_true` (N, …) has been prepared, `first` (1, …) is the first prediction.
        """
        losses = self.per_sample(y_true[:1], first)
        shape = (len(y_true), *losses.shape[1:])
        return self._fit(sample_weight, shape, losses.dtype)

    def _fit(self, sample_weight: Any, shape: tuple[int, ...], dtype: Any) -> Any:
        # a weight may hold for a whole sample, (N,), or for each of its steps, (N, T)
        weight = given = backend.asarray(sample_weight, dtype)
        if weight.ndim == len(shape) + 1 and weight.shape[-1] == 1:
            weight = weight[..., 0]
        weight = weight.reshape(*weight.shape, *(1,) * (len(shape) - weight.ndim))
        if (
            weight.ndim != len(shape)
            or weight.shape[:1] != shape[:1]
            or any(n not in (1, m) for n, m in zip(weight.shape, shape, strict=True))
        ):
            raise ShapeError(
                f"{self.name}: sample_weight has shape {given.shape}, but there are "
                f"losses of shape {shape}."
            )
        return weight


def _hint(true: tuple[int, ...], pred: tuple[int, ...]) -> str:
    if true == pred[:-1] and pred[-1] == 1:
        return ". Give y_true a second axis: y_true[:, None]."
    if pred == true[:-1] and true[-1] == 1:
        return ". Take the second axis off y_true: y_true[:, 0]."
    return "."


def average(losses: Any) -> Any:
    """The mean over the last axis, if there is one beside the samples."""
    return ops.mean(losses, axis=-1) if len(losses.shape) > 1 else losses


class FunctionLoss(Loss):
    """A function ``f(y_true, y_pred)`` of Tensors, made a loss."""

    def __init__(self, function: Any) -> None:
        super().__init__(name=getattr(function, "__name__", "loss"))
        self.function = function

    def prepare(self, y_true, y_pred):
        return backend.asarray(raw(y_true))

    def per_sample(self, y_true, y_pred):
        return self.function(y_true, y_pred)
