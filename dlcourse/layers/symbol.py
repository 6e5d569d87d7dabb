"""Symbols: what `Input` returns and layers pass on while a model is being drawn.

A symbol has a shape and remembers which layer made it from which other symbols; it
holds no numbers. `Model(inputs, outputs)` walks these links. Read ``core.py`` next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import ConfigError, ShapeError, check_count

Shape = tuple[int | None, ...]


class Call:
    """One use of a layer: which layer, called on which symbols."""

    __slots__ = ("arguments", "inputs", "layer", "outputs")

    def __init__(self, layer: Any, inputs: Any, arguments: dict[str, Any]) -> None:
        self.layer = layer
        # a Symbol, or a list of them: a copy, for the caller may go on appending
        self.inputs = list(inputs) if isinstance(inputs, (list, tuple)) else inputs
        self.arguments = arguments
        self.outputs: list[Symbol] = []

    def input_list(self) -> list[Symbol]:
        """The symbols it was called on, as a list."""
        return (
            list(self.inputs)
            if isinstance(self.inputs, (list, tuple))
            else [self.inputs]
        )


class Symbol:
    """A value to come: its shape, (None, …) with the batch axis first, and origin."""

    __slots__ = ("call", "index", "name", "shape")

    def __init__(
        self,
        shape: Sequence[int | None],
        call: Call | None,
        index: int = 0,
        name: str = "",
    ) -> None:
        self.shape: Shape = tuple(shape)
        self.call = call  # None for an Input
        self.index = index  # which of the layer's outputs it is
        self.name = name

    def __repr__(self) -> str:
        origin = f" from {self.call.layer.name}" if self.call else ""
        return f"<Symbol {self.name or 'value'} shape={self.shape}{origin}>"

    def __bool__(self) -> bool:
        raise ConfigError("A Symbol has no value yet; run the model on data first.")


def is_symbolic(inputs: Any) -> bool:
    """Is this a symbol, or a list of symbols?"""
    if isinstance(inputs, (list, tuple)):
        return bool(inputs) and all(isinstance(item, Symbol) for item in inputs)
    return isinstance(inputs, Symbol)


def Input(
    shape: Sequence[int | None] | int | None = None,
    batch_size: int | None = None,
    name: str | None = None,
    dtype: str | None = None,
) -> Symbol:
    """The place where data enters a model; `shape` is that of one sample.

    >>> Input(shape=(784,)).shape
    (None, 784)
    """
    if shape is None:
        raise ConfigError("Input needs a shape, e.g. Input(shape=(784,)).")
    return Symbol((batch_size, *check_shape(shape)), None, name=name or "input")


def check_shape(shape: Any) -> Shape:
    """One sample's shape as a tuple of positive whole numbers (None for any size)."""
    sizes = shape if isinstance(shape, (list, tuple)) else (shape,)
    return tuple(
        None if n is None else check_count("a size in shape", n) for n in sizes
    )


def check_width(name: str, axis: int, expected: int | None, shape: Shape) -> None:
    """Raise `ShapeError` unless `shape` has `expected` entries on `axis`."""
    got = shape[axis] if len(shape) > 1 else None
    if expected is not None and got is not None and got != expected:
        raise ShapeError(
            f"{name} was built for inputs with {expected} features, but got "
            f"{got} (shape {tuple(shape)})."
        )


def check_input(name: str, expected: Shape, got: Shape) -> None:
    """Raise `ShapeError` unless `got` is what a model drawn for `expected` takes."""
    if got[1:] == expected[1:] and expected[0] is None:
        return  # nearly always
    fits = len(expected) == len(got) and all(
        want is None or want == have for want, have in zip(expected, got, strict=True)
    )
    if not fits:
        raise ShapeError(
            f"{name} expects inputs of shape {expected}, but got {tuple(got)}."
            + (" A batch axis is missing: x[None]." if got == expected[1:] else "")
        )
