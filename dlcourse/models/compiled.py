"""A compiled model: optimizer, loss and metrics chosen, θ packed, one step taken.

One step is: forward, loss, backward, update. `Compiled._step` is those four lines; the
rest of the file checks the data before anything is changed. Read ``training.py`` next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import backend, optimizers
from ..errors import ConfigError, DLCourseError, NonFiniteError, NotReadyError
from ..losses import SparseCategoricalCrossentropy
from ..losses.joint import JointLoss
from ..metrics.composed import OfLoss
from ..modes import no_grad, state
from . import data, outputs
from .flat import Theta


class Compiled:
    """The part of a model that takes single steps."""

    optimizer: Any = None
    loss: Any = None
    stop_training = False
    loss_weights: Any = None
    _loss_weight: float | None = None  # the factor of a single output's loss
    _theta: Theta | None = None
    _metrics: Sequence[Any] = ()
    _output_names: Sequence[str] = ()
    _tried: tuple[Any, Any] = (None, None)  # a kind of data, and what came out first

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
        metrics: Any = None,
        loss_weights: Any = None,
    ) -> None:
        """Choose the optimizer, the loss and the metrics, by name or as objects.

        A network with several outputs takes one loss for all, or a list or a dict (by
        the names of the outputs) with a loss or None for each; `metrics` and
        `loss_weights` alike. Training makes the sum of the losses small, each times
        its weight. As in Keras, metrics count every sample once, whatever its weight.

        Raises `ConfigError` with the nearest right name; the model then keeps what it
        had.
        """
        new_optimizer = optimizers.get(optimizer)
        names, several = self._expected_outputs(loss)
        self._assign((loss, loss_weights, metrics), names, several)
        if new_optimizer is not self.optimizer:
            new_optimizer.reset()  # another model's momenta mean nothing here
        self.optimizer = new_optimizer
        self._theta = None
        self.stop_training = False

    def _expected_outputs(self, loss: Any) -> tuple[list[str], bool]:
        """The outputs' names, and whether the model gives a list or dict of them.

        Of a class with a call() of its own this is a guess until it has seen data.
        """
        model: Any = self
        if model.output_names:
            return model.output_names, isinstance(model.outputs, list)
        return outputs.names_in(loss), outputs.is_several(loss)

    def _assign(self, asked: Any, names: Sequence[str], several: bool) -> None:
        """Give each output its loss and metrics, as asked for in ``compile``."""
        loss, weights, wanted = asked
        partly = self._keys is not None  # type: ignore[attr-defined]
        new_loss, factor = outputs.assign_loss(loss, weights, names, several, partly)
        parts = new_loss.parts if several and new_loss else [new_loss] * len(names)
        self._wanted_metrics = outputs.assign_metrics(wanted, names, parts)
        self.loss, self._loss_weight, self.loss_weights = new_loss, factor, weights
        self._asked, self._output_names = asked, list(names)
        self._metrics, self._metrics_ready = (), False

    def _check_compiled(self, doing: str) -> None:
        if self.loss is None:
            raise NotReadyError(
                f"{doing} needs a compiled model: call "
                'model.compile(optimizer="adam", loss="mse") first.'
                if self.optimizer is None
                else f"{doing} needs a loss: compile(loss=…) was not given one."
            )

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
        x = model._inputs(x, f"{name}x")
        if not model.built:
            model._build_once(_shape(x))
        # the first sample tells what comes out, so that all else can be checked
        tried = state.set(recording=False, probing=True, anomaly=None)
        with tried, np.errstate(all="ignore"):
            kind = self._kind_of(x, y)
            again = kind is not None and kind == self._tried[0]
            first = self._tried[1]
            if not again:
                first = model(data.pick(x, slice(0, 1)), training=False)
                self._meet(first)
            if isinstance(self.loss, JointLoss):
                wanted = self._wanted_metrics
                y = outputs.split_targets(y, self.loss, wanted, f"{name}y", x)
                weight = outputs.split_weights(weight, self.loss, model.dtype, x)
            else:
                y = data.as_target(y, f"{name}y", x)
                weight = data.as_weights(weight, model.dtype, x)
            y = self.loss.prepare(y, outputs.likeness(first, data.size_of(x)))
            if weight is not None:
                weight = self.loss.fitted(weight, y, first)
            if not again:
                self._try_metrics(y, first)
                self._tried = kind, first
        return x, y, weight

    def _kind_of(self, x: Any, y: Any) -> Any:
        """What the trial depends on, beside the model; None if that is hard to say."""
        if isinstance(x, list) or type(y) is not np.ndarray:
            return None
        return self._theta, self.loss, x.shape[1:], y.shape[1:], y.dtype

    def _meet(self, first: Any) -> None:
        """Now that an output was seen: is it what ``compile`` took for granted?"""
        model: Any = self
        several = outputs.is_several(first)
        names = model.output_names or outputs.names_in(first)
        if len(outputs.outputs_of(first)) != len(names):
            names = outputs.names_in(first)
        if list(names) != self._output_names or several != isinstance(
            self.loss, JointLoss
        ):
            self._assign(self._asked, names, several)

    def _try_metrics(self, y: Any, first: Any) -> None:
        """Make the metrics, and see on the first sample that they take such data."""
        if not self._metrics_ready:
            self._metrics = outputs.make_metrics(
                self._wanted_metrics, self.loss, y, first
            )
            self._metrics_ready = True
        true, pred = data.pick(y, slice(0, 1)), outputs.arrays(first)
        for metric in self._metrics:
            if isinstance(metric, OfLoss):
                continue
            try:
                metric.update_state(true, pred)
            except DLCourseError as problem:
                place = f"metric {metric.name!r}, tried on the first sample"
                raise problem.add_place(place) from None
            finally:
                metric.reset_state()

    # -- one step

    def _loss_of(self, x: Any, y: Any, weight: Any, training: bool) -> Any:
        y_pred = self(x, training=training)  # type: ignore[operator]
        value = self.loss.of_batch(y, y_pred, weight)
        if self._loss_weight is not None:
            value = value * self._loss_weight
        theta = self._theta or self._pack()
        if theta.penalized:
            for penalty in theta.penalties():
                value = value + penalty
        return value, y_pred

    def _step(
        self, theta: Theta, x: Any, y: Any, weight: Any, forward: Any = None
    ) -> tuple[Any, Any]:
        """Forward, loss, backward, update; `forward` may be a `Repeater`."""
        theta.forget_gradients()
        if forward is None:
            value, y_pred = self._loss_of(x, y, weight, training=True)
        else:
            value, y_pred = forward(x, y, weight)
        if value.requires_grad:
            value.backward()
        theta.complete_gradients()
        self.optimizer.apply([theta.vector], [theta.gradient], parts=theta.parts)
        theta.written()
        found = value.data, outputs.arrays(y_pred)
        if forward is not None:
            forward.forget()
        return found

    def _at(self, problem: NonFiniteError, place: str = "") -> NonFiniteError:
        """Say where it happened, and how large the learning rate is if it is named."""
        if place:
            problem.add_place(place)
        if "the learning rate is" in str(problem):
            rate = float(self.optimizer.learning_rate)
            problem.add_place(f"a training with learning rate {rate:.3g}")
        return problem

    @backend.guarding_memory("train_on_batch")
    def train_on_batch(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        class_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Take one step on this batch; returns its loss, or [loss, *metrics].

        The values are those before the step.
        """
        self._check_compiled("train_on_batch")
        if class_weight is not None:
            sample_weight = self._weights_by_class(y, class_weight)
        x, y, weight = self._prepare(x, y, sample_weight)
        with np.errstate(over="ignore", invalid="ignore"):
            theta = self._pack()
            try:
                value, y_pred = self._step(theta, x, y, weight)
            except NonFiniteError as problem:
                steps = self.optimizer.iterations
                raise self._at(problem, f"batch {steps} of train_on_batch") from None
            finally:
                theta.forget_gradients()  # they are not the student's
        return self._of_batch(value, y, y_pred, return_dict)

    @backend.guarding_memory("test_on_batch")
    def test_on_batch(
        self, x: Any, y: Any, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """The loss of this batch, or [loss, *metrics], without training."""
        self._check_compiled("test_on_batch")
        x, y, weight = self._prepare(x, y, sample_weight)
        with no_grad():
            value, y_pred = self._loss_of(x, y, weight, training=False)
        return self._of_batch(value.data, y, outputs.arrays(y_pred), return_dict)

    def _weights_by_class(self, y: Any, class_weight: Any) -> Any:
        """A weight for each sample, from the weight of its class."""
        if class_weight is not None and isinstance(self.loss, JointLoss):
            raise ConfigError(
                "class_weight is for models with one output; give a sample_weight "
                "for each output instead."
            )
        if isinstance(y, (list, tuple)) and len(y) == 1:
            y = y[0]
        labels = isinstance(self.loss, SparseCategoricalCrossentropy)
        return data.weights_by_class(y, class_weight, labels)

    def _of_batch(self, value: Any, y: Any, y_pred: Any, return_dict: bool) -> Any:
        for metric in self._metrics:
            metric.reset_state()
            metric.update_state(y, y_pred)
        return self._answer(float(value), return_dict)

    def _answer(self, loss: float, return_dict: bool = False) -> Any:
        """The loss and what the metrics have collected, as Keras returns them."""
        values = [loss, *(metric.result() for metric in self._metrics)]
        if return_dict:
            return dict(zip(self.metrics_names, values, strict=True))
        return values[0] if len(values) == 1 else values


def _shape(x: Any) -> Any:
    return [tuple(part.shape) for part in x] if isinstance(x, list) else tuple(x.shape)
