"""Layers: functions with weights, in Keras's words.

Reading order: ``symbol.py``, ``base.py`` (what all layers share), ``core.py``,
``conv.py``, ``pool.py``, ``norm.py``, ``reshaping.py``, ``merging.py``,
``recurrent.py``, ``attention.py``.
"""

from collections.abc import Mapping
from typing import Any

from ..errors import ConfigError, did_you_mean
from . import attention, conv, core, merging, norm, pool, recurrent, reshaping
from .attention import MultiHeadAttention
from .base import Layer, Weight
from .conv import (
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    DepthwiseConv2D,
    SeparableConv2D,
)
from .core import Activation, Dense, Dropout, Flatten, InputLayer
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
from .recurrent import GRU, LSTM, Bidirectional, SimpleRNN, TimeDistributed
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
from .symbol import Input

_ROOMS = (core, conv, pool, norm, reshaping, merging, recurrent, attention)

__all__ = [
    "Input",
    "Layer",
    "Weight",
    *(name for room in _ROOMS for name in room.__all__),
]


def get(name: str) -> type[Layer]:
    """The class of that name among the layers here."""
    found = globals().get(name)
    if name not in __all__ or not isinstance(found, type):
        raise ConfigError(f"There is no layer {name!r}. {did_you_mean(name, __all__)}")
    return found


def from_config(config: Mapping[str, Any]) -> Layer:
    """The layer that ``{"class_name": …, "config": …}`` describes."""
    return get(config["class_name"]).from_config(config["config"])
