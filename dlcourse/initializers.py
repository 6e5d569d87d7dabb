"""How weights begin: the distribution each one is drawn from.

What matters is the variance. A unit that sums ``fan_in`` inputs multiplies their
variance by fan_in · Var(w): Glorot and He choose Var(w) so that a signal neither fades
nor explodes on its way through the layers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import backend
from .config import Configurable, resolve
from .errors import ConfigError, check_number

PIECE = 16384  # numbers drawn at a time: 128 kB of float64, which stay in the cache

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "get",
]


def fans(shape: tuple[int, ...]) -> tuple[float, float]:
    """(fan_in, fan_out): how many inputs a unit sums, how many units an input feeds.

    A dense kernel is (in, out); in a convolution (*window, in, out) each counts once
    for every place of the window.
    """
    if len(shape) < 2:
        n = float(shape[0]) if shape else 1.0
        return n, n
    window = math.prod(shape[:-2])
    return float(shape[-2] * window), float(shape[-1] * window)


class Initializer(Configurable):
    """Makes the first values of a weight: ``initializer(shape)`` gives a NumPy array.

    With `seed` it draws the same numbers every time it is asked; without, it draws from
    the course's generator (see `dl.manual_seed`).
    """

    def __init__(self, seed: int | None = None) -> None:
        self.seed = seed
        backend.make_rng(seed)  # a wrong seed is refused now, not at the first build

    def __call__(
        self, shape: Any, dtype: Any = "float32", rng: Any = None
    ) -> np.ndarray:
        shape = tuple(int(n) for n in shape)
        rng = backend.make_rng(rng if self.seed is None else self.seed)
        bounds = self.bounds(shape)
        if bounds is not None:
            return _uniform(*bounds, shape, dtype, rng)
        return np.array(self.draw(shape, rng), dtype=dtype)  # nobody else's

    def bounds(self, shape: tuple[int, ...]) -> tuple[float, float] | None:
        """Between what the values lie evenly; None of any other distribution."""
        return None

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
        """The values, as float64; asked of what is not uniform."""
        raise NotImplementedError


def _uniform(
    low: float,
    high: float,
    shape: tuple[int, ...],
    dtype: Any,
    rng: np.random.Generator,
) -> np.ndarray:
    """Drawn as float64 in pieces, so that the whole is never in memory twice.

    The numbers are those of ``rng.uniform(low, high, shape)``. 401,408 of them in a
    fresh process: 2.0 instead of 3.3 ms, for each new 4 kB cost a page fault.
    """
    values = np.empty(shape, dtype)
    flat = values.reshape(-1)
    buffer = np.empty(min(PIECE, flat.size))
    for start in range(0, flat.size, PIECE):
        piece = flat[start : start + PIECE]
        numbers = rng.random(out=buffer[: piece.size])
        numbers *= high - low
        numbers += low
        piece[:] = numbers
    return values


class Zeros(Initializer):
    """All 0: right for a bias, fatal for a kernel (all units stay alike)."""

    def __init__(self) -> None:
        super().__init__()

    def draw(self, shape, rng):
        return np.zeros(shape)


class Ones(Initializer):
    """All 1."""

    def __init__(self) -> None:
        super().__init__()

    def draw(self, shape, rng):
        return np.ones(shape)


class Constant(Initializer):
    """All one number."""

    def __init__(self, value: float = 0.0) -> None:
        super().__init__()
        self.value = check_number("Constant value", value)

    def draw(self, shape, rng):
        return np.full(shape, self.value)


class RandomNormal(Initializer):
    """Normal numbers of a fixed mean and standard deviation."""

    def __init__(
        self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None
    ) -> None:
        super().__init__(seed)
        self.mean = check_number("mean", mean)
        self.stddev = check_number("stddev", stddev, low=0)

    def draw(self, shape, rng):
        return rng.normal(self.mean, self.stddev, shape)


class RandomUniform(Initializer):
    """Numbers spread evenly between two bounds."""

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None
    ) -> None:
        super().__init__(seed)
        self.minval = check_number("minval", minval)
        self.maxval = check_number("maxval", maxval, low=self.minval)

    def bounds(self, shape):
        return self.minval, self.maxval


class TruncatedNormal(RandomNormal):
    """Normal numbers, drawn again where they lie more than two deviations off."""

    def draw(self, shape, rng):
        return self.mean + self.stddev * _truncated(shape, rng)


def _truncated(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    values = rng.standard_normal(shape)
    while (far := np.abs(values) > 2).any():
        values[far] = rng.standard_normal(int(far.sum()))
    return values


class VarianceScaling(Initializer):
    """Var(w) = scale / n, where n is fan_in, fan_out or their average.

    `mode` is "fan_in", "fan_out" or "fan_avg"; `distribution` "truncated_normal",
    "untruncated_normal" or "uniform".
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ) -> None:
        super().__init__(seed)
        self.scale = check_number("scale", scale, low=0, open_low=True)
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ConfigError(
                f"VarianceScaling mode must be 'fan_in', 'fan_out' or 'fan_avg', not "
                f"{mode!r}."
            )
        known = ("truncated_normal", "untruncated_normal", "uniform")
        if distribution not in known:
            raise ConfigError(
                f"VarianceScaling distribution must be one of {known}, not "
                f"{distribution!r}."
            )
        self.mode = mode
        self.distribution = distribution

    def _variance(self, shape: tuple[int, ...]) -> float:
        fan_in, fan_out = fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
        return self.scale / max(1.0, n[self.mode])

    def bounds(self, shape):
        if self.distribution != "uniform":
            return None
        bound = math.sqrt(3 * self._variance(shape))
        return -bound, bound  # the variance of such numbers is bound²/3

    def draw(self, shape, rng):
        deviation = math.sqrt(self._variance(shape))
        if self.distribution == "untruncated_normal":
            return rng.normal(0, deviation, shape)
        # cutting at two deviations shrinks the standard deviation to 0.8796
        return deviation / 0.87962566103423978 * _truncated(shape, rng)


class GlorotUniform(VarianceScaling):
    """Var(w) = 2 / (fan_in + fan_out), uniform (Glorot and Bengio, 2010)."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed)


class GlorotNormal(VarianceScaling):
    """Var(w) = 2 / (fan_in + fan_out), normal (Glorot and Bengio, 2010)."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed)


class HeUniform(VarianceScaling):
    """Var(w) = 2 / fan_in, uniform: for ReLU, which stops half the signal."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(2.0, "fan_in", "uniform", seed)


class HeNormal(VarianceScaling):
    """Var(w) = 2 / fan_in, normal (He et al., 2015)."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(2.0, "fan_in", "truncated_normal", seed)


class LecunUniform(VarianceScaling):
    """Var(w) = 1 / fan_in, uniform (LeCun et al., 1998)."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_in", "uniform", seed)


class LecunNormal(VarianceScaling):
    """Var(w) = 1 / fan_in, normal (LeCun et al., 1998)."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_in", "truncated_normal", seed)


class Orthogonal(Initializer):
    """A random orthogonal matrix: it turns a signal without stretching it."""

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        super().__init__(seed)
        self.gain = check_number("gain", gain)

    def draw(self, shape, rng):
        if len(shape) < 2:
            raise ConfigError(f"Orthogonal needs at least two axes, not shape {shape}.")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(
            rng.standard_normal((max(rows, columns), min(rows, columns)))
        )
        q = q * np.sign(np.diag(r))  # otherwise some directions are preferred
        return self.gain * (q if rows >= columns else q.T).reshape(shape)


class Identity(Initializer):
    """The identity matrix, times `gain`."""

    def __init__(self, gain: float = 1.0) -> None:
        super().__init__()
        self.gain = check_number("gain", gain)

    def draw(self, shape, rng):
        if len(shape) != 2:
            raise ConfigError(f"Identity needs a matrix, not shape {shape}.")
        return self.gain * np.eye(*shape)


def get(initializer: Any) -> Initializer | Any:
    """The initializer of that name, e.g. "glorot_uniform"; an initializer as it is."""
    return resolve(
        "initializer", initializer, Initializer, globals(), __all__, functions=True
    )
