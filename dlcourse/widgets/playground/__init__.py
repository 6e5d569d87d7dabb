"""The flagship: a small network in training, to be played with.

    from dlcourse import widgets
    widgets.playground(preset="spiral needs depth")

Four rooms, each with one reason to change: ``settings.py`` and ``presets.py`` (what can
be asked), ``trainer.py`` (what is computed: no widget, no clock), ``wire.py`` (pictures
as bytes) and ``view.py`` (the event loop and the page). The page's half is in
``../static/playground``. Read ``settings.py`` next.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...errors import ConfigError, did_you_mean
from ..cells import replace_earlier
from .presets import PRESETS, SPEEDS, Preset, find
from .settings import NAMES, Settings
from .trainer import Picture, Trainer
from .view import Playground

__all__ = [
    "PRESETS",
    "Picture",
    "Playground",
    "Preset",
    "Settings",
    "Trainer",
    "playground",
]


def playground(preset: str | None = None, **settings: Any) -> Playground:
    """A live playground: choose data and a network, press Play, watch it learn.

    `preset` names a prepared state (`PRESETS`), `settings` are fields of `Settings`,
    and `speed`. A setting beside a preset changes it. Raises `ConfigError` for a name
    or a value that cannot be. Running the cell again replaces the playground before.

    >>> playground(preset="linear cannot do circles", depth=1, width=16)
    Playground: circles, 2-16-1 tanh network with 65 parameters, Adam 0.03, batch 10,
    L2 0.
    """
    chosen = find(preset) if preset is not None else Preset("", Settings())
    speed = settings.pop("speed", chosen.speed)
    for name in settings:
        if name not in NAMES:
            hint = did_you_mean(name, [*NAMES, "speed", "preset"])
            raise ConfigError(f"The playground has no setting {name!r}. {hint}")
    if speed not in SPEEDS:
        raise ConfigError(f"speed cannot be {speed!r}. {did_you_mean(speed, SPEEDS)}")
    made = Playground(
        replace(chosen.settings, **settings),
        speed,
        preset if preset is not None and not settings else "",
    )
    made.note = chosen.note
    replace_earlier(made)
    return made
