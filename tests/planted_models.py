"""The models, layers and losses that ``planted.py`` plants its faults in."""

import numpy as np

import dlcourse as dl
from dlcourse import layers, ops, optimizers
from dlcourse.initializers import Constant, RandomNormal
from dlcourse.layers import Activation, Dense

X = np.random.default_rng(1).normal(size=(32, 4)).astype("f")
Y = X.sum(axis=1, keepdims=True)
SIGNS = np.sign(Y)
BINARY = (Y > 0).astype("f")
LABELS = (Y[:, 0] > 0).astype(int)
IMAGES = np.random.default_rng(2).normal(size=(32, 6, 6, 2)).astype("f")
SERIES = np.random.default_rng(3).normal(size=(32, 5, 3)).astype("f")
LONG = np.ones((32, 120, 2), "f")


def late(x, factor):
    """The data, but for one sample of the third batch, which is far too large."""
    x = x.copy()
    x[20] *= factor
    return x


def model(*inner, x=X, rate=0.01, loss="mse", optimizer=None):
    """A compiled model of these layers, always with the same first weights."""
    dl.manual_seed(0)
    made = dl.Sequential([dl.Input(x.shape[1:]), *inner])
    made.compile(optimizer or optimizers.SGD(rate), loss)
    return made


def perceptron(rate=0.01, **how):
    return model(
        Dense(8, "relu", name="hidden"), Dense(1, name="out"), rate=rate, **how
    )


def small(culprit, **how):
    """A perceptron with a culprit in its middle."""
    before = Dense(6, "relu", name="before", bias_initializer=Constant(-0.1))
    inner = Activation(culprit, name="culprit")
    return model(before, inner, Dense(1, name="after"), **how)


def cnn(**how):
    filters = layers.Conv2D(4, 3, activation="relu", name="filters")
    flat = layers.Flatten(name="flat")
    return model(filters, flat, Dense(1, name="out"), x=IMAGES, **how)


def autoencoder(**how):
    return model(Dense(2, "tanh", name="encoder"), Dense(4, name="decoder"), **how)


class Attentive(dl.Model):
    """Self-attention over a sequence, and its mean."""

    def __init__(self):
        super().__init__()
        self.attention = layers.MultiHeadAttention(2, 4, name="attention")
        self.out = Dense(1, name="out")

    def call(self, x, training=False):
        seen = self.attention(x, x, training=training)
        return self.out(ops.mean(seen, axis=1))


def own(kind, rate=0.01):
    """A model whose class is the student's own."""
    dl.manual_seed(0)
    made = kind()
    made.name = "mine"
    made.compile(optimizers.SGD(rate), "mse")
    return made


def recurrent(kind, x=SERIES, **how):
    settings = {"recurrent_initializer": how.pop("begin", "orthogonal")}
    if "activation" in how:
        settings["activation"] = how.pop("activation")
    return model(kind(6, name="memory", **settings), Dense(1, name="out"), x=x, **how)


def normalized(rate=0.01, epsilon=1e-3, kind=layers.BatchNormalization):
    norm = kind(epsilon=epsilon, name="norm")
    return model(Dense(6, name="hidden"), norm, Dense(1, name="out"), rate=rate)


def with_loss(loss, last="linear", **how):
    return model(Dense(6, "tanh", name="hidden"), Dense(1, last, name="out"), loss=loss)


def log_loss(y_true, y_pred):
    """The binary cross-entropy as a beginner writes it."""
    return -ops.mean(
        y_true * ops.log(y_pred) + (1 - y_true) * ops.log(1 - y_pred), axis=-1
    )


def relative(y_true, y_pred):
    return ops.mean(ops.abs(y_pred - y_true) / y_true, axis=-1)


def distance(y_true, y_pred):
    return ops.sqrt(ops.sum(ops.square(y_pred - y_true), axis=-1))


def log_error(y_true, y_pred):
    return ops.mean(ops.square(ops.log(y_pred) - ops.log(ops.abs(y_true))), axis=-1)


def boosting(y_true, y_pred):
    return ops.mean(ops.exp(-y_true * y_pred * 1000.0), axis=-1)


class Standardize(layers.Layer):
    """A layer as a student writes it: no epsilon under the root."""

    def call(self, x, training=False):
        return (x - ops.mean(x, axis=0)) / ops.std(x, axis=0)


class OwnSoftmax(layers.Layer):
    """Softmax without taking the largest out."""

    def call(self, x, training=False):
        y = ops.exp(x)
        return y / ops.sum(y, axis=-1, keepdims=True)


class Unit(layers.Layer):
    """Every sample on the unit sphere: x / |x|."""

    def call(self, x, training=False):
        return x / ops.norm(x, axis=-1, keepdims=True)


class Own(dl.Model):
    """A student's model: the fault is in its own call."""

    def __init__(self):
        super().__init__()
        self.hidden, self.out = Dense(4, "relu"), Dense(1)

    def call(self, x, training=False):
        return self.out(ops.log(self.hidden(x)))


def broken_weights():
    made = perceptron()
    weights = made.get_weights()
    weights[2][3] = np.nan
    made.set_weights(weights)
    return made


def deep(count, gain):
    begin = RandomNormal(stddev=gain / 4)  # of 16 inputs
    inner = [Dense(16, kernel_initializer=begin, name=f"d{i}") for i in range(count)]
    return model(*inner, Dense(1, name="out"))
