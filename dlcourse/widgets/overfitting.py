"""Overfitting: the training error always falls, the error on new points turns.

Left, what a network makes of a few noisy points, against the curve they come from.
Right, its two errors while it is trained, with the gap between them. Every control
either gives the network more freedom (layers, width, steps) or takes some away (more
points, less noise, L2, dropout, early stopping). The training itself, and the rule for
stopping it, are in ``analysis/fitting.py``; read that next.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from ..analysis.fitting import Fitting, Stop, early_stop
from ..plots.style import BLUE, GRAY, GREEN, INK, ORANGE, PURPLE, VERMILION
from .controls import Choice, Counter, Slider, Stops, Time
from .explorer import Explorer

STEPS, EVERY = 3000, 10
FLOOR, CEILING = 1e-3, 2.0  # of the errors shown
HEIGHT = 2.2  # the fit is shown from −HEIGHT to HEIGHT
TITLE = 1.035  # of the axes
APART = 0.1  # of the axis: how near two labels may come


@dataclass(frozen=True)
class Fit:
    """A training as far as it has come, and the moment of it that is looked at.

    `errors` are (K,) each, by name; `shown` is the place in them whose curve is drawn.
    With early stopping, `stop` is where it ended and `unstopped` the curve that the
    training would have ended with.
    """

    x: np.ndarray  # (N, 1)
    y: np.ndarray  # (N, 1)
    grid: np.ndarray  # (G,)
    truth: np.ndarray  # (G,)
    curve: np.ndarray  # (G,)
    unstopped: np.ndarray | None  # (G,)
    noise: float
    steps: np.ndarray  # (K,)
    errors: dict[str, np.ndarray]
    shown: int
    stop: Stop | None
    architecture: str
    weights: int

    def at(self, name: str) -> float:
        """One of the errors at the moment that is shown."""
        return float(self.errors[name][self.shown])

    @property
    def gap(self) -> float:
        """The generalization gap: test error minus training error."""
        return self.at("test") - self.at("training")

    @property
    def error_of_truth(self) -> float:
        """What the true curve itself would have as training error: the noise drawn."""
        values = np.interp(self.x, self.grid, self.truth)
        return float(np.mean((values - self.y) ** 2))

    @property
    def verdict(self) -> str:
        """Is it "under", "over" or "good"?

        Good is a network whose distance from the truth is below three quarters of the
        noise. Otherwise: does it beat the truth on the points it has learned?
        """
        if self.at("test") - self.noise**2 <= 0.75 * self.noise**2 + 0.005:
            return "good"
        return "over" if self.at("training") < self.error_of_truth else "under"


@lru_cache(maxsize=24)
def fitting(**settings: Any) -> Fitting:
    """The training with these settings, as far as it has come: it is gone on with."""
    return Fitting(steps=STEPS, every=EVERY, **settings)


def compute(*, patience: int, step: int, **settings: Any) -> Iterator[Fit]:
    """Train on, a few steps at a time, and show each stage; see `CONTROLS`."""
    training = fitting(**settings)
    yield look(training, patience, step)
    while not training.done:
        training.advance()
        yield look(training, patience, step)


def look(training: Fitting, patience: int, step: int) -> Fit:
    """What is to be seen of a training at one of its steps."""
    known = training.known
    names = ("training", "validation", "test")
    errors = {name: getattr(training, name)[:known] for name in names}
    shown = last = min(step // EVERY, known - 1)
    stop = unstopped = None
    if patience:
        stop = early_stop(errors["validation"], patience // EVERY)
        if stop.last is not None and shown >= stop.last:
            shown = stop.best
            unstopped = training.curves[last]
    sizes = [layer.units for layer in training.model.layers if hasattr(layer, "units")]
    return Fit(
        x=training.x,
        y=training.y,
        grid=training.grid,
        truth=training.truth,
        curve=training.curves[shown],
        unstopped=unstopped,
        noise=training.noise,
        steps=training.moments[:known],
        errors=errors,
        shown=shown,
        stop=stop,
        architecture="-".join(map(str, [1, *sizes])),
        weights=training.model.count_params(),
    )


# ---------------------------------------------------------------------- picture


def layout(figure: Figure) -> SimpleNamespace:
    """The fit at the left, the errors at the right."""
    fit = figure.add_axes((0.065, 0.115, 0.43, 0.795))
    curves = figure.add_axes((0.565, 0.115, 0.305, 0.795))
    return SimpleNamespace(**layout_fit(fit), **layout_errors(curves))


def layout_fit(axes: Axes) -> dict[str, Any]:
    """Points, the curve they come from within its noise, and the network's curve."""
    axes.set(xlim=(-1.04, 1.04), ylim=(-HEIGHT, HEIGHT), xlabel="x", ylabel="y")
    axes.set(xticks=[-1, -0.5, 0, 0.5, 1], yticks=[-2, -1, 0, 1, 2])
    moving: dict[str, Any] = {"animated": True}
    empty = ([], [], [])
    band = axes.fill_between(*empty, color="#dcdcdc", lw=0, **moving)
    (ghost,) = axes.plot([], [], color=BLUE, lw=1.2, alpha=0.6, zorder=2.1, **moving)
    halo = [withStroke(linewidth=6, foreground="white")]
    (network,) = axes.plot(
        [], [], color=BLUE, lw=3.5, label="network", path_effects=halo, **moving
    )
    (truth,) = axes.plot(
        [], [], "--", color="black", lw=1.8, label="truth ± noise", **moving
    )
    look = {"mfc": ORANGE, "mec": "black", "zorder": 3}
    (points,) = axes.plot([], [], "o", label="training points", **look, **moving)
    handles = [network, truth, points]
    axes.legend(handles=handles, loc="upper left", handlelength=1.8, borderpad=0.1)
    words = {"transform": axes.transAxes, **moving}
    return {
        "fit": axes,
        "band": band, "truth": truth, "points": points, "network": network,
        "ghost": ghost,
        "size": axes.text(0, TITLE, "", fontsize=13, **words),
        "ghost_name": axes.text(
            0.98, 0.03, "thin: without stopping", color=BLUE, ha="right", **words
        ),
    }  # fmt: skip


def layout_errors(axes: Axes) -> dict[str, Any]:
    """The errors over the steps, both logarithmic; named at the right-hand side."""
    axes.set(xscale="log", yscale="log", xlim=(EVERY, STEPS), ylim=(FLOOR, CEILING))
    axes.set(xlabel="training step")
    axes.text(0, TITLE, "Mean squared error", transform=axes.transAxes, fontsize=13)
    axes.set_xticks([10, 100, 1000], ["10", "100", "1000"])
    axes.set_yticks([0.001, 0.01, 0.1, 1], ["0.001", "0.01", "0.1", "1"])
    axes.minorticks_off()
    looks = {
        "validation": {"color": PURPLE, "ls": ":", "lw": 2},
        "training": {"color": GREEN, "ls": "-"},
        "test": {"color": VERMILION, "ls": (0, (4, 1.2))},
    }
    moving: dict[str, Any] = {"animated": True}
    right = {"transform": axes.get_yaxis_transform(), "va": "center", **moving}
    plate = {"bbox": {"fc": "white", "ec": "none", "pad": 0.5, "alpha": 0.8}}
    edge = [withStroke(linewidth=3, foreground="white")]
    artists = {
        "errors": axes,
        "noise": axes.axhline(1, color=GRAY, lw=1.5, ls=(0, (1, 1)), **moving),
        "noise_name": axes.text(12, 1, "", color=GRAY, va="top", **moving),
        "gap": axes.plot([], [], color=INK, lw=1.5, marker="_", ms=9, **moving)[0],
        "lines": {}, "after": {}, "dots": {}, "names": {},
    }  # fmt: skip
    for name, look in looks.items():
        artists["after"][name] = axes.plot([], [], alpha=0.35, **look, **moving)[0]
        artists["lines"][name] = axes.plot([], [], **look, **moving)[0]
        artists["names"][name] = axes.text(
            1.03, 1, "", color=look["color"], weight="bold", **right
        )
    for name in ("training", "test"):
        artists["dots"][name] = axes.plot(
            [], [], "o", ms=10, mfc=looks[name]["color"], mec="black", **moving
        )[0]
    artists["gap_name"] = axes.text(0, 0, "", va="center", path_effects=edge, **moving)
    for name, color, style, height in (
        ("best", PURPLE, "--", 0.75),
        ("stop", INK, "-", 1.35),
    ):
        line = axes.axvline(1, color=color, lw=1.5, ls=style, **moving)
        words = {"ha": "center", "va": "center", "color": color, **plate, **moving}
        artists[name] = (line, axes.text(1, height, name, **words))
    return artists


def draw(artists: SimpleNamespace, fit: Fit) -> None:
    """Show one moment of a training."""
    draw_fit(artists, fit)
    draw_errors(artists, fit)


def draw_fit(artists: SimpleNamespace, fit: Fit) -> None:
    """The left-hand side."""
    artists.points.set_data(fit.x[:, 0], fit.y[:, 0])
    artists.points.set_markersize(9 if len(fit.x) <= 60 else 6)
    artists.truth.set_data(fit.grid, fit.truth)
    artists.band.set_data(fit.grid, fit.truth - fit.noise, fit.truth + fit.noise)
    artists.network.set_data(fit.grid, fit.curve)
    ghost = fit.curve * np.nan if fit.unstopped is None else fit.unstopped
    artists.ghost.set_data(fit.grid, ghost)
    artists.ghost_name.set_visible(fit.unstopped is not None)
    artists.size.set_text(
        f"{fit.architecture}: {fit.weights:,} weights, {len(fit.x)} points"
    )


def draw_errors(artists: SimpleNamespace, fit: Fit) -> None:
    """The right-hand side."""
    end = len(fit.steps)
    if fit.stop is not None and fit.stop.last is not None:
        end = fit.stop.last + 1
    for name, values in fit.errors.items():
        values = np.clip(values, FLOOR, CEILING)
        visible = name != "validation" or fit.stop is not None
        artists.lines[name].set_data(fit.steps[:end], values[:end])
        artists.after[name].set_data(fit.steps[end - 1 :], values[end - 1 :])
        for kind in (artists.lines, artists.after, artists.names):
            kind[name].set_visible(visible)
    step = max(fit.steps[fit.shown], EVERY)
    low, high = (np.clip(fit.at(n), FLOOR, CEILING) for n in ("training", "test"))
    artists.gap.set_data([step, step], [low, high])
    artists.dots["training"].set_data([step], [low])
    artists.dots["test"].set_data([step], [high])
    wide = high > 2.5 * low
    artists.gap_name.set_visible(wide)
    left = step > 100  # the words stand where there is room
    artists.gap_name.set(
        position=(step * (0.88 if left else 1.14), np.sqrt(low * high)),
        text=f"gap {short(fit.gap)}",
        ha="right" if left else "left",
    )
    draw_names(artists, fit)
    draw_stop(artists, fit)


def draw_names(artists: SimpleNamespace, fit: Fit) -> None:
    """The names of the curves with their values at this moment, none over another."""
    shown = [n for n in fit.errors if n != "validation" or fit.stop is not None]
    shown.sort(key=fit.at)
    span = np.log(CEILING / FLOOR)
    heights = [np.log(np.clip(fit.at(n), FLOOR, CEILING) / FLOOR) / span for n in shown]
    for k in range(1, len(heights)):
        heights[k] = max(heights[k], heights[k - 1] + APART)
    surplus = max(heights[-1] - 0.97, 0)
    for k, name in enumerate(shown):
        height = FLOOR * np.exp(span * (max(heights[k], 0.03) - surplus))
        artists.names[name].set(y=height, text=f"{name}\n{short(fit.at(name))}")
    floor = fit.noise**2
    for artist in (artists.noise, artists.noise_name):
        artist.set_visible(floor >= FLOOR)
    artists.noise.set_ydata([floor, floor])
    artists.noise_name.set(y=floor * 0.93, text=f"noise² = {floor:.2g}")


def draw_stop(artists: SimpleNamespace, fit: Fit) -> None:
    """Where early stopping stopped, and the moment whose weights it gave back."""
    places = {"best": None, "stop": None}
    if fit.stop is not None:
        places = {"best": fit.stop.best, "stop": fit.stop.last}
    for name, place in places.items():
        line, words = getattr(artists, name)
        line.set_visible(place is not None)
        words.set_visible(place is not None)
        if place is not None:
            step = max(fit.steps[place], EVERY)
            line.set_xdata([step, step])
            words.set_x(step)


def short(value: float) -> str:
    """An error with two digits that count, but never more than three decimals.

    >>> short(0.0123), short(0.4561), short(0.0002), short(1.25)
    ('0.012', '0.46', '<0.001', '1.2')
    """
    if 0 <= value < FLOOR / 2:
        return "<0.001"
    digits = 2 - int(np.floor(np.log10(abs(value)))) - 1
    return f"{value:.{np.clip(digits, 1, 3)}f}".replace("-", "−")


VERDICTS = {
    "good": "It follows the curve and not the noise.",
    "under": "Underfitting: it does not even follow the points it learns from.",
    "over": "Overfitting: it has learned the noise of its points. There, the true "
    "curve itself has an error of {truth}.",
}


def summary(fit: Fit) -> str:
    """What is seen, in words."""
    step = int(fit.steps[fit.shown])
    words = (
        f"{fit.architecture}, {fit.weights:,} weights, {len(fit.x)} points, step "
        f"{step}: training error {short(fit.at('training'))}, test error "
        f"{short(fit.at('test'))}; noise alone makes {fit.noise**2:.2g}. "
        + VERDICTS[fit.verdict].format(truth=short(fit.error_of_truth))
    )
    if fit.stop is not None and fit.stop.last is not None:
        words += (
            f" Stopped early at step {fit.steps[fit.stop.last]}, back to the best "
            f"weights, those of step {fit.steps[fit.stop.best]}."
        )
    return words


def point_at(artists: SimpleNamespace, x: float, y: float) -> dict[str, int]:
    """The step at a place among the errors; nothing elsewhere."""
    axes = artists.errors
    if not axes.bbox.contains(x, y):
        return {}
    step, _ = axes.transData.inverted().transform((x, y))
    return {"step": int(np.clip(round(step / EVERY) * EVERY, 0, STEPS))}


WIDTHS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64]
POINTS = [5, 10, 15, 20, 30, 40, 60, 80, 120, 200]
PENALTIES = [0.0, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1]
PATIENCE = {"never": 0} | {f"after {n} steps": n for n in (50, 100, 200, 400)}
CONTROLS = (
    Slider("layers", 2, 0, 3, description="Hidden layers", help="0: a straight line"),
    Stops("width", 64, WIDTHS, description="Neurons in each"),
    Stops("points", 20, POINTS, description="Training points"),
    Slider("noise", 0.3, 0.0, 0.6, step=0.05, description="Noise"),
    Stops("l2", 0.0, PENALTIES, description="L2 penalty on the weights"),
    Slider("dropout", 0.0, 0.0, 0.8, step=0.1, format=".1f", description="Dropout"),
    Choice(
        "patience",
        0,
        PATIENCE,
        description="Stop early",
        help="after so many steps without a better validation error",
    ),
    Time("step", STEPS, 0, STEPS, step=20, description="Look at step"),
    Counter("data", description="New points"),
)
PRESETS = {
    "overfit": {},
    "underfit": {"layers": 0},
    "just right": {"layers": 1, "width": 3},
    "rescued by L2": {"l2": 0.003},
    "rescued by dropout": {"dropout": 0.2},
    "stopped early": {"patience": 200},
    "more data": {"points": 200},
}


def overfitting(preset: str | None = None, **settings: Any) -> Explorer:
    """A network and a few noisy points: does it learn the curve, or the noise?

    The error on the points it learns from falls with every layer, neuron and step. The
    error on new points turns: that is overfitting. Rescue the network with more points,
    an L2 penalty, dropout, or by stopping early. Click on the errors, or move "Look at
    step", to see the fit at an earlier moment; Play replays the training. Presets:
    "overfit", "underfit", "just right", "rescued by L2", "rescued by dropout", "stopped
    early", "more data".

    Lectures "under- and overfitting", "regularization".

    >>> overfitting("underfit", step=100)
    Underfitting and overfitting. 1-1, 2 weights, 20 points, step 100:
    training error 0.24, test error 0.29; noise alone makes 0.09.
    Underfitting: it does not even follow the points it learns from.
    """
    return Explorer(
        compute,
        layout,
        draw,
        summary,
        title="Underfitting and overfitting",
        controls=CONTROLS,
        presets=PRESETS,
        preset=preset,
        settings=settings,
        pointer=point_at,
        size=(9.2, 5.2),
    )
