"""What all optimizers share: the learning rate, clipping, decay, and the state.

The textbook rules themselves are in ``descent.py``; read that next.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from .. import backend, schedules
from ..autodiff import mark_written
from ..backend import xp
from ..config import Configurable
from ..errors import ConfigError, ShapeError, check_number
from ..tensor import Tensor
from ..tuning import on_host

# A rule passes over its arrays a dozen times; in pieces of so many floats (weights,
# gradient, two states and a spare block: 960 KB) they stay in the cache meanwhile.
# Adam on 407,050 weights: 0.43 ms in pieces, 0.93 ms at once. In pieces of 32,768 its
# step took 3.3 % longer in the digits network (784-512-10), in pieces of 65,536 1 %.
CHUNK = 49152


class Optimizer(Configurable):
    """What all optimizers share: the learning rate, clipping, decay, and the state.

    `learning_rate` is a number or a schedule. `clipvalue` cuts every element of the
    gradient to ±clipvalue, `clipnorm` shortens the gradient of each weight to that
    length, `global_clipnorm` that of all weights together; at most one of the three may
    be given. `weight_decay` w shrinks all weights by the factor 1 − w·rate
    before each step.
    """

    slots: tuple[str, ...] = ()  # the names of the arrays kept for each weight
    spares = 0  # how many arrays to compute in the rule is given

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = None,
    ) -> None:
        self.name = name or type(self).__name__.lower()
        self.learning_rate = learning_rate
        self.weight_decay = _optional("weight_decay", weight_decay)
        self.clipnorm = _optional("clipnorm", clipnorm)
        self.clipvalue = _optional("clipvalue", clipvalue)
        self.global_clipnorm = _optional("global_clipnorm", global_clipnorm)
        limits = (self.clipnorm, self.clipvalue, self.global_clipnorm)
        if sum(limit is not None for limit in limits) > 1:
            raise ConfigError(
                "Give only one of clipnorm, clipvalue and global_clipnorm."
            )
        self.reset()

    def reset(self) -> None:
        """Begin anew: no steps taken, nothing remembered."""
        self.iterations = 0
        self._state: list[dict[str, Any]] = []
        self._blocks: list[Any] = []  # working memory for pieces

    # -- the learning rate

    @property
    def learning_rate(self) -> Any:
        """The rate of the next step (a number, or (R, 1) for R runs)."""
        rate = self._rate
        if isinstance(rate, schedules.LearningRateSchedule):
            return rate(self.iterations)
        return rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self._rate = _check_rate(value)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if isinstance(self._rate, schedules.LearningRateSchedule):
            config["learning_rate"] = {
                "class_name": type(self._rate).__name__,
                "config": self._rate.get_config(),
            }
        return config

    # -- taking a step

    def update(self, w: Any, g: Any, rate: Any, *spares: Any, **state: Any) -> None:
        """The textbook rule: change `w` (and the state) in place. Shapes are alike.

        `spares` are arrays to compute in, so that a step allocates nothing.
        """
        raise NotImplementedError

    def begin_step(self) -> None:
        """Compute what is the same for all weights of this step."""

    def apply_gradients(self, pairs: Iterable[tuple[Any, Tensor]]) -> None:
        """Take one step: `pairs` are (gradient, weight Tensor), always in one order.

        A gradient of None leaves its weight alone. Raises `ShapeError`, before anything
        is changed, where a gradient has not its weight's shape.
        """
        try:
            pairs = [(g, w) for g, w in pairs]
        except (TypeError, ValueError):
            raise ConfigError(
                "apply_gradients takes pairs: zip(gradients, weights)."
            ) from None
        gradients: list[Any] = []
        for i, (g, w) in enumerate(pairs):
            if not isinstance(w, Tensor):
                raise ConfigError(f"apply_gradients: weight {i} is no Tensor: {w!r}.")
            g = g.data if isinstance(g, Tensor) else g
            if g is not None and g.shape != w.shape:
                raise ShapeError(
                    f"apply_gradients: gradient {i} has shape {g.shape}, its weight "
                    f"{w.shape}."
                )
            gradients.append(g)
        live = [i for i, g in enumerate(gradients) if g is not None]
        self.apply(
            [pairs[i][1].data for i in live],
            [gradients[i] for i in live],
            keys=live,
        )
        mark_written([pairs[i][1] for i in live])

    def apply(
        self,
        weights: Sequence[Any],
        gradients: Sequence[Any],
        *,
        keys: Sequence[int] | None = None,
        parts: Sequence[Any] | None = None,
        runs: bool = False,
    ) -> None:
        """One step on arrays, in place. `keys` number the weights' states.

        `parts` are the gradients weight by weight where `gradients` are flat vectors
        (views of them), for clipping by norm. With `runs` the first axis counts
        networks, and each has norms of its own.
        """
        if not (self.clipvalue is self.clipnorm is self.global_clipnorm is None):
            gradients = self._clip(gradients, parts, runs)
        rate = self._rate
        if type(rate) is not float:
            rate = self.learning_rate
            if type(rate) is not float and weights:
                rate = backend.asarray(rate, weights[0].dtype)
        keys = range(len(weights)) if keys is None else list(keys)
        host = on_host()
        if weights and not host:
            self._make_room(keys, weights)
        self.begin_step()
        for key, w, g in zip(keys, weights, gradients, strict=True):
            state = self._state_of(key, w)
            if host and w.size > CHUNK:
                self._update_in_pieces(w, g, rate, state)
            else:
                spares = [xp.empty_like(w) for _ in range(self.spares)]
                if self.weight_decay is not None:
                    self._decay(w, rate, spares)
                self.update(w, g, rate, *spares, **state)
        self.iterations += 1

    def _update_in_pieces(self, w: Any, g: Any, rate: Any, state: Any) -> None:
        for piece in _pieces(w.shape):
            part = {name: array[piece] for name, array in state.items()}
            stretch = w[piece]
            spares = self._spares_for(stretch)
            if self.weight_decay is not None:
                self._decay(stretch, rate, spares)
            self.update(stretch, g[piece], rate, *spares, **part)

    def _decay(self, w: Any, rate: Any, spares: Any) -> None:
        # not w *= 1 - rate·decay: float32 would round that factor by a hundredth of its
        # distance from 1
        out = spares[0] if spares else None
        w -= xp.multiply(w, rate * self.weight_decay, out=out)

    def _spares_for(self, w: Any) -> list[Any]:
        """Blocks of working memory shaped like `w`: the same ones in every step."""
        blocks = self._blocks
        if not blocks or blocks[0].size < w.size or blocks[0].dtype != w.dtype:
            # np: only the host works in pieces
            blocks = [np.empty(w.size, w.dtype) for _ in range(self.spares)]
            self._blocks = blocks
        return [block[: w.size].reshape(w.shape) for block in blocks]

    def _make_room(self, keys: Sequence[int], weights: Sequence[Any]) -> None:
        """Let a device that is full say so now, while nothing is written yet.

        Room for a rule's temporaries is taken and given back to the library's pool,
        from which the rule is then served.
        """
        for key, w in zip(keys, weights, strict=True):
            self._state_of(key, w)
        largest = max(weights, key=lambda w: w.size)
        room = [xp.empty_like(largest) for _ in range(8)]
        del room

    def _state_of(self, key: int, w: Any) -> dict[str, Any]:
        while len(self._state) <= key:
            self._state.append({})
        state = self._state[key]
        if self.slots and (not state or state[self.slots[0]].shape != w.shape):
            state = self._state[key] = {
                name: xp.full_like(w, self.first(name)) for name in self.slots
            }
        return state

    def first(self, slot: str) -> float:
        """The value a state begins with."""
        return 0.0

    def _clip(
        self, gradients: Sequence[Any], parts: Sequence[Any] | None, runs: bool
    ) -> Any:
        if self.clipvalue is not None:
            limit = self.clipvalue
            gradients = [xp.clip(g, -limit, limit) for g in gradients]
        elif self.clipnorm is not None or self.global_clipnorm is not None:
            if parts is None:
                gradients = parts = [xp.array(g) for g in gradients]
            limit = self.clipnorm or self.global_clipnorm
            lengths = [xp.sqrt(_squares(g, runs)) for g in parts]
            if self.global_clipnorm is not None:
                total = xp.sqrt(sum(length * length for length in lengths))
                lengths = [total] * len(lengths)
            for g, length in zip(parts, lengths, strict=True):
                scale = limit / xp.maximum(length, limit)
                g *= scale.reshape(-1, *(1,) * (g.ndim - 1)) if runs else scale
        return gradients


def _squares(g: Any, runs: bool) -> Any:
    """The sum of squares of a gradient, or of each run's."""
    if runs:
        return (g * g).sum(axis=tuple(range(1, g.ndim)))
    flat = g.reshape(-1)
    return xp.dot(flat, flat)


@lru_cache(maxsize=64)
def _pieces(shape: tuple[int, ...]) -> list[Any]:
    """Index pieces of the last axis, each about one cache-sized chunk."""
    # of the last axis, so that a rate for each run, (R, 1), fits every piece
    columns = max(1, CHUNK * shape[-1] // math.prod(shape))
    starts = range(0, shape[-1], columns)
    return [(..., slice(i, i + columns)) for i in starts]


def _optional(name: str, value: float | None) -> float | None:
    return None if value is None else check_number(name, value, low=0)


def _check_rate(value: Any) -> Any:
    if isinstance(value, schedules.LearningRateSchedule):
        return value
    if isinstance(value, dict) and "class_name" in value:
        return schedules.get(value)
    if (isinstance(value, np.ndarray) and value.ndim > 0) or backend.is_array(value):
        host = backend.to_numpy(value)
        if not (np.isfinite(host) & (host >= 0)).all():
            raise ConfigError("Every learning_rate must be finite and at least 0.")
        return value
    return check_number("learning_rate", value, low=0)
