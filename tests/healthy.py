"""Fifty trainings that look dangerous and are not: no alarm may be raised.

Read by ``test_guidance.py``. Each is a function that makes a compiled model, with the
data it learns from.
"""

import numpy as np

import dlcourse as dl
from dlcourse import layers, losses, ops, optimizers, schedules
from dlcourse.initializers import Constant
from dlcourse.layers import Activation, Dense, Dropout

RNG = np.random.default_rng(5)
X = RNG.normal(size=(32, 4)).astype("f")
Y = X.sum(axis=1, keepdims=True)
YES = (Y > 0).astype("f")
SIGNS = 2 * YES - 1
COUNTS = np.round(np.exp(Y / 2))
LABELS = RNG.integers(0, 3, 32)
ONE_HOT = np.eye(3, dtype="f")[LABELS]
IMAGES = RNG.normal(size=(16, 6, 6, 2)).astype("f")
SERIES = RNG.normal(size=(16, 7, 3)).astype("f")
WORDS = RNG.integers(0, 9, (16, 7))


def make(*inner, x=X, loss="mse", optimizer="adam", dtype=None, **how):
    """A model and its data."""
    targets = how.get("y", np.resize(Y, (len(x), 1)))

    def build():
        dl.manual_seed(0)
        shape = dl.Input(x.shape[1:])
        model = dl.Sequential([shape, *(layer() for layer in inner)], dtype=dtype)
        model.compile(optimizer, loss)
        return model

    return build, x, targets


def dense(*args, **keywords):
    return lambda: Dense(*args, **keywords)


def of(kind, *args, **keywords):
    return lambda: kind(*args, **keywords)


def perceptron(activation="relu", last="linear", units=1, **how):
    return make(dense(8, activation), dense(units, last), **how)


def logits(size, sign=1.0):
    """A prediction whose logits are ± size, whatever the weights do at first."""
    return lambda: Activation(lambda x: x * size * sign)


def recurrent(kind, *args, **keywords):
    return make(of(kind, 6, *args, **keywords), dense(1), x=SERIES)


class Residual(layers.Layer):
    """x + f(x): a shortcut around a layer."""

    def __init__(self, **keywords):
        super().__init__(**keywords)
        self.inner = Dense(4, "tanh")

    def call(self, x, training=False):
        return x + self.inner(x)


class Careful(layers.Layer):
    """What the advice leads to: a root and a logarithm with an epsilon."""

    def call(self, x, training=False):
        return ops.log(ops.sqrt(ops.relu(x) + 1e-6) + 1e-6)


class Attentive(dl.Model):
    """Causal self-attention: what may not be seen has a score far below."""

    def __init__(self):
        super().__init__()
        self.attention = layers.MultiHeadAttention(2, 4, dropout=0.3)
        self.out = Dense(1)

    def call(self, x, training=False):
        seen = self.attention(x, x, training=training, use_causal_mask=True)
        return self.out(ops.mean(seen, axis=1))


def attentive():
    dl.manual_seed(0)
    model = Attentive()
    model.compile("adam", "mse")
    return model


def power_law(y_true, y_pred):
    """|error|^1.5, from squares: a base that is never negative."""
    return ops.mean((ops.square(y_pred - y_true) + 1e-12) ** 0.75, axis=-1)


NORM = layers.BatchNormalization
SIGMOID, SOFTMAX = {"last": "sigmoid"}, {"last": "softmax", "units": 3}
FAST = optimizers.SGD(0.5, momentum=0.9, clipnorm=1.0)
FALLING = optimizers.SGD(schedules.ExponentialDecay(0.1, 10, 0.5))
HEALTHY = {
    # activations
    **{
        f"{name}": perceptron(name)
        for name in ("relu", "tanh", "sigmoid", "gelu", "silu", "elu", "selu")
    },
    "softplus": perceptron("softplus"),
    "softsign": perceptron("softsign"),
    "saturated sigmoid": perceptron("sigmoid", x=X * 1e4),
    "saturated tanh": perceptron("tanh", x=X * 1e4),
    "softsign far out": perceptron(lambda x: ops.softsign(x * 1e20), x=X),
    "dead relu": make(dense(8, "relu", bias_initializer=Constant(-99.0)), dense(1)),
    # losses, with logits that are far out
    "yes or no": perceptron(**SIGMOID, loss="binary_crossentropy", y=YES),
    "three classes": perceptron(
        **SOFTMAX, loss="sparse_categorical_crossentropy", y=LABELS
    ),
    "logits 1e4": make(
        *(dense(3), logits(1e4), of(Activation, "softmax")),
        loss="sparse_categorical_crossentropy",
        y=LABELS,
    ),
    "logits -1e4": make(
        *(dense(3), logits(1e4, -1.0)),
        loss=losses.CategoricalCrossentropy(from_logits=True),
        y=ONE_HOT,
    ),
    "sigmoid's logits 1e4": make(
        *(dense(1), logits(1e4), of(Activation, "sigmoid")),
        loss="binary_crossentropy",
        y=YES,
    ),
    "clipped probabilities": make(
        *(dense(1, "sigmoid"), of(Activation, lambda x: x * 1.0)),
        loss="binary_crossentropy",
        x=X * 1e3,
        y=YES,
    ),
    "smooth labels": perceptron(
        **SOFTMAX, loss=losses.CategoricalCrossentropy(label_smoothing=0.1), y=ONE_HOT
    ),
    "distributions": perceptron(**SOFTMAX, loss=losses.KLDivergence(), y=ONE_HOT),
    "counts": perceptron(last="softplus", loss="poisson", y=COUNTS),
    "huber": perceptron(loss="huber", y=Y * 1e4),
    "mae": perceptron(loss="mae", y=Y * 0),
    "hinge": perceptron(loss="hinge", y=SIGNS),
    "exponential": perceptron(loss=losses.Exponential(), y=SIGNS),
    "exponential, far out": make(
        *(dense(1), logits(10.0)), loss=losses.Exponential(), y=SIGNS
    ),
    "logistic, far out": make(
        *(dense(1), logits(1e4)), loss=losses.Logistic(), y=SIGNS
    ),
    "own loss": perceptron(loss=power_law),
    # optimizers and rates
    "large but fine": perceptron("tanh", optimizer=optimizers.SGD(0.3)),
    "fast, but clipped": perceptron(optimizer=FAST, x=X * 10),
    "a rate that falls": perceptron("tanh", optimizer=FALLING),
    "rmsprop": perceptron(optimizer=optimizers.RMSprop(0.1)),
    "adam, 1": perceptron("tanh", optimizer=optimizers.Adam(1.0)),
    "adagrad at rest": perceptron(optimizer="adagrad", x=X * 0, y=Y * 0),
    "adadelta": perceptron(optimizer="adadelta"),
    "nadam": perceptron(optimizer="nadam"),
    "double precision": perceptron("tanh", dtype="float64", x=X.astype("d") * 1e3),
    # layers
    "cnn": make(
        *(of(layers.Conv2D, 4, 3, padding="same", activation="relu"),),
        *(of(layers.MaxPooling2D, 2), of(layers.Flatten), dense(1)),
        x=IMAGES,
    ),
    "padding with zero": make(
        *(of(layers.ZeroPadding2D, 2), of(layers.AveragePooling2D, 2)),
        *(of(layers.Conv2D, 2, 3, padding="same"), of(layers.Flatten), dense(1)),
        x=IMAGES,
    ),
    "rnn": recurrent(layers.SimpleRNN),
    "lstm": recurrent(layers.LSTM),
    "gru": make(
        lambda: layers.Bidirectional(layers.GRU(4)), dense(1, "tanh"), x=SERIES * 1e3
    ),
    "words": make(
        *(of(layers.Embedding, 9, 4), of(layers.LSTM, 5), dense(1, "sigmoid")),
        x=WORDS,
        loss="binary_crossentropy",
        y=np.resize(YES, (16, 1)),
    ),
    "attention": (attentive, SERIES, np.resize(Y, (16, 1))),
    "dropout": make(dense(8, "relu"), of(Dropout, 0.9), dense(1)),
    "batch norm": make(dense(8), of(NORM), of(Activation, "relu"), dense(1)),
    "batch norm of zeros": make(dense(8, "relu"), of(NORM), dense(1), x=X * 0),
    "layer norm of constants": make(
        of(layers.LayerNormalization), dense(1), x=np.ones_like(X)
    ),
    "group norm": make(
        *(of(layers.Conv2D, 4, 3), of(layers.GroupNormalization, 2)),
        *(of(layers.Flatten), dense(1)),
        x=IMAGES,
    ),
    "shortcuts": make(*(of(Residual),) * 6, dense(1)),
    "careful roots": make(dense(4), of(Careful), dense(1)),
    "learned powers": make(
        dense(4), of(Activation, lambda x: x ** dl.Tensor([2.0])), dense(1)
    ),
}
