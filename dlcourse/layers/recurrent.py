"""Recurrent layers: the same weights at every step of a sequence.

Input (N, T, D); the last hidden state (N, U) comes out, or all of them (N, T, U) with
``return_sequences``. The number of parameters does not depend on the length. Read
``wrappers.py`` next.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import initializers, ops, regularizers
from ..backend import xp
from ..errors import ConfigError, ShapeError, check_count
from ..ops.kernels.lstm import lstm_hidden
from ..ops.kernels.recurrent import ACTIVATIONS
from ..tensor import Tensor
from . import activations
from .base import Layer
from .symbol import Shape, check_width

__all__ = ["GRU", "LSTM", "SimpleRNN"]


class Recurrent(Layer):
    """Weights and calling conventions of the three recurrent layers."""

    gates = 1
    states = 1

    def __init__(
        self,
        units: int,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        **keywords: Any,
    ) -> None:
        super().__init__(**keywords)
        self.units = check_count("units", units)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.return_sequences = bool(return_sequences)
        self.return_state = bool(return_state)
        self.go_backwards = bool(go_backwards)
        self.bias = None

    def build(self, input_shape: Shape) -> None:
        if len(input_shape) != 3 or input_shape[-1] is None:
            raise ShapeError(
                f"{type(self).__name__} needs sequences (batch, steps, features), not "
                f"{tuple(input_shape)}."
            )
        width = self.gates * self.units
        self.kernel = self.add_weight(
            (input_shape[-1], width),
            self.kernel_initializer,
            "kernel",
            regularizer=self.kernel_regularizer,
        )
        self.recurrent_kernel = self.add_weight(
            (self.units, width),
            self.recurrent_initializer,
            "recurrent_kernel",
            regularizer=self.recurrent_regularizer,
        )
        if self.use_bias:
            self.bias = self.add_weight(
                self.bias_shape(),
                self.first_bias(),
                "bias",
                regularizer=self.bias_regularizer,
            )

    def bias_shape(self) -> tuple[int, ...]:
        """The shape of the bias."""
        return (self.gates * self.units,)

    def first_bias(self) -> Any:
        """How the bias begins."""
        return self.bias_initializer

    def run(self, x: Any, states: list[Any]) -> list[Any]:
        """All hidden states (N, T, U); with ``return_state`` the others likewise."""
        raise NotImplementedError

    def call(self, x, training=False, initial_state=None):
        check_width(self.name, -1, self.kernel.shape[0], x.shape)
        if x.shape[1] == 0:
            raise ShapeError(f"{self.name}: the sequences are empty (no steps).")
        states = initial_state
        if states is None:
            zeros = Tensor(xp.zeros((x.shape[0], self.units), x.dtype))
            states = [zeros] * self.states
        states = list(states) if isinstance(states, (list, tuple)) else [states]
        if len(states) != self.states:
            raise ShapeError(
                f"{self.name} has {self.states} state(s), but {len(states)} were given."
            )
        paths = self.run(ops.flip(x, axis=1) if self.go_backwards else x, states)
        y = paths[0] if self.return_sequences else paths[0][:, -1]
        return [y, *(path[:, -1] for path in paths)] if self.return_state else y

    def compute_output_shape(self, input_shape: Shape) -> Any:
        if self.built:
            check_width(self.name, -1, self.kernel.shape[0], input_shape)
        n, steps = input_shape[:2]
        y = (n, steps, self.units) if self.return_sequences else (n, self.units)
        return [y, *[(n, self.units)] * self.states] if self.return_state else y


class SimpleRNN(Recurrent):
    """h ← activation(x·kernel + h·recurrent_kernel + bias): a short memory."""

    def __init__(self, units: int, activation: Any = "tanh", **keywords: Any) -> None:
        super().__init__(units, **keywords)
        self.activation = activations.get(activation)
        if self.activation.__name__ not in ACTIVATIONS:
            known = ", ".join(ACTIVATIONS)
            raise ConfigError(
                f"SimpleRNN takes one of {known}, not {self.activation.__name__!r}."
            )

    def run(self, x, states):
        hidden = ops.rnn(
            x,
            states[0],
            self.kernel,
            self.recurrent_kernel,
            self.bias,
            activation=self.activation.__name__,
        )
        return [hidden]


class _ForgetBias(initializers.Initializer):
    """The LSTM's bias: 1 for the forget gate, so that it remembers at first."""

    def __init__(self, units: int, rest: Any) -> None:
        super().__init__()
        self.units, self.rest = units, rest

    def draw(self, shape, rng):
        bias = np.array(self.rest(shape, rng=rng), float)
        bias[self.units : 2 * self.units] = 1.0
        return bias


class LSTM(Recurrent):
    """Long short-term memory: gates decide what is written, kept and read.

    4·U·(D + U + 1) parameters; gates in the order i, f, c, o; states (h, c).
    """

    gates = 4
    states = 2

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        unit_forget_bias: bool = True,
        **keywords: Any,
    ) -> None:
        super().__init__(units, **keywords)
        self.activation, self.recurrent_activation = _fixed(
            type(self).__name__, activation, recurrent_activation
        )
        self.unit_forget_bias = bool(unit_forget_bias)

    def first_bias(self):
        if not self.unit_forget_bias:
            return self.bias_initializer
        return _ForgetBias(self.units, self.bias_initializer)

    def run(self, x, states):
        weights = self.kernel, self.recurrent_kernel, self.bias
        if self.return_state:
            return list(ops.lstm(x, *states, *weights))
        return [lstm_hidden(x, *states, *weights)]


class GRU(Recurrent):
    """Gated recurrent unit: one state, two gates; order z, r, h."""

    gates = 3

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        reset_after: bool = True,
        **keywords: Any,
    ) -> None:
        super().__init__(units, **keywords)
        self.activation, self.recurrent_activation = _fixed(
            type(self).__name__, activation, recurrent_activation
        )
        self.reset_after = bool(reset_after)

    def bias_shape(self):
        width = self.gates * self.units
        return (2, width) if self.reset_after else (width,)

    def run(self, x, states):
        hidden = ops.gru(
            x,
            states[0],
            self.kernel,
            self.recurrent_kernel,
            self.bias,
            reset_after=self.reset_after,
        )
        return [hidden]


def _fixed(name: str, activation: Any, recurrent: Any) -> tuple[Any, Any]:
    """The gated layers' fused kernels know tanh and sigmoid only."""
    functions = activations.get(activation), activations.get(recurrent)
    if functions != (ops.tanh, ops.sigmoid):
        raise ConfigError(
            f"{name} has activation='tanh' and recurrent_activation='sigmoid' only."
        )
    return functions
