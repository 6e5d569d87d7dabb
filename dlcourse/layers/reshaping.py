"""Layers that change shapes, look up rows, add noise, or only apply a function.

Read ``merging.py`` next.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import backend, initializers, ops, regularizers
from ..backend import xp
from ..errors import ConfigError, ShapeError, check_count, check_number
from ..modes import warn_if_looking
from .base import Layer
from .symbol import Shape

__all__ = [
    "ELU",
    "Embedding",
    "GaussianNoise",
    "LeakyReLU",
    "PReLU",
    "Permute",
    "ReLU",
    "Reshape",
    "Softmax",
]


class Reshape(Layer):
    """The elements of each sample in another shape; one entry may be −1."""

    def __init__(self, target_shape: Sequence[int], **keywords: Any) -> None:
        super().__init__(**keywords)
        self.target_shape = tuple(target_shape)
        if sum(n == -1 for n in self.target_shape) > 1:
            raise ConfigError(f"Only one entry may be -1, not {self.target_shape}.")

    def call(self, x, training=False):
        return ops.reshape(x, (x.shape[0], *self._filled(x.shape[1:])))

    def _filled(self, sizes: Shape) -> tuple[int, ...]:
        total = math.prod(sizes)  # type: ignore[arg-type]
        known = math.prod(n for n in self.target_shape if n != -1)
        missing = total // known if known else 0
        shape = tuple(missing if n == -1 else n for n in self.target_shape)
        if math.prod(shape) != total:
            raise ShapeError(
                f"Reshape: {tuple(sizes)} holds {total} elements, which do not fit "
                f"{self.target_shape}."
            )
        return shape

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if None in input_shape[1:]:
            shape = (None if n == -1 else n for n in self.target_shape)
            return (input_shape[0], *shape)
        return (input_shape[0], *self._filled(input_shape[1:]))


class Permute(Layer):
    """The axes of each sample in another order; they count from 1 (the batch is 0)."""

    def __init__(self, dims: Sequence[int], **keywords: Any) -> None:
        super().__init__(**keywords)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ConfigError(f"dims must be an order of 1 … n, not {dims!r}.")

    def call(self, x, training=False):
        return ops.transpose(x, (0, *self.dims))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) != len(self.dims) + 1:
            raise ShapeError(f"Permute{self.dims} does not fit {tuple(input_shape)}.")
        return (input_shape[0], *(input_shape[d] for d in self.dims))


class Embedding(Layer):
    """A row of a table for each whole number: (N, …) to (N, …, output_dim)."""

    reads_indices = True

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        **keywords: Any,
    ) -> None:
        super().__init__(**keywords)
        self.input_dim = check_count("input_dim", input_dim)
        self.output_dim = check_count("output_dim", output_dim)
        if embeddings_initializer == "uniform":
            embeddings_initializer = initializers.RandomUniform()
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)

    def build(self, input_shape: Shape) -> None:
        self.embeddings = self.add_weight(
            (self.input_dim, self.output_dim),
            self.embeddings_initializer,
            "embeddings",
            regularizer=self.embeddings_regularizer,
        )

    def call(self, x, training=False):
        return ops.embedding(x, self.embeddings)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape, self.output_dim)


class GaussianNoise(Layer):
    """In training, add normal noise of deviation `stddev`; otherwise do nothing."""

    def __init__(self, stddev: float, seed: int | None = None, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.stddev = check_number("stddev", stddev, low=0)
        self.seed = seed
        self._generator = None if seed is None else backend.make_rng(seed)

    def call(self, x, training=False):
        if not training or self.stddev == 0:
            return x
        warn_if_looking(
            "adds noise, as in training: the numbers change from call to call."
        )
        noise = backend.make_rng(self._generator).normal(0, self.stddev, x.shape)
        return x + xp.asarray(noise.astype(str(x.dtype)))


class ReLU(Layer):
    """max(0, x), with Keras's extras: a slope below, a ceiling, a threshold."""

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **keywords: Any,
    ) -> None:
        super().__init__(**keywords)
        self.max_value = (
            None if max_value is None else check_number("max_value", max_value, low=0)
        )
        self.negative_slope = check_number("negative_slope", negative_slope, low=0)
        self.threshold = check_number("threshold", threshold, low=0)

    def call(self, x, training=False):
        if self.negative_slope == 0 and self.threshold == 0:
            y = ops.relu(x)
        else:
            below = self.negative_slope * (x - self.threshold)
            y = ops.where(x.data > self.threshold, x, below)
        return y if self.max_value is None else ops.minimum(y, self.max_value)


class LeakyReLU(Layer):
    """x where positive, negative_slope·x elsewhere."""

    def __init__(self, negative_slope: float = 0.3, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.negative_slope = check_number("negative_slope", negative_slope, low=0)

    def call(self, x, training=False):
        return ops.leaky_relu(x, negative_slope=self.negative_slope)


class PReLU(Layer):
    """A leaky ReLU whose slopes, one for each input, are learned (He et al., 2015).

    `shared_axes` names axes (from 1) along which a slope is shared.
    """

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        shared_axes: Any = None,
        **keywords: Any,
    ) -> None:
        super().__init__(**keywords)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        shared = [shared_axes] if isinstance(shared_axes, int) else shared_axes
        self.shared_axes = None if shared is None else tuple(shared)

    def build(self, input_shape: Shape) -> None:
        shape = list(input_shape[1:])
        for axis in self.shared_axes or ():
            shape[axis - 1] = 1
        if None in shape:
            raise ShapeError(
                f"PReLU needs to know the sizes of {tuple(input_shape)}, or to share "
                "them: shared_axes."
            )
        self.alpha = self.add_weight(
            shape, self.alpha_initializer, "alpha", regularizer=self.alpha_regularizer
        )

    def _check_sizes(self, input_shape: Shape) -> None:
        sizes = zip(self.alpha.shape, input_shape[1:], strict=False)
        if len(input_shape) != self.alpha.ndim + 1 or any(
            a not in (1, n) for a, n in sizes
        ):
            raise ShapeError(
                f"{self.name} was built for slopes {self.alpha.shape}, but the "
                f"input is {tuple(input_shape)}."
            )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if self.built:
            self._check_sizes(input_shape)
        return tuple(input_shape)

    def call(self, x, training=False):
        self._check_sizes(x.shape)
        return ops.relu(x) - self.alpha * ops.relu(-x)


class ELU(Layer):
    """x where positive, alpha·(eˣ − 1) elsewhere."""

    def __init__(self, alpha: float = 1.0, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.alpha = check_number("alpha", alpha)

    def call(self, x, training=False):
        return ops.elu(x, alpha=self.alpha)


class Softmax(Layer):
    """Scores to probabilities along `axis`."""

    def __init__(self, axis: int = -1, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.axis = axis

    def call(self, x, training=False):
        return ops.softmax(x, axis=self.axis)
