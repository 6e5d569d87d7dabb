"""A model as boxes and arrows, with shapes and numbers of weights.

What stands where was worked out by ``analysis/architecture.py``. The color of a box is
its layer's family, which the word at its top tells too. Read ``figure.py`` next.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyBboxPatch, PathPatch, Polygon, Rectangle
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.textpath import text_to_path

from ..analysis.architecture import LINE, MARGIN, SPACE, Box, Drawing, model_drawing
from .figure import show
from .style import (
    BLUE,
    GRAY,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    YELLOW,
    course_style,
    styled,
)

FAMILY_COLORS = {
    "input": GRAY,
    "dense": BLUE,
    "convolution": ORANGE,
    "pooling": SKY,
    "normalization": PURPLE,
    "sequence": GREEN,
    "merging": VERMILION,
    "shape": "#BBBBBB",  # no weights: activation, dropout, reshaping …
    "model": INK,
    "own": YELLOW,
}
PAGE = (12.0, 6.75)  # inches: a notebook's page, a projector's shape
LETTER = 13.0  # points, if there is room; on a full page less, but not below the next
SMALLEST = 9.5
MOST_COLUMNS = 8
EDGE = 0.6  # free room around the drawing, in letters
HEAD = (0.75, 0.42)  # an arrow head: its length, and half its width
ON_SCREEN = 1.06  # whole pixels make small letters a little wider
ROUND = 0.6  # the radius of an arrow's turn


def show_model(
    model: Any, *, direction: str = "down", expand_nested: bool = False
) -> None:
    """Show a model on a notebook's page: its layers as boxes, with shapes and weights.

    The data flow "down" or "right"; a chain too long for the page goes on in a further
    column. With `expand_nested` a model inside the model is unfolded. What the picture
    shows is also told in words.

    Raises as `analysis.model_drawing`.
    """
    drawing = page_drawing(model, direction=direction, expand_nested=expand_nested)
    show(model_figure(drawing), drawing.words)


def page_drawing(model: Any, **settings: Any) -> Drawing:
    """The drawing with as many columns as make its letters largest on a page.

    If they would still be too small, it is the least high one that is no wider than a
    page: a page is scrolled down.
    """
    settings["measure"] = measure
    drawings = []
    for columns in range(1, MOST_COLUMNS + 1):
        drawings.append(model_drawing(model, columns=columns, **settings))
        if _letter(drawings[-1]) == LETTER:
            return drawings[-1]
    largest = max(map(_letter, drawings))
    if largest >= SMALLEST:  # a further column must be worth it
        return next(d for d in drawings if _letter(d) >= 0.95 * largest)
    fitting = [d for d in drawings if _inches(d.width, SMALLEST) <= PAGE[0]]
    if fitting:
        return min(fitting, key=lambda drawing: drawing.height)
    return min(drawings, key=lambda drawing: drawing.width)


def model_figure(drawing: Drawing) -> Figure:
    """A figure as large as a drawing needs: at most a page wide and high if readable.

    Letters have 13 points if the page has room, fewer if not; below 9.5 points the
    figure grows beyond the page instead.
    """
    letter = max(_letter(drawing), SMALLEST)
    size = (_inches(drawing.width, letter), _inches(drawing.height, letter))
    with course_style():
        figure = Figure(figsize=size)
        model_graph(figure.add_axes((0.0, 0.0, 1.0, 1.0)), drawing)
    return figure


@styled
def model_graph(axes: Axes, model: Any, **settings: Any) -> list[FancyBboxPatch]:
    """Draw a model, or a drawing that `analysis.model_drawing` made of it.

    `settings` are those of `model_drawing`: direction, columns, expand_nested. All that
    is drawn scales with the axes, the letters too.

    Returns the boxes, in the drawing's order. Raises as `model_drawing`.
    """
    drawing = model
    if not isinstance(model, Drawing):
        drawing = model_drawing(model, measure=measure, **settings)
    axes.set_axis_off()
    axes.set_aspect("equal")
    axes.set_xlim(-EDGE, drawing.width + EDGE)
    axes.set_ylim(drawing.height + EDGE, -EDGE)
    for path in drawing.paths:
        _draw_arrow(axes, path, drawing.direction)
    return [_draw_box(axes, box) for box in drawing.boxes]


def measure(text: str, bold: bool) -> float:
    """How long a text is, in units of its size: as on paper, and a little more."""
    weight = "bold" if bold else "normal"
    font = FontProperties(family="DejaVu Sans", weight=weight, size=100)
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return ON_SCREEN * width / 100


def _letter(drawing: Drawing) -> float:
    """The size of letters, in points, with which a drawing fits on a page."""
    points = [72 * PAGE[0] / (drawing.width + 2 * EDGE)]
    points.append(72 * PAGE[1] / (drawing.height + 2 * EDGE))
    return min(LETTER, *points)


def _inches(length: float, letter: float) -> float:
    """How long so many letters are on the page, with the free room around."""
    return (length + 2 * EDGE) * letter / 72


class Words(Text):
    """A text whose size is in the units of its axes, as boxes are."""

    def __init__(self, x: float, y: float, text: str, size: float, **look: Any) -> None:
        super().__init__(x, y, text, **look)
        self._length = size

    def fit(self) -> None:
        """Take the size that the axes have now."""
        assert self.axes is not None and self.figure is not None
        (_, low), (_, high) = self.axes.transData.transform([(0, 0), (0, self._length)])
        self.set_fontsize(abs(high - low) * 72 / self.figure.dpi)

    def draw(self, renderer: Any) -> None:
        self.fit()
        super().draw(renderer)


def _draw_box(axes: Axes, box: Box) -> FancyBboxPatch:
    color = np.array(to_rgb(FAMILY_COLORS[box.family]))
    depth = 1.0 if box.unfolded else 3.0
    corner, size = (box.left, box.top), (box.width, box.height)
    shape = {"boxstyle": "round,pad=0,rounding_size=0.45"}
    white = "#FAFAFA" if box.unfolded else "white"
    body = FancyBboxPatch(
        corner, *size, **shape, facecolor=white, linewidth=0, zorder=depth
    )
    axes.add_patch(body)
    tint = 0.8 + 0.2 * color
    head = LINE + MARGIN / 2
    band = Rectangle(corner, box.width, head, facecolor=tint, zorder=depth + 0.1)
    axes.add_patch(band)
    band.set_clip_path(body)
    border = FancyBboxPatch(
        corner,
        *size,
        **shape,
        facecolor="none",
        edgecolor=0.8 * color,  # dark enough for a line on white
        linewidth=1.6,
        linestyle="--" if box.unfolded else "-",
        zorder=depth + 0.2,
    )
    axes.add_patch(border)
    y = box.top + MARGIN / 2
    for bold, plain, size in box.lines:
        y += LINE * size
        x = box.left + MARGIN
        for text, weight in ((bold, "bold"), (plain, "normal")):
            if not text:
                continue
            words = Words(
                x,
                y - 0.4 * size,
                text,
                size,
                color=INK if size == 1 else "#555555",
                weight=weight,
                va="baseline",
                family="DejaVu Sans",
                parse_math=False,
                zorder=5,
            )
            axes.add_artist(words)
            x += size * (measure(text, weight == "bold") + SPACE)
    return border


def _draw_arrow(axes: Axes, points: np.ndarray, direction: str) -> None:
    points = points.copy()
    flow = np.array([0.0, 1.0] if direction == "down" else [1.0, 0.0])
    tip = points[-1].copy()
    points[-1] -= 0.8 * HEAD[0] * flow  # the line ends inside the head
    axes.add_patch(
        PathPatch(
            rounded(points, flow),
            facecolor="none",
            edgecolor="#555555",
            linewidth=1.8,
            capstyle="butt",
            joinstyle="round",
            zorder=2,
        )
    )
    base, side = tip - HEAD[0] * flow, HEAD[1] * flow[::-1]
    axes.add_patch(
        Polygon([tip, base - side, base + side], color="#555555", linewidth=0, zorder=2)
    )


def rounded(points: np.ndarray, flow: np.ndarray) -> Path:
    """A path through points: straight, turning in arcs, aside in S-shaped curves."""
    vertices, codes = [points[0]], [Path.MOVETO]
    for i in range(1, len(points)):
        a, b = points[i - 1], points[i]
        step = b - a
        if np.abs(step).min() > 1e-9:  # aside: leave and arrive along the flow
            half = flow * (step @ flow) / 2
            vertices += [a + half, b - half, b]
            codes += 3 * [Path.CURVE4]
            continue
        onward = points[i + 1] - b if i + 1 < len(points) else None
        turns = onward is not None and np.abs(onward).min() < 1e-9
        if turns and abs(step @ onward) < 1e-9:
            radius = min(ROUND, np.abs(step).sum() / 2, np.abs(onward).sum() / 2)
            enter = b - radius * np.sign(step)
            vertices += [enter, b, b + radius * np.sign(onward)]
            codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
        else:
            vertices.append(b)
            codes.append(Path.LINETO)
    return Path(np.array(vertices), codes)
