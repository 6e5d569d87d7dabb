"""A network with two outputs and its training written out in NumPy, for several tests.

It is linear: a = x·w₁ + b₁ (two numbers) and b = x·w₂ + b₂ (one), squared errors.
"""

import numpy as np

import dlcourse as dl
from dlcourse.layers import Dense, Input

RNG = np.random.default_rng(3)
N = 23
X = RNG.normal(size=(N, 3))
A, B = RNG.normal(size=(N, 2)), RNG.normal(size=(N, 1))
LABELS = RNG.integers(0, 4, N)
START = [
    RNG.normal(size=(3, 2)),
    RNG.normal(size=2),
    RNG.normal(size=(3, 1)),
    np.ones(1),
]
WEIGHT = RNG.uniform(0, 2, N)


def network(kind="list", units=1, activation=None, **layer):
    """x → a (2 units) and b; a weight of its own for each."""
    x = Input((3,), name="x")
    a = Dense(2, name="a", dtype="float64", **layer)(x)
    b = Dense(units, activation, name="b", dtype="float64")(x)
    model = dl.Model(x, [a, b] if kind == "list" else {"a": a, "b": b})
    if units == 1:
        model.set_weights(START)
    return model


def linear(loss="mse", rate=0.05, kind="list", metrics=None, **how):
    model = network(kind)
    model.compile(dl.optimizers.SGD(rate), loss, metrics=metrics, **how)
    return model


def classifier(loss=("mse", "sparse_categorical_crossentropy"), **how):
    model = network(units=4, activation="softmax")
    model.compile("adam", list(loss), **how)
    return model


def by_hand(factors=(1.0, 1.0), weights=(None, None), epochs=2, size=5, rate=0.05):
    """Descent on Σ factor·mean(weight·error²): losses of the epochs, last weights."""
    theta = [values.copy() for values in START]
    history = []
    for _ in range(epochs):
        totals = np.zeros(2)
        for start in range(0, N, size):
            part = slice(start, start + size)
            for k, (y, factor, weight) in enumerate(zip((A, B), factors, weights)):
                w, b = theta[2 * k : 2 * k + 2]
                each = np.ones(N) if weight is None else weight
                error = X[part] @ w + b - y[part]
                totals[k] += (each[part] * (error**2).mean(-1)).sum()
                slope = factor * 2 * each[part, None] * error / error.size
                theta[2 * k] = w - rate * X[part].T @ slope
                theta[2 * k + 1] = b - rate * slope.sum(0)
        history.append(totals / N)
    return np.array(history), theta


HOW = {"batch_size": 5, "epochs": 2, "shuffle": False, "verbose": 0}


def check(model, history, factors=(1.0, 1.0), weights=(None, None)):
    expected, theta = by_hand(factors, weights)
    for ours, right in zip(model.get_weights(), theta):
        np.testing.assert_allclose(ours, right, rtol=1e-12)
    np.testing.assert_allclose(history["a_loss"], expected[:, 0], rtol=1e-12)
    np.testing.assert_allclose(history["b_loss"], expected[:, 1], rtol=1e-12)
    np.testing.assert_allclose(history["loss"], expected @ factors, rtol=1e-12)
