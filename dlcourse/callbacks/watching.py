"""Callbacks that act on what they watch: stop, slow down, save. Read ``output.py``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ..errors import ConfigError, check_count, check_number
from .base import Callback, Monitor


class EarlyStopping(Monitor):
    """Stop when the watched value has not improved for `patience` epochs.

    With `restore_best_weights` the model ends with the weights of its best epoch. An
    improvement counts if it exceeds `min_delta` (and reaches `baseline` if given);
    nothing is watched before `start_from_epoch`. Lecture "regularization".
    """

    remembers = ("best", "best_epoch", "wait", "stopped_epoch", "best_weights")

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
        parameters = inspect.signature(schedule).parameters.values()
        places = (
            inspect.Parameter.POSITIONAL_ONLY,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
        )
        self._takes_rate = sum(p.kind in places for p in parameters) > 1 or any(
            p.kind is p.VAR_POSITIONAL for p in parameters
        )

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        rate = self.model.optimizer.learning_rate
        new = self.schedule(epoch, rate) if self._takes_rate else self.schedule(epoch)
        self.model.optimizer.learning_rate = new
        if self.verbose:
            print(f"Epoch {epoch + 1}: learning rate {new:.4g}")

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


class ReduceLROnPlateau(Monitor):
    """Multiply the learning rate by `factor` when the watched value stands still.

    It must have failed to improve by `min_delta` for `patience` epochs; after a cut
    nothing is counted for `cooldown` epochs. The rate never falls below `min_lr`.
    """

    remembers = ("best", "wait", "cooldown_counter")

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        self._watch(monitor, mode, check_number("min_delta", min_delta))
        self.factor = check_number("factor", factor, low=0, high=1, open_high=True)
        self.patience = check_count("patience", patience, low=0)
        self.cooldown = check_count("cooldown", cooldown, low=0)
        self.min_lr = check_number("min_lr", min_lr, low=0)
        self.verbose = verbose

    def on_train_begin(self, logs: dict | None = None) -> None:
        self.best: float | None = None
        self.wait = self.cooldown_counter = 0

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        value = self._value(logs)
        rate = float(self.model.optimizer.learning_rate)
        if logs is not None:
            logs["learning_rate"] = rate
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self._is_better(value, self.best):
            self.best, self.wait = value, 0
        elif self.cooldown_counter <= 0:
            self.wait += 1
            if self.wait >= self.patience and rate > self.min_lr:
                new = max(rate * self.factor, self.min_lr)
                self.model.optimizer.learning_rate = new
                self.cooldown_counter, self.wait = self.cooldown, 0
                if self.verbose:
                    print(f"Epoch {epoch + 1}: learning rate {rate:.3g} → {new:.3g}")


class ModelCheckpoint(Monitor):
    """Write the state of the training to a file that ``fit(resume=…)`` goes on from.

    Weights, optimizer, random numbers, the place in the shuffle, and the history: the
    training then continues to the same bits. `filepath` ends in .safetensors and may
    hold ``{epoch:02d}`` and logged values. `save_freq` is "epoch", or a number of
    batches; with `save_best_only` a file is written only when `monitor` improves. The
    file is never half written.
    """

    comes_last = True
    remembers = ("best",)

    def __init__(
        self,
        filepath: Any,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        mode: str = "auto",
        save_freq: Any = "epoch",
    ) -> None:
        self._watch(monitor, mode)
        self.filepath = str(filepath)
        if not self.filepath.endswith(".safetensors"):
            raise ConfigError(
                f"A checkpoint's name must end in .safetensors, not {self.filepath!r}."
            )
        if save_freq != "epoch":
            save_freq = check_count("save_freq", save_freq)
        self.save_freq = save_freq
        self.save_best_only = bool(save_best_only)
        self.verbose = verbose
        self._batches = 0

    def on_train_begin(self, logs: dict | None = None) -> None:
        self.best: float | None = None

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self._batches += 1
        if self.save_freq != "epoch" and self._batches % self.save_freq == 0:
            self._save(self.model._run.epoch, {})

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        if self.save_freq != "epoch":
            return
        if self.save_best_only:
            value = self._value(logs)
            if not self._is_better(value, self.best):
                return
            self.best = value
        self._save(epoch, logs or {})

    def _save(self, epoch: int, logs: dict) -> None:
        from ..models import checkpoint

        try:
            path = self.filepath.format(epoch=epoch + 1, **logs)
        except (KeyError, IndexError) as problem:
            raise ConfigError(
                f"{self.filepath!r} names {problem}, which is not logged; there is "
                f"epoch and {sorted(logs)}."
            ) from None
        checkpoint.save(self.model, path)
        if self.verbose:
            print(f"Epoch {epoch + 1}: saved {path}")
