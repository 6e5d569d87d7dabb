"""The loss surface from above and from the side, for the interactives that walk on it.

Both use a log scale for the colors, so that the valley floor shows its shape too.
"""

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm

from ..analysis import Landscape

LEVELS = 24
COLORS = "viridis_r"  # dark is high


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
