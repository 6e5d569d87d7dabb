"""Several losses as one: for a network that answers several questions at once.

A network with an output for the steering angle and one for the road's kind has a loss
for each; what training makes small is their weighted sum. `JointLoss` is that sum,
behind the interface of one loss, so that a training step need not know the difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import ConfigError, DLCourseError
from ..tensor import Tensor
from .base import Loss


class JointLoss(Loss):
    """L = Σ wₖ·Lₖ over the outputs k of a network.

    `parts` has a loss, or None, for each output; `names` are the outputs', `weights`
    the wₖ (1 by default). Targets, predictions and sample weights are lists with an
    entry for each output (predictions may be a dict in the same order).
    """

    def __init__(
        self,
        parts: Sequence[Loss | None],
        names: Sequence[str],
        weights: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        self.parts = list(parts)
        self.names = list(names)
        self.weights = [1.0] * len(self.parts) if weights is None else list(weights)
        # the losses of the last batch, not yet weighted, for the history
        self.latest: list[Any] = [None] * len(self.parts)

    def prepare(self, y_true: Any, y_pred: Any) -> list[Any]:
        """Check each output's targets against its predictions."""
        return self._each("prepare", y_true, y_pred)

    def fitted(self, sample_weight: Any, y_true: Any, first: Any) -> list[Any]:
        """Each output's weights, with as many axes as its losses."""
        return self._each("fitted", sample_weight, y_true, first)

    def _each(self, method: str, values: Sequence[Any], *others: Any) -> list[Any]:
        """The values, those of outputs with a loss as that loss's method makes them."""
        if not isinstance(values, list):
            raise self._one_output_wanted()
        found = list(values)
        beside = [outputs_of(other) for other in others]
        for k, part in enumerate(self.parts):
            if part is None or values[k] is None:
                continue
            try:
                found[k] = getattr(part, method)(values[k], *(b[k] for b in beside))
            except DLCourseError as problem:
                raise problem.add_place(f"output {self.names[k]!r}") from None
        return found

    def of_batch(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """The weighted sum over the outputs; `latest` keeps the addends before it."""
        total: Any = None
        for k, (part, pred) in enumerate(
            zip(self.parts, outputs_of(y_pred), strict=True)
        ):
            if part is None:
                continue
            weight = None if sample_weight is None else sample_weight[k]
            value = part.of_batch(y_true[k], pred, weight)
            self.latest[k] = value.data
            if self.weights[k] != 1:
                value = value * self.weights[k]
            total = value if total is None else total + value
        return total

    def per_sample(self, y_true: Any, y_pred: Any) -> Tensor:
        raise self._one_output_wanted()

    def _one_output_wanted(self) -> ConfigError:
        return ConfigError(
            "This needs a network with one output and one loss, but there are the "
            f"outputs {', '.join(self.names)}."
        )


def outputs_of(y: Any) -> list[Any]:
    """What a network gave, as a list: of one output, of a list, or of a dict."""
    if isinstance(y, Mapping):
        return list(y.values())
    return list(y) if isinstance(y, (list, tuple)) else [y]
