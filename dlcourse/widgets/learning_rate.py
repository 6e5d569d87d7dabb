"""The learning rate on a bowl: crawl, glide, zigzag, explode, and a needle that knows.

Left, the path of gradient descent on J(θ) = ½(θ₁² + λθ₂²), seen from above. A step
multiplies each coordinate by 1 - rate·curvature, so the dial at the right, which shows
rate·curvature for the steep and for the flat direction, says everything beforehand:
beyond 2 the path explodes. Read ``learning_rate_sweep.py`` next: a network's rates.
"""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Wedge
from matplotlib.patheffects import withStroke

from ..analysis import Bowl
from ..plots.style import BLUE, GREEN, ORANGE, VERMILION
from .controls import Slider, Time
from .explorer import Explorer
from .picture import animate
from .surface import PLATE
from .words import number

FLAT = 1.0  # the curvature along θ₁
STEPS = 40
REACH = 4.4  # the map goes from -REACH to REACH in both directions
LEVELS = np.geomspace(300, 0.05, 14)  # of the loss, where the map changes its color
FLOOR, CEILING = 1e-6, 1e6  # of the loss curve
FULL = 3.0  # the end of the dial

ZONES = (  # from, to, color, name: what a step does in a direction
    (0, 1, GREEN, "glide"),
    (1, 2, ORANGE, "zigzag"),
    (2, FULL, VERMILION, "explode"),
)


@dataclass(frozen=True)
class Descent:
    """One descent on the bowl, and what its two curvatures foretell."""

    learning_rate: float
    curvatures: np.ndarray  # (2,): along θ₁ and θ₂
    edge: float  # the largest rate that does not explode
    path: np.ndarray  # (steps + 1, 2)
    loss: np.ndarray  # (steps + 1,)
    rings: np.ndarray  # (levels, points, 2): where the loss is each of LEVELS

    @property
    def factors(self) -> np.ndarray:
        """What one step multiplies θ₁ and θ₂ by, (2,)."""
        return 1 - self.learning_rate * self.curvatures


def compute(
    *, learning_rate: float, curvature: float, start1: float, start2: float, step: int
) -> Descent:
    """Walk `step` steps downhill from (start1, start2)."""
    bowl = Bowl.of([FLAT, curvature])
    path = bowl.descend([start1, start2], learning_rate, step)
    angle = np.linspace(0, 2 * np.pi, 181)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    ring /= np.sqrt(bowl.curvatures)  # where the loss is 1/2
    with np.errstate(over="ignore", invalid="ignore"):
        loss = bowl.loss(path)
    return Descent(
        learning_rate=learning_rate,
        curvatures=np.array([FLAT, curvature]),
        edge=bowl.edge(),
        path=path,
        loss=loss,
        rings=np.sqrt(2 * LEVELS)[:, None, None] * ring,
    )


# ---------------------------------------------------------------------- picture


def layout(figure: Figure) -> SimpleNamespace:
    """The map at the left; the dial and the loss at the right."""
    plane = figure.add_axes((0.08, 0.115, 0.49, 0.81))
    dial = figure.add_axes((0.60, 0.47, 0.395, 0.52))
    curve = figure.add_axes((0.685, 0.115, 0.285, 0.28))
    return SimpleNamespace(
        **layout_map(plane), **layout_dial(dial), **layout_curve(curve)
    )


def layout_map(plane: Axes) -> dict[str, Any]:
    """The bowl from above: color and rings of equal loss, and the path."""
    plane.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), aspect="equal")
    plane.set(xlabel="θ₁, the flat direction", ylabel="θ₂, the steep direction")
    plane.set_title("Path on the loss surface", loc="left")
    plane.grid(False)
    shades = colormaps["viridis"](np.linspace(0, 1, len(LEVELS) + 1))  # dark is high
    plane.set_facecolor(shades[0])
    rings = [
        plane.fill([0, 0, 0], [0, 0, 0], fc=shade, ec="white", lw=0.6)[0]
        for shade in shades[1:]
    ]
    (minimum,) = plane.plot([0], [0], "*", ms=18, mfc="white", mec="black")
    (under,) = plane.plot([], [], color="white", lw=4)
    (path,) = plane.plot([], [], "o-", color="black", ms=4.5, lw=1.6)
    (start,) = plane.plot([], [], "o", ms=13, mfc="none", mec="black", mew=2.5)
    (now,) = plane.plot([], [], "o", ms=11, mfc=VERMILION, mec="white", mew=1.5)
    words = plane.text(
        0.98,
        0.03,
        "it has left the map",
        transform=plane.transAxes,
        ha="right",
        weight="bold",
        bbox=PLATE,
    )
    animate(plane)
    return {
        "plane": plane, "rings": rings, "minimum": minimum,
        "paths": (under, path), "start": start, "now": now, "gone": words,
    }  # fmt: skip


def at(product: float) -> float:
    """The angle of rate·curvature on the dial, in radians: 0 is left, FULL right."""
    return np.pi * (1 - min(product, FULL) / FULL)


def layout_dial(axes: Axes) -> dict[str, Any]:
    """A dial from 0 to FULL with its zones; a needle for each direction."""
    axes.set(xlim=(-1.45, 1.45), ylim=(-0.9, 1.4), aspect="equal")
    axes.axis("off")
    for low, high, color, name in ZONES:
        ends = np.rad2deg(at(high)), np.rad2deg(at(low))
        hatch = "//" if name == "explode" else None
        wedge = Wedge((0, 0), 1, *ends, width=0.3, fc=color, ec="white", hatch=hatch)
        axes.add_patch(wedge)
        middle = at((low + high) / 2)
        axes.text(
            0.85 * np.cos(middle),
            0.85 * np.sin(middle),
            name,
            ha="center",
            va="center",
            rotation=np.rad2deg(middle) - 90,
            weight="bold",
            path_effects=[withStroke(linewidth=3, foreground="white")],
        )
    for mark in range(int(FULL) + 1):
        x, y = np.cos(at(mark)), np.sin(at(mark))
        axes.plot([0.7 * x, 1.04 * x], [0.7 * y, 1.04 * y], color="black", lw=1.5)
        name = f"{mark}" if mark != 2 else "2: the edge"
        side = "center" if mark == 2 else ("right" if x < 0 else "left")
        axes.text(1.1 * x, 1.1 * y + 0.02, name, ha=side, va="bottom")
    axes.text(0, 1.3, "rate · curvature", ha="center", va="bottom", weight="bold")
    needles = [
        axes.plot([], [], color=BLUE, lw=2.5, ls=(0, (3, 1)), animated=True)[0],
        axes.plot([], [], color="black", lw=4, animated=True)[0],
    ]
    axes.plot([0], [0], "o", color="black", ms=9)
    lines = [
        axes.text(-1.4, height, "", animated=True, color=color)
        for height, color in ((-0.45, "black"), (-0.8, BLUE))
    ]
    return {"needles": needles, "lines": lines}


def layout_curve(axes: Axes) -> dict[str, Any]:
    """The loss after each step."""
    axes.set(xlim=(0, STEPS), ylim=(FLOOR, CEILING), yscale="log")
    axes.set(xlabel="step", ylabel="loss")
    axes.set_yticks([1e-6, 1e-3, 1, 1e3, 1e6])
    axes.minorticks_off()
    return {
        "begin": axes.axhline(1, color="#555555", lw=1.2, ls=":", animated=True),
        "curve": axes.plot([], [], color="black", animated=True)[0],
        "end": axes.plot([], [], "o", ms=9, mfc=VERMILION, mec="white", animated=True)[
            0
        ],
    }


def draw(artists: SimpleNamespace, descent: Descent) -> None:
    """Show one descent."""
    for area, ring in zip(artists.rings, descent.rings):
        area.set_xy(ring)
    path = np.nan_to_num(np.clip(descent.path, -1e4, 1e4))
    for line in artists.paths:
        line.set_data(*path.T)
    artists.start.set_data(*path[:1].T)
    artists.now.set_data(*path[-1:].T)
    outside = (abs(path[-1]) > REACH).any()
    artists.gone.set_visible(outside)

    products = descent.learning_rate * descent.curvatures
    for needle, product in zip(artists.needles, products):
        tip = 0.95 * np.array([np.cos(at(product)), np.sin(at(product))])
        needle.set_data([0, tip[0]], [0, tip[1]])
    names = ("steep", "flat")
    for line, name, product in zip(artists.lines, names, products[::-1]):
        line.set_text(f"{name} {product:.3g}: × {factor(1 - product)} per step")
    loss = np.clip(np.nan_to_num(descent.loss, nan=1e300), FLOOR, 1e300)
    artists.begin.set_ydata([loss[0], loss[0]])
    artists.curve.set_data(np.arange(len(loss)), loss)
    artists.end.set_data([len(loss) - 1], loss[-1:].clip(max=CEILING))


def factor(value: float) -> str:
    """A factor with a real minus sign, in parentheses if it has one.

    >>> factor(0.9), factor(-1.1), factor(-1e-17)
    ('0.9', '(−1.1)', '0')
    """
    text = number(value)
    return f"({text})" if text.startswith("−") else text


def verdict(descent: Descent) -> str:
    """What this learning rate does, in a few words."""
    flat, steep = descent.factors
    if descent.path[0, 1] == 0 and abs(steep) >= 1:
        return "It should explode, but starts exactly on the floor of the valley"
    if np.isclose(abs(steep), 1):
        return "Exactly at the edge it jumps to and fro forever"
    if abs(steep) > 1:
        return f"Each jump leads {abs(steep):.3g} times as far as the last: it explodes"
    if steep < 0:
        return "It zigzags across the valley, and each jump is shorter than the last"
    if max(flat, steep) > 0.95:
        return "It crawls: no step takes it a twentieth of the way along the valley"
    return "It glides down without ever crossing the valley"


def summary(descent: Descent) -> str:
    """What is seen, in words."""
    steps = len(descent.loss) - 1
    return (
        f"Learning rate {descent.learning_rate:.3g}, steepest curvature "
        f"{descent.curvatures[1]:.3g}: the edge 2/λ is {descent.edge:.3g}. "
        f"{verdict(descent)}. After {steps} steps the loss has gone from "
        f"{descent.loss[0]:.3g} to {amount(descent.loss[-1])}."
    )


def amount(loss: float) -> str:
    """A loss in words that stay short.

    >>> amount(0.0123), amount(1e-9), amount(3e9)
    ('0.0123', 'less than a millionth', 'more than a million')
    """
    if not loss < 1e6:
        return "more than a million"
    return f"{loss:.3g}" if loss >= 1e-6 else "less than a millionth"


def point_at(artists: SimpleNamespace, x: float, y: float) -> dict[str, float]:
    """The start, where the map is pointed at; nothing outside of it."""
    if not artists.plane.bbox.contains(x, y):
        return {}
    place = artists.plane.transData.inverted().transform((x, y))
    start1, start2 = np.clip(place, -4, 4).round(1).tolist()
    return {"start1": start1, "start2": start2}


CONTROLS = (
    Slider(
        "learning_rate", 0.17, 0.01, 1.0, step=0.01,
        description="Learning rate", help="How far a step goes, for a slope of 1",
    ),
    Slider(
        "curvature", 10.0, 1.0, 20.0, step=0.5, format=".1f",
        description="Steepest curvature λ",
        help="How quickly the slope grows across the valley; along it, it is 1",
    ),
    Slider(
        "start1", -4.0, -4.0, 4.0, step=0.1, format=".1f", description="Start θ₁",
        help="Or click on the map",
    ),
    Slider(
        "start2", 1.5, -4.0, 4.0, step=0.1, format=".1f", description="Start θ₂",
        help="Or click on the map",
    ),
    Time("step", STEPS, 0, STEPS, interval=0.1, description="Steps taken"),
)  # fmt: skip
PRESETS = {
    "right": {},
    "too small": {"learning_rate": 0.01},
    "too large": {"learning_rate": 0.21},
    "at the edge": {"learning_rate": 0.2},
    "round bowl": {"curvature": 1.0, "learning_rate": 0.5},
}


def learning_rate(preset: str | None = None, **settings: Any) -> Explorer:
    """Gradient descent on a bowl: what the learning rate does, and how to foretell it.

    Drag the learning rate and watch the black needle, rate·λ: below 1 the path glides,
    up to 2 it zigzags, beyond 2 it explodes, wherever it starts. The blue needle is the
    flat direction: near 0 it crawls. Click on the map to start elsewhere. Presets:
    "too small", "right", "too large", "at the edge", "round bowl".

    Lecture: setting the learning rate.

    >>> learning_rate("too large")
    The learning rate. Learning rate 0.21, steepest curvature 10: the edge 2/λ is 0.2.
    Each jump leads 1.1 times as far as the last: it explodes. After 40 steps the loss
    has gone from 19.2 to 2.3e+04.
    """
    return Explorer(
        compute,
        layout,
        draw,
        summary,
        title="The learning rate",
        controls=CONTROLS,
        presets=PRESETS,
        preset=preset,
        settings=settings,
        pointer=point_at,
        size=(7.6, 4.6),
    )
