"""One matplotlib figure that lives as long as its interactive, drawn fast.

A full drawing costs 30 to 60 ms, nearly all of it text, ticks and frames that did not
change. So whatever moves is created with ``animated=True``: matplotlib then leaves it
out of a full drawing, and changing it does not make the figure `stale`. The rest is
kept as a background and only the moving artists are painted over it; once something
else did change (a title, a limit of an axis), the background is drawn anew. Nobody has
to say so. Read `explorer.py` next, which puts the picture on the page.
"""

import base64
import html
import io
from collections.abc import Iterator

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, features

# Readable from the last row of a lecture hall, and quieter than the data.
STYLE = {
    "font.size": 12,
    "axes.titlesize": 13,
    "axes.labelsize": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#555555",
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "legend.frameon": False,
    "lines.linewidth": 2.5,
    "figure.facecolor": "white",
}


class Picture:
    """A figure of `size` inches without a window, and its encodings.

    Drawn by Agg straight into memory; pyplot is not involved, so nothing is left open.
    """

    def __init__(self, size: tuple[float, float], dpi: int = 100) -> None:
        self.figure = Figure(figsize=size, dpi=dpi)
        self.canvas = FigureCanvasAgg(self.figure)
        self.width, self.height = self.canvas.get_width_height()
        self._background = None

    def draw(self) -> None:
        """Bring the pixels up to date with the artists, as cheaply as possible."""
        with mpl.rc_context(STYLE):
            if self._background is None or self.figure.stale:
                self.canvas.draw()
                if self.figure.get_layout_engine() is not None:
                    # Fitting labels is slow, and a frame that jumps is hard to watch.
                    self.figure.set_layout_engine("none")
                self._background = self.canvas.copy_from_bbox(self.figure.bbox)
            else:
                self.canvas.restore_region(self._background)
            for artist in self._moving():
                artist.draw(self.canvas.get_renderer())
            self.figure.stale = False

    def _moving(self) -> Iterator[Artist]:
        """Everything animated, axes after axes, the lowest first."""
        for owner in (*self.figure.axes, self.figure):
            moving = [a for a in owner.get_children() if a.get_animated()]
            yield from sorted(moving, key=lambda artist: artist.zorder)

    def pixels(self) -> np.ndarray:
        """A copy of the picture, (height, width, 3), bytes from 0 to 255."""
        return np.array(self.canvas.buffer_rgba())[..., :3]

    def encode(self) -> tuple[bytes, str]:
        """The picture for the live page, as (data, MIME type).

        Lossless WebP takes half the time of the fastest PNG; every browser of the last
        five years shows it.
        """
        image = Image.fromarray(self.pixels())
        target = io.BytesIO()
        if features.check("webp"):
            image.save(target, format="webp", lossless=True, quality=0, method=0)
            return target.getvalue(), "image/webp"
        image.save(target, format="png", compress_level=1)
        return target.getvalue(), "image/png"

    def to_html(self, alt: str) -> str:
        """The picture for a saved notebook: a small PNG inside an `<img alt=…>`."""
        image = Image.fromarray(self.pixels()).quantize(256, dither=Image.Dither.NONE)
        target = io.BytesIO()
        image.save(target, format="png", optimize=True)
        data = base64.b64encode(target.getvalue()).decode()
        return (
            f'<img alt="{html.escape(alt)}" width="{self.width}" '
            f'height="{self.height}" src="data:image/png;base64,{data}">'
        )


def animate(axes: Axes) -> None:
    """Mark all that lies inside `axes` as moving, for an axes with a changing image.

    An animated image would otherwise be painted over the still points and frame.
    """
    still = (axes.xaxis, axes.yaxis, axes.patch, axes.title)
    for artist in axes.get_children():
        if artist not in still:
            artist.set_animated(True)
