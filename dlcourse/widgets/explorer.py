"""The one class that turns a computation, a drawing and a few controls into a page.

An interactive is three plain things, testable without a notebook: `compute(**settings)`
returns a frozen dataclass of arrays, `layout(figure)` makes the artists once,
`draw(artists, result)` updates them. `Explorer` adds everything that has to do with a
page; it and its helpers (`page.py`, `picture.py`, `scheduling.py`, `cells.py`) are all
that knows of ipywidgets, encodings and event loops. Read `neuron.py` next, the shortest
whole interactive.
"""

import html
from collections.abc import Callable, Mapping, Sequence
from types import GeneratorType
from typing import Any

from matplotlib.figure import Figure

from ..errors import ConfigError, DLCourseError
from ..plots.style import course_style
from .cells import replace_earlier
from .controls import Control, Time
from .page import Page
from .picture import Picture
from .scheduling import Latest, Slices
from .settings import Settings
from .view import View


class Explorer:
    """Controls beside a picture that follows them.

    Parameters
    ----------
    compute : called with one keyword argument per control; returns a result, or yields
        ever better ones (a training): it is then run in slices, each result is shown,
        and a moved control drops the rest. The last one yielded is the final one.
    layout : called once with an empty matplotlib `Figure`; returns the artists in any
        form. Artists that change often should be made with ``animated=True`` (see
        `picture.animate` for an axes with an image): only those are then redrawn.
    draw : called with the artists and a result; updates them.
    summary : called with a result; says in one to three sentences what is to be seen.
        It is the alternative text of the picture too, and stands in the saved notebook:
        use rounded numbers that come out the same everywhere.
    controls : `Slider`, `Stops`, `Choice`, `Toggle`, `Counter` and at most one `Time`.
    presets : prepared settings by name; what a preset leaves out has its first value.
    preset, settings : what to begin with.
    pointer : called with the artists and a point in pixels from the figure's lower left
        corner (matplotlib's display coordinates) when the picture is clicked or dragged
        on; returns settings to change.
    size : of the picture in inches of 100 pixels.
    side : where the controls are, at the "left" of the picture or on "top" of it.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> from dlcourse.widgets import Explorer, Slider
    >>> @dataclass(frozen=True)
    ... class Wave:
    ...     x: np.ndarray
    ...     y: np.ndarray
    >>> def compute(frequency):
    ...     x = np.linspace(0, 1, 101)
    ...     return Wave(x, np.sin(2 * np.pi * frequency * x))
    >>> def layout(figure):
    ...     axes = figure.subplots()
    ...     axes.set(xlim=(0, 1), ylim=(-1.1, 1.1), xlabel="time in s")
    ...     return axes.plot([], [], animated=True)[0]
    >>> def draw(line, wave):
    ...     line.set_data(wave.x, wave.y)
    >>> explorer = Explorer(
    ...     compute, layout, draw, lambda wave: f"It peaks at {wave.y.max():.1f}.",
    ...     title="A wave", controls=[Slider("frequency", 1, 0, 5)],
    ... )
    >>> explorer.set(frequency=0)
    >>> explorer
    A wave. It peaks at 0.0.
    """

    def __init__(
        self,
        compute: Callable[..., Any],
        layout: Callable[[Figure], Any],
        draw: Callable[[Any, Any], None],
        summary: Callable[[Any], str],
        *,
        title: str,
        controls: Sequence[Control],
        presets: Mapping[str, Mapping[str, Any]] | None = None,
        preset: str | None = None,
        settings: Mapping[str, Any] | None = None,
        pointer: Callable[[Any, float, float], Mapping[str, Any]] | None = None,
        size: tuple[float, float] = (7.2, 4.8),
        side: str = "left",
    ) -> None:
        self.title = title
        self._compute, self._draw, self._summary = compute, draw, summary
        self._pointer = pointer
        self._settings = Settings(title, controls, presets or {})
        if preset is not None:
            self._settings.values |= self._settings.preset(preset)
        self._settings.values |= self._settings.checked(settings or {})
        self._start = dict(self._settings.values)
        self._time = next((c for c in controls if isinstance(c, Time)), None)
        self._latest = Latest(self._update)
        self._slices = Slices(self._show, self._complain)
        self._clock = Latest(self._tick)

        self._picture = Picture(size)
        with course_style():
            self._artists = layout(self._picture.figure)
        self._view = View(width=self._picture.width, height=self._picture.height)
        if pointer is not None:
            self._view.pointing = True
            self._view.observe(lambda change: self._pointed(*change["new"]), "pointer")
        buttons = {"Reset": self.reset}
        if self._time is not None:
            time = {"Play": self._play_or_pause, "Step": self.step}
            buttons = time | buttons
        self._page = Page(
            self._settings, self._view, buttons, self._moved, self._chosen, side
        )
        self._first()
        replace_earlier(self)

    # What a notebook may do with it ---------------------------------------------------

    @property
    def settings(self) -> dict[str, Any]:
        """The value of each control."""
        return dict(self._settings.values)

    @property
    def result(self) -> Any:
        """The result for the present settings, computed now if it is not yet."""
        self._settle()
        return self._result

    @property
    def message(self) -> str:
        """The error shown below the picture, or nothing."""
        return self._view.message

    def set(self, *, preset: str | None = None, **settings: Any) -> None:
        """Move controls by program, and see the picture at once."""
        if preset is not None:
            settings = self._settings.preset(preset) | settings
        self._move(self._settings.checked(settings))
        self._settle()

    def reset(self) -> None:
        """Put every control back to where it was in the beginning."""
        self.pause()
        self._move(self._start)

    def play(self) -> None:
        """Let time pass, from the start if it is at the end."""
        if self._time_now >= self._time.high:
            self._advance_time()
        self._page.buttons["Play"].description = "Pause"
        self._clock.request(self._time.interval)

    def pause(self) -> None:
        """Let time stand still."""
        self._clock.cancel()
        if self._time is not None:
            self._page.buttons["Play"].description = "Play"

    def step(self) -> None:
        """Let time pass by one step; after the end comes the start."""
        self.pause()
        self._advance_time()

    def close(self) -> None:
        """Take it off the page and stop whatever it is doing."""
        self._latest.cancel()
        self._clock.cancel()
        self._slices.stop()
        self._page.close()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """The live view, and a picture and a text for when no kernel is alive."""
        live = self._page.root._repr_mimebundle_() or {}
        saved = self._picture.to_html(self._view.alt)
        words = html.escape(self._view.summary).replace("\n", "<br>")
        return live | {
            "text/html": f"{saved}\n<p>{words}</p>",
            "text/plain": repr(self),
        }

    def __repr__(self) -> str:
        return f"{self.title}. {self._view.summary}"

    # From a control to the picture ----------------------------------------------------

    def _moved(self, name: str, value: Any) -> None:
        """A reader moved a control."""
        try:
            self._move(self._settings.checked({name: value}))
        except DLCourseError as error:
            self._complain(error)

    def _chosen(self, preset: str) -> None:
        """A reader chose a preset."""
        self.pause()
        self._move(self._settings.preset(preset))

    def _pointed(self, x: float, y: float) -> None:
        """A reader pointed at the picture; `y` comes downwards from the page."""
        try:
            settings = self._pointer(self._artists, x, self._picture.height - y)
            self._move(self._settings.checked(settings))
        except Exception as error:
            self._complain(error)

    def _move(self, settings: Mapping[str, Any]) -> None:
        """Change settings: the controls follow at once, the picture soon."""
        self._settings.values |= settings
        self._page.show()
        self._latest.request()

    def _settle(self) -> None:
        """Do now, and to the end, what was put off."""
        if self._latest.pending:
            self._latest.now()
        self._slices.finish()

    def _update(self) -> None:
        """Compute for the present settings, whatever was asked for before."""
        self._slices.stop()
        try:
            outcome = self._compute(**self._settings.values)
        except Exception as error:
            self._complain(error)
            return
        if isinstance(outcome, GeneratorType):
            self._view.busy = True
            self._slices.start(outcome)
        else:
            self._show(outcome, True)

    def _show(self, result: Any, done: bool) -> None:
        try:
            self._paint(result, done)
        except Exception as error:
            self._complain(error)

    def _paint(self, result: Any, done: bool) -> None:
        self._draw(self._artists, result)
        summary = self._summary(result)
        self._picture.draw()
        self._result = result
        values = self._settings.values
        with self._view.hold_sync():
            self._view.picture, self._view.mime = self._picture.encode()
            self._view.summary = summary
            self._view.alt = f"{self.title}. {summary}"
            self._view.message = ""
            self._view.settings = {name: plain(values[name]) for name in values}
            self._view.busy = not done

    def _complain(self, error: Exception) -> None:
        """Say what is wrong below the last good picture."""
        if isinstance(error, DLCourseError):
            message = str(error)
        else:
            message = f"This should not happen: {type(error).__name__}: {error}"
        with self._view.hold_sync():
            self._view.message = f"{message}\nThe picture shows the settings before."
            self._view.busy = False

    def _first(self) -> None:
        """The picture to begin with; here an error is an error of the call."""
        outcome = self._compute(**self._settings.values)
        if isinstance(outcome, GeneratorType):
            *_, outcome = outcome
        self._paint(outcome, True)

    # Time -----------------------------------------------------------------------------

    @property
    def _time_now(self) -> float:
        if self._time is None:
            raise ConfigError(f"In '{self.title}' no time passes.")
        return self._settings.values[self._time.name]

    def _advance_time(self) -> None:
        time = self._time
        later = min(self._time_now + (time.step or 1), time.high)
        self._move({time.name: time.low if self._time_now >= time.high else later})

    def _tick(self) -> None:
        if not self._slices.busy:
            self._advance_time()
        if self._time_now >= self._time.high:
            self.pause()
        else:
            self._clock.request(self._time.interval)

    def _play_or_pause(self) -> None:
        self.pause() if self._clock.pending else self.play()


def plain(value: Any) -> Any:
    """A setting as JSON can carry it."""
    return value if isinstance(value, (bool, int, float, str)) else str(value)
