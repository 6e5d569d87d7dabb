"""A compiled model: optimizer, loss and metrics chosen, θ packed, one step taken.

One step is: forward, loss, backward, update. `Compiled._step` is those four lines; the
rest of the file checks the data before anything is changed. Read ``training.py`` next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import losses, metrics, optimizers
from ..backend import xp
from ..errors import DLCourseError, NotReadyError
from ..modes import no_grad, state
from ..tensor import Tensor
from . import data
from .flat import Theta


class Compiled:
    """The part of a model that takes single steps."""

    optimizer: Any = None
    loss: Any = None
    stop_training = False
    _theta: Theta | None = None
    _metrics: Sequence[Any] = ()

    # -- θ

    def _pack(self) -> Theta:
        """θ, made anew if the weights were (re)built, frozen, or moved elsewhere."""
        weights = self.trainable_weights  # type: ignore[attr-defined]
        if self._theta is None or not self._theta.owns(weights):
            if not self.built:  # type: ignore[attr-defined]
                raise NotReadyError(
                    "The model has no weights yet: give its first layer an "
                    "input_shape, or call it on data once."
                )
            self._theta = Theta(weights)
        return self._theta

    @property
    def theta(self) -> Any:
        """All trainable weights as one flat vector (P,): the lecture's θ.

        It is the storage itself, not a copy: read it, and write with `set_theta`.
        """
        return self._pack().vector

    def set_theta(self, values: Any) -> None:
        """Write all trainable weights from one flat vector (P,)."""
        self._pack().assign(values)

    # -- compile

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Sequence[Any] | None = None,
        loss_weights: Any = None,
    ) -> None:
        """Choose the optimizer, the loss and the metrics, by name or as objects.

        As in Keras, metrics count every sample once, whatever its weight.

        Raises `ConfigError` with the nearest right name; the model then keeps what it
        had.
        """
        from ..metrics import get as check_metric

        new_optimizer = optimizers.get(optimizer)
        new_loss = None if loss is None else losses.get(loss)
        wanted = [metrics] if isinstance(metrics, str) else list(metrics or [])
        for metric in wanted:
            check_metric(metric, loss=new_loss, output_shape=(None, 1))
        if new_optimizer is not self.optimizer:
            new_optimizer.reset()  # another model's momenta mean nothing here
        self.optimizer = new_optimizer
        self.loss = new_loss
        self.loss_weights = loss_weights
        self._wanted_metrics = wanted
        self._metrics_ready = False
        self._theta = None
        self.stop_training = False

    def _check_compiled(self, doing: str) -> None:
        if self.loss is None:
            raise NotReadyError(
                f"{doing} needs a compiled model: call "
                'model.compile(optimizer="adam", loss="mse") first.'
                if self.optimizer is None
                else f"{doing} needs a loss: compile(loss=…) was not given one."
            )

    def _make_metrics(self, output_shape: Any) -> None:
        if not self._metrics_ready:
            self._metrics = [
                metrics.get(metric, loss=self.loss, output_shape=output_shape)
                for metric in self._wanted_metrics
            ]
            self._metrics_ready = True

    @property
    def metrics_names(self) -> list[str]:
        """The names of what ``evaluate`` returns."""
        return ["loss", *(metric.name for metric in self._metrics)]

    # -- data

    def _prepare(self, x: Any, y: Any, weight: Any, name: str = "") -> Any:
        """Check x, y and weights against the model, before anything is changed."""
        unbuilt = [layer for layer in self._tree() if not layer.built]  # type: ignore
        try:
            return self._checked(x, y, weight, name)
        except DLCourseError:
            for layer in unbuilt:  # wrong data shall not have shaped the weights
                layer._unbuild()
            raise

    def _checked(self, x: Any, y: Any, weight: Any, name: str) -> Any:
        model: Any = self
        x = data.as_inputs(x, model.dtype, f"{name}x", indices=model.reads_indices)
        y = data.as_targets(y, f"{name}y")
        data.check_finite(f"{name}y", y)
        data.check_same_size(x, y, f"{name}y")
        if not model.built:
            model._build_once(_shape(x))
        # a prediction of the right shape that takes no memory, to check y against
        tried = state.set(recording=False, probing=True, anomaly=False)
        with tried, np.errstate(all="ignore"):
            one = model(data.pick(x, slice(0, 1)), training=False)
        shape = (data.size_of(x), *one.shape[1:])
        likeness = Tensor(np.zeros((), one.dtype))
        likeness.data = xp.broadcast_to(likeness.data, shape)
        y = self.loss.prepare(y, likeness)
        self._make_metrics(shape)
        if weight is not None:
            weight = data.as_numbers(weight, "sample_weight", model.dtype).reshape(-1)
            data.check_same_size(x, weight, "sample_weight")
            data.check_finite("sample_weight", weight)
        return x, y, weight

    # -- one step

    def _loss_of(self, x: Any, y: Any, weight: Any, training: bool) -> Any:
        y_pred = self(x, training=training)  # type: ignore[operator]
        if weight is None and self.loss.reduction not in ("sum", "none", None):
            value = self.loss.mean(y, y_pred)
        else:
            value = self.loss._reduce(self.loss.per_sample(y, y_pred), weight)
            if value.ndim:
                value = value.mean()
        for penalty in (self._theta or self._pack()).penalties():
            value = value + penalty
        return value, y_pred

    def _step(self, theta: Theta, x: Any, y: Any, weight: Any) -> tuple[Any, Any]:
        """Forward, loss, backward, update."""
        theta.forget_gradients()
        value, y_pred = self._loss_of(x, y, weight, training=True)
        if value.requires_grad:
            value.backward()
        theta.complete_gradients()
        self.optimizer.apply(
            [theta.vector], [theta.gradient], parts=theta.gradient_parts()
        )
        theta.written()
        return value.data, y_pred.data

    def train_on_batch(
        self, x: Any, y: Any, sample_weight: Any = None, class_weight: Any = None
    ) -> Any:
        """Take one step on this batch; returns its loss, or [loss, *metrics].

        The values are those before the step.
        """
        self._check_compiled("train_on_batch")
        if class_weight is not None:
            sample_weight = data.weights_by_class(y, class_weight)
        x, y, weight = self._prepare(x, y, sample_weight)
        with np.errstate(over="ignore", invalid="ignore"):
            theta = self._pack()
            try:
                value, y_pred = self._step(theta, x, y, weight)
            finally:
                theta.forget_gradients()  # they are not the student's
        return self._answer(float(value), y, y_pred)

    def test_on_batch(self, x: Any, y: Any, sample_weight: Any = None) -> Any:
        """The loss of this batch, or [loss, *metrics], without training."""
        self._check_compiled("test_on_batch")
        x, y, weight = self._prepare(x, y, sample_weight)
        with no_grad():
            value, y_pred = self._loss_of(x, y, weight, training=False)
        return self._answer(float(value), y, y_pred.data)

    def _answer(self, value: float, y: Any, y_pred: Any) -> Any:
        if not self._metrics:
            return value
        for metric in self._metrics:
            metric.reset_state()
            metric.update_state(y, y_pred)
        return [value, *(metric.result() for metric in self._metrics)]


def _shape(x: Any) -> Any:
    return [tuple(part.shape) for part in x] if isinstance(x, list) else tuple(x.shape)
