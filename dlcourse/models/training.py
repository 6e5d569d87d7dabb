"""compile, fit, evaluate, predict: the training loop.

One step is: forward, loss, backward, update. `Trainer._step` is those four lines; all
the rest is checking data, cutting batches, and telling callbacks. Read ``sweep.py``
next for the same step taken by many networks at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import backend, losses, metrics, optimizers
from ..backend import xp
from ..errors import (
    ConfigError,
    NonFiniteError,
    NotReadyError,
    check_count,
)
from ..modes import no_grad
from ..tensor import Tensor
from . import data
from .callbacks import Callback, CallbackList, EpochLines, History, ProgressBar
from .flat import Theta
from .interrupt import StopBetweenSteps


class Trainer:
    """The part of a model that trains. Mixed into `Model`."""

    optimizer: Any = None
    loss: Any = None
    history: History | None = None
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

        Raises `ConfigError` with the nearest right name; the model then keeps what it
        had.
        """
        from ..metrics import get as check_metric

        new_optimizer = optimizers.get(optimizer)
        new_loss = None if loss is None else losses.get(loss)
        wanted = [metrics] if isinstance(metrics, str) else list(metrics or [])
        for metric in wanted:
            check_metric(metric, loss=new_loss, output_shape=(None, 1))
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
        model: Any = self
        x = data.as_inputs(x, model.dtype, f"{name}x", indices=model.reads_indices)
        y = y if hasattr(y, "shape") else backend.asindices(y)
        y = getattr(y, "data", y) if isinstance(y, Tensor) else xp.asarray(y)
        if y.ndim == 0:
            raise ConfigError(f"{name}y must hold one target for each sample.")
        data.check_finite(f"{name}y", y)
        data.check_same_size(x, y, f"{name}y")
        if not model.built:
            model._build_once(_shape(x))
        # a prediction of the right shape that takes no memory, to check y against
        with no_grad():
            one = model(data.pick(x, slice(0, 1)), training=False)
        shape = (data.size_of(x), *one.shape[1:])
        likeness = Tensor(np.zeros((), one.dtype))
        likeness.data = xp.broadcast_to(likeness.data, shape)
        y = self.loss.prepare(y, likeness)
        self._make_metrics(shape)
        if weight is not None:
            weight = backend.asarray(weight, model.dtype).reshape(-1)
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
        for penalty in self.penalties:  # type: ignore[attr-defined]
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
            value, y_pred = self._step(self._pack(), x, y, weight)
        return self._answer(float(value), [(y, y_pred, weight)])

    def test_on_batch(self, x: Any, y: Any, sample_weight: Any = None) -> Any:
        """The loss of this batch, or [loss, *metrics], without training."""
        self._check_compiled("test_on_batch")
        x, y, weight = self._prepare(x, y, sample_weight)
        with no_grad():
            value, y_pred = self._loss_of(x, y, weight, training=False)
        return self._answer(float(value), [(y, y_pred.data, weight)])

    def _answer(self, value: float, seen: Sequence[Any]) -> Any:
        if not self._metrics:
            return value
        for metric in self._metrics:
            metric.reset_state()
            for y, y_pred, weight in seen:
                metric.update_state(y, y_pred, weight)
        return [value, *(metric.result() for metric in self._metrics)]

    # -- fit

    def fit(
        self,
        x: Any,
        y: Any,
        batch_size: int = 32,
        epochs: int = 1,
        validation_data: Any = None,
        validation_split: float = 0.0,
        shuffle: bool = True,
        callbacks: Sequence[Callback] | None = None,
        verbose: Any = "auto",
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        seed: int | None = None,
    ) -> History:
        """Train for `epochs` passes over the data; returns the `History`.

        Shapes: x (N, …), y (N, …) as the loss wants it. `validation_data` is (x, y) or
        (x, y, weights); `validation_split` takes the last share of the data instead.
        `verbose` is 0 (silent), 1 or "auto" (a progress bar), or 2 (a line an epoch).
        With `seed`, shuffling and dropout are the same every time.

        An interrupt takes effect between steps and raises KeyboardInterrupt; weights
        and ``model.history`` are then those of whole steps, and ``fit`` can go on.

        Raises before anything is changed: `NotReadyError` without ``compile``,
        `ShapeError`, `LabelError`, `NonFiniteError` or `ConfigError` for the data.
        """
        self._check_compiled("fit")
        batch_size = 32 if batch_size is None else check_count("batch_size", batch_size)
        epochs = check_count("epochs", epochs, low=0)
        generator = backend.make_rng(seed)
        if class_weight is not None:
            by_class = data.weights_by_class(y, class_weight)
            sample_weight = (
                by_class
                if sample_weight is None
                else by_class * np.asarray(sample_weight, np.float32).reshape(-1)
            )
        x, y, weight = self._prepare(x, y, sample_weight)
        validation = None
        if validation_data is not None:
            validation = self._prepare(*(*validation_data, None)[:3], "validation ")
        elif validation_split:
            (x, y, weight), validation = data.split_off(x, y, weight, validation_split)
        self.history = History()
        watchers = CallbackList([*(callbacks or []), self.history, *_shown(verbose)])
        steps = -(-data.size_of(x) // batch_size)
        parameters = {"epochs": epochs, "steps": steps, "initial_epoch": initial_epoch}
        for watcher in watchers.callbacks:
            watcher.set_model(self)
            watcher.set_params(parameters)
        self.stop_training = False
        with (
            backend.using_rng(generator),
            np.errstate(over="ignore", invalid="ignore", divide="ignore"),
            StopBetweenSteps() as stop,
        ):
            watchers.send("on_train_begin")
            try:
                for epoch in range(initial_epoch, epochs):
                    rng = generator if shuffle else None
                    self._epoch(epoch, (x, y, weight), batch_size, rng, watchers, stop)
                    self._end_epoch(epoch, validation, batch_size, watchers)
                    if self.stop_training:
                        break
            finally:
                watchers.send("on_train_end")
        return self.history

    def _epoch(
        self, epoch: int, samples: Any, size: int, rng: Any, watchers: Any, stop: Any
    ) -> None:
        x, y, weight = samples
        watchers.send("on_epoch_begin", epoch)
        for metric in self._metrics:
            metric.reset_state()
        total: Any = 0.0
        quiet = not watchers.per_batch["on_train_batch_end"]
        n = data.size_of(x)
        seen = 0
        theta = self._pack()
        for batch, (index, count) in enumerate(data.batches(n, size, rng)):
            stop.check()
            watchers.send("on_train_batch_begin", batch)
            xb, yb, wb = (data.pick(part, index) for part in (x, y, weight))
            if not theta.is_intact():
                theta = self._pack()
            try:
                value, y_pred = self._step(theta, xb, yb, wb)
            except NonFiniteError as problem:
                raise problem.add_place(f"batch {batch} of epoch {epoch + 1}") from None
            total = total + value * count
            seen += count
            for metric in self._metrics:
                metric.update_state(yb, y_pred, wb)
            if not quiet:
                watchers.send("on_train_batch_end", batch, {"loss": value})
                if self.stop_training:
                    break
        self._logs = {"loss": float(total) / seen}
        for metric in self._metrics:
            self._logs[metric.name] = metric.result()
        stop.check()

    def _end_epoch(self, epoch: int, validation: Any, size: int, watchers: Any) -> None:
        logs = self._logs
        if validation is not None:
            values = self._evaluate(*validation, size)
            names = self.metrics_names
            logs.update({f"val_{n}": v for n, v in zip(names, values, strict=True)})
        watchers.send("on_epoch_end", epoch, logs)

    # -- evaluate and predict

    def evaluate(
        self,
        x: Any,
        y: Any,
        batch_size: int = 32,
        verbose: Any = "auto",
        sample_weight: Any = None,
    ) -> Any:
        """The loss on this data, or [loss, *metrics]; no graph is recorded."""
        self._check_compiled("evaluate")
        x, y, weight = self._prepare(x, y, sample_weight)
        values = self._evaluate(x, y, weight, check_count("batch_size", batch_size))
        return values[0] if len(values) == 1 else values

    def _evaluate(self, x: Any, y: Any, weight: Any, batch_size: int) -> list[float]:
        total: Any = 0.0
        n = data.size_of(x)
        for metric in self._metrics:
            metric.reset_state()
        with no_grad():
            for index, count in data.batches(n, batch_size, None):
                xb, yb, wb = (data.pick(part, index) for part in (x, y, weight))
                value, y_pred = self._loss_of(xb, yb, wb, training=False)
                total = total + value.data * count
                for metric in self._metrics:
                    metric.update_state(yb, y_pred.data, wb)
        return [float(total) / n, *(metric.result() for metric in self._metrics)]

    def predict(
        self, x: Any, batch_size: int | None = None, verbose: Any = "auto"
    ) -> Any:
        """The model's outputs for `x` as a NumPy array; no graph is recorded."""
        model: Any = self
        x = data.as_inputs(x, model.dtype, indices=model.reads_indices)
        size = 256 if batch_size is None else check_count("batch_size", batch_size)
        parts = []
        with no_grad():
            for index, _ in data.batches(data.size_of(x), size, None):
                parts.append(model(data.pick(x, index), training=False))
        if isinstance(parts[0], (list, tuple)):
            return [_joined(column) for column in zip(*parts, strict=True)]
        return _joined(parts)


def _joined(parts: Sequence[Any]) -> np.ndarray:
    return np.concatenate([backend.to_numpy(part) for part in parts])


def _shape(x: Any) -> Any:
    return [tuple(part.shape) for part in x] if isinstance(x, list) else tuple(x.shape)


def _shown(verbose: Any) -> list[Callback]:
    if verbose in ("auto", 1, True):
        return [ProgressBar()]
    if verbose == 2:
        return [EpochLines()]
    if verbose in (0, False, None):
        return []
    raise ConfigError(f"verbose must be 0, 1, 2 or 'auto', not {verbose!r}.")
