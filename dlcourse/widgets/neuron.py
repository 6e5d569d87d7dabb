"""One neuron: weights turn its line, the bias shifts it, the activation grades.

The plane on the left is the neuron's whole world: every possible input (x₁, x₂),
colored by the output. On the right, the sum for one of these inputs is written out, as
one would compute it by hand. Read `neuron_graph.py` next: what that last function does.
"""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from ..layers import activations
from ..plots.style import BLUE, ORANGE, SKY
from .controls import Choice, Slider
from .explorer import Explorer
from .neuron_graph import draw_graph, layout_graph
from .picture import animate
from .words import equation, number, small

REACH = 4.0  # the plane goes from −REACH to REACH in both directions
SIDE = 101  # values of the heat map along each side

# What the colors span. ReLU and the line have no upper end; beyond it the color stays.
RANGES = {
    "sigmoid": (0, 1),
    "tanh": (-1, 1),
    "relu": (0, 10),
    "linear": (-10, 10),
}
# Four points and their classes: the logical functions a neuron may learn.
CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])  # (4, 2)
TABLES = {
    "none": np.zeros(0, bool),
    "AND": np.array([False, False, False, True]),
    "OR": np.array([False, True, True, True]),
    "XOR": np.array([False, True, True, False]),
}


@dataclass(frozen=True)
class Neuron:
    """A neuron's answer to one input, and to all of them.

    `heat` (SIDE, SIDE) is the output over the plane, x₂ growing from row to row.
    `right` says for each of the four corners of the table whether it is on its side.
    """

    w: np.ndarray  # (2,)
    b: float
    x: np.ndarray  # (2,)
    z: float
    y: float
    activation: str
    heat: np.ndarray
    curve_z: np.ndarray  # (161,)
    curve_y: np.ndarray  # (161,)
    line: np.ndarray  # (2, 2): two points of b + w·x = 0; (0, 2) if there is no line
    table: str
    right: np.ndarray  # (4,) or (0,)


def compute(
    *,
    w1: float,
    w2: float,
    b: float,
    activation: str,
    x1: float,
    x2: float,
    table: str,
) -> Neuron:
    """y = f(z) with z = b + w₁x₁ + w₂x₂, at (x₁, x₂) and over the plane."""
    f = activations.get(activation)
    w, x = np.array([w1, w2], float), np.array([x1, x2], float)
    z = b + x @ w
    axis = np.linspace(-REACH, REACH, SIDE)
    heat = f(b + w1 * axis[None, :] + w2 * axis[:, None])
    curve_z = np.linspace(-10, 10, 161)
    classes = TABLES[table]
    # Class 1 is where z > 0, whatever the activation: all of them rise.
    right = (b + CORNERS[: len(classes)] @ w > 0) == classes
    return Neuron(
        w=w,
        b=float(b),
        x=x,
        z=float(z),
        y=float(f(np.array(z))),
        activation=activation,
        heat=heat,
        curve_z=curve_z,
        curve_y=f(curve_z),
        line=boundary(w, b),
        table=table,
        right=right,
    )


def boundary(w: np.ndarray, b: float) -> np.ndarray:
    """Two far points of the line b + w·x = 0, (2, 2); (0, 2) if there is no line.

    >>> boundary(np.array([0.0, 2.0]), -2.0)[:, 1]
    array([1., 1.])
    """
    length = w @ w
    if length == 0:
        return np.zeros((0, 2))
    foot = -b * w / length  # the line's nearest point to the origin
    along = np.array([-w[1], w[0]]) / np.sqrt(length)
    return foot + np.array([[-50.0], [50.0]]) * along


def layout(figure: Figure) -> SimpleNamespace:
    """The plane at the left; the neuron as a graph and its curve at the right."""
    plane = figure.add_axes((0.08, 0.115, 0.4167, 0.70))
    bar = figure.add_axes((0.08, 0.905, 0.4167, 0.025))
    graph = figure.add_axes((0.545, 0.43, 0.45, 0.56))
    curve = figure.add_axes((0.62, 0.115, 0.35, 0.24))
    return SimpleNamespace(
        **layout_plane(plane, bar), **layout_graph(graph), **layout_curve(curve)
    )


def layout_plane(plane: Axes, bar: Axes) -> dict[str, Any]:
    """Every input, colored by the output; the line; the one input that is looked at."""
    edges = (-REACH, REACH)
    plane.set(xlim=edges, ylim=edges, xlabel="x₁", ylabel="x₂")
    plane.set(xticks=range(-4, 5, 2), yticks=range(-4, 5, 2))
    plane.grid(False)
    # Colored here and not by imshow, which takes twice as long.
    heat = plane.imshow(
        np.zeros((SIDE, SIDE, 4), np.uint8),
        extent=edges * 2,
        origin="lower",
        interpolation="bilinear",
    )
    colors = ScalarMappable(cmap="cividis")
    halo = {"path_effects": [withStroke(linewidth=4, foreground="black")]}
    (line,) = plane.plot([], [], color="white", **halo)
    (arrow,) = plane.plot([], [], color="white", lw=3, **halo)
    words = {"color": "white", "ha": "center", "va": "center", **halo}
    arrow_name = plane.text(0, 0, "w", weight="bold", **words)
    sides = [plane.text(0, 0, text, **words) for text in ("z > 0", "z < 0")]
    mark = {"ls": "none", "mec": "black", "mew": 1.5}
    (ones,) = plane.plot([], [], "o", color=ORANGE, ms=14, **mark)
    (zeros,) = plane.plot([], [], "s", color=SKY, ms=13, **mark)
    (wrong,) = plane.plot([], [], "x", color="white", ms=22, mew=3, **halo)
    (point,) = plane.plot([], [], "o", mfc="none", mec="white", ms=22, mew=3, **halo)
    point_name = plane.text(0, 0, "x", weight="bold", **words)
    animate(plane)
    bar.figure.colorbar(colors, cax=bar, orientation="horizontal")
    return {
        "plane": plane,
        "bar": bar, "colors": colors, "heat": heat, "line": line, "arrow": arrow,
        "arrow_name": arrow_name, "sides": sides, "ones": ones, "zeros": zeros,
        "wrong": wrong, "point": point, "point_name": point_name,
    }  # fmt: skip


def layout_curve(axes: Axes) -> dict[str, Any]:
    """The activation function, with the place where this input falls."""
    axes.set(xlim=(-10, 10), xlabel="z", ylabel="y")
    return {
        "curve": axes,
        "shape": axes.plot([], [], color=BLUE, animated=True)[0],
        "drop": axes.plot([], [], color="black", lw=1.2, ls="--", animated=True)[0],
        "spot": axes.plot(
            [], [], "o", mfc="none", mec="black", ms=16, mew=2.5, animated=True
        )[0],
    }


def draw(artists: SimpleNamespace, neuron: Neuron) -> None:
    """Show one neuron."""
    low, high = RANGES[neuron.activation]
    margin = 0.1 * (high - low)
    title = f"output y = {neuron.activation}(z)"
    if artists.bar.get_title(loc="left") != title:  # rare, and slow
        artists.bar.set_title(title, loc="left")
        artists.colors.set_clim(low, high)
        artists.curve.set_ylim(low - margin, high + margin)
    draw_plane(artists, neuron)
    draw_graph(artists, neuron)
    artists.shape.set_data(neuron.curve_z, neuron.curve_y)
    z = np.clip(neuron.z, -9.7, 9.7)  # far out, the ring stays at the edge
    y = np.clip(neuron.y, low, high)
    artists.drop.set_data([z, z, -10], [low - margin, y, y])
    artists.spot.set_data([z], [y])


def draw_plane(artists: SimpleNamespace, neuron: Neuron) -> None:
    """The heat map, the line with its normal vector, and the points."""
    artists.heat.set_data(artists.colors.to_rgba(neuron.heat, bytes=True))
    artists.line.set_data(neuron.line.T)
    artists.point.set_data(neuron.x[:1], neuron.x[1:])
    artists.point_name.set_position(neuron.x + np.where(neuron.x > 3.4, -0.5, 0.5))
    length = np.hypot(*neuron.w)
    foot = direction = np.zeros(2)
    if length > 0:
        direction = neuron.w / length
        foot = -neuron.b * direction / length
    visible = length > 0 and np.abs(foot).max() < REACH
    tip = foot + direction * min(1.0 + 0.15 * length, 2.0)
    side = np.array([-direction[1], direction[0]])
    head = [tip, tip - 0.35 * direction + 0.2 * side]
    head += [tip, tip - 0.35 * direction - 0.2 * side]
    artists.arrow.set_data(np.array([foot, *head]).T)
    artists.arrow_name.set_position(tip + 0.35 * direction)
    if side @ (neuron.x - foot) > 0:  # the words go where the input is not
        side = -side
    for text, sign in zip(artists.sides, (1, -1)):
        text.set_position(foot + 2.0 * side + sign * 0.75 * direction)
    for artist in (artists.arrow, artists.arrow_name, *artists.sides):
        artist.set_visible(bool(visible))
    classes = TABLES[neuron.table]
    corners = CORNERS[: len(classes)]
    artists.ones.set_data(corners[classes].T)
    artists.zeros.set_data(corners[~classes].T)
    artists.wrong.set_data(corners[~neuron.right].T)


def summary(neuron: Neuron) -> str:
    """What is seen, in words."""
    where = f"Input ({number(neuron.x[0])}, {number(neuron.x[1])})"
    text = (
        f"{where}: z = {number(neuron.z)}, {neuron.activation}(z) = {small(neuron.y)}. "
    )
    if len(neuron.line):
        text += f"The line is {equation(neuron.w, neuron.b)}."
    else:
        text += (
            "Both weights are 0: there is no line, every input gives the same output."
        )
    if len(neuron.right):
        text += f" {neuron.table}: {neuron.right.sum()} of 4 points on their side."
    return text


def point_at(artists: SimpleNamespace, x: float, y: float) -> dict[str, float]:
    """The input at a place in the picture; nothing outside the plane."""
    if not artists.plane.bbox.contains(x, y):
        return {}
    x1, x2 = artists.plane.transData.inverted().transform((x, y))
    return {"x1": round(float(x1), 1), "x2": round(float(x2), 1)}


CONTROLS = (
    Slider("w1", 3.0, -5.0, 5.0, step=0.1, description="Weight w₁"),
    Slider("w2", -2.0, -5.0, 5.0, step=0.1, description="Weight w₂"),
    Slider("b", 1.0, -8.0, 8.0, step=0.1, description="Bias b"),
    Choice("activation", "sigmoid", list(RANGES), description="Activation"),
    Slider("x1", -1.0, -4.0, 4.0, step=0.1, description="Input x₁"),
    Slider("x2", 2.0, -4.0, 4.0, step=0.1, description="Input x₂"),
    Choice("table", "none", list(TABLES), description="Points to separate"),
)
PRESETS = {
    "lecture": {},
    "AND": {"w1": 5.0, "w2": 5.0, "b": -7.5, "x1": 1.0, "x2": 1.0, "table": "AND"},
    "OR": {"w1": 5.0, "w2": 5.0, "b": -2.5, "x1": 0.0, "x2": 1.0, "table": "OR"},
}


def neuron(preset: str | None = None, **settings: Any) -> Explorer:
    """One neuron with two inputs, to be played with.

    Weights turn the line b + w₁x₁ + w₂x₂ = 0, the bias shifts it without turning, and
    the activation says how the output grows across it. Click or drag on the plane to
    choose the input whose sum is written out. Presets: "lecture", "AND", "OR".

    Lecture: bias 1, weights (3, −2), input (−1, 2).

    >>> neuron("lecture")
    One neuron. Input (−1, 2): z = −6, sigmoid(z) = 0.00247.
    The line is 1 + 3 x₁ − 2 x₂ = 0.
    """
    return Explorer(
        compute,
        layout,
        draw,
        summary,
        title="One neuron",
        controls=CONTROLS,
        presets=PRESETS,
        preset=preset,
        settings=settings,
        pointer=point_at,
        size=(8.4, 5.0),
    )
