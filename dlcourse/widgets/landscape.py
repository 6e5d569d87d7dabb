"""The loss landscape around a small trained network, and the path that led there.

The network has 337 weights and the page two dimensions: what is seen is one slice. Its
directions are those in which the training moved most, or random ones, and the figure
says what share of the movement lies in it. Every place of the map is a network; at the
right is what the one at the dot makes of the data. Read ``landscape_view.py`` for the
picture, ``dlcourse/analysis/landscape.py`` for the computation.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from .. import analysis, datasets
from ..layers import Dense, Input
from ..models import Sequential, losses_at, predictions_at, sweep
from .controls import Choice, Counter, Slider, Stops, Time
from .explorer import Explorer
from .landscape_view import (
    EVERY,
    REACH,
    SIDE,
    STEPS,
    VIEWS,
    Walk,
    draw,
    layout,
    point_at,
)
from .words import percent

POINTS = 200
RATES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
OPTIMIZERS = {  # the rule and its momentum
    "SGD": ("sgd", 0.0),
    "SGD with momentum": ("sgd", 0.9),
    "Adam": ("adam", 0.0),
}
DIRECTIONS = {
    "the path's main ones": "pca",
    "random": "random",
    "random, unit by unit": "filter",
}


def compute(
    *,
    directions: str,
    zoom: float,
    optimizer: str,
    learning_rate: float,
    start: int,
    view: str,
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
        view=view,
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


def summary(walk: Walk) -> str:
    """What is seen, in words."""
    surface, k = walk.surface, walk.k
    one, two = surface.variance
    first, now = surface.path_loss[[0, k]]
    kind = next(name for name, value in DIRECTIONS.items() if value == walk.directions)
    return (
        f"{walk.optimizer}, learning rate {walk.learning_rate:g}: after {walk.step} "
        f"steps the loss has gone from {first:.2f} to {amount(now)}. "
        f"Directions: {kind}. "
        f"They hold {percent(one)} and {percent(two)} of the variance of the path."
    )


def amount(loss: float) -> str:
    """A loss in words.

    >>> amount(0.1234), amount(0.0012)
    ('0.12', 'less than 0.01')
    """
    return f"{loss:.2f}" if loss >= 0.01 else "less than 0.01"


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
    Choice("view", VIEWS[0], VIEWS, description="View"),
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
    to 0.90. Directions: random. They hold 0.037 % and 0.039 % of the variance of the
    path.
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
        size=(8.0, 5.0),
    )
