"""The families of models that the course builds, each ready to be trained briefly.

A family is a function that gives a compiled model, data for it, and what else `fit` is
told. Models are float64, so that two backends end in the same place. Used by
`test_families.py`, and by ``tests/device``, which counts how often each waits.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

import dlcourse as dl
from dlcourse import layers as L

N = 24
F = "float64"
Family = tuple[Any, Any, Any, dict[str, Any]]  # model, x, y, settings of fit
FAMILIES: dict[str, Callable[[], Family]] = {}
SPARSE = "sparse_categorical_crossentropy"


def numbers(*shape: int) -> np.ndarray:
    """A batch of inputs: the same each time."""
    return np.random.default_rng(1).normal(size=(N, *shape))


def words(length: int, vocabulary: int) -> np.ndarray:
    return np.random.default_rng(2).integers(0, vocabulary, (N, length))


CLASSES = np.random.default_rng(3).integers(0, 3, N)
YES_OR_NO = (numbers(1) > 0).astype(F)


def family(make: Callable[[], Family]) -> Callable[[], Family]:
    """Add a row: the function's name is the family's."""
    FAMILIES[make.__name__.replace("_", " ")] = make
    return make


def stack(*layers: Any, loss: str = SPARSE, optimizer: Any = "sgd", **how: Any) -> Any:
    model = dl.Sequential(list(layers), dtype=F)
    model.compile(optimizer, loss, **how)
    return model


@family
def perceptron() -> Family:
    model = stack(L.Input((4,)), L.Dense(8, "relu"), L.Dense(3, "softmax"))
    return model, numbers(4), CLASSES, {}


@family
def regression() -> Family:
    model = stack(L.Input((4,)), L.Dense(8, "tanh"), L.Dense(1), loss="mse")
    return model, numbers(4), numbers(1), {}


@family
def convolutional() -> Family:
    model = stack(
        L.Input((8, 8, 2)),
        L.Conv2D(4, 3, padding="same", use_bias=False),
        L.BatchNormalization(),
        L.ReLU(),
        L.MaxPooling2D(),
        L.Conv2D(4, 2, activation="relu", dilation_rate=2),
        L.GlobalAveragePooling2D(),
        L.Dense(3, "softmax"),
        optimizer="adam",
    )
    return model, numbers(8, 8, 2), CLASSES, {}


@family
def separable() -> Family:
    model = stack(
        L.Input((7, 7, 2)),
        L.ZeroPadding2D(1),
        L.DepthwiseConv2D(3, depth_multiplier=2),
        L.LeakyReLU(),
        L.SeparableConv2D(4, 2, strides=2),
        L.GroupNormalization(2),
        L.PReLU(),
        L.AveragePooling2D(),
        L.Flatten(),
        L.Dense(3, "softmax"),
    )
    return model, numbers(7, 7, 2), CLASSES, {}


@family
def convolutions_of_a_signal_and_a_volume() -> Family:
    line, room = L.Input((6, 2)), L.Input((3, 3, 3, 1))
    ends = [
        L.GlobalMaxPooling2D(dtype=F)(
            L.Reshape((6, 1, 3), dtype=F)(
                L.Conv1D(3, 2, padding="causal", dtype=F)(line)
            )
        ),
        L.Flatten(dtype=F)(L.MaxPooling3D(dtype=F)(L.Conv3D(2, 2, dtype=F)(room))),
    ]
    y = L.Dense(3, "softmax", dtype=F)(L.Concatenate(dtype=F)(ends))
    model = dl.Model([line, room], y, dtype=F)
    model.compile("sgd", SPARSE)
    return model, [numbers(6, 2), numbers(3, 3, 3, 1)], CLASSES, {}


@family
def convolutional_autoencoder() -> Family:
    model = stack(
        L.Input((6, 6, 1)),
        L.Conv2D(3, 3, strides=2, padding="same", activation="relu"),
        L.Conv2DTranspose(2, 3, strides=2, padding="same", activation="relu"),
        L.AveragePooling2D(),
        L.UpSampling2D(),
        L.Conv2D(1, 3, padding="same", activation="sigmoid"),
        loss="binary_crossentropy",
        optimizer="rmsprop",
    )
    x = 1 / (1 + np.exp(-numbers(6, 6, 1)))
    return model, x, x, {}


@family
def dense_autoencoder() -> Family:
    model = stack(
        L.Input((6,)),
        L.GaussianNoise(0.1),
        L.Dense(2, "elu", kernel_regularizer="l1"),
        L.Dense(6),
        loss="huber",
    )
    return model, numbers(6), numbers(6), {}


@family
def simple_recurrent() -> Family:
    model = stack(L.Input((5, 3)), L.SimpleRNN(4), L.Dense(3, "softmax"))
    return model, numbers(5, 3), CLASSES, {}


@family
def lstm() -> Family:
    model = stack(
        L.Input((5, 3)),
        L.LSTM(4, return_sequences=True),
        L.LSTM(3),
        L.Dense(3, "softmax"),
    )
    return model, numbers(5, 3), CLASSES, {}


@family
def gru() -> Family:
    model = stack(
        L.Input((5, 3)),
        L.GRU(4, return_sequences=True),
        L.TimeDistributed(L.Dense(2, dtype=F)),
        loss="mse",
    )
    return model, numbers(5, 3), numbers(5, 2), {}


@family
def bidirectional() -> Family:
    model = stack(
        L.Input((5, 3)), L.Bidirectional(L.LSTM(3, dtype=F)), L.Dense(3, "softmax")
    )
    return model, numbers(5, 3), CLASSES, {}


@family
def text() -> Family:
    model = stack(
        L.Input((6,)),
        L.Embedding(9, 4),
        L.GRU(3),
        L.Dense(1, "sigmoid"),
        loss="binary_crossentropy",
        optimizer="adam",
    )
    return model, words(6, 9), YES_OR_NO, {}


@family
def text_in_classes() -> Family:
    model = stack(L.Input((6,)), L.Embedding(9, 3), L.Flatten(), L.Dense(3, "softmax"))
    return model, words(6, 9), CLASSES, {}


@family
def attention() -> Family:
    x = L.Input((5, 4))
    seen = L.MultiHeadAttention(2, 3, dtype=F)(x, x, use_causal_mask=True)
    y = L.LayerNormalization(dtype=F)(L.Add(dtype=F)([x, seen]))
    y = L.Dense(3, "softmax", dtype=F)(L.Flatten(dtype=F)(y))
    model = dl.Model(x, y, dtype=F)
    model.compile("adam", SPARSE)
    return model, numbers(5, 4), CLASSES, {}


@family
def two_inputs() -> Family:
    a, b = L.Input((4,)), L.Input((2,))
    wide, narrow = L.Dense(3, "tanh", dtype=F)(a), L.Dense(3, "silu", dtype=F)(b)
    merged = [
        kind(dtype=F)([wide, narrow])
        for kind in (L.Subtract, L.Multiply, L.Average, L.Maximum)
    ]
    model = dl.Model(
        [a, b], L.Dense(1, dtype=F)(L.Concatenate(dtype=F)(merged)), dtype=F
    )
    model.compile("sgd", "mae")
    return model, [numbers(4), numbers(2)], numbers(1), {}


@family
def regularized() -> Family:
    model = stack(
        L.Input((4,)),
        L.Dense(8, "relu", kernel_regularizer="l2"),
        L.Dropout(0.3),
        L.Dense(3, "softmax", bias_regularizer="l1"),
        metrics=["accuracy", "sparse_categorical_crossentropy"],
    )
    validation = (numbers(4)[:7], CLASSES[:7])
    shares = {0: 1.0, 1: 2.0, 2: 0.5}
    how = {"validation_data": validation, "class_weight": shares}
    return model, numbers(4), CLASSES, how


@family
def weighted() -> Family:
    model = stack(
        L.Input((4,)), L.Dense(1), loss="mse", metrics=["mae", "mse"], optimizer="adamw"
    )
    how = {"sample_weight": np.arange(N) / N, "validation_split": 0.25}
    return model, numbers(4), numbers(1), how


def _trained_by(name: str, **how: Any) -> None:
    def make() -> Family:
        rule = getattr(dl.optimizers, name)(**how)
        return (*_margin(rule), {})

    settings = " ".join(map(str, how))
    FAMILIES[f"{name} {settings}".strip()] = make


def _margin(rule: Any) -> Any:
    x = numbers(4)
    model = stack(
        L.Input((4,)), L.Dense(3), L.Dense(1), loss="logistic", optimizer=rule
    )
    return model, x, np.sign(x[:, :1])


_trained_by("SGD", momentum=0.9, nesterov=True, clipnorm=0.5)
_trained_by("SGD", clipvalue=0.1, weight_decay=0.01)
_trained_by("Adagrad", global_clipnorm=0.5)
_trained_by("Adadelta")
_trained_by("RMSprop", momentum=0.5, centered=True)
_trained_by("Adam", amsgrad=True)
_trained_by("AdamW", learning_rate=dl.schedules.CosineDecay(0.01, 9))
_trained_by("Nadam")
