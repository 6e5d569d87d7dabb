"""Layers: functions with weights, in Keras's words.

Reading order: ``symbol.py``, ``base.py`` (what all layers share), ``core.py``,
``conv.py``, ``depthwise.py``, ``pool.py``, ``norm.py``, ``reshaping.py``,
``merging.py``, ``recurrent.py``, ``wrappers.py``, ``attention.py``.
"""

from collections.abc import Mapping
from typing import Any

from ..errors import ConfigError, did_you_mean
from . import (
    attention,
    conv,
    core,
    depthwise,
    merging,
    norm,
    pool,
    recurrent,
    reshaping,
    wrappers,
)
from .attention import MultiHeadAttention
from .base import Layer, Weight
from .conv import Conv1D, Conv2D, Conv2DTranspose, Conv3D
from .core import Activation, Dense, Dropout, Flatten, InputLayer
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
from .symbol import Input
from .wrappers import Bidirectional, TimeDistributed

_ROOMS = (
    core,
    conv,
    depthwise,
    pool,
    norm,
    reshaping,
    merging,
    recurrent,
    wrappers,
    attention,
)

__all__ = [
    "Input",
    "Layer",
    "Weight",
    *(name for room in _ROOMS for name in room.__all__),
]


def get(name: str) -> type[Layer]:
    """The class of that name among the layers here."""
    found = globals().get(name)
    is_layer = isinstance(found, type) and issubclass(found, Layer)
    if name not in __all__ or not is_layer or found is Layer:
        raise ConfigError(f"There is no layer {name!r}. {did_you_mean(name, __all__)}")
    return found


def from_config(config: Mapping[str, Any]) -> Layer:
    """The layer that ``{"class_name": …, "config": …}`` describes."""
    return get(config["class_name"]).from_config(config["config"])
