"""From described controls to ipywidgets: what stands on the page, and where.

Plain functions, used by `Explorer` alone. The label stands above its control, so that a
whole phrase has room at any width; the rest of the looks is in `static/explorer.css`.
Read `explorer.py` next.
"""

import math

import ipywidgets

from .controls import Choice, Control, Counter, Slider, Stops, Toggle

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


def arrange(
    controls: list[ipywidgets.DOMWidget],
    buttons: list[ipywidgets.DOMWidget],
    view: ipywidgets.DOMWidget,
    side: str,
) -> ipywidgets.Box:
    """Controls and buttons at the "left" or on "top" of the picture."""
    row = ipywidgets.Box(buttons)
    row.add_class("dlcourse-buttons")
    panel = ipywidgets.Box([*controls, row])
    panel.add_class("dlcourse-controls")
    view.add_class("dlcourse-frame")
    root = ipywidgets.Box([panel, view])
    root.add_class("dlcourse-explorer")
    root.add_class(f"dlcourse-{side}")
    return root
