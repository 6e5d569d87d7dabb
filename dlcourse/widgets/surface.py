"""The loss surface from above and from the side, and a path on it that grows.

For the interactives that walk on a landscape. Both views use a log scale for the
colors, so that the valley floor shows its shape too.
"""

from typing import Any

import numpy as np
from contourpy import contour_generator
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
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


def add_surface(axes: Axes) -> dict[str, Any]:
    """A map without a surface yet: shades, and lines of equal loss.

    It is drawn on the square from -1 to 1 whatever the slice, so that another slice
    does not need other ticks, which take longer to draw than all the rest.
    """
    axes.set(xlim=(-1, 1), ylim=(-1, 1), xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set_visible(False)
    lines = LineCollection([], colors="white", linewidths=0.5, animated=True)
    axes.add_collection(lines, autolim=False)
    shades = axes.imshow(
        np.zeros((2, 2)),
        extent=(-1, 1, -1, 1),
        origin="lower",
        aspect="auto",
        interpolation="bilinear",
        cmap=COLORS,
        vmin=0,
        vmax=1,
        animated=True,
    )
    return {"shades": shades, "lines": lines}


def move_surface(view: Any, surface: Landscape) -> None:
    """Show another surface in a view that `add_surface` made."""
    low, high = _range(surface)
    heights = LogNorm(low, high)(np.clip(surface.loss, low, high))
    corners = np.linspace(-1, 1, len(heights))
    contours = contour_generator(corners, corners, heights)
    levels = np.linspace(0, 1, LEVELS + 2)[1:-1]
    view.shades.set_data(heights)
    view.lines.set_segments([line for h in levels for line in contours.lines(h)])


def on_map(surface: Landscape, places: np.ndarray) -> np.ndarray:
    """Places (…, 2) of the slice, (α, β), on the square that the map is drawn on."""
    low = np.array([surface.alphas[0], surface.betas[0]])
    high = np.array([surface.alphas[-1], surface.betas[-1]])
    return (2 * places - low - high) / (high - low)


def raise_surface(axes: Any, surface: Landscape) -> None:
    """Draw the hills on axes with ``projection="3d"``; the height is the loss."""
    for old in [each for each in axes.collections if each.get_gid() == "surface"]:
        old.remove()
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
