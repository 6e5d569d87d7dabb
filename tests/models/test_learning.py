"""It learns: points, curves, and real handwritten digits; and how long that takes."""

import time

import numpy as np
import pytest

import dlcourse as dl
from dlcourse.layers import Dense, Input
from dlcourse.models import losses_at, sweep


def digits_network(seed):
    dl.manual_seed(seed)
    model = dl.Sequential(
        [Input((64,)), Dense(32, "relu"), Dense(10, "softmax")],
    )
    model.compile(
        dl.optimizers.Adam(0.01), "sparse_categorical_crossentropy", ["accuracy"]
    )
    return model


def test_digits_at_least_965_in_a_thousand():
    """64 → 32 → 10: the mean of five seeds on a fifth that was held out."""
    scores = []
    for seed in range(5):
        train, test = dl.datasets.digits.load_data(test_size=0.2, seed=seed)
        model = digits_network(seed)
        model.fit(*train, epochs=30, batch_size=32, verbose=0)
        scores.append(model.evaluate(*test, verbose=0)[1])
    print("digits:", " ".join(f"{score:.4f}" for score in scores))
    assert np.mean(scores) >= 0.965


PROBLEMS = {  # data, outputs, last activation, loss, accuracy to reach
    "moons": (dl.datasets.moons, 1, "sigmoid", "binary_crossentropy", 0.97),
    "circles": (dl.datasets.circles, 1, "sigmoid", "binary_crossentropy", 0.97),
    "xor": (dl.datasets.xor, 2, "softmax", "sparse_categorical_crossentropy", 0.97),
    "blobs": (dl.datasets.blobs, 3, "softmax", "sparse_categorical_crossentropy", 0.95),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_points(name):
    data, outputs, last, loss, wanted = PROBLEMS[name]
    x, labels = data(200, seed=1)
    y = labels[:, None] if outputs == 1 else labels
    model = dl.Sequential([Input((2,)), Dense(16, "tanh"), Dense(outputs, last)])
    model.compile(dl.optimizers.Adam(0.05), loss, metrics=["accuracy"])
    history = model.fit(x, y, epochs=60, verbose=0).history
    assert history["accuracy"][-1] >= wanted
    assert history["loss"][-1] < 0.5 * history["loss"][0]


@pytest.mark.parametrize(
    "optimizer", ["sgd", "adagrad", "adadelta", "rmsprop", "adam", "adamw", "nadam"]
)
def test_every_optimizer_goes_downhill(optimizer):
    x, labels = dl.datasets.moons(200, noise=0.1, seed=0)
    model = dl.Sequential([Input((2,)), Dense(16, "tanh"), Dense(1, "sigmoid")])
    model.compile(optimizer, "binary_crossentropy")
    model.optimizer.learning_rate = {"sgd": 0.5, "adadelta": 5.0}.get(optimizer, 0.03)
    losses = model.fit(x, labels[:, None], epochs=40, verbose=0).history["loss"]
    assert losses[-1] < 0.6 * losses[0]


@pytest.mark.parametrize(
    "activation",
    ["relu", "leaky_relu", "elu", "selu", "gelu", "silu", "tanh", "sigmoid"],
)
def test_every_activation_bends_the_line(activation):
    """A straight line parts the moons at 88 %."""
    x, labels = dl.datasets.moons(200, noise=0.1, seed=0)
    model = dl.Sequential([Input((2,)), Dense(24, activation), Dense(1, "sigmoid")])
    model.compile(dl.optimizers.Adam(0.05), "binary_crossentropy", metrics=["accuracy"])
    model.fit(x, labels[:, None], epochs=120, verbose=0)
    assert model.evaluate(x, labels[:, None], verbose=0)[1] >= 0.97


# --------------------------------------------------------------------------- in time


def best_of(repeats, f):
    """Seconds of the quickest try: the machine's noise only ever adds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        f()
        times.append(time.perf_counter() - start)
    return min(times)


@pytest.mark.timing
def test_digits_in_three_seconds():
    train, _ = dl.datasets.digits.load_data()
    seconds = best_of(
        2, lambda: digits_network(0).fit(*train, epochs=30, batch_size=32, verbose=0)
    )
    print(f"digits, 30 epochs: {seconds:.2f} s")
    assert seconds < 3


@pytest.mark.timing
def test_64_rates_at_once():
    """64 learning rates × 200 steps of 2-16-1 on 200 points."""
    x, labels = dl.datasets.moons(200, noise=0.2, seed=0)
    y = labels[:, None].astype("float32")
    model = dl.Sequential([Input((2,)), Dense(16, "tanh"), Dense(1, "sigmoid")])
    rates = np.geomspace(0.01, 10, 64)
    run = lambda rates: sweep(  # noqa: E731
        model, x, y, loss="binary_crossentropy", learning_rate=rates, steps=200
    )
    together = best_of(5, lambda: run(rates))
    alone = best_of(3, lambda: run(rates[:1])) * 64
    print(f"64 runs at once: {together * 1e3:.0f} ms, one by one {alone * 1e3:.0f} ms")
    assert together < 0.2
    assert together < alone / 4


@pytest.mark.timing
def test_a_landscape_in_50_milliseconds():
    """41 × 41 weight vectors of 2-16-16-1 on 200 points."""
    x, labels = dl.datasets.moons(200, noise=0.2, seed=0)
    y = labels[:, None].astype("float32")
    model = dl.Sequential(
        [Input((2,)), Dense(16, "tanh"), Dense(16, "tanh"), Dense(1, "sigmoid")]
    )
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, model.theta.size)) * 0.1
    grid = np.linspace(-1, 1, 41)
    steps = grid[:, None, None] * a + grid[None, :, None] * b
    thetas = (model.theta + steps).reshape(41 * 41, -1).astype("float32")
    seconds = best_of(10, lambda: losses_at(model, thetas, x, y, "binary_crossentropy"))
    print(f"41 x 41 losses: {seconds * 1e3:.1f} ms")
    assert seconds < 0.05
