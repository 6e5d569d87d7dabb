"""`Model`: layers put together into something that trains.

A functional model is drawn with symbols::

    x = Input(shape=(784,))
    y = Dense(10, activation="softmax")(Dense(64, activation="relu")(x))
    model = Model(x, y)

A class that overrides ``call`` and keeps its layers in attributes works as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..autodiff import cast
from ..backend import FLOATS
from ..errors import ConfigError, NotReadyError, ShapeError, did_you_mean
from ..layers.base import CHARS, Layer
from ..layers.symbol import Call, Shape, Symbol, check_input
from ..losses.joint import outputs_of
from ..tensor import Tensor
from . import data
from .outputs import unique
from .training import Trainer


class Model(Trainer, Layer):
    """A layer made of layers, with ``compile``, ``fit``, ``evaluate``, ``predict``.

    `inputs` and `outputs` are symbols, or lists of them, or dicts: the keys then name
    the inputs, and the model gives its outputs as a dict.
    """

    checks_inputs = True  # not while it stands for many networks at once

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if isinstance(inputs, Mapping):
            inputs = [_named(symbol, key) for key, symbol in inputs.items()]
        # the keys, if the outputs are to come out as a dict
        self._keys = list(outputs) if isinstance(outputs, Mapping) else None
        if isinstance(outputs, (list, tuple, Mapping)):
            listed = list(outputs.values() if self._keys else outputs)
            outputs = listed if len(listed) > 1 or self._keys else listed[0]
        self.inputs = inputs
        self.outputs = outputs
        self._calls: list[Call] = []
        self._layers: list[Layer] = []
        self._read_as_indices: list[bool] = []  # for each input
        if (inputs is None) != (outputs is None):
            raise ConfigError("Model needs both inputs and outputs.")
        if inputs is not None:
            for symbol in (*_listed(inputs), *_listed(outputs)):
                if not isinstance(symbol, Symbol):
                    raise ConfigError(
                        f"Model(inputs, outputs) takes symbols made from Input, not "
                        f"{symbol!r}."
                    )
            ends = _listed(outputs)
            if self._keys:  # Keras's order of layers, and so of weights
                ends = [end for _, end in sorted(zip(self._keys, ends, strict=True))]
            self._calls = _in_order(_listed(inputs), ends)
            layers = [call.layer for call in self._calls]
            self._layers = list({id(layer): layer for layer in layers}.values())
            self.dtype = self._layers_dtype(dtype)
            readers = [call for call in self._calls if call.layer.reads_indices]
            self._read_as_indices = [
                any(symbol in call.input_list() for call in readers)
                for symbol in _listed(inputs)
            ]
            self.built = True

    def _layers_dtype(self, asked: str | None) -> str:
        """The type of the layers' weights, which the data are cast to."""
        found = {layer.dtype for layer in self._layers if layer.weights}
        if len(found) > 1 or (asked is not None and found - {self.dtype}):
            raise ConfigError(
                f"The layers of {self.name} have dtype {sorted(found)}; give all "
                f"layers dtype={self.dtype!r}: their weights are already made."
            )
        return found.pop() if found else self.dtype

    @property
    def output_names(self) -> list[str]:
        """The outputs' names: the keys of a dict, or the layers they come from."""
        if self._keys is not None:
            return list(self._keys)
        if self.outputs is not None:
            return unique([symbol.name for symbol in _listed(self.outputs)])
        return [layer.name for layer in self._layers[-1:]]

    def _inputs(self, x: Any, name: str) -> Any:
        """The data on the device, checked; of a dict, in the order of the inputs."""
        if isinstance(x, Mapping):
            known = [] if self.inputs is None else _listed(self.inputs)
            x = data.by_name(x, [symbol.name for symbol in known])
        indices = self._read_as_indices or self.reads_indices
        return data.as_inputs(x, self.dtype, name, indices=indices)

    @property
    def layers(self) -> list[Layer]:
        """The layers, in the order in which they are computed."""
        return self.sublayers()

    def sublayers(self) -> list[Layer]:
        return list(self._layers) if self._layers else super().sublayers()

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of that name, or at that place."""
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise ConfigError(
                    f"{self.name} has {len(self.layers)} layers; there is no layer "
                    f"{index}."
                )
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        names = [layer.name for layer in self.layers]
        raise ConfigError(f"There is no layer {name!r}. {did_you_mean(name, names)}")

    @property
    def reads_indices(self) -> bool:  # type: ignore[override]
        """Does the first layer take whole numbers as they are?"""
        if self._read_as_indices:
            return any(self._read_as_indices)
        layers = self._layers or self.layers
        return bool(layers) and layers[0].reads_indices

    def _cast(self, inputs: Any) -> Any:
        """A model casts whatever it is given to its own dtype, Tensors too."""
        reads = self._read_as_indices
        if isinstance(inputs, (list, tuple)) and 1 < len(reads) == len(inputs):
            return [
                Tensor(item, dtype=self.dtype)
                if not whole and not isinstance(item, Tensor)
                else self._cast(item)
                for item, whole in zip(inputs, reads, strict=True)
            ]
        x = super()._cast(inputs)
        if isinstance(x, Tensor) and x.data.dtype.char != CHARS[self.dtype]:
            return cast(x, dtype=self.dtype) if x.dtype in FLOATS else x
        return x

    def build(self, input_shape: Shape) -> None:
        self.built = True  # a subclass's layers build themselves when they are called

    def call(self, x, training=False):
        if not self._calls:
            raise NotImplementedError(
                f"{type(self).__name__} needs inputs and outputs, or its own call()."
            )
        inputs, given = _listed(self.inputs), x if isinstance(x, list) else [x]
        if len(inputs) != len(given):
            raise ShapeError(
                f"{self.name} has {len(inputs)} inputs, but {len(given)} were given."
            )
        values = {}
        for symbol, value in zip(inputs, given, strict=True):
            if self.checks_inputs:
                check_input(self.name, symbol.shape, value.shape)
            values[id(symbol)] = value
        for call in self._calls:
            args = [values[id(symbol)] for symbol in call.input_list()]
            several = isinstance(call.inputs, (list, tuple))
            settings = {"training": training, **call.arguments}
            y = call.layer(args if several else args[0], **settings)
            for symbol, value in zip(call.outputs, outputs_of(y), strict=True):
                values[id(symbol)] = value
        outputs = [values[id(symbol)] for symbol in _listed(self.outputs)]
        if self._keys is not None:
            return dict(zip(self._keys, outputs, strict=True))
        return outputs if isinstance(self.outputs, list) else outputs[0]

    def compute_output_shape(self, input_shape: Shape) -> Any:
        if isinstance(self.outputs, Symbol):
            return (input_shape[0], *self.outputs.shape[1:])
        if self.outputs is not None:
            return [symbol.shape for symbol in self.outputs]
        raise NotReadyError(
            f"{self.name} does not know its output shape before a call."
        )

    @property
    def output_shape(self) -> Any:
        """The shape of the output, (None, …)."""
        return self.compute_output_shape((None,))

    def get_config(self) -> dict[str, Any]:
        from .graph import graph_config

        return {**graph_config(self), "output_keys": self._keys}

    @classmethod
    def from_config(cls, config: Any) -> Any:
        from .graph import graph_from_config

        model = graph_from_config(cls, config)
        keys = config.get("output_keys")
        return model if keys is None else model._with_keys(keys)

    def _with_keys(self, keys: Any) -> Any:
        outputs = dict(zip(keys, _listed(self.outputs), strict=True))
        return type(self)(self.inputs, outputs, name=self.name)

    def save(self, path: Any) -> None:
        """Write architecture, weights and optimizer state to one ``.safetensors`` file.

        `dl.models.load_model(path)` reads it back, ready to go on training.
        """
        from . import storage

        storage.save_model(self, path)

    def save_weights(self, path: Any) -> None:
        """Write the weights to ``.safetensors`` or ``.npz``."""
        self._check_built("save_weights")
        from . import storage

        storage.save_weights(self, path)

    def load_weights(self, path: Any) -> None:
        """Read the weights back; nothing is changed unless every shape is right."""
        self._check_built("load_weights")
        from . import storage

        storage.load_weights(self, path)

    def _check_built(self, doing: str) -> None:
        if not self.built or not self.weights:
            raise NotReadyError(
                f"{doing}: {self.name} has no weights yet; give it an input_shape or "
                "call it on data first."
            )

    def _drawing(self) -> tuple[list[Symbol], list[Call], list[Symbol]] | None:
        """Inputs, calls and outputs; None for a class with a call() of its own."""
        if self.inputs is None:
            return None
        return _listed(self.inputs), self._calls, _listed(self.outputs)

    def summary(
        self,
        line_length: int | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
    ) -> None:
        """Print a table of the layers, their output shapes and parameters.

        A functional model's has a column that says what feeds each layer, unless it is
        a plain chain: ``add[0][1]`` is the second output of the first use of "add". The
        table is at most `line_length` characters wide (80), and handed to `print_fn` as
        one text instead of being printed; `expand_nested` shows the layers of models
        inside the model, `show_trainable` which ones training changes.
        """
        from .summary import summary_text

        text = summary_text(self, line_length, expand_nested, show_trainable)
        (print_fn or print)(text)


def _named(symbol: Any, name: str) -> Any:
    if isinstance(symbol, Symbol):
        symbol.name = name
    return symbol


def _listed(symbols: Any) -> list[Any]:
    return list(symbols) if isinstance(symbols, (list, tuple)) else [symbols]


def _in_order(inputs: Sequence[Symbol], outputs: Sequence[Symbol]) -> list[Call]:
    """The calls that lead from inputs to outputs, each after those it needs."""
    known = {id(symbol) for symbol in inputs}
    order: list[Call] = []
    done: set[int] = set()
    stack: list[tuple[Symbol, bool]] = [(symbol, False) for symbol in reversed(outputs)]
    while stack:
        symbol, ready = stack.pop()
        call = symbol.call
        if id(symbol) in known or (call is not None and id(call) in done):
            continue
        if call is None:
            raise ConfigError(
                f"The outputs depend on {symbol!r}, which is none of the inputs."
            )
        if ready:
            done.add(id(call))
            order.append(call)
            continue
        stack.append((symbol, True))
        stack += [(needed, False) for needed in reversed(call.input_list())]
    return order
