"""Prepared states of the playground, each with one sentence on what to look for.

A preset is a claim of the lecture that can be watched; ``tests/widgets`` trains every
one of them and checks that it keeps its word. Read ``trainer.py`` next.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import ConfigError, did_you_mean
from .settings import Settings


@dataclass(frozen=True)
class Preset:
    """Settings, how they are best played, and after how many epochs all is said."""

    note: str
    settings: Settings
    epochs: int = 100
    speed: str = "epoch"


PRESETS: dict[str, Preset] = {
    "linear cannot do circles": Preset(
        "Without a hidden layer the boundary is a straight line, and no line parts a "
        "ring from its middle. Play, then add one hidden layer.",
        Settings(data="circles", depth=0),
    ),
}


def find(name: str) -> Preset:
    """The preset of that name; raises `ConfigError` with the nearest right one."""
    if name not in PRESETS:
        hint = did_you_mean(name, PRESETS)
        raise ConfigError(f"The playground has no preset {name!r}. {hint}")
    return PRESETS[name]
