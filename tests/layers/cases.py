"""The table of layers: how each is made, and on what it is called.

Every layer of `dl.layers` has at least one row; `test_contract.py` fails by name for
one that has none. The same rows run on a GPU (``tests/gpu``), so they need nothing
beyond NumPy. A new layer is one new row.
"""

import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dlcourse import layers


@dataclass(frozen=True)
class Case:
    """One way to make one layer, and the shape of a batch for it."""

    layer: str
    how: dict[str, Any]
    shape: tuple[int, ...]
    tags: frozenset[str] = field(default_factory=frozenset)

    def __str__(self) -> str:
        settings = " ".join(f"{name}={value}" for name, value in self.how.items())
        return f"{self.layer} {settings} {self.shape}"

    def make(self, **more: Any) -> Any:
        return getattr(layers, self.layer)(**{**self.how, **more})

    def x(self, dtype: str = "float32", n: int | None = None) -> np.ndarray:
        """A batch: the same each time; never near zero, where relu has a corner."""
        rng = np.random.default_rng(zlib.crc32(str(self).encode()))
        shape = self.shape if n is None else (n, *self.shape[1:])
        signs = rng.choice([-1.0, 1.0], shape)
        return (signs * rng.uniform(0.2, 1.5, shape)).astype(dtype)


def case(layer: str, batch: tuple[int, ...], *tags: str, **how: Any) -> Case:
    """A row; tags say what is special about the layer, see `test_contract.py`."""
    return Case(layer, how, batch, frozenset(tags))


ACTIVATIONS = (
    *("elu", "exponential", "gelu", "hard_sigmoid", "leaky_relu", "linear"),
    *("log_softmax", "relu", "selu", "sigmoid", "silu", "softmax", "softplus"),
    *("softsign", "swish", "tanh"),
)
CASES = [
    case("Dense", (5, 3), units=4),
    case("Dense", (5, 3), units=1),
    case("Dense", (5, 1), units=2, use_bias=False),
    case("Dense", (5, 3), units=4, activation="tanh"),
    case("Dense", (5, 2, 3), units=4, activation="softmax"),
    case("Dense", (2, 3, 1, 3), units=2),
    case(
        "Dense",
        (5, 3),
        units=4,
        kernel_initializer="he_normal",
        bias_initializer="ones",
        kernel_regularizer="l2",
        bias_regularizer="l1",
    ),
    *(case("Activation", (5, 3), activation=name) for name in ACTIVATIONS),
    case("Dropout", (6, 5), "random", rate=0.5),
    case("Dropout", (6, 5), rate=0.0),
    case("Dropout", (6, 2, 3), "random", rate=0.2, seed=3),
    case("Flatten", (5, 3)),
    case("Flatten", (5, 3, 2, 4)),
    case("Flatten", (5,)),
    case("InputLayer", (5, 3), "start", shape=(3,)),
    case("Conv1D", (2, 7, 3), filters=4, kernel_size=3, padding="causal"),
    case("Conv1D", (2, 7, 3), filters=2, kernel_size=2, strides=2, activation="relu"),
    case("Conv2D", (2, 6, 5, 3), filters=4, kernel_size=(3, 2), padding="same"),
    case("Conv2D", (2, 6, 5, 4), filters=4, kernel_size=2, groups=2, use_bias=False),
    case("Conv2D", (1, 7, 6, 2), filters=3, kernel_size=3, strides=(2, 1)),
    case("Conv2D", (1, 7, 6, 2), filters=3, kernel_size=2, dilation_rate=(1, 2)),
    case("Conv3D", (1, 3, 4, 3, 2), filters=2, kernel_size=2, kernel_regularizer="l2"),
    case("Conv2DTranspose", (2, 3, 4, 2), filters=3, kernel_size=3, strides=2),
    case(
        "Conv2DTranspose",
        (1, 3, 4, 2),
        filters=2,
        kernel_size=(3, 2),
        strides=2,
        padding="same",
    ),
    case("DepthwiseConv2D", (2, 5, 4, 3), kernel_size=2, depth_multiplier=2),
    case("DepthwiseConv2D", (2, 5, 4, 3), kernel_size=(3, 2), padding="same"),
    case("SeparableConv2D", (2, 5, 4, 3), filters=2, kernel_size=2),
    case("MaxPooling1D", (2, 7, 3), pool_size=3, strides=2, padding="same"),
    case("MaxPooling2D", (2, 6, 5, 3)),
    case("MaxPooling3D", (1, 4, 4, 2, 2)),
    case("AveragePooling1D", (2, 7, 3), pool_size=2),
    case("AveragePooling2D", (2, 5, 5, 3), pool_size=(3, 2), padding="same"),
    case("AveragePooling3D", (1, 4, 4, 2, 2)),
    case("GlobalMaxPooling2D", (2, 3, 4, 2)),
    case("GlobalAveragePooling2D", (2, 3, 4, 2), keepdims=True),
    case("UpSampling2D", (2, 3, 2, 2), size=(2, 3)),
    case("ZeroPadding2D", (2, 3, 2, 2), padding=((1, 0), (2, 1))),
    case("BatchNormalization", (6, 3), "batch"),
    case("BatchNormalization", (3, 2, 4, 3), "batch", center=False, momentum=0.5),
    case("BatchNormalization", (4, 3, 2), "batch", "any width", axis=1, scale=False),
    case("LayerNormalization", (4, 5)),
    case("LayerNormalization", (4, 3, 2), axis=(1, 2), center=False),
    case("GroupNormalization", (3, 4, 6), groups=3),
    case("Reshape", (3, 6), target_shape=(2, -1)),
    case("Permute", (2, 3, 4), dims=(2, 1)),
    case("GaussianNoise", (6, 5), "random", stddev=0.3),
    case("ReLU", (5, 3)),
    case("ReLU", (5, 3), max_value=1.0, negative_slope=0.1, threshold=0.1),
    case("LeakyReLU", (5, 3)),
    case("PReLU", (4, 3, 2), shared_axes=(1,)),
    case("ELU", (5, 3), alpha=0.5),
    case("Softmax", (5, 3)),
    case("SimpleRNN", (2, 4, 3), units=2),
    case("SimpleRNN", (2, 4, 3), units=2, activation="relu", return_sequences=True),
    case("LSTM", (2, 4, 3), units=2),
    case("LSTM", (2, 4, 3), units=2, return_sequences=True, go_backwards=True),
    case("GRU", (2, 4, 3), units=2),
    case("GRU", (2, 4, 3), units=2, reset_after=False, use_bias=False),
]

# Layers that take whole numbers, lists, or other layers: tested in files of their own.
ELSEWHERE = {
    "Embedding": "test_sequences.py",
    "Bidirectional": "test_sequences.py",
    "TimeDistributed": "test_sequences.py",
    "MultiHeadAttention": "test_sequences.py",
    "Add": "test_merging.py",
    "Subtract": "test_merging.py",
    "Multiply": "test_merging.py",
    "Average": "test_merging.py",
    "Maximum": "test_merging.py",
    "Concatenate": "test_merging.py",
}
