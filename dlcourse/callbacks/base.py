"""What all callbacks share: the moments of a training, and the history.

Read ``watching.py`` next.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..errors import ConfigError


class Callback:
    """The moments of a training; override those you need. ``self.model`` is set."""

    model: Any = None
    params: dict[str, Any]
    calls_others = False  # does it call functions that it was given?
    comes_last = False  # is it called after the history is up to date?
    remembers: tuple[str, ...] = ()  # attributes that a checkpoint keeps

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
    """Passes each moment on to all callbacks that override it.

    The order: those given, then the history (which so records what they add to the
    logs), then checkpoints (which so save a history that is up to date), then progress.
    """

    def __init__(
        self,
        given: Sequence[Callback] | None,
        history: Callback,
        shown: Sequence[Callback] = (),
    ) -> None:
        if given is not None and not isinstance(given, (list, tuple)):
            raise ConfigError(f"callbacks must be a list of callbacks, not {given!r}.")
        given = given or []
        for callback in given:
            if not isinstance(callback, Callback):
                raise ConfigError(
                    f"callbacks must be Callback objects; {callback!r} is none."
                )
        last = [callback for callback in given if callback.comes_last]
        first = [callback for callback in given if not callback.comes_last]
        self.callbacks = [*first, history, *last, *shown]
        package = __name__.partition(".")[0]
        self.are_ours = all(
            type(callback).__module__.partition(".")[0] == package
            and not callback.calls_others
            for callback in self.callbacks
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


MORE_IS_BETTER = (
    *("acc", "accuracy", "auc", "precision", "recall"),
    *("f1_score", "r2_score", "cosine_similarity"),
)


class Monitor(Callback):
    """Watches one value and knows what 'better' means for it."""

    def _watch(self, monitor: str, mode: str, min_delta: float = 0.0) -> None:
        if mode not in ("auto", "min", "max"):
            raise ConfigError(f"mode must be 'auto', 'min' or 'max', not {mode!r}.")
        self.monitor, self.mode, self.min_delta = monitor, mode, abs(min_delta)
        rising = monitor.endswith(MORE_IS_BETTER)
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
