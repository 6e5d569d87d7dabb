"""A model as a list of nodes: what `summary` tabulates and `plots` draws.

A node is one *use* of a layer, so a layer that is called twice is two nodes (with the
same weights), and the nodes never run in a circle. Read ``summary.py`` next.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from ..layers.base import Layer
from ..layers.symbol import Shape


@dataclass(frozen=True)
class Node:
    """One use of a layer, or a place where data enter (`layer` is None).

    `shapes` are those of its outputs, None where unknown; `sources` say where its
    inputs come from: pairs of a node's number and which of its outputs. This is use
    number `use` of `uses`, counted from 0; `output` says if the model returns it.
    """

    name: str
    layer: Layer | None
    shapes: tuple[Shape | None, ...]
    sources: tuple[tuple[int, int], ...] = ()
    use: int = 0
    uses: int = 1
    output: bool = False

    @property
    def kind(self) -> str:
        """The kind of layer, in the words of its class."""
        return "InputLayer" if self.layer is None else type(self.layer).__name__


def model_nodes(model: Any) -> list[Node] | None:
    """The nodes of a model, each after those it needs.

    None for a class with a ``call`` of its own: where its data flow is known only while
    it runs.

    >>> from dlcourse.layers import Dense, Input
    >>> from dlcourse.models import Sequential
    >>> model = Sequential([Input(shape=(2,)), Dense(3, name="hidden")])
    >>> [(node.name, node.shapes) for node in model_nodes(model)]
    [('input', ((None, 2),)), ('hidden', ((None, 3),))]
    """
    drawing = model._drawing()
    if drawing is None:
        return None
    inputs, calls, outputs = drawing
    returned = {id(symbol) for symbol in outputs}
    places: dict[int, tuple[int, int]] = {}
    nodes: list[Node] = []
    for name, symbol in zip(_apart([s.name for s in inputs]), inputs, strict=True):
        places[id(symbol)] = (len(nodes), 0)
        shapes = (symbol.shape or None,)
        nodes.append(Node(name, None, shapes, output=id(symbol) in returned))
    uses = Counter(id(call.layer) for call in calls)
    seen: Counter[int] = Counter()
    for call in calls:
        key = id(call.layer)
        for k, symbol in enumerate(call.outputs):
            places[id(symbol)] = (len(nodes), k)
        node = Node(
            call.layer.name,
            call.layer,
            tuple(symbol.shape or None for symbol in call.outputs),
            tuple(places[id(symbol)] for symbol in call.input_list()),
            seen[key],
            uses[key],
            any(id(symbol) in returned for symbol in call.outputs),
        )
        seen[key] += 1
        nodes.append(node)
    return nodes


def is_chain(nodes: list[Node]) -> bool:
    """Is every node fed by the one before it, by its first output and nothing else?"""
    return all(
        node.uses == 1 and node.sources == ((i - 1, 0),)
        for i, node in enumerate(nodes)
        if i > 0
    )


def _apart(names: list[str]) -> list[str]:
    """The names, with numbers behind those that come again."""
    seen: Counter[str] = Counter()
    apart = []
    for name in names:
        apart.append(f"{name}_{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return apart
