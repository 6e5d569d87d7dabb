"""Overfitting: the training error always falls, the error on new points turns.

Left, what a network makes of a few noisy points, against the curve they come from.
Right, its two errors while it is trained, with the gap between them. Every control
either gives the network more freedom (layers, width, steps) or takes some away (more
points, less noise, L2, dropout, early stopping). The training itself, and the rule for
stopping it, are in ``analysis/fitting.py``; read that next.
"""

from collections.abc import Iterator
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..analysis.fitting import Fitting, early_stop
from .controls import Choice, Counter, Slider, Stops, Time
from .explorer import Explorer
from .overfitting_view import EVERY, STEPS, Fit, draw, layout, short


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
        looked_at=last * EVERY,
        steps=training.moments[:known],
        errors=errors,
        shown=shown,
        stop=stop,
        architecture="-".join(map(str, [1, *sizes])),
        weights=training.model.count_params(),
    )


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


# So small that BLAS keeps to one thread: two would fight with all else for the cores.
WIDTHS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32]
POINTS = [5, 10, 15, 20, 30, 40, 60, 80, 120, 200]
PENALTIES = [0.0, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1]
PATIENCE = {"never": 0} | {f"after {n} steps": n for n in (50, 100, 200, 400)}
CONTROLS = (
    Slider("layers", 2, 0, 3, description="Hidden layers", help="0: a straight line"),
    Stops("width", 32, WIDTHS, description="Neurons in each"),
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
    "rescued by dropout": {"dropout": 0.1},
    "stopped early": {"patience": 200},
    "more data": {"points": 200},
}


def overfitting(preset: str | None = None, **settings: Any) -> Explorer:
    """A network and a few noisy points: does it learn the curve, or the noise?

    The error on the points it learns from falls, the larger the network and the longer
    the training. The error on new points turns: that is overfitting. Rescue the network
    with more points, an L2 penalty, dropout, or by stopping early. Click on the errors,
    or move "Look at step", to see the fit at an earlier moment; Play replays the
    training. Presets: "overfit", "underfit", "just right", "rescued by L2", "rescued by
    dropout", "stopped early", "more data".

    Lectures "under- and overfitting", "regularization".

    >>> overfitting("underfit", step=100)
    Underfitting and overfitting. 1-1, 2 weights, 20 points, step 100:
    training error 0.23, test error 0.29; noise alone makes 0.09.
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
        size=(8.4, 5.4),
    )
