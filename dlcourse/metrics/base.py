"""What all metrics share: collecting over batches. Read ``accuracy.py`` next."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import backend
from ..backend import xp
from ..config import Configurable
from ..errors import ShapeError
from ..tensor import raw


class Metric(Configurable):
    """An average over the samples of all batches, each with its weight."""

    default_name = "metric"
    collects: tuple[str, ...] = ("_total", "_count")  # the sums over the batches
    _total: Any
    _count: Any

    def __init__(self, name: str | None = None) -> None:
        self.name = name or self.default_name
        self.reset_state()

    def reset_state(self) -> None:
        """Forget all batches."""
        for name in self.collects:
            setattr(self, name, 0.0)

    def get_state(self) -> Any:
        """What was collected since the last reset, for a checkpoint: (k, …) float64."""
        found = [backend.to_numpy(xp.asarray(getattr(self, n))) for n in self.collects]
        return np.array(found, np.float64)

    def checked_state(self, state: Any) -> Any:
        """The state if ``set_state`` can take it; else ValueError."""
        if np.ndim(state) not in (1, 2) or len(state) != len(self.collects):
            raise ValueError(f"{self.name} cannot have collected {np.shape(state)}")
        return np.asarray(state, np.float64)

    def set_state(self, state: Any) -> None:
        """Go on from what ``get_state`` returned."""
        for name, values in zip(self.collects, state, strict=True):
            one = np.ndim(values) == 0
            setattr(self, name, float(values) if one else backend.asarray(values))

    def per_sample(self, y_true: Any, y_pred: Any) -> Any:
        """The value of each sample, from arrays."""
        raise NotImplementedError

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in one batch."""
        y_pred = backend.asarray(raw(y_pred))
        values = self.per_sample(raw(y_true), y_pred)
        self._add(values, sample_weight)

    def _add(self, values: Any, sample_weight: Any) -> None:
        # stays on the device: no value is fetched before result()
        if sample_weight is None:
            self._total = self._total + values.sum(dtype="float64")
            self._count += values.size
            return
        weight = self._weights(sample_weight, values.shape)
        each = values.reshape(*weight.shape, -1).mean(axis=-1)
        self._total = self._total + (each * weight).sum(dtype="float64")
        self._count = self._count + weight.sum(dtype="float64")

    def _weights(self, sample_weight: Any, shape: tuple[int, ...]) -> Any:
        """Weights of whole samples (N,), or of each step of them (N, T)."""
        weight = backend.asarray(raw(sample_weight))
        if weight.ndim > 1 and weight.shape[-1] == 1:
            weight = weight[..., 0]
        if weight.ndim == 0 or weight.shape != shape[: weight.ndim]:
            raise ShapeError(
                f"{self.name}: sample_weight has shape {weight.shape}, but there are "
                f"values of shape {shape}."
            )
        return weight

    def result(self) -> float:
        """The value over all batches since the last reset."""
        return float(self._total) / float(self._count) if float(self._count) else 0.0

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        self.update_state(y_true, y_pred, sample_weight)
        return self.result()


class Mean(Metric):
    """The mean of values given to it."""

    default_name = "mean"

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore
        """Take in some values."""
        self._add(backend.asarray(raw(values)), sample_weight)


def same_shape(name: str, y_true: Any, y_pred: Any) -> Any:
    """The targets in the type of the predictions; `ShapeError` if the shapes differ."""
    y_true = backend.asarray(y_true, y_pred.dtype)
    if y_true.shape != y_pred.shape:
        raise ShapeError(
            f"{name}: y_true has shape {y_true.shape} and y_pred {y_pred.shape}; they "
            "must be the same."
        )
    return y_true


def as_float(hits: Any) -> Any:
    """True and False as 1 and 0."""
    return hits.astype(backend.DEFAULT_FLOAT)
