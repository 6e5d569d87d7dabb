"""How a training went: losses by epoch, and many runs as one band.

Read ``figure.py`` next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from ..backend import to_numpy
from ..errors import ConfigError, ShapeError, did_you_mean
from .style import BLUE, INK, TRAINING, VALIDATION, styled


@styled
def loss_curves(
    axes: Axes, history: Any, *, metric: str = "loss", log: bool = False
) -> dict[str, Line2D]:
    """Draw a training's loss by epoch, and the validation loss if there is one.

    `history` is what ``fit`` returned, or its ``.history`` dictionary. Another `metric`
    is drawn alike, e.g. "accuracy"; ``log=True`` gives a logarithmic axis. From where a
    loss is not finite any more the curve ends, and a note says so. Epochs count from 1,
    so that a value stands at the number of epochs done.

    Returns the lines by their keys in the history. Raises `ConfigError` for a metric
    that was not recorded, with the nearest one that was.
    """
    record: Mapping[str, Sequence[float]] = getattr(history, "history", history)
    if metric not in record:
        known = [key for key in record if not key.startswith("val_")]
        hint = did_you_mean(metric, known)
        raise ConfigError(f"The history has no {metric!r}. {hint}")
    looks = {
        metric: ("training", TRAINING),
        f"val_{metric}": ("validation", VALIDATION),
    }
    lines = {}
    for key, (name, look) in looks.items():
        if key not in record:
            continue
        values = np.asarray(record[key], dtype=float)
        epochs = _epochs(history, len(values))
        finite = np.isfinite(values)
        marker = "o" if finite.sum() == 1 else None  # one value is no line
        shown = np.where(finite, values, np.nan)
        (lines[key],) = axes.plot(epochs, shown, marker=marker, label=name, **look)
        if not finite.all() and key == metric:
            _note(axes, f"not finite from epoch {epochs[np.argmin(finite)]:g} on")
    axes.set(xlabel="epoch", ylabel=metric.replace("_", " "))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    if log:
        axes.set_yscale("log")
    elif metric == "loss":
        axes.set_ylim(bottom=0.0)
    if len(lines) > 1:
        axes.legend()
    return lines


@styled
def run_band(
    axes: Axes,
    steps: Any,
    values: Any,
    *,
    label: str = "median",
    color: str = BLUE,
    linestyle: str = "-",
) -> tuple[Line2D, Artist]:
    """Draw R runs as one curve, the median, inside a band from the least to the most.

    `steps` (K,) and `values` (R, K), for instance a sweep's ``steps`` and ``loss``:
    what happens with one seed may be chance, the band shows how much of it is. A run
    that is not finite at a step counts as the worst for the median, the band holds the
    others, and the label says how many runs came to such an end.

    Returns the line and the band. Raises `ShapeError` for shapes that do not fit.
    """
    steps, values = to_numpy(steps), to_numpy(values)
    if values.ndim != 2 or len(values) == 0 or steps.shape != values.shape[1:]:
        raise ShapeError(
            f"run_band draws values (R, K) over steps (K,), but values is "
            f"{values.shape} and steps is {steps.shape}."
        )
    finite = np.isfinite(values)
    median = np.median(np.where(finite, values, np.inf), axis=0)
    median[~np.isfinite(median)] = np.nan  # a gap
    some = finite.any(axis=0)
    least = np.where(some, np.where(finite, values, np.inf).min(axis=0), np.nan)
    most = np.where(some, np.where(finite, values, -np.inf).max(axis=0), np.nan)
    ended = len(values) - np.count_nonzero(finite.all(axis=1))
    if ended:
        label = f"{label} ({ended} of {len(values)} runs diverged)"
    (line,) = axes.plot(steps, median, color=color, linestyle=linestyle, label=label)
    band = axes.fill_between(steps, least, most, color=color, alpha=0.2, linewidth=0.0)
    axes.set_xlabel("step")
    return line, band


def _epochs(history: Any, count: int) -> np.ndarray:
    """The number of epochs done at each value: from 1, or where a fit went on."""
    numbered = getattr(history, "epoch", None)
    if numbered is not None and len(numbered) == count:
        return np.asarray(numbered) + 1
    return np.arange(1, count + 1)


def _note(axes: Axes, words: str) -> None:
    axes.text(
        0.98, 0.96, words, transform=axes.transAxes, ha="right", va="top", color=INK
    )
