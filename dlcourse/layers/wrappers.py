"""Layers around a layer: both directions, and every step alike.

Read ``attention.py`` next.
"""

from __future__ import annotations

import copy
from typing import Any

from .. import ops
from ..errors import ConfigError, ShapeError
from .base import Layer
from .recurrent import Recurrent
from .symbol import Shape

__all__ = ["Bidirectional", "TimeDistributed"]


class Bidirectional(Layer):
    """A recurrent layer read forwards and a twin read backwards, put together.

    `merge_mode` is "concat", "sum", "mul", "ave" or None (a list of both).
    """

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        backward_layer: Any = None,
        **keywords: Any,
    ) -> None:
        super().__init__(**keywords)
        modes = ("concat", "sum", "mul", "ave", None)
        if not isinstance(layer, Recurrent):
            raise ConfigError("Bidirectional needs a recurrent layer, e.g. LSTM(32).")
        if merge_mode not in modes:
            raise ConfigError(f"merge_mode must be one of {modes}, not {merge_mode!r}.")
        self.merge_mode = merge_mode
        self.forward_layer = layer
        if backward_layer is None:
            backward_layer = copy.deepcopy(layer)
            backward_layer.name = f"backward_{layer.name}"
            backward_layer.go_backwards = not layer.go_backwards
        self.backward_layer = backward_layer

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        for name in ("layer", "backward_layer"):
            layer = self.forward_layer if name == "layer" else self.backward_layer
            config[name] = {
                "class_name": type(layer).__name__,
                "config": layer.get_config(),
            }
        return config

    @classmethod
    def from_config(cls, config: Any) -> Bidirectional:
        return super().from_config(_with_layers(config, "layer", "backward_layer"))

    def build(self, input_shape: Shape) -> None:
        for layer in (self.forward_layer, self.backward_layer):
            if not layer.built:
                layer._build_once(input_shape)

    def call(self, x, training=False):
        first, second = self.forward_layer(x), self.backward_layer(x)
        states: list[Any] = []
        if self.forward_layer.return_state:
            states = [*first[1:], *second[1:]]
            first, second = first[0], second[0]
        if self.forward_layer.return_sequences:
            second = ops.flip(second, axis=1)
        merged = self._merge(first, second)
        if not states:
            return merged
        return [*(merged if isinstance(merged, list) else [merged]), *states]

    def _merge(self, a: Any, b: Any) -> Any:
        if self.merge_mode == "concat":
            return ops.concatenate([a, b], axis=-1)
        if self.merge_mode == "sum":
            return a + b
        if self.merge_mode == "mul":
            return a * b
        return (a + b) * 0.5 if self.merge_mode == "ave" else [a, b]

    def compute_output_shape(self, input_shape: Shape) -> Any:
        shape = self.forward_layer.compute_output_shape(input_shape)
        states: list[Any] = []
        if self.forward_layer.return_state:
            states = [*shape[1:], *shape[1:]]
            shape = shape[0]
        if self.merge_mode is None:
            return [shape, shape, *states]
        if self.merge_mode == "concat":
            shape = (*shape[:-1], 2 * shape[-1])
        return [shape, *states] if states else shape


class TimeDistributed(Layer):
    """Apply a layer to every step of a sequence alike: (N, T, …) to (N, T, …)."""

    def __init__(self, layer: Any, **keywords: Any) -> None:
        super().__init__(**keywords)
        if not isinstance(layer, Layer):
            raise ConfigError(f"TimeDistributed needs a layer, not {layer!r}.")
        self.layer = layer

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config["layer"] = {
            "class_name": type(self.layer).__name__,
            "config": self.layer.get_config(),
        }
        return config

    @classmethod
    def from_config(cls, config: Any) -> TimeDistributed:
        return super().from_config(_with_layers(config, "layer"))

    def build(self, input_shape: Shape) -> None:
        if len(input_shape) < 3:
            raise ShapeError(
                f"TimeDistributed needs (batch, steps, …), not {tuple(input_shape)}."
            )
        if not self.layer.built:
            self.layer._build_once((input_shape[0], *input_shape[2:]))

    def call(self, x, training=False):
        n, steps = x.shape[:2]
        y = self.layer(ops.reshape(x, (n * steps, *x.shape[2:])), training=training)
        return ops.reshape(y, (n, steps, *y.shape[1:]))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        inner = self.layer.compute_output_shape((input_shape[0], *input_shape[2:]))
        return (input_shape[0], input_shape[1], *inner[1:])


def _with_layers(config: Any, *names: str) -> dict[str, Any]:
    from . import from_config

    made = dict(config)
    for name in names:
        if isinstance(made.get(name), dict):
            made[name] = from_config(made[name])
    return made
