"""Callbacks that show or write down what happens."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from .base import Callback


class LambdaCallback(Callback):
    """A callback from functions: ``on_epoch_end=lambda epoch, logs: …`` and so on."""

    calls_others = True

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


class CSVLogger(Callback):
    """Write a line of values for each epoch to a CSV file, as they come."""

    def __init__(
        self, filename: Any, separator: str = ",", append: bool = False
    ) -> None:
        self.filename = Path(filename)
        self.separator = separator
        self.append = bool(append)
        self._file: Any = None

    def on_train_begin(self, logs: dict | None = None) -> None:
        if not self.filename.parent.is_dir():
            raise ConfigError(f"There is no folder {str(self.filename.parent)!r}.")
        old = self.append and self.filename.exists() and self.filename.stat().st_size
        self._names: list[str] | None = None
        if old:
            with open(self.filename, encoding="utf-8", newline="") as file:
                self._names = next(csv.reader(file, delimiter=self.separator))
        self._file = open(  # noqa: SIM115 - closed when the training ends
            self.filename, "a" if self.append else "w", encoding="utf-8", newline=""
        )
        self._writer = csv.writer(self._file, delimiter=self.separator)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        values: dict[str, Any] = {"epoch": epoch, **(logs or {})}
        if self._names is None:
            self._names = list(values)
            self._writer.writerow(self._names)
        self._writer.writerow([values.get(name, "NA") for name in self._names])
        self._file.flush()

    def on_train_end(self, logs: dict | None = None) -> None:
        if self._file is not None:
            self._file.close()
