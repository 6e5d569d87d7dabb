"""A figure for a notebook's page, and the words for those who cannot see it.

Three readers open a notebook. JupyterLab shows ``image/png`` but drops its alternative
text, and so does nbconvert (as of 4.6 and 7.17); hence the words also stand below the
picture, to be unfolded. A code host shows the saved picture without running anything.
And a notebook check compares the saved text with a new one, but no picture; so the text
is the words and nothing else. (An image inside HTML would count as text, to its last
pixel.) Afterwards, read ``widgets/explorer.py``: pictures that answer.
"""

from __future__ import annotations

import html
import io
import sys
from typing import Any

from IPython.display import display
from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ..errors import ConfigError
from .style import STYLE, course_style

SHARPNESS = 1.5  # pixels of the image for one of the page: projectors enlarge


def subplots(
    rows: int = 1,
    columns: int = 1,
    *,
    size: tuple[float, float] | None = None,
    **settings: Any,
) -> tuple[Figure, Any]:
    """A figure in the course's style, and its axes: one, or an array of them.

    `size` is in inches, 100 pixels of the page each (default: 5 × 4 for each axes, 12
    wide at most); `settings` go to ``Figure.subplots``, e.g. ``sharey=True``. pyplot is
    not involved: nothing has to be closed, and nothing is shown twice.

    >>> figure, (left, right) = subplots(1, 2)
    >>> figure.get_size_inches()
    array([10.,  4.])
    """
    if size is None:
        size = (min(5.0 * columns, 12.0), 4.0 * rows)
    with course_style():
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots(rows, columns, **settings)
    return figure, axes


def show(figure: Figure, alt: str) -> None:
    """Put a figure on a notebook's page, with `alt`, what it shows in words.

    `alt` says what a reader should see in the picture; keep to what comes out the same
    on every machine, as it is compared when the notebook is checked. A pyplot figure is
    closed, so that it does not appear a second time.

    Raises `ConfigError` if `alt` is no text or blank.
    """
    if not isinstance(alt, str) or not alt.strip():
        raise ConfigError(
            f"show(figure, alt) needs a sentence that tells a reader who cannot see "
            f"the picture what it shows, not {alt!r}."
        )
    words = " ".join(alt.split())
    display(_Picture(figure, words))
    display(_Words(words))
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close(figure)


class _Picture:
    """What the page shows: the PNG, or the words where there are no pictures."""

    def __init__(self, figure: Figure, words: str) -> None:
        self._words = words
        self._png = _png(figure, words)
        self._width = round(figure.get_figwidth() * STYLE["figure.dpi"])

    def __repr__(self) -> str:
        return self._words

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data = {"image/png": self._png, "text/plain": self._words}
        return data, {"image/png": {"alt": self._words, "width": self._width}}


class _Words:
    """The same words on the page, where a PNG's alternative text is dropped."""

    def __init__(self, words: str) -> None:
        self._words = words

    def __repr__(self) -> str:
        return "The picture in words, unfolded on the page."

    def _repr_html_(self) -> str:
        words = html.escape(self._words)
        return f"<details><summary>The picture in words</summary>{words}</details>"


def _png(figure: Figure, words: str) -> bytes:
    """The figure as a small PNG: 256 colors, its description inside."""
    drawn = io.BytesIO()
    with course_style():
        figure.savefig(drawn, format="png", dpi=SHARPNESS * STYLE["figure.dpi"])
    image = Image.open(drawn).convert("RGB")
    told = PngInfo()
    told.add_itxt("Description", words)
    target = io.BytesIO()
    # maximum coverage keeps the color of a few small markers beside a large map
    colors = image.quantize(
        256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
    )
    colors.save(target, "png", optimize=True, pnginfo=told)
    return target.getvalue()
