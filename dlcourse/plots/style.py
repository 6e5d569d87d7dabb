"""How all pictures of the course look: one palette, one set of markers, one style.

The colors are those of Okabe and Ito (2008, "Color Universal Design"), which people
with any common color blindness tell apart; yet nothing is said by color alone, so every
class has a marker and every curve a line style of its own. Letters are large enough for
the last row of a lecture hall. The background is white in a dark theme too, because the
colors were chosen for it. Read ``data.py`` next.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from typing import ParamSpec, TypeVar

import matplotlib as mpl

P = ParamSpec("P")
T = TypeVar("T")

ORANGE = "#E69F00"
SKY = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
VERMILION = "#D55E00"
PURPLE = "#CC79A7"
BLACK = "#000000"
GRAY = "#777777"  # what is there for orientation only
INK = "#222222"  # outlines, boundaries, words

# Class k has color k and marker k. From the ninth class on the colors start again: then
# the marker tells.
CLASS_COLORS = (ORANGE, BLUE, GREEN, VERMILION, PURPLE, SKY, BLACK, YELLOW)
CLASS_MARKERS = ("o", "^", "s", "D", "v", "P", "X", "*", "<", ">", "p", "h")

# What was learned from, and what was only looked at: color and line style.
TRAINING = {"color": GREEN, "linestyle": "-"}
VALIDATION = {"color": VERMILION, "linestyle": "--"}

STYLE = {
    "font.size": 12,
    "axes.titlesize": 13,
    "axes.labelsize": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#555555",
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.prop_cycle": mpl.cycler(color=[BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY]),
    "grid.color": "#e4e4e4",
    "legend.frameon": False,
    "lines.linewidth": 2.5,
    "image.cmap": "cividis",
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


def course_style() -> AbstractContextManager[None]:
    """The course's matplotlib settings, for as long as a ``with`` block lasts.

    matplotlib reads most settings when an artist is made, so what is to look like the
    course's pictures is made inside the block. `subplots` and the functions of this
    folder do that themselves.

    >>> with course_style():
    ...     mpl.rcParams["font.size"]
    12.0
    """
    return mpl.rc_context(STYLE)


def styled(draw: Callable[P, T]) -> Callable[P, T]:
    """Let a function draw in the course's style, whatever the settings around it."""

    @wraps(draw)
    def drawn(*args: P.args, **settings: P.kwargs) -> T:
        with course_style():
            return draw(*args, **settings)

    return drawn


def class_look(label: int) -> dict[str, str]:
    """Color and marker of class number `label`.

    >>> class_look(1)
    {'color': '#0072B2', 'marker': '^'}
    """
    return {
        "color": CLASS_COLORS[label % len(CLASS_COLORS)],
        "marker": CLASS_MARKERS[label % len(CLASS_MARKERS)],
    }
