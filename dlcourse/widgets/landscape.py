"""The loss landscape around a small trained network, and the path that led there.

The network has 337 weights and the page two dimensions: what is seen is one slice. Its
directions are those in which the training moved most, or random ones, and the figure
says what share of the movement lies in it. Every place of the map is a network; at the
right is what the one at the orange dot makes of the data. Read
``dlcourse/analysis/landscape.py`` for the computation.
"""

from dataclasses import dataclass
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from .. import analysis, datasets
from ..layers import Dense, Input
from ..models import Sequential, losses_at, predictions_at, sweep
from .controls import Choice, Counter, Slider, Stops, Time, Toggle
from .explorer import Explorer
from .picture import animate
from .surface import draw_surface, raise_surface

STEPS, EVERY, POINTS = 200, 2, 200
SHOWN = (1e-3, 10)  # the losses in the curve
RATES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
OPTIMIZERS = {  # the rule and its momentum
    "SGD": ("sgd", 0.0),
    "SGD with momentum": ("sgd", 0.9),
    "Adam": ("adam", 0.0),
}
DIRECTIONS = {
    "main directions of the path (PCA)": "pca",
    "random": "random",
    "random, scaled like the units": "filter",
}
REACH, SIDE = 1.9, 51  # of the plane of the inputs, and values along each side
ORANGE, SKY, BLUE, VERMILION = "#E69F00", "#56B4E9", "#0072B2", "#D55E00"
HALO = [withStroke(linewidth=4.5, foreground="white")]


@dataclass(frozen=True)
class Walk:
    """A training seen on a slice of its landscape, at one moment."""

    surface: analysis.Landscape
    map_loss: np.ndarray  # (K,): the loss of the slice beneath the path
    step: int
    answers: np.ndarray  # (SIDE, SIDE): the network's output over the plane
    x: np.ndarray  # (N, 2)
    y: np.ndarray  # (N,)
    accuracy: float
    steep: bool  # seen from the side instead of from above
    optimizer: str
    learning_rate: float
    directions: str

    @property
    def k(self) -> int:
        """The place of `step` on the path."""
        return self.step // EVERY


def compute(
    *,
    directions: str,
    zoom: float,
    optimizer: str,
    learning_rate: float,
    start: int,
    steep: bool,
    step: int,
) -> Walk:
    """Look at one training from one slice; train all rates where the rest is new."""
    surface, map_loss, path = survey(directions, zoom, optimizer, learning_rate, start)
    model, x, y = problem()
    k = step // EVERY
    axis = np.linspace(-REACH, REACH, SIDE)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    outputs = predictions_at(model, path[k : k + 1], np.vstack([grid, x]))[0, :, 0]
    answers, of_points = np.split(outputs, [len(grid)])
    return Walk(
        surface=surface,
        map_loss=map_loss,
        step=step,
        answers=answers.reshape(SIDE, SIDE),
        x=x,
        y=y,
        accuracy=float(((of_points > 0.5) == y).mean()),
        steep=steep,
        optimizer=optimizer,
        learning_rate=learning_rate,
        directions=directions,
    )


@lru_cache(maxsize=1)
def problem() -> tuple[Sequential, np.ndarray, np.ndarray]:
    """The network 2-16-16-1 and its 200 points."""
    x, y = datasets.moons(POINTS, noise=0.15)
    model = Sequential(
        [Input(shape=(2,)), Dense(16, "tanh"), Dense(16, "tanh"), Dense(1, "sigmoid")]
    )
    model.compile("sgd", "binary_crossentropy")
    return model, x, y


@lru_cache(maxsize=32)
def train(optimizer: str, seed: int) -> np.ndarray:
    """The paths (rates, K, P) of the trainings with all rates, run at once."""
    model, x, y = problem()
    name, momentum = OPTIMIZERS[optimizer]
    return sweep(
        model,
        x,
        y[:, None],
        loss=model.loss,
        optimizer=name,
        momentum=momentum,
        learning_rate=RATES,
        seeds=seed,
        steps=STEPS,
        record_every=EVERY,
    ).theta


@lru_cache(maxsize=128)
def survey(
    directions: str, zoom: float, optimizer: str, learning_rate: float, seed: int
) -> tuple[analysis.Landscape, np.ndarray, np.ndarray]:
    """The slice, the loss in it beneath the path, and the path (K, P) itself."""
    model, x, y = problem()
    path = train(optimizer, seed)[RATES.index(learning_rate)]
    model.set_theta(path[-1])
    surface = analysis.landscape(
        model, x, y[:, None], path=path, directions=directions, zoom=zoom, seed=seed
    )
    beneath = surface.origin + surface.path @ surface.directions
    return surface, losses_at(model, beneath, x, y[:, None]), path


# ---------------------------------------------------------------------- picture


def layout(figure: Figure) -> SimpleNamespace:
    """The landscape at the left, from above and from the side; at the right its use."""
    plane = figure.add_axes((0.085, 0.115, 0.50, 0.81))
    hill = figure.add_axes((0.0, 0.0, 0.60, 0.98), projection="3d", visible=False)
    world = figure.add_axes((0.675, 0.53, 0.30, 0.395), anchor="W")
    curve = figure.add_axes((0.675, 0.115, 0.30, 0.28))
    return SimpleNamespace(
        shown=None,
        plane=layout_plane(plane),
        hill=layout_hill(hill),
        **layout_world(world),
        **layout_curve(curve),
    )


def layout_plane(axes: Axes) -> SimpleNamespace:
    """The slice from above."""
    axes.grid(False)
    few_ticks(axes.xaxis, axes.yaxis)
    words = axes.text(
        0.98, 0.025, "", transform=axes.transAxes, ha="right", weight="bold",
        animated=True, path_effects=HALO,
    )  # fmt: skip
    return SimpleNamespace(axes=axes, words=words, **lines(axes))


def layout_hill(axes: Any) -> SimpleNamespace:
    """The slice from the side."""
    axes.view_init(elev=38, azim=-62)
    axes.set_box_aspect((1, 1, 0.6), zoom=0.95)
    few_ticks(axes.xaxis, axes.yaxis, axes.zaxis)
    axes.tick_params(labelsize=10)
    axes.set(xlabel="direction 1", ylabel="direction 2")
    return SimpleNamespace(axes=axes, **lines(axes, []))


def few_ticks(*axes: Any) -> None:
    """Leave room between the numbers at these axes."""
    for axis in axes:
        axis.set_major_locator(MaxNLocator(5))


def lines(axes: Any, *third: list) -> dict[str, Any]:
    """The path and its ends, in two dimensions or three."""
    empty = ([], [], *third)
    style = {"animated": True}
    ball = {"ms": 12, "mew": 2, **style}
    return {
        "ahead": axes.plot(*empty, color="white", lw=1.5, ls=(0, (2, 1)), **style)[0],
        "path": axes.plot(*empty, color="black", path_effects=HALO, **style)[0],
        "begin": axes.plot(*empty, "o", mfc="white", mec="black", **ball)[0],
        "now": axes.plot(*empty, "o", mfc=VERMILION, mec="white", **ball)[0],
    }


def layout_world(axes: Axes) -> dict[str, Any]:
    """The data, and what the network at this moment says everywhere."""
    edges = (-REACH, REACH)
    axes.set(xlim=edges, ylim=edges, xticks=[], yticks=[], aspect="equal")
    axes.grid(False)
    axes.set_title("The network at the dot", loc="left")
    answers = axes.imshow(
        np.zeros((SIDE, SIDE)), extent=edges * 2, origin="lower", cmap="cividis",
        vmin=0, vmax=1,
    )  # fmt: skip
    style = {"ls": "none", "mec": "black", "mew": 0.8}
    (ones,) = axes.plot([], [], "o", color=ORANGE, ms=6, **style)
    (zeros,) = axes.plot([], [], "s", color=SKY, ms=5.5, **style)
    right = axes.text(
        0.97, 0.04, "", transform=axes.transAxes, ha="right", weight="bold",
        color="white", path_effects=[withStroke(linewidth=3, foreground="black")],
    )  # fmt: skip
    animate(axes)
    return {"answers": answers, "ones": ones, "zeros": zeros, "right": right}


def layout_curve(axes: Axes) -> dict[str, Any]:
    """The loss during training, and what the map says beneath it."""
    axes.set(xlim=(0, STEPS), ylim=SHOWN, yscale="log", xlabel="step")
    axes.set_title("Loss of the network", loc="left")
    axes.minorticks_off()
    axes.set_yticks([1e-3, 1e-2, 0.1, 1, 10])
    (true,) = axes.plot([], [], color="black", animated=True, label="true")
    (seen,) = axes.plot([], [], color=BLUE, animated=True, label="on the slice")
    seen.set_linestyle((0, (2, 1)))
    axes.legend(loc="upper right", fontsize=11, ncols=2, borderaxespad=0)
    return {
        "true": true,
        "seen": seen,
        "moment": axes.plot(
            [], [], "o", ms=10, mfc=VERMILION, mec="white", clip_on=False, animated=True
        )[0],
    }


def draw(artists: SimpleNamespace, walk: Walk) -> None:
    """Show one moment; the slice only if it is another one."""
    surface, k = walk.surface, walk.k
    new = (surface, walk.steep)
    if artists.shown is None or any(a is not b for a, b in zip(artists.shown, new)):
        draw_slice(artists, walk)
        artists.shown = new
    if walk.steep:
        heights = raised(walk)
        points = np.column_stack([surface.path, heights])
        for line, part in parts(artists.hill, points, k):
            line.set_data_3d(*part.T)
    else:
        for line, part in parts(artists.plane, surface.path, k):
            line.set_data(*part.T)
        share = percent(surface.explained)
        artists.plane.words.set_text(f"{share} of the path's variance")
    artists.answers.set_data(walk.answers)
    artists.ones.set_data(*walk.x[walk.y == 1].T)
    artists.zeros.set_data(*walk.x[walk.y == 0].T)
    artists.right.set_text(f"{100 * walk.accuracy:.0f} % right")
    steps = EVERY * np.arange(len(surface.path))
    true, seen = np.clip([surface.path_loss, walk.map_loss], *SHOWN)
    artists.true.set_data(steps, true)
    artists.seen.set_data(steps, seen)
    artists.moment.set_data([walk.step], true[k : k + 1])


def draw_slice(artists: SimpleNamespace, walk: Walk) -> None:
    """The surface, from above or from the side."""
    for view, visible in ((artists.plane, not walk.steep), (artists.hill, walk.steep)):
        for artist in vars(view).values():
            artist.set_visible(visible)
    view = artists.hill if walk.steep else artists.plane
    (raise_surface if walk.steep else draw_surface)(view.axes, walk.surface)
    low, high = walk.surface.loss.min(), walk.surface.loss.max()
    title = f"Loss on the slice: {low:.2g} (yellow) to {high:.2g} (dark)"
    if walk.steep:
        view.axes.set_title(title, loc="left", y=0.95, x=0.13)
    else:
        one, two = map(percent, walk.surface.variance)
        view.axes.set_title(title, loc="left")
        view.axes.set_xlabel(f"direction 1: {one} of the path's variance")
        view.axes.set_ylabel(f"direction 2: {two}")


def parts(view: SimpleNamespace, points: np.ndarray, k: int) -> Any:
    """Each line of a view with the part of the path that it shows."""
    yield view.ahead, points[k:]
    yield view.path, points[: k + 1]
    yield view.begin, points[:1]
    yield view.now, points[k : k + 1]


def raised(walk: Walk) -> np.ndarray:
    """The path's heights (K,) in the picture from the side: just above the slice."""
    low, high = walk.surface.loss.min(), walk.surface.loss.max()
    return np.clip(walk.map_loss, low, high) + 0.015 * (high - low)


def summary(walk: Walk) -> str:
    """What is seen, in words."""
    surface, k = walk.surface, walk.k
    one, two = surface.variance
    first, now = surface.path_loss[[0, k]]
    kind = next(name for name, value in DIRECTIONS.items() if value == walk.directions)
    return (
        f"{walk.optimizer}, learning rate {walk.learning_rate:g}: after {walk.step} "
        f"steps the loss has gone from {first:.2f} to {amount(now)}. Directions: {kind}. "
        f"They hold {percent(one)} and {percent(two)} of the variance of the path."
    )


def amount(loss: float) -> str:
    """A loss in words.

    >>> amount(0.1234), amount(0.0012)
    ('0.12', 'less than 0.01')
    """
    return f"{loss:.2f}" if loss >= 0.01 else "less than 0.01"


def percent(share: float) -> str:
    """A share in words.

    >>> percent(0.957), percent(0.0004)
    ('96 %', 'less than 1 %')
    """
    return f"{100 * share:.0f} %" if share >= 0.01 else "less than 1 %"


def point_at(artists: SimpleNamespace, x: float, y: float) -> dict[str, int]:
    """The step whose place on the map is nearest to where it is pointed at."""
    axes = artists.plane.axes
    if not axes.get_visible() or not axes.bbox.contains(x, y):
        return {}
    places = axes.transData.transform(artists.shown[0].path)
    distance = np.hypot(*(places - (x, y)).T)
    return {"step": int(distance.argmin()) * EVERY}


CONTROLS = (
    Choice("directions", "pca", DIRECTIONS, description="Directions of the slice"),
    Slider(
        "zoom", 1.0, 0.1, 10.0, log=True, step=0.1, description="Size of the slice",
        help="Relative to the first one",
    ),
    Choice("optimizer", "SGD", list(OPTIMIZERS), description="Optimizer"),
    Stops("learning_rate", 1.0, RATES, description="Learning rate"),
    Counter(
        "start", description="Other start",
        help="Other first weights and other random directions",
    ),
    Toggle("steep", False, description="From the side"),
    Time(
        "step", STEPS, 0, STEPS, step=EVERY, interval=0.05,
        description="Training step",
    ),
)  # fmt: skip
PRESETS = {
    "the path": {},
    "random slice": {"directions": "random"},
    "scaled random slice": {"directions": "filter"},
    "with momentum": {"optimizer": "SGD with momentum", "learning_rate": 0.3},
    "Adam": {"optimizer": "Adam", "learning_rate": 0.03},
    "large steps": {"learning_rate": 3.0},
}


def landscape(preset: str | None = None, **settings: Any) -> Explorer:
    """The loss around a trained network on a slice of its weights, and the path there.

    Press Play to watch the training walk, or click on the path. Change the directions
    of the slice: the same training, in random directions, is hardly to be seen, and its
    blue "loss on the slice" has nothing to do with the true one. Presets: "the path",
    "random slice", "scaled random slice", "with momentum", "Adam", "large steps".

    Source: Li et al., "Visualizing the loss landscape of neural nets" (2018).

    >>> landscape("random slice", step=0)
    The loss landscape. SGD, learning rate 1: after 0 steps the loss has gone from 0.90
    to 0.90. Directions: random. They hold less than 1 % and less than 1 % of the
    variance of the path.
    """
    return Explorer(
        compute,
        layout,
        draw,
        summary,
        title="The loss landscape",
        controls=CONTROLS,
        presets=PRESETS,
        preset=preset,
        settings=settings,
        pointer=point_at,
        size=(8.8, 5.4),
    )
