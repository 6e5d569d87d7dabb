"""The table that ``model.summary()`` prints.

It depends on the model alone, not on the terminal, so that a notebook's saved table and
a new one agree.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from ..errors import check_count
from ..layers.base import Layer, Weight
from .nodes import Node, is_chain, model_nodes

WIDTH = 80  # characters: what a page shows without scrolling
NARROWEST = 40
NOT_BUILT = (
    " Not built yet: give the first layer an input_shape, or call the model on data."
)
Row = tuple[str, ...]


def summary_text(
    model: Any,
    line_length: int | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
) -> str:
    """A row for each layer: name and kind, output shape, number of parameters."""
    limit = WIDTH if line_length is None else line_length
    limit = check_count("line_length", limit, low=NARROWEST)
    nodes = model_nodes(model)
    connected = model.inputs is not None and not is_chain(nodes or [])
    head = ["Layer (type)", "Output Shape", "Param #"]
    head += ["Connected to"] if connected else []
    head += ["Trainable"] if show_trainable else []
    rows = [tuple(head)]
    for layer, cells, depth in _rows(model, nodes, expand_nested):
        indent = "   " * depth + "└ " if depth else ""
        cells = [indent + cells[0], *cells[1 : 3 + connected]]
        rows.append((*cells, *([_trained(layer)] if show_trainable else [])))
    right = {2}  # numbers end below each other
    lines = [f'Model: "{model.name}"', *_table(rows, limit, right)]
    trained, fixed = model.trainable_weights, model.non_trainable_weights
    for name, weights in (
        ("Total params", trained + fixed),
        ("Trainable params", trained),
        ("Non-trainable params", fixed),
    ):
        count = sum(weight.size for weight in weights)
        lines.append(f" {name}: {count:,} ({_size(weights)})")
    if not all(layer.built for layer in [model, *model.layers]):
        lines.append(NOT_BUILT)
    return "\n".join(lines)


def _rows(
    model: Any, nodes: list[Node] | None, expand: bool, depth: int = 0
) -> Iterator[tuple[Layer | None, list[str], int]]:
    """Layer, texts and depth of each row; a layer used twice has one."""
    if nodes is None:  # where its data flow is not known
        nodes = [Node(layer.name, layer, (None,)) for layer in model.layers]
    first = [node for node in nodes if node.use == 0]
    if nodes and nodes[0].layer is None and model.inputs is None:
        first = first[1:]  # a Sequential: what feeds it is no layer
    for node in first:
        uses = [n for n in nodes if n.layer is node.layer and n.name == node.name]
        sources = [
            f"{nodes[number].name}[{nodes[number].use}][{k}]"
            for use in uses
            for number, k in use.sources
        ]
        shapes = list(dict.fromkeys(_shapes(use.shapes) for use in uses))
        count = "0 (unbuilt)"
        if node.layer is None or node.layer.built:
            count = f"{node.layer.count_params() if node.layer else 0:,}"
        cells = [
            f"{node.name} ({node.kind})",
            "\n".join(shapes),
            count,
            ",\n".join(sources) or "-",
        ]
        yield node.layer, cells, depth
        if expand and hasattr(node.layer, "_drawing"):
            inner: Any = node.layer
            yield from _rows(inner, model_nodes(inner), expand, depth + 1)


def _shapes(shapes: Sequence[Any]) -> str:
    words = ["?" if shape is None else str(tuple(shape)) for shape in shapes]
    return words[0] if len(words) == 1 else "[" + ",\n".join(words) + "]"


def _trained(layer: Layer | None) -> str:
    """Y, N, or - for a layer without weights."""
    if layer is None or not layer.weights:
        return "-"
    return "Y" if layer.trainable_weights else "N"


def _table(rows: Sequence[Row], limit: int, right: set[int]) -> Iterator[str]:
    """The rows in a frame that is at most `limit` characters wide."""
    widths = _widths(rows, limit)

    def rule(left: str, middle: str, end: str, fill: str) -> str:
        return left + middle.join(fill * (width + 2) for width in widths) + end

    def lines(row: Row, bar: str) -> Iterator[str]:
        columns = [_wrapped(text, width) for text, width in zip(row, widths)]
        for i in range(max(map(len, columns))):
            texts = [column[i] if i < len(column) else "" for column in columns]
            cells = [
                text.rjust(width) if k in right else text.ljust(width)
                for k, (text, width) in enumerate(zip(texts, widths))
            ]
            yield f"{bar} {f' {bar} '.join(cells)} {bar}"

    yield rule("┏", "┳", "┓", "━")
    yield from lines(rows[0], "┃")
    yield rule("┡", "╇", "┩", "━")
    for i, row in enumerate(rows[1:]):
        if i:
            yield rule("├", "┼", "┤", "─")
        yield from lines(row, "│")
    yield rule("└", "┴", "┘", "─")


def _widths(rows: Sequence[Row], limit: int) -> list[int]:
    """The columns' widths: what they need, or less where it has to be."""
    columns = list(zip(*rows))
    widths = [max(len(w) for text in c for w in text.split("\n")) for c in columns]
    words = [max(len(word) for text in c for word in text.split()) for c in columns]
    while sum(widths) + 3 * len(widths) + 1 > limit:
        spare = [width - word for width, word in zip(widths, words)]
        if max(spare) <= 0:  # no more spaces to break at: break words
            spare = widths
        widths[spare.index(max(spare))] -= 1
    return [
        max(len(line) for text in column for line in _wrapped(text, width))
        for column, width in zip(columns, widths)
    ]


def _wrapped(text: str, width: int) -> list[str]:
    """The lines of a cell, the further ones of a nested layer indented alike."""
    indent = " " * (len(text) - len(text.lstrip(" └")))
    return [
        piece
        for line in text.split("\n")
        for piece in textwrap.wrap(
            line, max(width, len(indent) + 1), subsequent_indent=indent,
            break_on_hyphens=False,
        )
    ]  # fmt: skip


def _size(weights: Sequence[Weight]) -> str:
    """The memory that weights take, in the unit that makes it easy to read."""
    count = float(sum(weight.data.nbytes for weight in weights))
    for unit in ("B", "KB", "MB"):
        if count < 1024:
            return f"{count:.2f} {unit}"
        count /= 1024
    return f"{count:.2f} GB"
