"""64 learning rates for one network, all trained at once, to be scrubbed through.

The training was done before the slider moves, in a single sweep: 2-16-1 with tanh on
two moons, 200 steps of full-batch gradient descent on the squared error, from the same
first weights. What was exact on the bowl is seen again: small rates crawl, large ones
explode, and those between end where the landscape is just flat enough for them: their
curvature λ stays near 2/rate (Cohen, Kaur, Li, Kolter and Talwalkar, "Gradient descent
on neural networks typically occurs at the edge of stability", 2021). Read
``landscape.py`` next.
"""

from dataclasses import dataclass
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from .. import datasets
from ..analysis import Landscape, landscape, sharpness, stability_edge
from ..layers import Dense, Input
from ..models import Sequential, sweep
from ..plots.style import GRAY, VERMILION
from .controls import Counter, Stops
from .explorer import Explorer
from .picture import animate
from .surface import PLATE, add_surface, move_surface, on_map
from .words import percent

RATES = np.geomspace(0.002, 2.0, 64)
STEPS, POINTS, UNITS = 200, 200, 16
FLOOR, CEILING = 0.05, 20.0  # of the losses shown
SHARP = (0.5, 60.0)  # the curvatures shown


@dataclass(frozen=True)
class Trainings:
    """All 64 runs from the same first weights."""

    loss: np.ndarray  # (64, STEPS + 1)
    paths: np.ndarray  # (64, STEPS + 1, 2): seen in the plane of `surface`
    surface: Landscape
    curvature: np.ndarray  # (64,): the largest at the end of each run; NaN if it left
    edge: float  # 2/λ at the start

    @property
    def gone(self) -> np.ndarray:
        """Which runs have diverged: they end above where they began, or nowhere."""
        return ~(self.loss[:, -1] < self.loss[:, 0])

    @property
    def calm(self) -> np.ndarray:
        """Which runs never climbed higher than they began."""
        return self.loss.max(axis=1) < 1.05 * self.loss[:, 0]


@dataclass(frozen=True)
class Scrub:
    """One of the runs, among all."""

    runs: Trainings
    index: int

    @property
    def rate(self) -> float:
        """The learning rate looked at."""
        return float(RATES[self.index])


def compute(*, learning_rate: float, start: int) -> Scrub:
    """Look up one run; train all of them where the start is new."""
    index = int(abs(RATES - learning_rate).argmin())
    return Scrub(train(start), index)


@lru_cache(maxsize=32)
def train(seed: int) -> Trainings:
    """Train with all rates at once, and look at the landscape the runs went through."""
    x, y = datasets.moons(POINTS, noise=0.15)
    targets = (2.0 * y[:, None] - 1).astype(np.float32)  # (N, 1): -1 and 1
    model = Sequential([Input(shape=(2,)), Dense(UNITS, "tanh"), Dense(1)])
    model.compile("sgd", "mse")
    runs = sweep(
        model,
        x,
        targets,
        loss="mse",
        learning_rate=RATES,
        seeds=seed,
        steps=STEPS,
    )
    curvature = sharpness(model, x, targets, thetas=runs.theta[:, -1], tolerance=0.01)
    first = sharpness(model, x, targets, thetas=runs.theta[0, 0])[0]
    # one plane for all: that of the runs that stay on the ground, through the best end
    calm = runs.loss.max(axis=1) < 1.05 * runs.loss[:, 0]
    best = np.where(calm, runs.loss[:, -1], np.inf).argmin()
    model.set_theta(runs.theta[best, -1])
    places = runs.theta[calm][::4, ::20].reshape(-1, model.theta.size)
    plane = landscape(model, x, targets, path=places)
    return Trainings(
        loss=runs.loss,
        paths=plane.project(runs.theta),
        surface=plane,
        curvature=np.where(runs.loss[:, -1] < runs.loss[:, 0], curvature, np.nan),
        edge=stability_edge(first),
    )


# ---------------------------------------------------------------------- picture


def layout(figure: Figure) -> SimpleNamespace:
    """Path and losses above; what came out for each rate below."""
    figure.set_layout_engine("constrained", h_pad=0.07, w_pad=0.07)
    (plane, curves), (ends, sharp) = figure.subplots(2, 2)
    return SimpleNamespace(
        shown=None,
        **layout_plane(plane),
        **layout_curves(curves),
        **layout_ends(ends),
        **layout_sharp(sharp),
    )


def layout_plane(axes: Axes) -> dict[str, Any]:
    """The landscape of the network, with the path of one run."""
    axes.set_title("Path on the loss surface", loc="left")
    style = {"animated": True, "color": "white"}
    view = {
        **add_surface(axes),
        "under": axes.plot([], [], lw=4, **style)[0],
        "path": axes.plot([], [], "o-", color=VERMILION, lw=1.6, ms=3.5, animated=True)[
            0
        ],
        "begin": axes.plot([], [], "o", ms=11, mec="black", mew=2, **style)[0],
        "stop": axes.plot([], [], "X", ms=12, mec="black", **style)[0],
        "away": axes.text(
            0.97, 0.05, "it has left the map", transform=axes.transAxes, ha="right",
            weight="bold", animated=True, bbox=PLATE,
        ),
    }  # fmt: skip
    animate(axes)
    return {"plane": SimpleNamespace(axes=axes, **view)}


def layout_curves(axes: Axes) -> dict[str, Any]:
    """64 loss curves, one of them in color."""
    axes.set_title(f"Loss during {STEPS} steps", loc="left")
    axes.set(xlim=(0, STEPS), ylim=(FLOOR, CEILING), yscale="log", xlabel="step")
    faint = LineCollection([], colors=GRAY, linewidths=0.7, alpha=0.45)
    axes.add_collection(faint)
    return {
        "faint": faint,
        "curve": axes.plot([], [], color=VERMILION, lw=3, animated=True)[0],
        "name": axes.text(
            0.97, 0.93, "", transform=axes.transAxes, ha="right", va="top",
            weight="bold", color=VERMILION, animated=True,
        ),
    }  # fmt: skip


def layout_ends(axes: Axes) -> dict[str, Any]:
    """The last loss of each run over its rate."""
    axes.set_title(f"Loss after {STEPS} steps", loc="left")
    axes.set(xscale="log", yscale="log", xlim=(RATES[0] * 0.85, RATES[-1] * 1.18))
    axes.set(ylim=(FLOOR, CEILING), xlabel="learning rate")
    (dots,) = axes.plot([], [], "o", color=GRAY, ms=4.5)
    (crosses,) = axes.plot([], [], "x", color=GRAY, ms=5, mew=1.5)
    edge = axes.axvline(1, color="black", lw=1.5, ls="--")
    axes.text(0.98, 0.8, "diverged", transform=axes.transAxes, ha="right", fontsize=11)
    edge_name = axes.text(1, 0.9 * CEILING, "edge at\nthe start", ha="right", va="top")
    return {
        "ends": dots,
        "lost": crosses,
        "edge": edge,
        "edge_name": edge_name,
        "chosen_end": ring(axes),
    }


def layout_sharp(axes: Axes) -> dict[str, Any]:
    """The curvature where each run ends, and the line beyond which none can stay."""
    axes.set_title("Curvature λ where it ends", loc="left")
    axes.set(xscale="log", yscale="log", xlim=(RATES[0] * 0.85, RATES[-1] * 1.18))
    axes.set(ylim=SHARP, xlabel="learning rate")
    axes.plot(RATES, 2 / RATES, color="black", lw=1.5, ls="--")
    style = {"fc": "#f4e3da", "ec": "#dfb9a3", "hatch": "//", "lw": 0}
    axes.fill_between(RATES, 2 / RATES, SHARP[1], **style)
    axes.text(
        0.97, 0.93, "λ > 2/rate:\nno run can stay", transform=axes.transAxes,
        ha="right", va="top",
        bbox=PLATE,
    )  # fmt: skip
    (dots,) = axes.plot([], [], "o", color=GRAY, ms=4.5)
    return {"sharp": dots, "chosen_sharp": ring(axes)}


def ring(axes: Axes) -> Any:
    """The mark for the run that is looked at."""
    return axes.plot(
        [], [], "o", ms=12, mfc="none", mec=VERMILION, mew=3, animated=True
    )[0]


def draw(artists: SimpleNamespace, scrub: Scrub) -> None:
    """Show one run; all the others only if they are new."""
    runs, i = scrub.runs, scrub.index
    if artists.shown is not runs:
        draw_all(artists, runs)
        artists.shown = runs
    plane = artists.plane
    path = np.nan_to_num(on_map(runs.surface, runs.paths[i]).clip(-99, 99), nan=99)
    for line in (plane.under, plane.path):
        line.set_data(*path.T)
    plane.begin.set_data(*path[:1].T)
    plane.stop.set_data(*path[-1:].T)
    plane.away.set_visible(abs(path[-1]).max() > 1)
    artists.curve.set_data(np.arange(STEPS + 1), np.nan_to_num(runs.loss[i], nan=1e30))
    artists.name.set_text(f"rate {scrub.rate:.3g}")
    artists.chosen_end.set_data([scrub.rate], [visible(runs.loss[i, -1], 0.75)])
    artists.chosen_sharp.set_data([scrub.rate], [runs.curvature[i]])


def draw_all(artists: SimpleNamespace, runs: Trainings) -> None:
    """What stays while the rate is scrubbed."""
    plane = artists.plane
    move_surface(plane, runs.surface)
    one, two = map(percent, runs.surface.variance)
    plane.axes.set_xlabel(f"direction 1 ({one} of the variance)")
    plane.axes.set_ylabel(f"direction 2 ({two})")
    steps = np.broadcast_to(np.arange(STEPS + 1), runs.loss.shape)
    artists.faint.set_segments(np.stack([steps, visible(runs.loss)], axis=2))
    last, gone = runs.loss[:, -1], runs.gone
    artists.ends.set_data(RATES[~gone], visible(last[~gone]))
    artists.lost.set_data(RATES[gone], visible(np.inf * np.ones(gone.sum()), 0.75))
    artists.edge.set_xdata([runs.edge, runs.edge])
    artists.edge_name.set_x(runs.edge * 0.9)
    artists.sharp.set_data(RATES, runs.curvature)


def visible(loss: np.ndarray, share: float = 1.0) -> np.ndarray:
    """Losses moved to the upper edge of the picture where they are beyond it."""
    return np.clip(np.nan_to_num(loss, nan=CEILING), FLOOR, CEILING * share)


def verdict(scrub: Scrub) -> str:
    """What this rate does, in a few words."""
    runs, i = scrub.runs, scrub.index
    last = runs.loss[:, -1]
    if runs.gone[i]:
        return "Too large: it explodes"
    if not runs.calm[i] or scrub.rate * runs.curvature[i] > 2.2:
        return "At the edge: it jumps about and gets nowhere for sure"
    ends = f"the loss falls from {runs.loss[i, 0]:.2f} to {last[i]:.2f}"
    if last[i] > 1.3 * last[runs.calm].min():
        return f"Too small: after {STEPS} steps it is still on its way, {ends}"
    return f"About right: {ends}"


def summary(scrub: Scrub) -> str:
    """What is seen, in words."""
    runs, i = scrub.runs, scrub.index
    text = (
        f"Learning rate {scrub.rate:.3g}, one of 64 trained at once. {verdict(scrub)}."
    )
    if runs.calm[i]:
        curvature = runs.curvature[i]
        edge = stability_edge(curvature)
        # whole numbers: another processor's kernels end a tenth away
        about = f"{curvature:.0f}" if curvature >= 2 else f"{curvature:.1f}"
        text += (
            f" Where it ends the steepest curvature is about {about}, "
            f"so a rate of more than {edge:.2f} could not stay there."
        )
    return text


CONTROLS = (
    Stops(
        "learning_rate", float(RATES[44]), RATES.tolist(),
        description="Learning rate, one of 64",
    ),
    Counter(
        "start", description="Other first weights", help="Trains 64 networks anew",
    ),
)  # fmt: skip
PRESETS = {
    "right": {},
    "too small": {"learning_rate": 0.01},
    "too large": {"learning_rate": 1.0},
    "at the edge": {"learning_rate": 0.42},
}


def learning_rate_sweep(preset: str | None = None, **settings: Any) -> Explorer:
    """One small network trained with 64 learning rates at once; scrub through them.

    Above, the path of the chosen run on the loss surface and its loss among all 64
    curves. Below, where every run ended: its loss, and the steepest curvature λ there.
    No run stays where λ is above 2/rate. Presets: "too small", "right", "too large",
    "at the edge".

    Lecture: setting the learning rate.

    >>> learning_rate_sweep("too large")
    64 learning rates. Learning rate 1.04, one of 64 trained at once.
    Too large: it explodes.
    """
    return Explorer(
        compute,
        layout,
        draw,
        summary,
        title="64 learning rates",
        controls=CONTROLS,
        presets=PRESETS,
        preset=preset,
        settings=settings,
        size=(8.4, 6.0),
        side="top",
    )
