"""Keras 3 on JAX, through ``train_on_batch``, whose answer is the loss of the batch.

Of its backends JAX and PyTorch, JAX trains the faster in all four workloads; the step
is compiled, as it is by default.
"""

from __future__ import annotations

import os
from typing import Any

from ..problems import Problem
from . import Steps, jax_

NAME = "Keras, on JAX"
PACKAGE = MODULE = "keras"


def setup(threads: int) -> None:
    """Before Keras is imported: its backend, and the backend's threads."""
    os.environ["KERAS_BACKEND"] = "jax"
    jax_.setup(threads)


def W1(problem: Problem) -> Steps:
    """A small network on a full batch."""
    from keras import layers, losses, optimizers

    model = _model(problem, [*_hidden(problem, "tanh"), layers.Dense(1)])
    rule = optimizers.SGD(problem.settings["learning_rate"])
    return _steps(problem, model, rule, losses.BinaryCrossentropy(from_logits=True))


def W2(problem: Problem) -> Steps:
    """The digits network."""
    from keras import layers

    model = _model(problem, [*_hidden(problem, "relu"), layers.Dense(10)])
    return _classifier(problem, model)


def W5(problem: Problem) -> Steps:
    """An LSTM that names the next sign."""
    from keras import layers

    return _recurrent(problem, layers.LSTM)


def W5R(problem: Problem) -> Steps:
    """The same with a simple recurrent layer."""
    from keras import layers

    return _recurrent(problem, layers.SimpleRNN)


# ---------------------------------------------------------------- the parts


def _hidden(problem: Problem, activation: str) -> list[Any]:
    from keras import layers

    return [layers.Dense(len(problem.weights["dense1.bias"]), activation)]


def _model(problem: Problem, layers: list[Any]) -> Any:
    """The layers with the problem's weights, which Keras keeps in the same order."""
    import keras

    kind = "int32" if problem.x.dtype.kind == "i" else "float32"
    inputs = keras.Input(shape=problem.x.shape[1:], dtype=kind)
    model = keras.Sequential([inputs, *layers])
    model.set_weights(list(problem.weights.values()))
    return model


def _recurrent(problem: Problem, kind: Any) -> Steps:
    from keras import layers

    vocabulary, width = problem.weights["embedding.table"].shape
    units = len(problem.weights["recurrent.recurrent_kernel"])
    parts = [
        layers.Embedding(vocabulary, width),
        kind(units, return_sequences=True),
        layers.Dense(vocabulary),
    ]
    return _classifier(problem, _model(problem, parts))


def _classifier(problem: Problem, model: Any) -> Steps:
    from keras import losses, optimizers

    settings = problem.settings
    rule = optimizers.Adam(settings["learning_rate"], epsilon=settings["epsilon"])
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    return _steps(problem, model, rule, loss)


def _steps(problem: Problem, model: Any, optimizer: Any, loss: Any) -> Steps:
    model.compile(optimizer, loss)
    x, y = problem.x, problem.y
    if x.dtype.kind == "i":  # JAX has no int64
        x = x.astype("int32")
    if y.dtype.kind == "i":
        y = y.astype("int32")

    def train() -> float:
        return float(model.train_on_batch(x, y))

    def infer() -> Any:
        return model.predict_on_batch(x)

    return {"train": train, "infer": infer}
