"""Layers: functions with weights, in Keras's words.

Reading order: ``symbol.py``, ``base.py`` (what all layers share), ``core.py``.
"""

from .base import Layer, Weight
from .core import Activation, Dense, Dropout, Flatten, InputLayer
from .symbol import Input

__all__ = [
    "Activation",
    "Dense",
    "Dropout",
    "Flatten",
    "Input",
    "InputLayer",
    "Layer",
    "Weight",
]


def get(name: str) -> type[Layer]:
    """The class of that name among the layers here."""
    from ..errors import ConfigError, did_you_mean

    found = globals().get(name)
    if name not in __all__ or not isinstance(found, type):
        raise ConfigError(f"There is no layer {name!r}. {did_you_mean(name, __all__)}")
    return found
