"""Activation functions: their slope, and what a layer of them makes of a signal.

Large at the left stands the function, dashed its derivative. Below is where the signal
falls, beside it what comes out, so that one can read the layer like a table: go up from
z, across to y. Hatched is where less than 5 % of a gradient gets through; stack a few
layers and watch how much of it arrives. Read `learning_rate.py` next.
"""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..autodiff import grad
from ..layers import activations as by_name
from ..plots.style import BLUE, GRAY, GREEN, ORANGE
from ..tensor import Tensor
from .controls import Choice, Slider
from .explorer import Explorer
from .words import percent

NAMES = (
    "linear", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu",
    "softplus", "softsign", "hard_sigmoid",
)  # fmt: skip
FLAT = 0.05  # a slope below this lets hardly any gradient through
LAYERS = 10
Z_EDGES = np.linspace(-5, 5, 51)
Y_EDGES = np.linspace(-2, 3, 51)
Z = np.linspace(-5, 5, 401)
TIME = np.linspace(0, 1, 200, endpoint=False)
NOTHING = 1e-8  # where the scale of gradients ends

HATCHED = {"facecolor": "#00000010", "hatch": "////", "edgecolor": "#bbbbbb", "lw": 0}


@dataclass(frozen=True)
class Layer:
    """A function, its slope, and a signal before and after.

    With T samples and L layers: `signal` (T,) goes in; `z` and `y` (T,) are what the
    last layer sums up and makes of it; `arrives` (L + 1,) is the mean of |dy/dx| after
    0 to L layers.
    """

    activation: str
    curve: np.ndarray  # (401,): f at Z
    slope: np.ndarray  # (401,): f′ at Z
    signal: np.ndarray
    z: np.ndarray
    y: np.ndarray
    flat: float  # the share of z where |f′| < FLAT
    arrives: np.ndarray


def compute(*, activation: str, w: float, b: float, layers: int, kind: str) -> Layer:
    """`layers` times y ← f(w·y + b), beginning with the signal."""
    f = by_name.get(activation)
    curve, slope = with_slope(f, Z)
    signal = make_signal(kind)
    x = y = Tensor(signal, requires_grad=True)
    arrives = [1.0]
    for _ in range(layers):
        z = w * y + b
        y = f(z)
        arrives.append(float(np.abs(derivative(y, x)).mean()))
    at_z = with_slope(f, z.numpy())[1]
    return Layer(
        activation=activation,
        curve=curve,
        slope=slope,
        signal=signal,
        z=z.numpy(),
        y=y.numpy(),
        flat=float((np.abs(at_z) < FLAT).mean()),
        arrives=np.array(arrives),
    )


def derivative(y: Tensor, x: Tensor) -> np.ndarray:
    """dy/dx where each element of y depends on its own element of x."""
    return grad(y.sum(), [x])[0].numpy()


def with_slope(f: Any, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """f and f′ at `z`, the derivative by the course's own engine.

    >>> from dlcourse import ops
    >>> [float(v[0]) for v in with_slope(ops.sigmoid, np.zeros(1))]
    [0.5, 0.25]
    """
    x = Tensor(z, requires_grad=True)
    y = f(x)
    return y.numpy(), derivative(y, x)


def make_signal(kind: str) -> np.ndarray:
    """A signal with variance 1 over one second, (200,)."""
    if kind == "sine":
        return np.sqrt(2) * np.sin(4 * np.pi * TIME)
    if kind == "square":
        return np.where(TIME % 0.5 < 0.25, 1.0, -1.0)
    return np.random.default_rng(0).standard_normal(len(TIME))


def layout(figure: Figure) -> SimpleNamespace:
    """The function with the distributions around it; time and depth at the right."""
    return SimpleNamespace(
        **layout_function(figure.add_axes((0.075, 0.42, 0.35, 0.50))),
        **layout_before(figure.add_axes((0.075, 0.11, 0.35, 0.20))),
        **layout_after(figure.add_axes((0.44, 0.42, 0.09, 0.50))),
        **layout_signals(figure.add_axes((0.61, 0.60, 0.375, 0.32))),
        **layout_depth(figure.add_axes((0.61, 0.11, 0.375, 0.32))),
    )


def layout_function(axes: Axes) -> dict[str, Any]:
    """The curve, its derivative, and where it is flat."""
    axes.set(xlim=(-5, 5), ylim=(-2, 3), ylabel="y")
    axes.set_title("activation f and its slope f′", loc="left")
    axes.axhline(0, color=GRAY, lw=1)
    axes.axvline(0, color=GRAY, lw=1)
    axes.plot([], [], color=BLUE, label="f(z)")
    axes.plot([], [], color=ORANGE, ls="--", label="f′(z)")
    axes.fill_between([], [], [], label=f"|f′| < {FLAT:g}", **HATCHED)
    legend = axes.legend(
        loc="lower right", handlelength=1.6, fontsize=11, frameon=True, framealpha=1
    )
    legend.set_animated(True)  # or the hatching would cover it
    return {
        "flat": axes.fill_between(Z, -2, 3, animated=True, **HATCHED),
        "slope": axes.plot([], [], color=ORANGE, ls="--", animated=True)[0],
        "curve": axes.plot([], [], color=BLUE, lw=3.5, animated=True)[0],
    }


def layout_before(axes: Axes) -> dict[str, Any]:
    """The distribution of z."""
    axes.set(xlim=(-5, 5), ylim=(0, 1), yticks=[], xlabel="what goes in: z = w·x + b")
    bars = axes.stairs(np.zeros(50), Z_EDGES, fill=True, color=GREEN, animated=True)
    return {"before": bars}


def layout_after(axes: Axes) -> dict[str, Any]:
    """The distribution of y, along the axis of the function."""
    axes.set(ylim=(-2, 3), xlim=(0, 1), xticks=[], xlabel="out: y")
    axes.tick_params(labelleft=False)
    bars = axes.stairs(
        np.zeros(50), Y_EDGES, fill=True, color=BLUE, orientation="horizontal",
        animated=True,
    )  # fmt: skip
    return {"after": bars}


def layout_signals(axes: Axes) -> dict[str, Any]:
    """The signal over time, before the first and after the last layer."""
    axes.set(xlim=(0, 1), ylim=(-3.5, 3.5), xlabel="time in s")
    axes.set_title("the signal", loc="left")
    axes.plot([], [], color="black", lw=1, label="x in")
    axes.plot([], [], color=BLUE, label="y out")
    axes.legend(loc="lower right", bbox_to_anchor=(1.03, 0.95), ncols=2, fontsize=11)
    return {
        "output": axes.plot(TIME, TIME, color=BLUE, animated=True)[0],
        "signal": axes.plot(TIME, TIME, color="black", lw=1, animated=True)[0],
    }


def layout_depth(axes: Axes) -> dict[str, Any]:
    """How much of a gradient is left after each layer."""
    axes.set(xlim=(0, LAYERS + 0.3), xticks=range(0, LAYERS + 1, 2), xlabel="layers")
    axes.set(yscale="log", ylim=(NOTHING, 1e3))
    axes.set_yticks([1e-6, 1e-3, 1], ["10⁻⁶", "10⁻³", "1"])
    axes.minorticks_off()
    axes.set_title("mean |dy/dx|: gradient that arrives", loc="left")
    axes.axhline(1, color=GRAY, lw=1)
    return {
        "arrives": axes.plot(
            [], [], "o-", color=ORANGE, ms=8, animated=True, clip_on=False
        )[0],
        "none": axes.text(
            0.97, 0.1, "", transform=axes.transAxes, ha="right", animated=True
        ),
    }


def draw(artists: SimpleNamespace, layer: Layer) -> None:
    """Show one activation and its signal."""
    flat = np.abs(layer.slope) < FLAT
    artists.flat.set_data(Z, np.full_like(Z, -2), np.full_like(Z, 3), where=flat)
    artists.curve.set_data(Z, layer.curve)
    artists.slope.set_data(Z, layer.slope)
    artists.before.set_data(shares(layer.z, Z_EDGES))
    artists.after.set_data(shares(layer.y, Y_EDGES))
    artists.signal.set_ydata(layer.signal)
    artists.output.set_ydata(layer.y)
    depth = np.arange(len(layer.arrives))
    artists.arrives.set_data(depth, np.maximum(layer.arrives, NOTHING))
    artists.none.set_text("nothing arrives" if layer.arrives[-1] == 0 else "")


def shares(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """A histogram whose tallest bar is 1; what lies outside counts at the edge."""
    counts = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0]
    return counts / max(1, counts.max())


def summary(layer: Layer) -> str:
    """What is seen, in words."""
    layers = len(layer.arrives) - 1
    return (
        f"{layer.activation}: its slope goes from {layer.slope.min():.2f} to "
        f"{layer.slope.max():.2f}. Share of the signal where it is below {FLAT:g}: "
        f"{percent(layer.flat)}. Gradient that arrives through {layers} "
        f"layer{'s' * (layers > 1)}: {percent(layer.arrives[-1])}."
    )


CONTROLS = (
    Choice("activation", "sigmoid", NAMES, description="Activation f"),
    Slider("w", 1.0, -5.0, 5.0, step=0.1, description="Weight w: scales the input"),
    Slider("b", 0.0, -4.0, 4.0, step=0.1, description="Bias b: shifts it"),
    Slider("layers", 1, 1, LAYERS, description="Layers"),
    Choice("kind", "sine", ("sine", "square", "noise"), description="Signal"),
)
PRESETS = {
    "sigmoid": {},
    "saturated": {"w": 5.0},
    "vanishing": {"layers": 8},
    "dead ReLU": {"activation": "relu", "b": -1.5},
    "leaky ReLU": {"activation": "leaky_relu", "b": -1.5},
    "exploding": {"activation": "relu", "w": 2.0, "layers": 8, "kind": "noise"},
}


def activations(preset: str | None = None, **settings: Any) -> Explorer:
    """Activation functions with their derivatives, and what they make of a signal.

    Each layer computes y = f(w·x + b) for every sample. Where f is flat (hatched), a
    gradient is lost: it is multiplied by f′ on its way back. Presets: "sigmoid",
    "saturated", "vanishing", "dead ReLU", "leaky ReLU", "exploding".

    >>> activations("dead ReLU")
    Activation functions. relu: its slope goes from 0.00 to 1.00. Share of the signal
    where it is below 0.05: 100 %. Gradient that arrives through 1 layer: none.
    """
    return Explorer(
        compute,
        layout,
        draw,
        summary,
        title="Activation functions",
        controls=CONTROLS,
        presets=PRESETS,
        preset=preset,
        settings=settings,
        size=(8.6, 5.4),
    )
