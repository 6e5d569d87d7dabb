"""Callbacks: what happens beside the training: stopping early, showing progress …

A callback overrides the moments it cares for. `logs` is a dict of the values so far,
e.g. ``{"loss": 0.31, "val_loss": 0.35}``; epochs and batches count from 0.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

from .errors import ConfigError, NonFiniteError, check_count, check_number

__all__ = [
    "Callback",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ProgressBar",
    "TerminateOnNaN",
]


class Callback:
    """The moments of a training; override those you need. ``self.model`` is set."""

    model: Any = None
    params: dict[str, Any]

    def set_model(self, model: Any) -> None:
        """Called by ``fit`` before anything else."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Called by ``fit``: how many epochs and steps there will be."""
        self.params = params

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: dict | None = None) -> None:
        """After the last epoch, or when the training was stopped."""

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Before each epoch."""

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """After each epoch and its validation."""

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Before each step."""

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """After each step."""


class CallbackList:
    """Passes each moment on to all callbacks that override it."""

    def __init__(self, given: Sequence[Callback] | None, own: list[Callback]) -> None:
        if given is not None and not isinstance(given, (list, tuple)):
            raise ConfigError(f"callbacks must be a list of callbacks, not {given!r}.")
        self.callbacks = [*(given or []), *own]
        for callback in self.callbacks:
            if not isinstance(callback, Callback):
                raise ConfigError(
                    f"callbacks must be Callback objects; {callback!r} is none."
                )
        # most callbacks do nothing at each batch: then nothing is called
        moments = ("on_train_batch_begin", "on_train_batch_end")
        self.per_batch = {
            moment: [
                callback
                for callback in self.callbacks
                if getattr(type(callback), moment) is not getattr(Callback, moment)
            ]
            for moment in moments
        }

    def send(self, moment: str, *args: Any) -> None:
        """Call the method of that name on all."""
        for callback in self.per_batch.get(moment, self.callbacks):
            getattr(callback, moment)(*args)


class History(Callback):
    """The record of a training: ``.history`` has a list for each value, ``.epoch``."""

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def __repr__(self) -> str:
        return f"<History of {len(self.epoch)} epochs: {', '.join(self.history)}>"


class _Monitor(Callback):
    """Watches one value and knows what 'better' means for it."""

    def _watch(self, monitor: str, mode: str, min_delta: float = 0.0) -> None:
        if mode not in ("auto", "min", "max"):
            raise ConfigError(f"mode must be 'auto', 'min' or 'max', not {mode!r}.")
        self.monitor, self.mode, self.min_delta = monitor, mode, abs(min_delta)
        rising = monitor.endswith(("acc", "accuracy", "auc", "precision", "recall"))
        self.sign = 1.0 if mode == "max" or (mode == "auto" and rising) else -1.0

    def _value(self, logs: dict | None) -> float:
        if self.monitor not in (logs or {}):
            raise ConfigError(
                f"{type(self).__name__} watches {self.monitor!r}, but there is only "
                f"{sorted(logs or {})}. Give fit validation_data, or watch another."
            )
        return float((logs or {})[self.monitor])

    def _is_better(self, value: float, best: float | None) -> bool:
        if best is None:
            return not math.isnan(value)
        return self.sign * (value - best) > self.min_delta


class EarlyStopping(_Monitor):
    """Stop when the watched value has not improved for `patience` epochs.

    With `restore_best_weights` the model ends with the weights of its best epoch. An
    improvement counts if it exceeds `min_delta` (and reaches `baseline` if given);
    nothing is watched before `start_from_epoch`. Lecture "regularization".
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        self._watch(monitor, mode, check_number("min_delta", min_delta))
        self.patience = check_count("patience", patience, low=0)
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch

    def on_train_begin(self, logs: dict | None = None) -> None:
        self.best: float | None = None
        self.best_epoch = self.wait = self.stopped_epoch = 0
        self.best_weights: Any = None

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        value = self._value(logs)
        if epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self._keep(epoch)
        self.wait += 1
        if self._is_better(value, self.best):
            self.best = value
            self._keep(epoch)
            if self.baseline is None or self._is_better(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def _keep(self, epoch: int) -> None:
        self.best_epoch = epoch
        if self.restore_best_weights:
            self.best_weights = self.model.get_weights()

    def on_train_end(self, logs: dict | None = None) -> None:
        if self.restore_best_weights and self.best_weights is not None:
            self.model.set_weights(self.best_weights)
        if self.stopped_epoch and self.verbose:
            print(
                f"Epoch {self.stopped_epoch + 1}: stopped; the best was epoch "
                f"{self.best_epoch + 1} with {self.monitor} {self.best:.4g}."
            )


class LearningRateScheduler(Callback):
    """Set the learning rate at the start of each epoch: ``schedule(epoch, rate)``."""

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        rate = self.model.optimizer.learning_rate
        try:
            new = self.schedule(epoch, rate)
        except TypeError:
            new = self.schedule(epoch)
        self.model.optimizer.learning_rate = new
        if self.verbose:
            print(f"Epoch {epoch + 1}: learning rate {new:.4g}")

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


class TerminateOnNaN(Callback):
    """Stop with `NonFiniteError` at the first batch whose loss is not finite."""

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        loss = float((logs or {}).get("loss", 0.0))
        if not math.isfinite(loss):
            self.model.stop_training = True
            raise NonFiniteError(
                f"The loss of batch {batch} is {loss}: most likely the learning rate "
                f"({float(self.model.optimizer.learning_rate):.3g}) is too large. Run "
                "fit inside `with dl.detect_anomaly():` to see which op and layer it "
                "began in."
            )


class LambdaCallback(Callback):
    """A callback from functions: ``on_epoch_end=lambda epoch, logs: …`` and so on."""

    def __init__(self, **functions: Callable[..., Any]) -> None:
        for name, function in functions.items():
            if not hasattr(Callback, name) or not name.startswith("on_"):
                moments = [n for n in dir(Callback) if n.startswith("on_")]
                raise ConfigError(f"There is no moment {name!r}, only {moments}.")
            setattr(self, name, function)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Overridden here so that ``fit`` knows to call it."""

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Overridden here so that ``fit`` knows to call it."""


class ProgressBar(Callback):
    """A bar over the epochs with the values of the last one and the time left."""

    def on_train_begin(self, logs: dict | None = None) -> None:
        from tqdm.auto import tqdm  # only now: importing dlcourse stays quick

        self._first = self.params.get("initial_epoch", 0)
        self._steps = self.params["steps"]
        total = (self.params["epochs"] - self._first) * self._steps
        self.bar = tqdm(total=total, unit="step", file=sys.stderr, mininterval=0.2)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self.bar.update(1)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.bar.set_description(f"epoch {epoch + 1}/{self.params['epochs']}")
        self.bar.set_postfix({k: f"{v:.4g}" for k, v in (logs or {}).items()})

    def on_train_end(self, logs: dict | None = None) -> None:
        self.bar.close()


class EpochLines(Callback):
    """One printed line for each epoch (``verbose=2``)."""

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        values = "  ".join(
            f"{name} {value:.4f}" for name, value in (logs or {}).items()
        )
        print(f"epoch {epoch + 1}/{self.params['epochs']}  {values}")
