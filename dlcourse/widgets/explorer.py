"""The one class that turns a computation, a drawing and a few controls into a page.

An interactive is three plain things, testable without a notebook: `compute(**settings)`
returns a frozen dataclass of arrays, `layout(figure)` makes the artists once,
`draw(artists, result)` updates them. `Explorer` adds everything that has to do with a
page, and is the only class here that knows ipywidgets. Read `neuron.py` next, the
shortest whole interactive.
"""

import html
from collections.abc import Callable, Mapping, Sequence
from types import GeneratorType
from typing import Any

import ipywidgets
import matplotlib as mpl
from IPython import get_ipython
from matplotlib.figure import Figure

from ..errors import ConfigError, DLCourseError, did_you_mean
from .controls import Control, Counter, Time
from .page import arrange, build_button, build_control
from .picture import STYLE, Picture
from .scheduling import Latest, Slices
from .view import View

OWN = "(your own settings)"


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
        self._controls = {control.name: control for control in controls}
        self._presets = {name: dict(own) for name, own in (presets or {}).items()}
        self._time = next((c for c in controls if isinstance(c, Time)), None)
        self._latest = Latest(self._update)
        self._slices = Slices(self._show, self._complain)
        self._clock = Latest(self._tick)

        self._settings = {control.name: control.value for control in controls}
        if preset is not None:
            self._settings |= self._preset(preset)
        self._settings |= self._checked(settings or {})
        self._start = dict(self._settings)
        self._picture = Picture(size)
        with mpl.rc_context(STYLE):
            self._artists = layout(self._picture.figure)
        self._view = View(
            width=self._picture.width,
            height=self._picture.height,
            pointing=pointer is not None,
        )
        self._build(side)
        self._first()
        _replace_earlier(self)

    # What a notebook may do with it ---------------------------------------------------

    @property
    def settings(self) -> dict[str, Any]:
        """The value of each control."""
        return dict(self._settings)

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
            settings = self._preset(preset) | settings
        self._move(self._checked(settings))
        self._settle()

    def reset(self) -> None:
        """Put every control back to where it was in the beginning."""
        self.pause()
        self._move(self._start)

    def play(self) -> None:
        """Let time pass, from the start if it is at the end."""
        if self._time is None:
            raise ConfigError(f"In '{self.title}' no time passes.")
        if self._settings[self._time.name] >= self._time.high:
            self._move({self._time.name: self._time.low})
        self._play_button.description = "Pause"
        self._clock.request(self._time.interval)

    def pause(self) -> None:
        """Let time stand still."""
        self._clock.cancel()
        if self._time is not None:
            self._play_button.description = "Play"

    def step(self) -> None:
        """Let time pass by one step."""
        self.pause()
        self._advance_time()

    def close(self) -> None:
        """Take it off the page and stop whatever it is doing."""
        self._latest.cancel()
        self._clock.cancel()
        self._slices.stop()
        for widget in self._widgets:
            widget.unobserve_all()
            widget.close()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """The live view, and a picture and a text for when no kernel is alive."""
        live = self._root._repr_mimebundle_() or {}
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
        if not self._moving:
            self._settings[name] = self._controls[name].check(value)
            self._changed()

    def _move(self, settings: Mapping[str, Any]) -> None:
        """Move several controls as one change."""
        self._settings |= settings
        self._moving = True
        try:
            for name, widget in self._inputs.items():
                widget.value = self._settings[name]
        finally:
            self._moving = False
        self._changed()

    def _changed(self) -> None:
        self._show_preset()
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
            outcome = self._compute(**self._settings)
        except Exception as error:
            self._complain(error)
            return
        if isinstance(outcome, GeneratorType):
            self._slices.start(outcome)
        else:
            self._show(outcome, True)

    def _show(self, result: Any, done: bool) -> None:
        try:
            self._draw(self._artists, result)
            summary = self._summary(result)
            self._picture.draw()
        except Exception as error:
            self._complain(error)
            return
        self._result = result
        with self._view.hold_sync():
            self._view.picture, self._view.mime = self._picture.encode()
            self._view.summary = summary
            self._view.alt = f"{self.title}. {summary}"
            self._view.message = ""
            self._view.settings = {n: plain(v) for n, v in self._settings.items()}
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
        outcome = self._compute(**self._settings)
        if isinstance(outcome, GeneratorType):
            *_, outcome = outcome
        self._draw(self._artists, outcome)
        self._show(outcome, True)

    # Presets and checks ---------------------------------------------------------------

    def _preset(self, name: str) -> dict[str, Any]:
        """All settings of a preset."""
        if name not in self._presets:
            raise ConfigError(
                f"'{self.title}' has no preset {name!r}. "
                f"{did_you_mean(name, self._presets)}"
            )
        first = {control.name: control.value for control in self._controls.values()}
        return first | self._checked(self._presets[name])

    def _checked(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The settings in their own types, or a `ConfigError`."""
        for name in settings:
            if name not in self._controls:
                raise ConfigError(
                    f"'{self.title}' has no setting {name!r}. "
                    f"{did_you_mean(name, self._controls)}"
                )
        return {
            name: self._controls[name].check(value) for name, value in settings.items()
        }

    def _show_preset(self) -> None:
        """Let the dropdown say which preset this is, if it is one."""
        if self._chooser is not None:
            names = (n for n in self._presets if self._preset(n) == self._settings)
            self._moving = True
            self._chooser.value = next(names, OWN)
            self._moving = False

    def _choose(self, name: str) -> None:
        if self._moving:
            return
        if name == OWN:  # not a place to go to
            self._show_preset()
        else:
            self.pause()
            self._move(self._preset(name))

    # Time -----------------------------------------------------------------------------

    def _advance_time(self) -> None:
        time = self._time
        later = self._settings[time.name] + (time.step or 1)
        self._move({time.name: min(later, time.high)})

    def _tick(self) -> None:
        self._advance_time()
        if self._settings[self._time.name] >= self._time.high:
            self.pause()
        else:
            self._clock.request(self._time.interval)

    def _play_or_pause(self) -> None:
        self.pause() if self._clock.pending else self.play()

    # The page -------------------------------------------------------------------------

    def _build(self, side: str) -> None:
        self._moving = False
        self._inputs: dict[str, Any] = {}
        self._chooser = None
        panel: list[Any] = []
        if self._presets:
            self._chooser = ipywidgets.Dropdown(
                options=[*self._presets, OWN], description="Preset"
            )
            self._chooser.add_class("dlcourse-control")
            self._chooser.observe(lambda change: self._choose(change["new"]), "value")
            panel.append(self._chooser)
        for control in self._controls.values():
            panel.append(self._build_input(control))
        buttons = [build_button("Reset", "Back to how it was in the beginning")]
        buttons[0].on_click(lambda _: self.reset())
        if self._time is not None:
            self._play_button = build_button("Play", "Let time pass, or stop it")
            self._play_button.on_click(lambda _: self._play_or_pause())
            step_button = build_button("Step", "Let time pass by one step")
            step_button.on_click(lambda _: self.step())
            buttons = [self._play_button, step_button, *buttons]
        if self._pointer is not None:
            self._view.observe(lambda change: self._pointed(*change["new"]), "pointer")
        self._root = arrange(panel, buttons, self._view, side)
        self._widgets = [*panel, *buttons, *self._root.children, self._root]
        self._show_preset()

    def _build_input(self, control: Control) -> ipywidgets.DOMWidget:
        name = control.name
        widget = build_control(control)
        if isinstance(control, Counter):
            widget.on_click(lambda _: self._moved(name, self._settings[name] + 1))
        else:
            widget.value = self._settings[name]
            widget.observe(lambda change: self._moved(name, change["new"]), "value")
            self._inputs[name] = widget
        return widget

    def _pointed(self, x: float, y: float) -> None:
        """A place in the picture was pointed at; `y` comes downwards from the page."""
        try:
            settings = self._pointer(self._artists, x, self._picture.height - y)
            self._move(self._checked(settings))
        except Exception as error:
            self._complain(error)


def plain(value: Any) -> Any:
    """A setting as JSON can carry it."""
    return value if isinstance(value, (bool, int, float, str)) else str(value)


_alive: dict[str, list[tuple[str, Explorer]]] = {}


def _replace_earlier(explorer: Explorer) -> None:
    """Close what an earlier run of the same cell made, so that nothing acts twice."""
    kernel = getattr(get_ipython(), "kernel", None)
    request = kernel.get_parent() if kernel is not None else {}
    cell = request.get("metadata", {}).get("cellId")
    if cell is None:
        return
    run = request["header"]["msg_id"]
    for earlier, old in _alive.get(cell, []):
        if earlier != run:
            old.close()
    stay = [pair for pair in _alive.get(cell, []) if pair[0] == run]
    _alive[cell] = [*stay, (run, explorer)]
