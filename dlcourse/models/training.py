"""fit, evaluate, predict: the training loop.

The loop cuts batches, takes a step on each (``compiled.py``), and tells the callbacks.
Read ``sweep.py`` next for the same step taken by many networks at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import backend
from ..callbacks import Callback, CallbackList, History
from ..errors import ConfigError, NonFiniteError, check_count
from ..modes import no_grad
from . import data, outputs
from .compiled import Compiled
from .repeating import Repeater

if TYPE_CHECKING:
    from .checkpoint import Run


class Trainer(Compiled):
    """The part of a model that trains and predicts. Mixed into `Model`."""

    history: History | None = None

    # -- fit

    @backend.guarding_memory("fit")
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
        resume: Any = None,
    ) -> History:
        """Train for `epochs` passes over the data; returns the `History`.

        Shapes: x (N, …), y (N, …) as the loss wants it; a weight for each sample (N,),
        or for each step of it (N, T). With several inputs or outputs, x, y and
        `sample_weight` are lists in their order, or dicts by their names.
        `validation_data` is (x, y) or (x, y, weights); `validation_split` takes the
        last share of the data instead.
        `verbose` is 0 (silent), 1 or "auto" (a progress bar), or 2 (a line an epoch).
        With `seed`, shuffling and dropout are the same every time. `resume` names a
        file that `ModelCheckpoint` wrote: the training goes on where that left off, to
        the same bits, given the same data and settings.

        An interrupt takes effect between steps and raises KeyboardInterrupt; weights
        and ``model.history`` are then those of whole steps, and ``fit`` can go on.

        Raises before anything is changed: `NotReadyError` without ``compile``,
        `ShapeError`, `LabelError`, `NonFiniteError` or `ConfigError` for the data.
        """
        self._check_compiled("fit")
        batch_size = 32 if batch_size is None else check_count("batch_size", batch_size)
        epochs = check_count("epochs", epochs, low=0)
        initial_epoch = check_count("initial_epoch", initial_epoch, low=0)
        generator = backend.make_rng(seed)
        by_class = self._weights_by_class(y, class_weight)
        x, y, weight = self._prepare(x, y, sample_weight)
        validation = None
        if validation_data is not None:
            if not isinstance(validation_data, (tuple, list)) or not (
                2 <= len(validation_data) <= 3
            ):
                raise ConfigError("validation_data must be (x, y) or (x, y, weights).")
            validation = self._prepare(*(*validation_data, None)[:3], "validation ")
        elif validation_split:
            (x, y, weight), validation = data.split_off(x, y, weight, validation_split)
        if by_class is not None:  # for training only, as in Keras
            by_class = backend.asarray(by_class[: data.size_of(x)])
            if weight is not None:
                axes = (1,) * (weight.ndim - by_class.ndim)
                by_class = weight * by_class.reshape(*by_class.shape, *axes)
            weight = by_class
        self.history = History()
        watchers = CallbackList(callbacks, self.history, _shown(verbose))
        steps = -(-data.size_of(x) // batch_size)
        parameters = {"epochs": epochs, "steps": steps, "initial_epoch": initial_epoch}
        for watcher in watchers.callbacks:
            watcher.set_model(self)
            watcher.set_params(parameters)
        self.stop_training = False
        from . import checkpoint
        from .interrupt import StopBetweenSteps

        start = (generator, shuffle, batch_size, initial_epoch)
        run = self._run = checkpoint.Run(*start, watchers)
        if watchers.are_ours:  # others may change anything between two steps
            run.forward = Repeater(self)
        with (
            backend.using_rng(generator),
            np.errstate(over="ignore", invalid="ignore", divide="ignore"),
            StopBetweenSteps() as stop,
        ):
            self._pack()
            watchers.send("on_train_begin", {})
            try:
                if resume is not None:
                    checkpoint.restore(self, run, resume)
                while run.epoch < epochs and not self.stop_training:
                    self._epoch(run, (x, y, weight), stop)
                    self._end_epoch(run, validation)
                    stop.check()
            finally:
                if self._theta is not None:
                    self._theta.forget_gradients()  # they are not the student's
                watchers.send("on_train_end", run.logs)
                run.samples = run.forward = None  # the last batch need not be kept
        return self.history

    def _epoch(self, run: Run, samples: Any, stop: Any) -> None:
        watchers, n = run.watchers, data.size_of(samples[0])
        if run.batch == 0:
            watchers.send("on_epoch_begin", run.epoch, {})
            run.begin_epoch(n)
            for metric in self._metrics:
                metric.reset_state()
        quiet = not watchers.per_batch["on_train_batch_end"]
        theta = self._theta
        for index, count in data.batches(n, run.batch_size, run.order, run.batch):
            stop.check()
            watchers.send("on_train_batch_begin", run.batch, {})
            xb, yb, wb = run.samples = [data.pick(part, index) for part in samples]
            if theta is None or not theta.is_intact():
                theta = self._pack()
            try:
                value, y_pred = self._step(theta, xb, yb, wb, run.forward)
            except NonFiniteError as problem:
                place = f"batch {run.batch} of epoch {run.epoch + 1}"
                raise self._at(problem, place) from None
            run.count(value, count)
            for metric in self._metrics:
                metric.update_state(yb, y_pred)
            if not quiet:
                watchers.send("on_train_batch_end", run.batch - 1, {"loss": value})
                if self.stop_training:
                    break

    def _end_epoch(self, run: Run, validation: Any) -> None:
        logs = self._answer(float(run.total) / run.seen, return_dict=True)
        if validation is not None:
            loss = self._evaluate(*validation, run.batch_size)
            values = self._answer(loss, return_dict=True)
            logs.update({f"val_{name}": value for name, value in values.items()})
        epoch, run.logs = run.end_epoch(), logs
        run.watchers.send("on_epoch_end", epoch, logs)

    # -- evaluate and predict

    @backend.guarding_memory("evaluate")
    def evaluate(
        self,
        x: Any,
        y: Any,
        batch_size: int | None = 32,
        verbose: Any = "auto",
        sample_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """The loss on this data, or [loss, *metrics]; no graph is recorded.

        With several outputs: [loss, the loss of each, *metrics], as in
        ``metrics_names``.
        """
        self._check_compiled("evaluate")
        batch_size = 32 if batch_size is None else check_count("batch_size", batch_size)
        x, y, weight = self._prepare(x, y, sample_weight)
        return self._answer(self._evaluate(x, y, weight, batch_size), return_dict)

    def _evaluate(self, x: Any, y: Any, weight: Any, batch_size: int) -> float:
        """The loss; the metrics have then collected what they need."""
        total: Any = 0.0
        n = data.size_of(x)
        for metric in self._metrics:
            metric.reset_state()
        with no_grad():
            for index, count in data.batches(n, batch_size):
                xb, yb, wb = (data.pick(part, index) for part in (x, y, weight))
                value, y_pred = self._loss_of(xb, yb, wb, training=False)
                total = total + value.data * count
                for metric in self._metrics:
                    metric.update_state(yb, outputs.arrays(y_pred))
        return float(total) / n

    @backend.guarding_memory("predict")
    def predict(
        self, x: Any, batch_size: int | None = None, verbose: Any = "auto"
    ) -> Any:
        """The model's outputs for `x` as a NumPy array; no graph is recorded.

        With several outputs a list of arrays, or a dict if the model gives one.
        """
        model: Any = self
        x = model._inputs(x, "x")
        size = 256 if batch_size is None else check_count("batch_size", batch_size)
        parts = []
        with no_grad():
            for index, _ in data.batches(data.size_of(x), size):
                parts.append(model(data.pick(x, index), training=False))
        if not outputs.is_several(parts[0]):
            return _joined(parts)
        columns = zip(*(outputs.outputs_of(part) for part in parts), strict=True)
        joined = [_joined(column) for column in columns]
        is_dict = isinstance(parts[0], Mapping)
        return dict(zip(parts[0], joined, strict=True)) if is_dict else joined

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for `x`, computed as one batch."""
        return self.predict(x, batch_size=2**31)


def _joined(parts: Sequence[Any]) -> np.ndarray:
    return np.concatenate([backend.to_numpy(part) for part in parts])


def _shown(verbose: Any) -> list[Callback]:
    if verbose in ("auto", 1, True):
        from ..callbacks import ProgressBar

        return [ProgressBar()]
    if verbose == 2:
        from ..callbacks import EpochLines

        return [EpochLines()]
    if verbose in (0, False, None):
        return []
    raise ConfigError(f"verbose must be 0, 1, 2 or 'auto', not {verbose!r}.")
