"""Contestants with several seeds each: every run a dot, the mean with its interval.

Read ``figure.py`` next.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer

from ..analysis import mean_interval
from ..backend import to_numpy
from .style import CLASS_COLORS, CLASS_MARKERS, INK


def run_intervals(
    axes: Axes, runs: Mapping[str, Any], *, level: float = 0.95
) -> dict[str, ErrorbarContainer]:
    """Draw one row for each name in `runs`, from top to bottom, of R ≥ 2 values (R,).

    Above stand the runs themselves, below them the mean and its interval of confidence
    (see `analysis.mean_interval`). Where two intervals overlap a good deal, "better"
    may be luck.

    Returns the bars by name. Raises as `mean_interval`.
    """
    bars = {}
    for row, (name, values) in enumerate(runs.items()):
        values = to_numpy(values)
        found = mean_interval(values, level)
        axes.plot(
            values,
            np.full(len(values), row - 0.13),
            linestyle="none",
            marker=CLASS_MARKERS[row % len(CLASS_MARKERS)],
            color=CLASS_COLORS[row % len(CLASS_COLORS)],
            markeredgecolor="white",
            markersize=9,
            alpha=0.85,
        )
        bars[name] = axes.errorbar(
            found.mean,
            row + 0.16,
            xerr=found.margin,
            fmt="|",
            color=INK,
            markersize=14,
            markeredgewidth=3,
            elinewidth=3,
            capsize=6,
            capthick=2,
        )
    axes.set_yticks(range(len(runs)), list(runs))
    axes.set_ylim(len(runs) - 0.4, -0.6)
    axes.grid(False, axis="y")
    return bars
