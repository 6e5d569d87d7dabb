"""`TerminateOnNaN`: stop when the loss is no number, and say where it began.

A training without `detect_anomaly` runs at full speed and notices a NaN only in the
loss, when it is too late to see where it came from. So the weights before each batch
are kept, and the batch that went wrong is computed once more with every value checked.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Any

from .. import backend
from ..backend import xp
from ..errors import NonFiniteError
from ..modes import detect_anomaly, state
from ..origin import leaves, origin, remember
from .base import Callback


class _Step:
    """One batch, as it was before the step that was taken on it."""

    def __init__(self, model: Any, batch: int, weights: Any) -> None:
        self.name = f"batch {batch} of epoch {model._run.epoch + 1}"
        self.weights = weights
        self.random = model._run.generator.bit_generator.state
        self.samples: Any = None

    def again(self, model: Any) -> NonFiniteError | None:
        """Compute loss and gradient once more, checking; what is found, if anything."""
        theta, rng = model._pack(), model._run.generator
        after = theta.vector.copy(), rng.bit_generator.state
        theta.assign(self.weights)
        rng.bit_generator.state = self.random  # the same dropout as then
        try:
            with detect_anomaly(), state.set(probing=True), backend.using_rng(rng):
                model._loss_of(*self.samples, training=True)[0].backward()
        except NonFiniteError as problem:
            return problem
        finally:
            theta.forget_gradients()
            theta.assign(after[0])
            rng.bit_generator.state = after[1]
        return None


class TerminateOnNaN(Callback):
    """Stop with `NonFiniteError` at the first batch whose loss is not finite.

    The message names the batch, the op and the layer in which it began, and the likely
    cause. A healthy training pays one copy of its weights and one number read a batch.
    """

    def on_train_begin(self, logs: dict | None = None) -> None:
        remember(self.model.trainable_weights)
        self._steps: deque[_Step] = deque()

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        vector = self.model.theta
        kept = self._steps.popleft().weights if len(self._steps) > 1 else None
        if kept is None or kept.shape != vector.shape:
            kept = xp.empty_like(vector)
        kept[...] = vector
        self._steps.append(_Step(self.model, batch, kept))

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        step = self._steps[-1]
        step.samples = self.model._run.samples
        loss = float((logs or {}).get("loss", 0.0))
        if math.isfinite(loss):
            return
        self.model.stop_training = True
        problem = NonFiniteError(
            f"The loss of {step.name} is {loss}. {self._reason(step)}"
        )
        raise self.model._at(problem)

    def on_train_end(self, logs: dict | None = None) -> None:
        self._steps.clear()

    def _reason(self, step: _Step) -> str:
        before = self._steps[0]
        if before is not step and not bool(xp.isfinite(step.weights).all()):
            # the weights were lost in the step before: by a gradient, or by the rate
            found = before.again(self.model)
            if found is not None:
                return f"It began in {before.name}: {found}"
        found = step.again(self.model)
        if found is not None:
            return str(found)
        root = origin(leaves(self.model.trainable_weights, ""), {})
        return (
            "Computed once more, this batch was fine, so no op can be named: was it "
            "random, or were the weights changed meanwhile? Likely cause: "
            f"{root.words if root else 'a layer with random numbers of its own'}."
        )
