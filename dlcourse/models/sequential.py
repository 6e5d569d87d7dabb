"""`Sequential`: one layer after the other, the way most lectures draw a network."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ..errors import ConfigError, NotReadyError
from ..layers.base import Layer
from ..layers.core import InputLayer, fusable
from ..layers.symbol import Call, Shape, Symbol, check_input
from .model import Model


class Sequential(Model):
    """A pile of layers: ``Sequential([Input(shape=(2,)), Dense(3), …])``.

    If the first layer knows its input shape, the weights exist at once; otherwise they
    are made at the first call.

    >>> from dlcourse.layers import Dense, Input
    >>> model = Sequential([Input(shape=(2,)), Dense(16, "relu"), Dense(1)])
    >>> model.count_params()
    65
    """

    def __init__(
        self,
        layers: Sequence[Any] | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self._start: Shape | None = None  # what goes in: given, or seen in the data
        self._start_given = False
        self._given_dtype = dtype
        if isinstance(layers, (Layer, Symbol)):
            raise ConfigError("Sequential takes a list of layers: Sequential([…]).")
        for layer in layers or []:
            self._append(layer)
        self._try_to_build()

    def add(self, layer: Any) -> None:
        """Put one more layer on top."""
        self._append(layer)
        self._try_to_build()

    def pop(self) -> Layer:
        """Take the last layer off."""
        if not self._layers:
            raise ConfigError(f"{self.name} has no layer to take off.")
        self._theta = None
        return self._layers.pop()

    def _append(self, layer: Any) -> None:
        if isinstance(layer, Symbol):
            layer = InputLayer(layer.shape[1:], name=layer.name)
        if not isinstance(layer, Layer):
            raise ConfigError(f"{self.name}: {layer!r} is not a layer.")
        if isinstance(layer, InputLayer):
            if self._layers or self._start is not None:
                raise ConfigError(f"{self.name}: an Input must come first.")
            self._start, self._start_given = (None, *layer.shape), True
            return
        if not self._layers and self._start is None and layer.input_shape is not None:
            self._start, self._start_given = (None, *layer.input_shape), True
        if self._given_dtype is not None and not layer.built:
            layer.dtype = self.dtype
        self._layers.append(layer)
        self._theta = None
        self.built = False

    def _try_to_build(self) -> None:
        if self._start is not None and self._layers:
            self._build_once(self._start)

    def _unbuild(self) -> None:
        super()._unbuild()
        if not self._start_given:
            self._start = None

    def build(self, input_shape: Shape) -> None:
        if self._start is None:
            self._start = (None, *input_shape[1:])
        shape: Any = tuple(input_shape)
        for layer in self._layers:
            if not layer.built:
                layer._build_once(shape)
            shape = layer.compute_output_shape(shape)

    def call(self, x, training=False):
        if self._start is not None and self.checks_inputs:
            check_input(self.name, self._start, x.shape)
        pairs = pairwise([*self._layers, None])
        for layer, behind in pairs:
            name = fusable(behind) if layer._takes_activation else None
            if name is None:
                x = layer(x, training=training)
            else:  # two layers in one pass over their values
                x = layer(x, training=training, activation=name)
                next(pairs)
        return x

    def compute_output_shape(self, input_shape: Shape) -> Any:
        shape: Any = tuple(input_shape)
        for layer in self._layers:
            shape = layer.compute_output_shape(shape)
        return shape

    @property
    def output_shape(self) -> Any:
        """The shape of the output, (None, …)."""
        if self._start is None:
            raise NotReadyError(f"{self.name} does not know its input shape yet.")
        return self.compute_output_shape(self._start)

    def _drawing(self) -> tuple[list[Symbol], list[Call], list[Symbol]]:
        symbols = [Symbol(self._start or (), None, name="input")]  # (): not known yet
        calls = []
        for layer in self._layers:
            several = len(symbols) > 1
            calls.append(Call(layer, symbols if several else symbols[0], {}))
            shapes: Any = [s.shape for s in symbols] if several else symbols[0].shape
            if self._start is not None:
                shapes = layer.compute_output_shape(shapes)
            outputs = shapes if isinstance(shapes, list) else [shapes]
            symbols = [Symbol(s, calls[-1], i) for i, s in enumerate(outputs)]
            calls[-1].outputs = symbols
        return [calls[0].inputs] if calls else symbols, calls, symbols

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "dtype": self.dtype,
            "layers": [
                *(
                    [
                        {
                            "class_name": "InputLayer",
                            "config": {"shape": list(self._start[1:])},
                        }
                    ]
                    if self._start is not None
                    else []
                ),
                *(
                    {"class_name": type(layer).__name__, "config": layer.get_config()}
                    for layer in self._layers
                ),
            ],
        }

    @classmethod
    def from_config(cls, config: Any) -> Sequential:
        from .. import layers as known

        unknown = set(config) - {"name", "dtype", "layers"}
        if unknown or not all(isinstance(c, dict) for c in config.get("layers", [3])):
            raise ConfigError(
                "A config of Sequential has 'name', 'dtype' and 'layers' (a list of "
                f"configs); {sorted(unknown) or config.get('layers')} does not fit."
            )
        made = [known.from_config(c) for c in config["layers"]]
        return cls(made, name=config.get("name"), dtype=config.get("dtype"))
