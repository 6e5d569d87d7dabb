"""The course's own framework, used as a notebook uses it. ``torch_.py`` does the same.

"train" is the step that `fit` takes for each batch, with nothing around it. As with the
other libraries the models give logits, and the losses take them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..problems import Problem
from . import Steps

NAME = "dlcourse"
PACKAGE = MODULE = "dlcourse"


def setup(threads: int) -> None:
    """Nothing to do: NumPy reads the number of threads from the environment."""


def setup_gpu() -> Callable[[], None]:
    """Choose CuPy."""
    import dlcourse as dl
    from dlcourse.backend import xp

    dl.use_backend("cupy")
    return xp.cuda.runtime.deviceSynchronize


def W1(problem: Problem) -> Steps:
    """A small network on a full batch."""
    import dlcourse as dl

    def model() -> Any:
        layers = [*_hidden(problem, "tanh"), dl.layers.Dense(1)]
        made = _model(problem, layers)
        rate = problem.settings["learning_rate"]
        made.compile(dl.optimizers.SGD(rate), _yes_or_no())
        return made

    fit = _fit(model, problem, epochs=problem.settings["fit_steps"])
    return {**_steps(model(), problem), **_on_batch(model, problem), "fit": fit}


def W2(problem: Problem) -> Steps:
    """The digits network."""
    import dlcourse as dl

    def model() -> Any:
        layers = [*_hidden(problem, "relu"), dl.layers.Dense(10)]
        return _classifier(problem, layers, _adam(problem))

    fit = _fit(model, problem, batches=problem.settings["fit_steps"])
    return {**_steps(model(), problem), **_on_batch(model, problem), "fit": fit}


def W3(problem: Problem) -> Steps:
    """LeNet-5."""
    import dlcourse as dl

    layers = [
        dl.layers.Conv2D(6, 5, padding=2, activation="tanh"),
        dl.layers.AveragePooling2D(2),
        dl.layers.Conv2D(16, 5, activation="tanh"),
        dl.layers.AveragePooling2D(2),
        dl.layers.Flatten(),
        dl.layers.Dense(120, "tanh"),
        dl.layers.Dense(84, "tanh"),
        dl.layers.Dense(10),
    ]
    settings = problem.settings
    rule = dl.optimizers.SGD(settings["learning_rate"], momentum=settings["momentum"])
    return _steps(_classifier(problem, layers, rule), problem)


def W4(problem: Problem) -> Steps:
    """ShallowVGGNet."""
    import dlcourse as dl

    layers: list[Any] = []
    for filters in (32, 64):
        for _ in range(2):
            layers.append(dl.layers.Conv2D(filters, 3, padding="same"))
            layers += [dl.layers.BatchNormalization(), dl.layers.Activation("relu")]
        layers.append(dl.layers.MaxPooling2D(2))
    layers += [dl.layers.Flatten(), dl.layers.Dense(512)]
    layers += [dl.layers.BatchNormalization(), dl.layers.Activation("relu")]
    layers.append(dl.layers.Dense(10))
    return _steps(_classifier(problem, layers, _adam(problem)), problem)


def W5(problem: Problem) -> Steps:
    """An LSTM that names the next sign."""
    import dlcourse as dl

    return _recurrent(problem, dl.layers.LSTM)


def W5R(problem: Problem) -> Steps:
    """The same with a simple recurrent layer."""
    import dlcourse as dl

    return _recurrent(problem, dl.layers.SimpleRNN)


def W6(problem: Problem) -> Steps:
    """A convolutional autoencoder."""
    import dlcourse as dl

    down = {"strides": 2, "padding": 1}
    up = {**down, "output_padding": 1}
    layers = [
        dl.layers.Conv2D(16, 3, **down, activation="relu"),
        dl.layers.Conv2D(32, 3, **down, activation="relu"),
        dl.layers.Conv2DTranspose(16, 3, **up, activation="relu"),
        dl.layers.Conv2DTranspose(1, 3, **up, activation="sigmoid"),
    ]
    model = _model(problem, layers)
    model.compile(_adam(problem), "mse")
    return _steps(model, problem)


def W7(problem: Problem) -> Steps:
    """A landscape: the loss at all weight vectors."""
    import dlcourse as dl

    hidden = [dl.layers.Dense(16, "tanh") for _ in range(2)]
    model = _model(problem, [*hidden, dl.layers.Dense(1)])
    thetas = problem.settings["thetas"]

    def infer() -> float:
        losses = dl.models.losses_at(model, thetas, problem.x, problem.y, _yes_or_no())
        return float(losses.mean())

    return {"infer": infer}


def W9(problem: Problem) -> Steps:
    """A sweep over learning rates, and the same trainings one after another."""
    import dlcourse as dl

    model = _model(problem, [*_hidden(problem, "tanh"), dl.layers.Dense(1)])
    start = model.get_weights()
    rates, steps = problem.settings["learning_rates"], problem.settings["steps"]
    x, y, loss = problem.x, problem.y, _yes_or_no()

    def train() -> float:
        result = dl.models.sweep(
            model, x, y, loss=loss, learning_rate=rates, seeds=None, steps=steps
        )
        return float(result.loss[:, -2].mean())

    def one_after_another() -> float:
        total = 0.0
        for rate in rates:
            model.set_weights(start)
            model.compile(dl.optimizers.SGD(float(rate)), loss)
            history = model.fit(x, y, batch_size=len(x), epochs=steps, verbose=0)
            total += history.history["loss"][-1]
        return total / len(rates)

    return {"train": train, "one after another": one_after_another}


# ---------------------------------------------------------------- the parts


def _hidden(problem: Problem, activation: str) -> list[Any]:
    import dlcourse as dl

    return [dl.layers.Dense(len(problem.weights["dense1.bias"]), activation)]


def _recurrent(problem: Problem, kind: Any) -> Steps:
    import dlcourse as dl

    vocabulary, width = problem.weights["embedding.table"].shape
    units = len(problem.weights["recurrent.recurrent_kernel"])
    layers = [
        dl.layers.Embedding(vocabulary, width),
        kind(units, return_sequences=True),
        dl.layers.Dense(vocabulary),
    ]
    return _steps(_classifier(problem, layers, _adam(problem)), problem)


def _model(problem: Problem, layers: list[Any]) -> Any:
    """The layers with the problem's weights."""
    import dlcourse as dl

    model = dl.Sequential([dl.Input(shape=problem.x.shape[1:]), *layers])
    weights = model.trainable_weights
    for weight, value in zip(weights, problem.weights.values(), strict=True):
        assert weight.shape == value.shape
        weight.assign(value)
    return model


def _yes_or_no() -> Any:
    import dlcourse as dl

    return dl.losses.BinaryCrossentropy(from_logits=True)


def _classifier(problem: Problem, layers: list[Any], optimizer: Any) -> Any:
    import dlcourse as dl

    model = _model(problem, layers)
    loss = dl.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss)
    return model


def _adam(problem: Problem) -> Any:
    import dlcourse as dl

    settings = problem.settings
    return dl.optimizers.Adam(settings["learning_rate"], epsilon=settings["epsilon"])


def _steps(model: Any, problem: Problem) -> Steps:
    import dlcourse as dl
    from dlcourse.models.repeating import Repeater

    theta = model._pack()
    x, y, _ = model._prepare(problem.x, problem.y, None)
    read = problem.settings.get("read", float)

    forward = Repeater(model)

    def train() -> Any:
        return read(model._step(theta, x, y, None, forward)[0])

    def infer() -> Any:
        with dl.no_grad():
            return model(x)

    return {"train": train, "infer": infer}


def _on_batch(make: Callable[[], Any], problem: Problem) -> Steps:
    """The public step, which a student's own loop calls."""
    model: Any = None

    def train_on_batch() -> float:
        nonlocal model
        model = model or make()
        return model.train_on_batch(problem.x, problem.y)

    return {"train_on_batch": train_on_batch}


def _fit(
    make: Callable[[], Any], problem: Problem, batches: int = 1, epochs: int = 1
) -> Callable[[], None]:
    """`fit`, so many times through the batch repeated so many times.

    Model and data are made at the first call: who never asks does not pay for them.
    """
    made: list[Any] = []

    def fit() -> None:
        if not made:
            x = np.concatenate([problem.x] * batches)
            y = np.concatenate([problem.y] * batches)
            made.extend((make(), x, y))
        model, x, y = made
        model.fit(x, y, batch_size=len(problem.x), epochs=epochs, verbose=0)

    return fit
