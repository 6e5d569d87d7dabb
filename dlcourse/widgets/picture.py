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

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, features

from ..plots.figure import _png
from ..plots.style import course_style


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
        with course_style():
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

    def image(self) -> Image.Image:
        """The picture as it is now, sharing the figure's own memory."""
        size = (self.width, self.height)
        return Image.frombuffer("RGBA", size, self.canvas.buffer_rgba())

    def encode(self) -> tuple[bytes, str]:
        """The picture for the live page, as (data, MIME type).

        Lossless WebP is a third smaller than a fast PNG and quicker to make; every
        browser of the last five years shows it.
        """
        target = io.BytesIO()
        if features.check("webp"):
            self.image().save(target, "webp", lossless=True, quality=0, method=0)
            return target.getvalue(), "image/webp"
        self.image().save(target, "png", compress_level=1)
        return target.getvalue(), "image/png"

    def to_html(self, alt: str) -> str:
        """The picture for a saved notebook: a small, sharp PNG in an `<img alt=…>`."""
        png = _png(self.figure, alt)
        self._background = None  # it was drawn at another size meanwhile
        data = base64.b64encode(png).decode()
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
