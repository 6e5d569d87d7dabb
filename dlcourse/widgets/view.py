"""The picture on the page: one `<img>` with its summary and its error message.

A small anywidget and not `widgets.HTML`, for three reasons: the same `<img>` element
stays (no flicker), its live regions stay (a screen reader announces their changes), and
pictures travel as bytes. The page's half is `static/explorer.js`. Read `explorer.py`
next.
"""

from pathlib import Path

import anywidget
import traitlets

STATIC = Path(__file__).parent / "static"


class View(anywidget.AnyWidget):
    """The picture, what it shows in words, and what went wrong."""

    _esm = STATIC / "explorer.js"
    _css = STATIC / "explorer.css"

    picture = traitlets.Bytes().tag(sync=True)
    mime = traitlets.Unicode("image/png").tag(sync=True)
    width = traitlets.Int(1).tag(sync=True)
    height = traitlets.Int(1).tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    summary = traitlets.Unicode().tag(sync=True)
    message = traitlets.Unicode().tag(sync=True)
    settings = traitlets.Dict().tag(sync=True)  # what the picture shows
    busy = traitlets.Bool(False).tag(sync=True)
    pointing = traitlets.Bool(False).tag(sync=True)
    pointer = traitlets.List(traitlets.Float()).tag(sync=True)
