"""θ: all trainable weights of a model in one flat vector, and the gradient in another.

The lecture writes the loss as J(θ). Here that is literal: every weight's array is a
view into ``Theta.vector``, and backpropagation writes its gradient into the same place
of ``Theta.gradient``. An optimizer step is then one formula on two vectors, a snapshot
is a copy, a step along a direction in a loss landscape is an addition.

With ``runs=R`` the vectors are (R, P) and each weight is (R, *shape): R networks at
once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import backend
from ..autodiff import mark_written
from ..backend import xp
from ..errors import ConfigError, ShapeError
from ..layers.base import Weight


class Theta:
    """The weights, as views into one vector (P,), or (R, P) for R runs."""

    def __init__(self, weights: Sequence[Weight], runs: int | None = None) -> None:
        self.weights = list(weights)
        self.penalized = [w for w in self.weights if w.regularizer is not None]
        self.runs = runs
        found = {str(weight.dtype) for weight in self.weights}
        if len(found) > 1:
            raise ConfigError(
                f"The layers have weights of several types ({sorted(found)}); give all "
                "the same dtype."
            )
        dtype = self.weights[0].dtype if self.weights else backend.DEFAULT_FLOAT
        self.size = sum(weight.data.size for weight in self.weights)
        lead = () if runs is None else (runs,)
        self.vector = xp.empty((*lead, self.size), dtype)
        self.gradient = xp.zeros((*lead, self.size), dtype)
        self.places: list[slice] = []
        start = 0
        for weight in self.weights:
            place = slice(start, start + weight.data.size)
            shape = (*lead, *weight.data.shape)
            view = self.vector[..., place].reshape(shape)
            view[...] = weight.data
            weight.data = view
            weight._slot = self.gradient[..., place].reshape(shape)
            weight.owner = self
            weight.grad = None
            self.places.append(place)
            start = place.stop
        self.parts = [weight._slot for weight in self.weights]  # each one's gradient
        mark_written(self.weights)

    def __deepcopy__(self, memo: Any) -> None:
        """A copied model has copies of the weights: they are packed anew."""
        return None

    def owns(self, weights: Sequence[Weight]) -> bool:
        """Are these exactly the weights here, and still views into this vector?"""
        return len(weights) == len(self.weights) and all(
            a is b and a.owner is self
            for a, b in zip(weights, self.weights, strict=True)
        )

    def is_intact(self) -> bool:
        """Are all weights still views into this vector, and none of them frozen?"""
        for weight in self.weights:  # an all(…) would begin three times as slowly
            if weight.owner is not self or not weight.requires_grad:
                return False
        return True

    def forget_gradients(self) -> None:
        """Begin a new step: no weight has a gradient."""
        for weight in self.weights:
            weight.grad = None

    def complete_gradients(self) -> None:
        """Weights that the loss did not depend on have gradient zero."""
        for weight in self.weights:
            if weight.grad is None:
                weight._slot[...] = 0
                weight.grad = weight._slot

    def penalties(self) -> list[Any]:
        """The regularizers' terms of the loss, as Tensors."""
        return [weight.regularizer(weight) for weight in self.penalized]

    def written(self) -> None:
        """Note that the vector has changed: graphs recorded before are stale."""
        mark_written(self.weights)

    def assign(self, values: Any) -> None:
        """Write the whole vector."""
        values = backend.asarray(values, self.vector.dtype)
        if values.shape != self.vector.shape:
            raise ShapeError(
                f"θ has shape {self.vector.shape}, but the values have {values.shape}."
            )
        self.vector[...] = values
        self.written()

    def kernel_mask(self) -> Any:
        """1 where θ holds an entry of a matrix, 0 where a bias: what L2 acts on."""
        mask = xp.zeros(self.size, self.vector.dtype)
        axes = 2 if self.runs is None else 3
        for weight, place in zip(self.weights, self.places, strict=True):
            if weight.data.ndim >= axes:
                mask[place] = 1
        return mask
