"""The loss surface from above and from the side, and a path on it that grows.

For the interactives that walk on a landscape. Both views use a log scale for the
colors, so that the valley floor shows its shape too.
"""

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from ..analysis import Landscape
from ..plots.style import VERMILION

LEVELS = 18
COLORS = "viridis_r"  # dark is high
HALO = [withStroke(linewidth=4.5, foreground="white")]
# Behind words on a map; a halo around letters would take 10 ms longer.
PLATE = {"fc": "white", "ec": "none", "alpha": 0.8, "pad": 2.5}


def draw_surface(axes: Axes, surface: Landscape) -> None:
    """Draw the map with its lines of equal loss.

    What an earlier call drew is taken away; everything else on the axes stays.
    """
    _clear(axes)
    low, high = _range(surface)
    levels = np.geomspace(low, high, LEVELS)
    place = (surface.alphas, surface.betas, np.clip(surface.loss, low, high))
    filled = axes.contourf(*place, levels, cmap=COLORS, norm="log")
    lines = axes.contour(*place, levels, colors="white", linewidths=0.4)
    for each in (filled, lines):
        each.set_gid("surface")
    axes.set(xlim=surface.alphas[[0, -1]], ylim=surface.betas[[0, -1]])


def raise_surface(axes: Any, surface: Landscape) -> None:
    """Draw the hills on axes with ``projection="3d"``; the height is the loss."""
    _clear(axes)
    low, high = _range(surface)
    heights = np.clip(surface.loss, low, high)
    hills = axes.plot_surface(
        *np.meshgrid(surface.alphas, surface.betas),
        heights,
        facecolors=colormaps[COLORS](LogNorm(low, high)(heights)),
        rcount=len(heights),
        ccount=len(heights),
        linewidth=0,
        antialiased=False,
        shade=True,
    )
    hills.set_gid("surface")
    axes.set(xlim=surface.alphas[[0, -1]], ylim=surface.betas[[0, -1]])
    axes.set_zlim(0, high)


def _clear(axes: Axes) -> None:
    for old in [each for each in axes.collections if each.get_gid() == "surface"]:
        old.remove()


def _range(surface: Landscape) -> tuple[float, float]:
    """The lowest and the highest loss, apart enough for a log scale."""
    finite = surface.loss[np.isfinite(surface.loss)]
    low, high = float(finite.min()), float(finite.max())
    return max(low, 1e-6 * high, 1e-12), max(high, 1.01 * low, 1e-11)


# ------------------------------------------------------------------- the path on it


def add_path(axes: Any, *third: list) -> dict[str, Any]:
    """A path without steps yet: what is behind, what lies ahead, and the two ends.

    `third` is an empty list more on axes with ``projection="3d"``.
    """
    empty = ([], [], *third)
    style = {"animated": True}
    ball = {"ms": 12, "mew": 2, **style}
    return {
        "ahead": axes.plot(*empty, color="white", lw=1.5, ls=(0, (2, 1)), **style)[0],
        "behind": axes.plot(*empty, color="black", path_effects=HALO, **style)[0],
        "begin": axes.plot(*empty, "o", mfc="white", mec="black", **ball)[0],
        "now": axes.plot(*empty, "o", mfc=VERMILION, mec="white", **ball)[0],
    }


def move_path(view: Any, points: np.ndarray, k: int) -> None:
    """Show the path `points` (K, 2 or 3) at step k in a view that `add_path` made."""
    move = "set_data" if points.shape[1] == 2 else "set_data_3d"
    for line, part in (
        (view.ahead, points[k:]),
        (view.behind, points[: k + 1]),
        (view.begin, points[:1]),
        (view.now, points[k : k + 1]),
    ):
        getattr(line, move)(*part.T)


def few_ticks(*axes: Any) -> None:
    """Leave room between the numbers along these axes."""
    for axis in axes:
        axis.set_major_locator(MaxNLocator(5))
