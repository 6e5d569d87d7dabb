"""The picture of ``overfitting.py``: the fit at the left, its errors at the right.

Everything moves, so everything is animated; `Picture` repaints only that.
"""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from ..analysis.fitting import Stop
from ..plots.style import BLUE, GRAY, INK, ORANGE, TRAINING, VERMILION

STEPS, EVERY = 3000, 10  # of the training, and between two recorded moments
FLOOR, CEILING = 1e-3, 2.0  # of the errors shown
HEIGHT = 2.2  # the fit is shown from −HEIGHT to HEIGHT
TITLE = 1.035  # of the axes: where titles stand
APART = 0.1  # of the axes: how near two labels may come
WIDE = 2.5  # from this factor between the errors on, their gap is named
PURPLE = "#A8528A"  # dark enough for words
LOOKS = {
    "validation": {"color": PURPLE, "linestyle": ":", "linewidth": 2},
    "training": TRAINING,
    "test": {"color": VERMILION, "linestyle": (0, (4, 1.2))},
}


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
    looked_at: int  # the step asked for, if the training has come that far
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


def layout(figure: Figure) -> SimpleNamespace:
    """The fit at the left, the errors at the right."""
    fit = figure.add_axes((0.07, 0.11, 0.41, 0.81))
    curves = figure.add_axes((0.575, 0.11, 0.285, 0.81))
    return SimpleNamespace(**layout_fit(fit), **layout_errors(curves))


def layout_fit(axes: Axes) -> dict[str, Any]:
    """Points, the curve they come from within its noise, and the network's curve."""
    axes.set(xlim=(-1.04, 1.04), ylim=(-HEIGHT, HEIGHT), xlabel="x", ylabel="y")
    axes.set(xticks=[-1, 0, 1], yticks=[-2, -1, 0, 1, 2])
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
    (points,) = axes.plot([], [], "o", ms=9, label="training points", **look, **moving)
    handles = [network, truth, points]
    axes.legend(handles=handles, loc="upper left", handlelength=1.8, borderpad=0.1)
    words = {"transform": axes.transAxes, **moving}
    return {
        "fit": axes,
        "band": band, "truth": truth, "points": points, "network": network,
        "ghost": ghost,
        "size": axes.text(0, TITLE, "", fontsize=13, **words),
        "ghost_name": axes.text(
            0.98, 0.03, "", color=BLUE, ha="right", **words
        ),
    }  # fmt: skip


def layout_errors(axes: Axes) -> dict[str, Any]:
    """The errors over the steps, both logarithmic; named at the right-hand side."""
    axes.set(xscale="log", yscale="log", xlim=(EVERY, STEPS), ylim=(FLOOR, CEILING))
    axes.set(xlabel="training step")
    axes.set_xticks([10, 100, 1000], ["10", "100", "1000"])
    axes.set_yticks([0.001, 0.01, 0.1, 1], ["0.001", "0.01", "0.1", "1"])
    axes.minorticks_off()
    moving: dict[str, Any] = {"animated": True}
    right = {"transform": axes.get_yaxis_transform(), "va": "center", **moving}
    plate = {"bbox": {"fc": "white", "ec": "none", "pad": 0.5, "alpha": 0.8}}
    artists = {
        "errors": axes,
        "moment": axes.text(
            0, TITLE, "", transform=axes.transAxes, fontsize=13, **moving
        ),
        "noise": axes.axhline(1, color=GRAY, lw=1.5, ls=(0, (1, 1)), **moving),
        "noise_name": axes.text(12, 1, "", color=GRAY, va="top", **moving),
        "gap": axes.plot([], [], color=INK, lw=1.5, marker="_", ms=9, **moving)[0],
        "lines": {}, "after": {}, "dots": {}, "names": {},
    }  # fmt: skip
    for name, look in LOOKS.items():
        artists["after"][name] = axes.plot([], [], alpha=0.35, **look, **moving)[0]
        artists["lines"][name] = axes.plot([], [], **look, **moving)[0]
        artists["names"][name] = axes.text(
            1.03, 1, "", color=look["color"], weight="bold", **right
        )
    for name in ("training", "test"):
        artists["dots"][name] = axes.plot(
            [], [], "o", ms=10, mfc=LOOKS[name]["color"], mec="black", **moving
        )[0]
    artists["names"]["gap"] = axes.text(1.03, 1, "", color=INK, **right)
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
    artists.ghost_name.set_text(f"thin: not stopped, step {fit.looked_at}")
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
        for kind in (artists.lines, artists.after):
            kind[name].set_visible(visible)
    step = max(fit.steps[fit.shown], EVERY)
    artists.moment.set_text(f"Mean squared error, step {fit.steps[fit.shown]}")
    low, high = (np.clip(fit.at(n), FLOOR, CEILING) for n in ("training", "test"))
    artists.gap.set_data([step, step], [low, high])
    artists.dots["training"].set_data([step], [low])
    artists.dots["test"].set_data([step], [high])
    draw_names(artists, fit)
    draw_stop(artists, fit)


def draw_names(artists: SimpleNamespace, fit: Fit) -> None:
    """The names of the curves with their values at this moment, none over another."""
    low, high = np.clip([fit.at("training"), fit.at("test")], FLOOR, CEILING)
    places = {"training": low, "test": high}
    if fit.stop is not None:
        places["validation"] = np.clip(fit.at("validation"), FLOOR, CEILING)
    if high > WIDE * low:
        places["gap"] = np.sqrt(low * high)
    shown = sorted(places, key=places.get)
    span = np.log(CEILING / FLOOR)
    heights = [np.log(places[name] / FLOOR) / span for name in shown]
    heights[0] = max(heights[0], 0.03)
    for k in range(1, len(heights)):
        heights[k] = max(heights[k], heights[k - 1] + APART)
    surplus = max(heights[-1] - 0.97, 0)
    for height, name in zip(heights, shown):
        value = fit.gap if name == "gap" else fit.at(name)
        words = f"{'↕ gap' if name == 'gap' else name}\n{short(value)}"
        artists.names[name].set(y=FLOOR * np.exp(span * (height - surplus)), text=words)
    for name, artist in artists.names.items():
        artist.set_visible(name in places)
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
