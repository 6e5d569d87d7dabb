"""A functional model's graph as a config, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ConfigError
from ..layers.symbol import Input, Symbol


def graph_config(model: Any) -> dict[str, Any]:
    """Inputs, layers and calls of a functional model, as plain values."""
    if not model._calls and not isinstance(model.inputs, (Symbol, list, tuple)):
        raise ConfigError(
            f"{type(model).__name__} is a class with a call() of its own, which cannot "
            "be saved. Save its weights instead: model.save_weights(path)."
        )
    inputs = _listed(model.inputs)
    names: dict[int, list[Any]] = {
        id(symbol): ["input", i] for i, symbol in enumerate(inputs)
    }
    layers = {id(layer): i for i, layer in enumerate(model._layers)}
    calls = []
    for n, call in enumerate(model._calls):
        several = isinstance(call.inputs, (list, tuple))
        calls.append(
            {
                "layer": layers[id(call.layer)],
                "inputs": [names[id(symbol)] for symbol in call.input_list()],
                "list": several,
                "arguments": dict(call.arguments),
            }
        )
        for k, symbol in enumerate(call.outputs):
            names[id(symbol)] = ["call", n, k]
    return {
        "name": model.name,
        "dtype": model.dtype,
        "inputs": [{"shape": list(s.shape[1:]), "name": s.name} for s in inputs],
        "one_input": isinstance(model.inputs, Symbol),
        "layers": [
            {"class_name": type(layer).__name__, "config": layer.get_config()}
            for layer in model._layers
        ],
        "calls": calls,
        "outputs": [names[id(symbol)] for symbol in _listed(model.outputs)],
        "one_output": isinstance(model.outputs, Symbol),
    }


def graph_from_config(cls: type, config: Mapping[str, Any]) -> Any:
    """The model that `graph_config` describes, with new weights."""
    from .. import layers as known

    inputs = [Input(shape=s["shape"], name=s["name"]) for s in config["inputs"]]
    layers = [known.from_config(c) for c in config["layers"]]
    made: list[list[Symbol]] = []

    def find(place: list[Any]) -> Symbol:
        if place[0] == "input":
            return inputs[place[1]]
        return made[place[1]][place[2]]

    for call in config["calls"]:
        given = [find(place) for place in call["inputs"]]
        layer = layers[call["layer"]]
        if known.MultiHeadAttention is type(layer):
            outputs = layer(*given, **call["arguments"])
        else:
            outputs = layer(given if call["list"] else given[0], **call["arguments"])
        made.append(outputs if isinstance(outputs, list) else [outputs])
    outputs = [find(place) for place in config["outputs"]]
    return cls(
        inputs[0] if config["one_input"] else inputs,
        outputs[0] if config["one_output"] else outputs,
        name=config["name"],
    )


def _listed(symbols: Any) -> list[Any]:
    return list(symbols) if isinstance(symbols, (list, tuple)) else [symbols]
