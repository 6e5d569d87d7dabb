"""The layers of a multilayer perceptron: dense, activation, dropout, flatten.

Read ``models/sequential.py`` next.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import backend, initializers, ops, regularizers
from ..errors import ShapeError, check_count, check_number
from ..ops.kernels.fused import fused_name
from . import activations
from .base import Layer
from .symbol import Shape, check_width

__all__ = ["Activation", "Dense", "Dropout", "Flatten", "InputLayer"]


class InputLayer(Layer):
    """The first entry of a Sequential model: says what shape comes in."""

    def __init__(
        self, shape: Any, *, batch_size: int | None = None, **keywords: Any
    ) -> None:
        keywords["input_shape"] = shape
        super().__init__(**keywords)
        self.shape = self.input_shape
        self.batch_size = batch_size

    def call(self, x, training=False):
        return x


class Dense(Layer):
    """Every output is connected to every input: y = activation(x·w + b).

    Shapes: x (…, in), kernel w (in, units), bias b (units,), y (…, units);
    (in + 1)·units parameters. Source: lecture "dense layers".

    >>> layer = Dense(3, input_shape=(2,))
    >>> layer([[1.0, 2.0]]).shape, layer.count_params()
    ((1, 3), 9)
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        **keywords: Any,
    ) -> None:
        super().__init__(**keywords)
        self.units = check_count("units", units)
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel = self.bias = None

    def build(self, input_shape: Shape) -> None:
        if len(input_shape) < 2 or input_shape[-1] is None:
            raise ShapeError(
                f"Dense needs inputs of shape (batch, features), not {input_shape}; "
                "one sample alone is x[None, :]."
            )
        self.kernel = self.add_weight(
            (input_shape[-1], self.units),
            self.kernel_initializer,
            "kernel",
            regularizer=self.kernel_regularizer,
        )
        if self.use_bias:
            self.bias = self.add_weight(
                (self.units,),
                self.bias_initializer,
                "bias",
                regularizer=self.bias_regularizer,
            )

    def call(self, x, training=False):
        kernel = self.kernel
        if x.shape[-1:] != kernel.data.shape[-2:-1]:
            check_width(self.name, -1, kernel.shape[-2], x.shape)
        weights = (kernel, self.bias) if self.use_bias else (kernel,)
        return activations.after(ops.linear, self.activation, x, *weights)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if self.kernel is not None:
            check_width(self.name, -1, self.kernel.shape[-2], input_shape)
        return (*input_shape[:-1], self.units)


class Activation(Layer):
    """Apply a function to each element: ``Activation("relu")``."""

    def __init__(self, activation: Any, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.activation: Callable[[Any], Any] = activations.get(activation)

    def call(self, x, training=False):
        return self.activation(x)


def fusable(layer: Layer | None) -> str | None:
    """What this layer does, if the kernel of the layer before it can do it as well."""
    if type(layer) is not Activation or "call" in vars(layer):
        return None
    return fused_name(layer.activation)


class Dropout(Layer):
    """In training, silence a random share of the inputs; otherwise do nothing.

    What remains is scaled by 1/(1 − rate), so the expectation is kept and nothing has
    to change at test time. With `seed` the layer draws from a generator of its own.
    Source: Srivastava et al. (2014); lecture "regularization".
    """

    def __init__(self, rate: float, seed: int | None = None, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.rate = check_number("rate", rate, low=0, high=1, open_high=True)
        self.seed = seed
        self._generator = None if seed is None else backend.make_rng(seed)

    def call(self, x, training=False):
        return ops.dropout(x, self.rate, training=training, seed=self._generator)


class Flatten(Layer):
    """Lay the axes of each sample out in one line: (N, …) becomes (N, product)."""

    def call(self, x, training=False):
        return ops.reshape(x, (x.shape[0], math.prod(x.shape[1:])))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        sizes = input_shape[1:]
        return (input_shape[0], None if None in sizes else int(np.prod(sizes)))
