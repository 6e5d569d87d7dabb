"""Lecture topics on networks as wholes: their sizes, Keras's words, the digits.

Read ``test_training.py`` next.
"""

import time

import numpy as np
import pytest

import dlcourse as dl
from dlcourse.layers import Dense, Input
from dlcourse.models import Model, Sequential, sweep
from tests.lectures.networks import accuracies, network


@pytest.mark.parametrize(
    ("sizes", "parameters"),
    [
        ((2, 3, 1), 13),
        ((2, 16, 1), 65),
        ((2, 64, 1), 257),  # not 452, as a slide says
        ((2, 128, 1), 513),
        ((2, 512, 512, 1), 264_705),
        ((100, 64, 10), 7_114),
        ((784, 64, 64, 10), 55_050),
        ((784, 512, 10), 407_050),
    ],
)
def test_sizing(sizes, parameters):
    assert network(*sizes).count_params() == parameters


def test_452_parameters_would_have_four_outputs():
    assert network(2, 64, 4).count_params() == 452


def test_width_against_depth_is_no_rule():
    budget = {(64,): 257, (10, 10, 10): 261}
    better = {}
    for name, settings in (("spirals", {"turns": 2}), ("xor", {"noise": 0.2})):
        x, y = dl.datasets.toy.load(name, 300, seed=0, **settings)
        fresh = dl.datasets.toy.load(name, 1000, seed=1, **settings)
        found = []
        for sizes, parameters in budget.items():
            model = network(2, *sizes, 1, activation="tanh")
            assert model.count_params() == parameters
            run = sweep(
                model, x, y[:, None], loss="binary_crossentropy", optimizer="adam",
                learning_rate=0.01, seeds=range(5), steps=800, record_every=800,
            )  # fmt: skip
            found.append(accuracies(model, run, *fresh))
        wide, deep = found
        difference = deep.mean() - wide.mean()
        # 95 % interval of a difference of two means of five (Student's t)
        margin = 2.31 * np.sqrt((deep.var(ddof=1) + wide.var(ddof=1)) / 5)
        assert abs(difference) > margin
        better[name] = "deep" if difference > 0 else "wide"
    assert better == {"spirals": "deep", "xor": "wide"}


def test_keras_style_models():
    x = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
    y = np.abs(x[:, :1] - x[:, 1:])
    model = Sequential()
    model.add(Dense(3, activation="relu", input_dim=2))
    model.add(Dense(1))
    model.compile(loss="mean_absolute_error", optimizer="adam")
    history = model.fit(x, y, epochs=10, batch_size=50, verbose=0)
    assert model.count_params() == 13
    assert len(history.history["loss"]) == 10
    assert history.history["loss"][-1] < history.history["loss"][0]
    assert model.predict(x, verbose=0).shape == (200, 1)
    assert isinstance(model.evaluate(x, y, verbose=0), float)


def test_sequential_softmax_classifier():
    model = Sequential(
        [Input(shape=(100,)), Dense(64, activation="relu"), Dense(10, "softmax")]
    )
    model.compile(
        loss="categorical_crossentropy", optimizer="sgd", metrics=["accuracy"]
    )
    assert model.count_params() == 7_114
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 10
    x = rng.normal(size=(10, 100))[labels] + 0.3 * rng.normal(size=(200, 100))
    y = np.eye(10)[labels]
    model.fit(x, y, epochs=20, batch_size=20, verbose=0)
    assert model.evaluate(x, y, verbose=0)[1] > 0.95
    np.testing.assert_allclose(model.predict(x, verbose=0).sum(axis=1), 1, rtol=1e-5)


def test_functional_model():
    inputs = Input(shape=(784,))
    x = Dense(64, activation="relu")(inputs)
    x = Dense(64, activation="relu")(x)
    outputs = Dense(10, activation="softmax")(x)
    model = Model(inputs=inputs, outputs=outputs)
    model.compile(
        optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"]
    )
    assert model.count_params() == 55_050
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(64, 784)), np.eye(10)[np.arange(64) % 10]
    history = model.fit(x, y, epochs=15, verbose=0)
    assert history.history["accuracy"][-1] > 0.95


def test_digits_network():
    model = network(784, 512, 10, output="softmax")
    first, second = model.layers
    assert first.count_params() == 401_920
    assert second.count_params() == 5_130
    assert model.count_params() == 407_050


def trained_on_digits(seed):
    """The accuracy of 64-32-10 on the held-out fifth, and the seconds it took."""
    train, held_out = dl.datasets.digits.load_data(test_size=0.2)
    dl.manual_seed(seed)
    model = network(64, 32, 10, output="softmax")
    model.compile(
        optimizer=dl.optimizers.Adam(0.003),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    started = time.perf_counter()
    model.fit(*train, epochs=30, verbose=0)
    seconds = time.perf_counter() - started
    return model.evaluate(*held_out, verbose=0)[1], seconds


def test_digits_are_learned():
    found = [trained_on_digits(seed)[0] for seed in range(5)]
    print(f"digits: {np.round(found, 4)}")
    assert np.mean(found) >= 0.965


@pytest.mark.timing
def test_digits_are_learned_in_seconds():
    seconds = [trained_on_digits(seed)[1] for seed in range(5)]
    print(f"digits: {np.round(seconds, 2)} s")
    assert max(seconds) < 3
