"""What stands on the page: the ipywidgets of an interactive, and where they are.

`Page` builds them from described controls and keeps them in step with the settings.
The label stands above its control, so that a whole phrase has room at any width; the
rest of the looks is in `static/explorer.css`. Read `explorer.py` next.
"""

import math
from collections.abc import Callable
from typing import Any

import ipywidgets

from .controls import Choice, Control, Counter, Slider, Stops, Toggle
from .settings import Settings
from .view import View

OWN = "(your own settings)"


class Page:
    """Controls beside a picture.

    `move(name, value)` is called when a reader moves a control, `choose(name)` when one
    chooses a preset. `buttons` are functions by label, in the order of the page.
    """

    def __init__(
        self,
        settings: Settings,
        view: View,
        buttons: dict[str, Callable[[], None]],
        move: Callable[[str, Any], None],
        choose: Callable[[str], None],
        side: str,
    ) -> None:
        self._settings, self._move, self._choose = settings, move, choose
        self._showing = False  # then a change is ours and not the reader's
        self._inputs: dict[str, Any] = {}
        self._chooser = None
        panel = []
        if settings.presets:
            names = [*settings.presets, OWN]
            self._chooser = build_control(Choice("Preset", OWN, names))
            self._chooser.observe(self._chosen, "value")
            panel.append(self._chooser)
        panel += [self._input(control) for control in settings.controls.values()]
        self.buttons = {label: build_button(label) for label in buttons}
        for label, act in buttons.items():
            self.buttons[label].on_click(lambda _, act=act: act())
        row = ipywidgets.Box(list(self.buttons.values()))
        row.add_class("dlcourse-buttons")
        left = ipywidgets.Box([*panel, row])
        left.add_class("dlcourse-controls")
        view.add_class("dlcourse-frame")
        self.root = ipywidgets.Box([left, view])
        self.root.add_class("dlcourse-explorer")
        self.root.add_class(f"dlcourse-{side}")
        self._all = [*panel, *self.buttons.values(), row, left, view, self.root]
        self.show()

    def _input(self, control: Control) -> ipywidgets.DOMWidget:
        name, widget = control.name, build_control(control)
        if isinstance(control, Counter):
            widget.on_click(lambda _: self._move(name, self._settings.values[name] + 1))
        else:
            widget.observe(lambda change: self._moved(name, change["new"]), "value")
            self._inputs[name] = widget
        return widget

    def _moved(self, name: str, value: Any) -> None:
        if not self._showing:
            self._move(name, value)

    def _chosen(self, change: dict[str, Any]) -> None:
        if self._showing:
            return
        if change["new"] == OWN:  # not a place to go to
            self.show()
        else:
            self._choose(change["new"])

    def show(self) -> None:
        """Put every control to where the settings are."""
        self._showing = True
        try:
            for name, widget in self._inputs.items():
                # Not one that is there already: what a reader drags must not be sent
                # back, or the handle would jump to where it was some moves ago.
                value = self._settings.values[name]
                if self._settings.controls[name].check(widget.value) != value:
                    widget.value = value
            if self._chooser is not None:
                self._chooser.value = self._settings.preset_now() or OWN
        finally:
            self._showing = False

    def close(self) -> None:
        """Take everything off the page."""
        for widget in self._all:
            widget.unobserve_all()
            widget.close()


STYLE = {"description_width": "initial"}


def build_control(control: Control) -> ipywidgets.DOMWidget:
    """The ipywidget for one control."""
    words = {"description": control.label, "style": STYLE, "tooltip": control.help}
    if isinstance(control, Slider):
        widget = _build_slider(control, words)
    elif isinstance(control, Stops):
        widget = ipywidgets.SelectionSlider(
            options=control.labelled, value=control.value, **words
        )
    elif isinstance(control, Choice):
        widget = ipywidgets.Dropdown(
            options=control.labelled, value=control.value, **words
        )
    elif isinstance(control, Toggle):
        widget = ipywidgets.Checkbox(value=control.value, indent=False, **words)
    elif isinstance(control, Counter):
        return build_button(control.label, control.help)
    else:
        raise TypeError(f"no widget for {control!r}")
    widget.add_class("dlcourse-control")
    widget.add_class("jupyter-widgets")  # ipywidgets forgets it on a SelectionSlider
    return widget


def _build_slider(control: Slider, words: dict) -> ipywidgets.DOMWidget:
    if control.log:
        return ipywidgets.FloatLogSlider(
            value=control.value,
            min=math.log10(control.low),
            max=math.log10(control.high),
            step=control.step or 0.05,
            readout_format=control.format or ".3g",
            **words,
        )
    if control.whole:
        return ipywidgets.IntSlider(
            value=control.value,
            min=control.low,
            max=control.high,
            step=control.step or 1,
            readout_format=control.format or "d",
            **words,
        )
    return ipywidgets.FloatSlider(
        value=control.value,
        min=control.low,
        max=control.high,
        step=control.step or (control.high - control.low) / 100,
        readout_format=control.format or ".2f",
        **words,
    )


def build_button(label: str, tooltip: str = "") -> ipywidgets.Button:
    """A button wide enough for its label."""
    button = ipywidgets.Button(description=label, tooltip=tooltip)
    button.layout.width = "auto"
    return button
