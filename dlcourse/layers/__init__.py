"""Layers: functions with weights, in Keras's words.

Reading order: ``symbol.py``, ``base.py`` (what all layers share), ``core.py``,
``conv.py``, ``depthwise.py``, ``pool.py``, ``norm.py``, ``reshaping.py``,
``merging.py``, ``recurrent.py``, ``wrappers.py``, ``attention.py``.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .. import lazy
from ..errors import ConfigError, did_you_mean
from .base import Layer, Weight
from .core import Activation, Dense, Dropout, Flatten, InputLayer
from .symbol import Input

if TYPE_CHECKING:
    from .attention import MultiHeadAttention
    from .conv import Conv1D, Conv2D, Conv2DTranspose, Conv3D
    from .depthwise import DepthwiseConv2D, SeparableConv2D
    from .merging import Add, Average, Concatenate, Maximum, Multiply, Subtract
    from .norm import BatchNormalization, GroupNormalization, LayerNormalization
    from .pool import (
        AveragePooling1D,
        AveragePooling2D,
        AveragePooling3D,
        GlobalAveragePooling2D,
        GlobalMaxPooling2D,
        MaxPooling1D,
        MaxPooling2D,
        MaxPooling3D,
        UpSampling2D,
        ZeroPadding2D,
    )
    from .recurrent import GRU, LSTM, SimpleRNN
    from .reshaping import (
        ELU,
        Embedding,
        GaussianNoise,
        LeakyReLU,
        Permute,
        PReLU,
        ReLU,
        Reshape,
        Softmax,
    )
    from .wrappers import Bidirectional, TimeDistributed

# What a first network does not need is imported when it is first used.
_LATER = {
    "conv": ("Conv1D", "Conv2D", "Conv2DTranspose", "Conv3D"),
    "depthwise": ("DepthwiseConv2D", "SeparableConv2D"),
    "pool": (
        "AveragePooling1D",
        "AveragePooling2D",
        "AveragePooling3D",
        "GlobalAveragePooling2D",
        "GlobalMaxPooling2D",
        "MaxPooling1D",
        "MaxPooling2D",
        "MaxPooling3D",
        "UpSampling2D",
        "ZeroPadding2D",
    ),
    "norm": ("BatchNormalization", "GroupNormalization", "LayerNormalization"),
    "reshaping": (
        "ELU",
        "Embedding",
        "GaussianNoise",
        "LeakyReLU",
        "PReLU",
        "Permute",
        "ReLU",
        "Reshape",
        "Softmax",
    ),
    "merging": ("Add", "Average", "Concatenate", "Maximum", "Multiply", "Subtract"),
    "recurrent": ("GRU", "LSTM", "SimpleRNN"),
    "wrappers": ("Bidirectional", "TimeDistributed"),
    "attention": ("MultiHeadAttention",),
}
__getattr__, __dir__ = lazy.names(__name__, _LATER)

__all__ = [
    "Activation",
    "Dense",
    "Dropout",
    "Flatten",
    "Input",
    "InputLayer",
    "Layer",
    "Weight",
    *(name for names in _LATER.values() for name in names),
]


def get(name: str) -> type[Layer]:
    """The class of that name among the layers here."""
    found = None
    if name in __all__:
        found = globals().get(name) or __getattr__(name)
    is_layer = isinstance(found, type) and issubclass(found, Layer)
    if not is_layer or found is Layer:
        raise ConfigError(f"There is no layer {name!r}. {did_you_mean(name, __all__)}")
    return found


def from_config(config: Mapping[str, Any]) -> Layer:
    """The layer that ``{"class_name": …, "config": …}`` describes."""
    return get(config["class_name"]).from_config(config["config"])
