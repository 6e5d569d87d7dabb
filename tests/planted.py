"""Trainings with a fault planted where we know it: op, place, batch and cause.

Read by ``test_guidance.py``. Each is run in one of three ways: "watched" (`fit` inside
`detect_anomaly`), "ended" (`fit` with `TerminateOnNaN`) or "stepped"
(`train_on_batch` inside `detect_anomaly`). ``planted_plain.py`` has the loops of plain
Tensors.
"""

from typing import Any, NamedTuple

import numpy as np

import dlcourse as dl
from dlcourse import layers, ops, optimizers
from dlcourse.callbacks import TerminateOnNaN
from dlcourse.initializers import Constant
from dlcourse.layers import Dense
from tests.planted_models import (
    BINARY,
    IMAGES,
    LONG,
    SERIES,
    SIGNS,
    Attentive,
    Own,
    OwnSoftmax,
    Standardize,
    Unit,
    X,
    Y,
    autoencoder,
    boosting,
    broken_weights,
    cnn,
    deep,
    distance,
    late,
    log_error,
    log_loss,
    model,
    normalized,
    own,
    perceptron,
    recurrent,
    relative,
    small,
    with_loss,
)


class Planted(NamedTuple):
    """What is run, and what must be said of it."""

    run: Any
    op: str
    place: str | None
    batch: str | None
    cause: str


OUT, CULPRIT = "layer 'out'", "layer 'culprit'"
MEMORY, NORM = "layer 'memory'", "layer 'norm'"
MSE = "loss 'MeanSquaredError'"
SQUARED = ("mean_squared_error", MSE)
HUGE = Constant(1e20)
RNN, LSTM, GRU = layers.SimpleRNN, layers.LSTM, layers.GRU
ADAM = optimizers.Adam(1e20)
# name: make, op, place, "batch epoch", cause, and where it differs: way, x, y
ROWS: dict[str, tuple] = {
    # the learning rate
    "perceptron": (lambda: perceptron(1e30), "linear", OUT, "1 1", "rate"),
    "not at once": (lambda: perceptron(10.0), *SQUARED, "3 1", "rate"),
    "much later": (
        lambda: perceptron(0.6),
        *SQUARED,
        r"\d [3-9]",
        "rate",
    ),
    "beyond float32": (lambda: perceptron(1e38), "linear", OUT, "1 1", "rate"),
    "momentum": (
        lambda: perceptron(optimizer=optimizers.SGD(1e10, momentum=0.9)),
        *(*SQUARED, "1 1", "rate"),
    ),
    "adam": (lambda: perceptron(optimizer=ADAM), "linear", OUT, "1 1", "rate"),
    "cnn": (lambda: cnn(rate=1e30), "linear", OUT, "1 1", "rate", IMAGES),
    "rnn": (
        lambda: recurrent(RNN, rate=1e25),
        *SQUARED,
        "1 1",
        "rate",
        SERIES,
    ),
    "lstm": (
        lambda: recurrent(LSTM, rate=1e25),
        *SQUARED,
        "1 1",
        "rate",
        SERIES,
    ),
    "gru": (
        lambda: recurrent(GRU, rate=1e25),
        *SQUARED,
        "1 1",
        "rate",
        SERIES,
    ),
    "autoencoder": (
        lambda: autoencoder(rate=1e25),
        *(*SQUARED, "1 1", "rate", X, X),
    ),
    "attention": (
        lambda: own(Attentive, 1e30),
        *("matmul", "layer 'attention'", "1 1", "rate", SERIES),
    ),
    "normalized": (lambda: normalized(1e30), "batch_norm", NORM, "1 1", "rate"),
    # a logarithm
    "log of relu": (lambda: small(ops.log), "log", CULPRIT, "0 1", "log of zero"),
    "log of what is negative": (
        lambda: small(lambda x: ops.log(x - 1000.0)),
        *("log", CULPRIT, "0 1", "log of negative"),
    ),
    "log1p": (
        lambda: small(lambda x: ops.log1p(-x - 2.0)),
        *("log1p", CULPRIT, "0 1", "log of negative"),
    ),
    "log of no chance": (
        lambda: with_loss(log_loss, lambda x: ops.sigmoid(1e4 * x)),
        *("log", "loss 'log_loss'", "0 1", "log of zero", X, BINARY),
    ),
    "log of a prediction": (
        lambda: with_loss(log_error),
        *("log", "loss 'log_error'", "0 1", "log of negative"),
    ),
    "in a model's own call": (
        lambda: own(Own),
        *("log", "layer 'mine'", "0 1", "log of zero"),
    ),
    # a division
    "division by relu": (
        lambda: small(lambda x: 1.0 / x),
        *("divide", CULPRIT, "0 1", "by zero"),
    ),
    "relative error": (
        lambda: with_loss(relative),
        *("divide", "loss 'relative'", "0 1", "by zero", X, Y * (Y > 0)),
    ),
    "standardize a constant": (
        lambda: model(Standardize(name="own"), Dense(1)),
        *("divide", "layer 'own'", "0 1", "0/0", np.ones_like(X)),
    ),
    "unit length of nothing": (
        lambda: model(Dense(3, "relu", name="hidden"), Unit(name="unit"), Dense(1)),
        *("divide", "layer 'unit'", "0 1", "0/0", X * 0),
    ),
    # a root or a power
    "root": (
        lambda: small(lambda x: ops.sqrt(x - 5.0)),
        *("sqrt", CULPRIT, "0 1", "root"),
    ),
    "root's slope": (lambda: small(ops.sqrt), "sqrt", CULPRIT, "0 1", "slope"),
    "power": (
        lambda: small(lambda x: (x - 9.0) ** 0.5),
        *("power", CULPRIT, "0 1", "power"),
    ),
    "power's slope": (
        lambda: small(lambda x: x**0.3),
        *("power", CULPRIT, "0 1", "slope"),
    ),
    "deviation's slope": (
        lambda: small(lambda x: ops.std(x * 0.0, axis=1, keepdims=True) + x),
        *("sqrt", CULPRIT, "0 1", "slope"),
    ),
    "distance of twins": (
        lambda: model(
            Dense(2, "relu", bias_initializer=Constant(-99.0)), loss=distance
        ),
        *("sqrt", "loss 'distance'", "0 1", "slope", X, np.zeros((32, 2))),
    ),
    # an exponential
    "exp": (
        lambda: small(lambda x: ops.exp(1000.0 * x)),
        *("exp", CULPRIT, "0 1", "exp"),
    ),
    "expm1": (
        lambda: small(lambda x: ops.expm1(x + 100.0)),
        *("expm1", CULPRIT, "0 1", "exp"),
    ),
    "own softmax": (
        lambda: model(Dense(3, name="hidden"), OwnSoftmax(name="own"), Dense(1)),
        *("exp", "layer 'own'", "0 1", "exp", X * 200),
    ),
    "own loss": (
        lambda: with_loss(boosting),
        *("exp", "loss 'boosting'", "0 1", "exp", X, SIGNS),
    ),
    # data and targets
    "one huge sample": (
        lambda: perceptron(loss="mse"),
        *(*SQUARED, "2 1", "data", late(X, 1e25)),
    ),
    "huge pictures": (
        lambda: cnn(),
        *SQUARED,
        "0 1",
        "data",
        IMAGES * 1e22,
    ),
    "huge series": (
        lambda: recurrent(RNN, activation="relu"),
        *(*SQUARED, "0 1", "data", SERIES * 1e25),
    ),
    "huge targets": (
        lambda: perceptron(),
        *SQUARED,
        "2 1",
        "targets",
        X,
        late(Y, 1e25),
    ),
    "large data": (
        lambda: perceptron(0.01),
        *("linear", OUT, "1 1", "data", X * 1e10),
    ),
    # the first weights
    "huge kernel": (
        lambda: model(
            Dense(8, "relu", kernel_initializer=HUGE, name="hidden"),
            Dense(1, kernel_initializer=HUGE, name="out"),
        ),
        *("linear", OUT, "0 1", "first weights", np.abs(X)),
    ),
    "huge filters": (
        lambda: model(
            layers.Conv2D(2, 3, kernel_initializer=HUGE, name="filters"),
            layers.Flatten(),
            Dense(1, name="out"),
            x=IMAGES,
        ),
        *(*SQUARED, "0 1", "first weights", IMAGES),
    ),
    "deep": (lambda: deep(40, 10.0), "linear", "layer 'd", "0 1", "first weights"),
    "weights lost before": (broken_weights, "linear", OUT, "0 1", "bad weights"),
    # recurrences and normalizations
    "exploding memory": (
        lambda: recurrent(RNN, LONG, activation="relu", begin=Constant(0.4)),
        *("rnn", MEMORY, "0 1", "recurrence", LONG),
    ),
    "batch norm": (
        lambda: normalized(epsilon=0.0),
        *("batch_norm", "layer 'norm'", "0 1", "epsilon", X * 0),
    ),
    "layer norm": (
        lambda: normalized(epsilon=0.0, kind=layers.LayerNormalization),
        *("layer_norm", "layer 'norm'", "0 1", "epsilon", X * 0),
    ),
}


def plant(way, make, op, place, batch, cause, x=X, y=None):
    """The case of a row, run in this way."""
    targets = np.resize(Y, (len(x), 1)) if y is None else y
    number, epoch = batch.split()

    def run():
        made, size = make(), 8
        settings = {"epochs": 60, "shuffle": False, "seed": 0, "verbose": 0}
        if way == "ended":
            made.fit(x, targets, size, callbacks=[TerminateOnNaN()], **settings)
        elif way == "watched":
            with dl.detect_anomaly():
                made.fit(x, targets, size, **settings)
        else:
            with dl.detect_anomaly():
                for step in range(240):
                    part = slice(step * size % len(x), step * size % len(x) + size)
                    made.train_on_batch(x[part], targets[part])

    at = f"batch {number} of epoch {epoch}"
    if way == "stepped":
        at = "batch .* of train_on_batch" if "d" in number else f"batch {number} of t"
    return Planted(run, op, place, at, cause)


CASES = {
    f"{name}, {way}": plant(way, *row)
    for name, row in ROWS.items()
    for way in ("watched", "ended", "stepped")
}
