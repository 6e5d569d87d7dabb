"""A model as boxes and arrows: what stands in each box, and where it goes.

Numbers and words only; ``plots/model_graph.py`` draws them. Lengths are in units of the
height of a letter, so that a drawing keeps its proportions at any size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import ConfigError, did_you_mean
from ..layers.base import Layer
from ..models.model import Model
from ..models.nodes import Node, model_nodes
from .layered import place

# What each file of ``layers`` is about; a box is tinted by it.
FAMILIES = {
    "core": "shape",
    "reshaping": "shape",
    "conv": "convolution",
    "depthwise": "convolution",
    "pool": "pooling",
    "norm": "normalization",
    "merging": "merging",
    "recurrent": "sequence",
    "wrappers": "sequence",
    "attention": "sequence",
}
SMALL = 0.85  # the size of names and numbers of weights
LINE = 1.4  # from line to line
MARGIN = 0.7  # around the words
SPACE = 0.4  # between bold and plain words
INNER = 1.2  # around the boxes of a model that is unfolded

Measure = Callable[[str, bool], float]


@dataclass(frozen=True)
class Box:
    """One use of a layer: its words, and where it stands.

    `kind` and `detail` ("Conv2D", "3×3, relu"), `shape` of the output, `note` (the name
    and the number of weights), `family` (dense, convolution …); `left` and `top` of
    the box, y growing downwards. An `unfolded` box is the frame around others.
    """

    name: str
    kind: str
    detail: str
    shape: str
    note: str
    family: str
    output: bool
    left: float = 0.0
    top: float = 0.0
    width: float = 0.0
    height: float = 0.0
    unfolded: bool = False

    @property
    def lines(self) -> list[tuple[str, str, float]]:
        """The lines of the box: bold words, plain words, size."""
        return [
            (self.kind, self.detail, 1.0),
            ("", self.shape, 1.0),
            *(("", line, SMALL) for line in self.note.split("\n")),
        ]


@dataclass(frozen=True)
class Drawing:
    """A model's boxes, and a path (K, 2) for each arrow between them.

    Two points of a path are joined by a straight line or, if both coordinates change,
    by a curve along the `direction`. `words` tell it all to those who cannot see it.
    """

    name: str
    boxes: tuple[Box, ...]
    paths: tuple[np.ndarray, ...]
    width: float
    height: float
    direction: str
    words: str


def letters(text: str, bold: bool) -> float:
    """About how long a text is, where nobody can measure it."""
    return (0.7 if bold else 0.64) * len(text)


def model_drawing(
    model: Any,
    *,
    direction: str = "down",
    columns: int = 1,
    expand_nested: bool = False,
    measure: Measure = letters,
) -> Drawing:
    """The boxes and arrows of a functional or Sequential model, laid out.

    A layer that is used twice has two boxes, the second saying "same weights". Data
    flow "down" or "right"; a long chain goes on in up to `columns` columns (rows, if it
    flows right). A model inside the model is one box, or with `expand_nested` a frame
    around its own boxes. Shapes that are not known yet are "?".

    Raises `ConfigError` for a class with a call() of its own, and for an empty model.

    >>> from dlcourse.layers import Dense, Input
    >>> from dlcourse.models import Sequential
    >>> model = Sequential([Input(shape=(2,)), Dense(3, "relu", name="a")], name="m")
    >>> print(model_drawing(model).words)
    The model m, 9 weights: input, (None, 2); a, Dense relu, (None, 3), 9 weights.
    """
    if direction not in ("down", "right"):
        hint = did_you_mean(direction, ("down", "right"))
        raise ConfigError(f"There is no direction {direction!r}. {hint}")
    if not isinstance(model, Model):
        raise ConfigError(f"Only a model has a graph, and {model!r} is none.")
    nodes = model_nodes(model)
    if nodes is None:
        raise ConfigError(
            f"{model.name} is a class with a call() of its own: where its data flow is "
            "known only while it runs. Draw a Sequential, or make the model from its "
            "inputs and outputs: x = Input(shape=…); y = …(x); Model(x, y)."
        )
    if len(nodes) < 2 and not model.layers:
        raise ConfigError(f"{model.name} has no layers to draw.")
    boxes, paths, size = _arranged(nodes, direction, columns, expand_nested, measure)
    total = model.count_params() if model.built else None
    words = f"The model {model.name}, {_weights(total)}: {_told(nodes, expand_nested)}."
    return Drawing(model.name, tuple(boxes), tuple(paths), *size, direction, words)


def _arranged(
    nodes: list[Node], direction: str, columns: int, expand: bool, measure: Measure
) -> tuple[list[Box], list[np.ndarray], tuple[float, float]]:
    """Boxes and paths of a model, from (0, 0) on, and how much room they take."""
    several = sum(node.output for node in nodes) > 1
    boxes = [_box(node, several) for node in nodes]
    folded = [_size(box, measure) for box in boxes]
    width = max(size[0] for size in folded)  # all alike: calm to look at
    inner: dict[int, Any] = {}
    sizes = []
    for i, (node, (_, height)) in enumerate(zip(nodes, folded, strict=True)):
        parts = _parts(node) if expand else None
        if parts:
            inner[i] = _arranged(parts, direction, 1, expand, measure)
            within = inner[i][2]
            sizes.append(
                (max(width, within[0] + 2 * INNER), height + within[1] + INNER)
            )
        else:
            sizes.append((width, height))
    down = direction == "down"
    turned = slice(None) if down else slice(None, None, -1)
    edges = [(a, b) for b, node in enumerate(nodes) for a, _ in node.sources]
    edges = list(dict.fromkeys(edges))
    placed = place(np.array(sizes)[:, turned], edges, columns)
    paths = [path[:, turned] for path in placed.paths]
    drawn: list[Box] = []
    for i, box in enumerate(boxes):
        left, top = (float(edge) for edge in placed.corners[i, turned])
        width, height = sizes[i]
        at = {"left": left, "top": top, "width": width, "height": height}
        drawn.append(replace(box, **at, unfolded=i in inner))
        if i in inner:
            more, arrows, within = inner[i]
            x = left + (width - within[0]) / 2
            y = top + height - within[1] - INNER
            drawn += [replace(b, left=b.left + x, top=b.top + y) for b in more]
            paths += [arrow + np.array([x, y]) for arrow in arrows]
    size = placed.size if down else placed.size[::-1]
    return drawn, paths, size


def _box(node: Node, several: bool) -> Box:
    layer = node.layer
    notes = [node.name]
    if node.use:
        notes.append(f"same weights (use {node.use + 1})")
    elif layer is not None and not layer.built:
        notes.append("? weights")
    elif layer is not None and layer.count_params():
        frozen = "" if layer.trainable_weights else ", frozen"
        notes.append(_weights(layer.count_params()) + frozen)
    if several and node.output:
        notes.append("output")
    kind = "Input" if layer is None else node.kind
    return Box(
        node.name,
        kind,
        _detail(layer),
        _shape(node),
        " · ".join(notes),
        _family(layer),
        node.output,
    )


def _size(box: Box, measure: Measure) -> tuple[float, float]:
    wide = [
        size * (measure(bold, True) + (SPACE if bold else 0) + measure(plain, False))
        for bold, plain, size in box.lines
    ]
    high = sum(LINE * size for _, _, size in box.lines)
    return max(wide) + 2 * MARGIN, high + MARGIN


def _family(layer: Layer | None) -> str:
    """What the layer is about: the file of its class, or of the one it extends."""
    if layer is None:
        return "input"
    if isinstance(layer, Model):
        return "model"
    for cls in type(layer).__mro__:
        package, _, room = cls.__module__.rpartition(".")
        if package == "dlcourse.layers" and room in FAMILIES:
            return "dense" if cls.__name__ in ("Dense", "Embedding") else FAMILIES[room]
    return "own"


def _detail(layer: Layer | None) -> str:
    """The settings that tell one layer from another of its kind."""
    if isinstance(layer, Model):
        count = len(layer.layers)
        return f"{count} layers" if count != 1 else "1 layer"
    found = []
    inner = getattr(layer, "forward_layer", getattr(layer, "layer", None))
    if isinstance(inner, Layer):
        found.append(" ".join(filter(None, (type(inner).__name__, _detail(inner)))))
    window = getattr(layer, "kernel_size", getattr(layer, "pool_size", None))
    if window is not None:
        found.append(_times(window))
        strides = getattr(layer, "strides", 1)
        usual = window if hasattr(layer, "pool_size") else 1
        if set(np.ravel(strides)) != set(np.ravel(usual)):
            alike = len(set(np.ravel(strides))) == 1
            found.append(f"stride {np.ravel(strides)[0] if alike else _times(strides)}")
    for name, word in (("num_heads", "{} heads"), ("rate", "{:g}")):
        if isinstance(getattr(layer, name, None), (int, float)):
            found.append(word.format(getattr(layer, name)))
    activation = getattr(layer, "activation", None)
    if callable(activation) and not hasattr(layer, "recurrent_activation"):
        name = getattr(activation, "__name__", type(activation).__name__)
        name = {"exp": "exponential", "<lambda>": "own function"}.get(name, name)
        found += [name] if name != "linear" else []
    return ", ".join(found)


def _times(sizes: Any) -> str:
    return "×".join(str(int(size)) for size in np.ravel(sizes))


def _shape(node: Node) -> str:
    words = ["?" if shape is None else str(tuple(shape)) for shape in node.shapes]
    if len(words) > 1 and len(set(words)) == 1:
        return f"{len(words)} × {words[0]}"
    return ", ".join(words)


def _weights(count: int | None) -> str:
    if count is None:
        return "? weights"
    return f"{count:,} weight{'' if count == 1 else 's'}"


def _parts(node: Node) -> list[Node] | None:
    """The nodes inside a model's first use, if they are known."""
    if not isinstance(node.layer, Model) or node.use:
        return None
    return model_nodes(node.layer)


def _told(nodes: list[Node], expand: bool) -> str:
    """The boxes in words; what feeds one is said where it is not the one before."""
    told = []
    for i, node in enumerate(nodes):
        box = _box(node, sum(n.output for n in nodes) > 1)
        name, *notes = box.note.split(" · ")
        layer = [f"{box.kind} {box.detail}".strip()] if node.layer is not None else []
        parts = [name, *layer, box.shape, *notes]
        sources = [nodes[number].name for number, _ in node.sources]
        if sources and {number for number, _ in node.sources} != {i - 1}:
            parts.append(f"fed by {' and '.join(dict.fromkeys(sources))}")
        inside = _parts(node) if expand else None
        if inside:
            parts.append(f"holding [{_told(inside, expand)}]")
        told.append(", ".join(parts))
    return "; ".join(told)
