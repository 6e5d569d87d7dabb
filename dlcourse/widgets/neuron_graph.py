"""The neuron as the lecture draws it: inputs, weighted edges, a sum, a function.

Below it the sum for one input is written out. The other half of `neuron.py`, which puts
the two together; read `activations.py` next.
"""

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle

from ..plots.style import BLUE, VERMILION
from .words import number, product, small

if TYPE_CHECKING:
    from .neuron import Neuron


def layout_graph(axes: Axes) -> dict[str, Any]:
    """Nodes and edges at their places; what they say is still empty."""
    axes.set(xlim=(0, 38), ylim=(0, 28), aspect="equal")
    axes.axis("off")
    words = {"ha": "center", "va": "center", "zorder": 5}
    moving = words | {"animated": True}
    plate = {"fc": "white", "ec": "none", "pad": 1}
    edges, weights, inputs = [], [], []
    for height in (24, 16, 8):
        start, end = between((4, height), (19, 16), radius=2.9)
        edges += axes.plot([start[0], end[0]], [start[1], end[1]], animated=True)
        axes.add_patch(Circle((4, height), 2.9, fc="#f2f2f2", ec="black", zorder=2))
        inputs.append(axes.text(4, height, "", animated=True, **words))
        middle = 16 + 0.5 * (height - 16)
        weights.append(axes.text(11.5, middle, "", bbox=plate, **moving))
    axes.plot([19, 36], [16, 16], color="black", lw=1.5, zorder=1)
    axes.add_patch(Circle((19, 16), 2.9, fc="#f2f2f2", ec="black", zorder=2))
    axes.text(19, 16, "Σ", fontsize=18, **words)
    box = {"fc": "#f2f2f2", "ec": "black", "boxstyle": "round,pad=0.4"}
    return {
        "edges": edges,
        "weights": weights,
        "inputs": inputs,
        "function": axes.text(28, 16, "", bbox=box, **moving),
        "z": axes.text(20.5, 11.3, "", **moving),
        "y": axes.text(38, 19.5, "", **(moving | {"ha": "right"})),
        "sum": axes.text(1, 1.5, "", weight="bold", **(moving | {"ha": "left"})),
    }


def between(one: Any, other: Any, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Where the way from one circle's center to another's leaves and enters them."""
    one, other = np.array(one, float), np.array(other, float)
    inside = radius * (other - one) / np.hypot(*(other - one))
    return one + inside, other - inside


def draw_graph(artists: SimpleNamespace, neuron: "Neuron") -> None:
    """The numbers at the graph of the neuron, and the sum written out."""
    (w1, w2), (x1, x2) = neuron.w, neuron.x
    factors = (neuron.b, w1, w2)
    for edge, factor in zip(artists.edges, factors):
        edge.set_linewidth(0.6 + 1.2 * abs(factor))
        edge.set_color(BLUE if factor >= 0 else VERMILION)
        edge.set_linestyle("-" if factor >= 0 else (0, (2, 1)))
    for text, name, factor in zip(artists.weights, ("b", "w₁", "w₂"), factors):
        text.set_text(f"{name} = {number(factor)}")
    for text, words in zip(
        artists.inputs, ("1", f"x₁\n{number(x1)}", f"x₂\n{number(x2)}")
    ):
        text.set_text(words)
    artists.function.set_text(neuron.activation)
    artists.z.set_text(f"z = {number(neuron.z)}")
    artists.y.set_text(f"y = {small(neuron.y)}")
    artists.sum.set_text(
        f"z = {number(neuron.b)} + {product(w1, x1)} + {product(w2, x2)} "
        f"= {number(neuron.z)}"
    )
