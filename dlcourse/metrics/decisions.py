"""What kind of mistakes are made: alarms that were false, and ones that were missed.

Accuracy says little where one class is rare. These count, over all batches, how often
"yes" was said and how often it was true. Read ``regression.py`` next.
"""

from __future__ import annotations

from typing import Any

from .. import backend
from ..backend import xp
from ..errors import ConfigError, check_count, check_number, did_you_mean
from ..tensor import raw
from .base import Metric, same_shape


class _Decisions(Metric):
    """Counts of hits (true and said), false alarms and misses, for each column."""

    collects = ("_hits", "_false_alarms", "_misses")
    _hits: Any
    _false_alarms: Any
    _misses: Any
    threshold: Any = None
    class_id: int | None = None
    each_class = False

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in one batch: targets 0 or 1, predictions between them."""
        true, pred, weight = _pairs(self, y_true, y_pred, sample_weight)
        said = self._said(pred)
        if self.class_id is not None:
            true, said = true[:, self.class_id, None], said[:, self.class_id, None]
        axis = 0 if self.each_class else None
        for name, cases in (
            ("_hits", true & said),
            ("_false_alarms", ~true & said),
            ("_misses", true & ~said),
        ):
            setattr(self, name, getattr(self, name) + (weight * cases).sum(axis))

    def _said(self, pred: Any) -> Any:
        return pred > (0.5 if self.threshold is None else self.threshold)


class Precision(_Decisions):
    """The share of "yes" answers that are right: hits/(hits + false alarms).

    "Yes" is a probability above `thresholds` (0.5); `class_id` looks at one column of
    (N, C) only, otherwise all count together.
    """

    default_name = "precision"

    def __init__(
        self,
        thresholds: float | None = None,
        class_id: int | None = None,
        name: str | None = None,
    ) -> None:
        if thresholds is not None:
            thresholds = check_number("thresholds", thresholds, low=0, high=1)
        self.thresholds = self.threshold = thresholds
        self.class_id = (
            class_id if class_id is None else check_count("class_id", class_id, low=0)
        )
        super().__init__(name)

    def result(self) -> float:
        """The value over all batches since the last reset."""
        return float(_ratio(self._hits, self._hits + self._false_alarms))


class Recall(Precision):
    """The share of the true cases that were found: hits/(hits + misses)."""

    default_name = "recall"

    def result(self) -> float:
        """The value over all batches since the last reset."""
        return float(_ratio(self._hits, self._hits + self._misses))


class F1Score(_Decisions):
    """The harmonic mean of precision and recall, 2·P·R/(P + R).

    `average` says how the classes of (N, C) become one number: "macro" (each class
    alike), "weighted" (by how often it is true) or "micro" (all decisions together).
    Without a `threshold` "yes" is said to the most probable class, and with a single
    column to a probability above 0.5.
    """

    default_name = "f1_score"

    def __init__(
        self,
        average: str = "macro",
        threshold: float | None = None,
        name: str | None = None,
    ) -> None:
        known = ("macro", "weighted", "micro")
        if average not in known:
            raise ConfigError(
                f"There is no average {average!r}. {did_you_mean(average, known)}"
            )
        self.average = average
        if threshold is not None:
            threshold = check_number("threshold", threshold, low=0, high=1)
        self.threshold = threshold
        self.each_class = average != "micro"
        super().__init__(name)

    def _said(self, pred: Any) -> Any:
        if self.threshold is None and pred.shape[-1] > 1:
            return pred >= pred.max(-1, keepdims=True)
        return super()._said(pred)

    def result(self) -> float:
        """The value over all batches since the last reset."""
        said_or_true = 2 * self._hits + self._false_alarms + self._misses
        scores = _ratio(2 * self._hits, said_or_true)
        if self.average == "weighted":
            true = xp.asarray(self._hits + self._misses)
            return float(_ratio((scores * true).sum(), true.sum()))
        return float(xp.asarray(scores).mean())


class AUC(Metric):
    """The area under a curve over all thresholds between "yes" and "no".

    Under the ROC curve (hits against false alarms, `curve` "ROC") it is the probability
    that a true case gets a higher prediction than a false one: 0.5 is guessing. Or
    under precision against recall ("PR"; Davis and Goadrich, 2006). As in Keras the
    curve is drawn through `num_thresholds` points, so predictions lie in [0, 1].
    """

    default_name = "auc"
    collects = ("_true", "_false")  # how many cases lie between two thresholds
    _true: Any
    _false: Any

    def __init__(
        self, num_thresholds: int = 200, curve: str = "ROC", name: str | None = None
    ) -> None:
        self.num_thresholds = check_count("num_thresholds", num_thresholds, low=3)
        if curve not in ("ROC", "PR"):
            raise ConfigError(f"curve must be 'ROC' or 'PR', not {curve!r}.")
        self.curve = curve
        super().__init__(name)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in one batch: targets 0 or 1, probabilities."""
        true, pred, weight = _pairs(self, y_true, y_pred, sample_weight)
        n = self.num_thresholds
        inner = xp.arange(1, n - 1) / (n - 1.0)  # and one below 0, one above 1
        place = xp.searchsorted(inner, pred.reshape(-1).astype("float64"))
        weight = xp.broadcast_to(weight, true.shape)
        for name, cases in (("_true", true), ("_false", ~true)):
            counts = xp.bincount(
                place, weights=(weight * cases).reshape(-1), minlength=n - 1
            )
            setattr(self, name, getattr(self, name) + counts)

    def result(self) -> float:
        """The area over all batches since the last reset."""
        if not xp.asarray(self._true + self._false).any():
            return 0.0
        # said yes above each threshold, from none (highest) to all (lowest)
        hits, alarms = (
            xp.concatenate([xp.zeros(1), xp.cumsum(counts[::-1])])
            for counts in (self._true, self._false)
        )
        if self.curve == "ROC":
            recall = _ratio(hits, hits[-1])
            width = xp.diff(_ratio(alarms, alarms[-1]))
            return float((width * (recall[1:] + recall[:-1]) / 2).sum())
        # between two points hits grow in a straight line with all that is said
        said = hits + alarms
        slope = _ratio(xp.diff(hits), xp.diff(said))
        start = hits[:-1] - slope * said[:-1]
        growth = xp.where(
            (said[:-1] > 0) & (said[1:] > 0), _ratio(said[1:], said[:-1]), 1.0
        )
        steps = slope * (xp.diff(hits) + start * xp.log(xp.maximum(growth, 1e-300)))
        return float(_ratio(steps.sum(), hits[-1]))


def _pairs(metric: Metric, y_true: Any, y_pred: Any, sample_weight: Any) -> Any:
    """True or not, predictions and weights, all as columns: (N, C)."""
    pred = xp.atleast_1d(backend.asarray(raw(y_pred)))
    true = same_shape(metric.name, raw(y_true), pred) > 0.5
    weight = xp.ones(1)
    if sample_weight is not None:
        weight = metric._weights(sample_weight, pred.shape).astype("float64")
        weight = weight.reshape(*weight.shape, *(1,) * (pred.ndim - weight.ndim))
        weight = xp.broadcast_to(weight, pred.shape)
    columns = (-1, pred.shape[-1] if pred.ndim > 1 else 1)
    weight = weight.reshape(columns) if sample_weight is not None else weight
    return true.reshape(columns), pred.reshape(columns), weight


def _ratio(part: Any, whole: Any) -> Any:
    """part/whole, and 0 where the whole is nothing."""
    part, whole = xp.asarray(part, "float64"), xp.asarray(whole, "float64")
    nothing = whole == 0
    return xp.where(nothing, 0.0, part / xp.where(nothing, 1.0, whole))
