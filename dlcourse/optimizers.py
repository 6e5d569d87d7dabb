"""How a gradient becomes a step: from plain descent to Adam.

Each optimizer's textbook rule, ``update``, is written once, on arrays, in place. `apply`
calls it on pieces of the weights that fit the processor's cache. A compiled model keeps all
its weights in one flat vector θ, so there ``w`` is a stretch of θ and ``g`` the same
stretch of its gradient; with R networks trained at once θ is (R, P), and the learning rate
may be an array of shape (R, 1).

The formulas and defaults are Keras 3's. The optimizer *uses* what backpropagation has
computed; it does not implement it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from . import backend, schedules
from .autodiff import mark_written
from .backend import xp
from .config import Configurable, resolve
from .errors import ConfigError, ShapeError, check_number
from .tensor import Tensor

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "get",
]

CHUNK = 32768  # floats: weights, gradient and two states of them stay in a 1 MB cache


class Optimizer(Configurable):
    """What all optimizers share: the learning rate, clipping, decay, and the state.

    `learning_rate` is a number or a schedule. `clipvalue` cuts every element of the
    gradient to ±clipvalue, `clipnorm` shortens the gradient of each weight to that
    length, `global_clipnorm` that of all weights together; at most one of the two
    norms may be given. `weight_decay` w shrinks all weights by the factor 1 − w·rate
    before each step.
    """

    slots: tuple[str, ...] = ()  # the names of the arrays kept for each weight

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
        if self.clipnorm is not None and self.global_clipnorm is not None:
            raise ConfigError("Give clipnorm or global_clipnorm, not both.")
        self.iterations = 0
        self._state: list[dict[str, Any]] = []

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

    def update(self, w: Any, g: Any, rate: Any, **state: Any) -> None:
        """The textbook rule: change `w` (and the state) in place. Shapes are alike."""
        raise NotImplementedError

    def begin_step(self) -> None:
        """Compute what is the same for all weights of this step."""

    def apply_gradients(self, pairs: Iterable[tuple[Any, Tensor]]) -> None:
        """Take one step: `pairs` are (gradient, weight Tensor), always in one order.

        A gradient of None leaves its weight alone. Raises `ShapeError`, before anything
        is changed, where a gradient has not its weight's shape.
        """
        pairs = [(g, w) for g, w in pairs]
        gradients: list[Any] = []
        for i, (g, w) in enumerate(pairs):
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
    ) -> None:
        """One step on arrays, in place. `keys` number the weights' states.

        `parts` are the gradients weight by weight where `gradients` are flat vectors
        (views of them), for clipping by norm.
        """
        gradients = self._clip(gradients, parts)
        rate = self.learning_rate
        if not isinstance(rate, float) and weights:
            rate = backend.asarray(rate, weights[0].dtype)
        self.begin_step()
        keys = range(len(weights)) if keys is None else keys
        for key, w, g in zip(keys, weights, gradients, strict=True):
            state = self._state_of(key, w)
            for piece in _pieces(w):
                part = {name: array[piece] for name, array in state.items()}
                stretch = w[piece]
                if self.weight_decay is not None:
                    stretch -= stretch * (rate * self.weight_decay)
                self.update(stretch, g[piece], rate, **part)
        self.iterations += 1

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

    def _clip(self, gradients: Sequence[Any], parts: Sequence[Any] | None) -> Any:
        if self.clipvalue is not None:
            limit = self.clipvalue
            gradients = [xp.clip(g, -limit, limit) for g in gradients]
        elif self.clipnorm is not None or self.global_clipnorm is not None:
            if parts is None:
                gradients = parts = [xp.array(g) for g in gradients]
            limit = self.clipnorm or self.global_clipnorm
            lengths = [xp.sqrt(xp.square(g).sum()) for g in parts]
            if self.global_clipnorm is not None:
                total = xp.sqrt(sum(length * length for length in lengths))
                lengths = [total] * len(lengths)
            for g, length in zip(parts, lengths, strict=True):
                g *= limit / xp.maximum(length, limit)
        return gradients


def _pieces(w: Any) -> list[Any]:
    """Index pieces of the last or first axis, each about one cache-sized chunk."""
    if w.size <= CHUNK or backend.get_backend() != "numpy":
        return [...]
    if w.ndim == 1:
        return [slice(i, i + CHUNK) for i in range(0, w.size, CHUNK)]
    rows = max(1, CHUNK * w.shape[0] // w.size)
    return [slice(i, i + rows) for i in range(0, w.shape[0], rows)]


def _optional(name: str, value: float | None) -> float | None:
    return None if value is None else check_number(name, value, low=0)


def _check_rate(value: Any) -> Any:
    if isinstance(value, schedules.LearningRateSchedule):
        return value
    if isinstance(value, dict):
        return schedules.get(value)
    if (isinstance(value, np.ndarray) and value.ndim > 0) or backend.is_array(value):
        host = backend.to_numpy(value)
        if not (np.isfinite(host) & (host >= 0)).all():
            raise ConfigError("Every learning_rate must be finite and at least 0.")
        return value
    return check_number("learning_rate", value, low=0)


class SGD(Optimizer):
    """Gradient descent, w ← w − rate·g; with momentum a ball that keeps rolling.

    With momentum m the velocity v ← m·v − rate·g is added to w; `nesterov` looks
    ahead and adds m·v − rate·g. Source: Robbins and Monro (1951), Polyak (1964),
    Nesterov (1983); lecture "gradient descent".
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: Any = 0.0,
        nesterov: bool = False,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, name
        )
        self.momentum = check_number("momentum", momentum, low=0, high=1)
        self.nesterov = bool(nesterov)

    @property
    def slots(self) -> tuple[str, ...]:  # type: ignore[override]
        plain = isinstance(self.momentum, float) and self.momentum == 0
        return () if plain else ("velocity",)

    def update(self, w, g, rate, velocity=None):
        if velocity is None:
            w -= rate * g
            return
        velocity *= self.momentum
        velocity -= rate * g
        if self.nesterov:
            w += self.momentum * velocity - rate * g
        else:
            w += velocity


class Adagrad(Optimizer):
    """A rate for each weight, falling with the squares it has seen: w −= rate·g/√Σg².

    Source: Duchi, Hazan and Singer (2011).
    """

    slots = ("accumulator",)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, name
        )
        self.initial_accumulator_value = check_number(
            "initial_accumulator_value", initial_accumulator_value, low=0
        )
        self.epsilon = check_number("epsilon", epsilon, low=0)

    def first(self, slot):
        return self.initial_accumulator_value

    def update(self, w, g, rate, accumulator):
        accumulator += g * g
        w -= rate * g / xp.sqrt(accumulator + self.epsilon)


class Adadelta(Optimizer):
    """Steps measured in the weight's own units: no rate to choose (Zeiler, 2012).

    G ← ρG + (1−ρ)g²; d = g·√(D + ε)/√(G + ε); D ← ρD + (1−ρ)d²; w −= rate·d.
    """

    slots = ("gradients", "deltas")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, name
        )
        self.rho = check_number("rho", rho, low=0, high=1)
        self.epsilon = check_number("epsilon", epsilon, low=0)

    def update(self, w, g, rate, gradients, deltas):
        rho, epsilon = self.rho, self.epsilon
        gradients *= rho
        gradients += (1 - rho) * (g * g)
        delta = g * xp.sqrt(deltas + epsilon) / xp.sqrt(gradients + epsilon)
        deltas *= rho
        deltas += (1 - rho) * (delta * delta)
        w -= rate * delta


class RMSprop(Optimizer):
    """Divide by a running mean of the gradient's size: w −= rate·g/√(v + ε).

    v ← ρv + (1−ρ)g²; `centered` subtracts the running mean's square; `momentum`
    accumulates the steps. Source: Tieleman and Hinton (2012).
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, name
        )
        self.rho = check_number("rho", rho, low=0, high=1)
        self.momentum = check_number("momentum", momentum, low=0, high=1)
        self.epsilon = check_number("epsilon", epsilon, low=0)
        self.centered = bool(centered)
        self.slots = (
            "velocity",
            *(("average",) if self.centered else ()),
            *(("step",) if self.momentum > 0 else ()),
        )

    def update(self, w, g, rate, velocity, average=None, step=None):
        rho = self.rho
        velocity *= rho
        velocity += (1 - rho) * (g * g)
        size = velocity + self.epsilon
        if average is not None:
            average *= rho
            average += (1 - rho) * g
            size -= average * average
        increment = rate * g / xp.sqrt(size)
        if step is None:
            w -= increment
        else:
            step *= self.momentum
            step += increment
            w -= step


class Adam(Optimizer):
    """Momentum and a rate for each weight, both corrected for their empty start.

    m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², and with t the number of the step
    w −= rate·√(1−β₂ᵗ)/(1−β₁ᵗ) · m/(√v + ε). `amsgrad` divides by the largest v so
    far. Source: Kingma and Ba (2015); lecture "adaptive learning rates".
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, name
        )
        self.beta_1 = check_number("beta_1", beta_1, low=0, high=1, open_high=True)
        self.beta_2 = check_number("beta_2", beta_2, low=0, high=1, open_high=True)
        self.epsilon = check_number("epsilon", epsilon, low=0)
        self.amsgrad = bool(amsgrad)
        self.slots = ("m", "v", "v_max") if self.amsgrad else ("m", "v")

    def begin_step(self):
        t = self.iterations + 1
        self._correction = (1 - self.beta_2**t) ** 0.5 / (1 - self.beta_1**t)

    def update(self, w, g, rate, m, v, v_max=None):
        m += (1 - self.beta_1) * (g - m)
        v += (1 - self.beta_2) * (g * g - v)
        if v_max is not None:
            xp.maximum(v_max, v, out=v_max)
            v = v_max
        step = xp.sqrt(v)
        step += self.epsilon
        xp.divide(m, step, out=step)
        step *= rate * self._correction
        w -= step


class AdamW(Adam):
    """Adam with the weight decay kept out of the averages (Loshchilov, Hutter, 2019)."""

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            learning_rate,
            beta_1,
            beta_2,
            epsilon,
            amsgrad,
            weight_decay,
            clipnorm,
            clipvalue,
            global_clipnorm,
            name,
        )


class Nadam(Optimizer):
    """Adam with Nesterov's look ahead (Dozat, 2016)."""

    slots = ("m", "v")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, name
        )
        self.beta_1 = check_number("beta_1", beta_1, low=0, high=1, open_high=True)
        self.beta_2 = check_number("beta_2", beta_2, low=0, high=1, open_high=True)
        self.epsilon = check_number("epsilon", epsilon, low=0)
        self._product = 1.0  # of the momenta so far

    def begin_step(self):
        t = self.iterations + 1
        now = self.beta_1 * (1 - 0.5 * 0.96**t)
        then = self.beta_1 * (1 - 0.5 * 0.96 ** (t + 1))
        self._product *= now
        self._m_share = then / (1 - self._product * then)
        self._g_share = (1 - now) / (1 - self._product)
        self._v_share = 1 / (1 - self.beta_2**t)

    def update(self, w, g, rate, m, v):
        m += (1 - self.beta_1) * (g - m)
        v += (1 - self.beta_2) * (g * g - v)
        mean = self._m_share * m + self._g_share * g
        w -= rate * mean / (xp.sqrt(self._v_share * v) + self.epsilon)


def get(optimizer: Any) -> Optimizer:
    """The optimizer of that name with its defaults ("adam"); an optimizer as it is."""
    return resolve(
        "optimizer", optimizer, Optimizer, globals(), __all__, spell=str.lower
    )
