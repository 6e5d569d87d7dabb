"""Penalties on weights: value, slope and names, and their place in a loss."""

import json

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import regularizers
from dlcourse.errors import ConfigError

W = np.array([[1.0, -2.0], [0.5, 3.0]])
L1, L2 = np.abs(W).sum(), (W**2).sum()
TABLE = {
    "L1": [({}, 0.01 * L1), ({"l1": 0.3}, 0.3 * L1), ({"l1": 0.0}, 0.0)],
    "L2": [({}, 0.01 * L2), ({"l2": 0.3}, 0.3 * L2)],
    "L1L2": [({}, 0.0), ({"l1": 0.1, "l2": 0.2}, 0.1 * L1 + 0.2 * L2)],
}
ROWS = [(name, *row) for name, rows in TABLE.items() for row in rows]
every_row = pytest.mark.parametrize("name, how, value", ROWS, ids=str)


def test_every_regularizer_has_a_row():
    found = {
        name
        for name in regularizers.__all__
        if isinstance(getattr(regularizers, name), type) and name != "Regularizer"
    }
    assert found == set(TABLE)


@every_row
def test_value_and_slope(name, how, value):
    penalty = getattr(regularizers, name)(**how)
    w = dl.Tensor(W, requires_grad=True)
    found = penalty(w)
    assert float(found) == pytest.approx(value, rel=1e-12)
    if value:
        assert found.shape == () and found.dtype == "float64"
        found.backward()
        made = penalty.get_config()
        slope = made.get("l1", 0) * np.sign(W) + made.get("l2", 0) * 2 * W
        np.testing.assert_allclose(w.grad, slope, rtol=1e-12)


@every_row
def test_names_and_configs(name, how, value):
    snake = {"L1L2": "l1_l2"}.get(name, name.lower())
    for spelling in (name, snake, getattr(regularizers, name)):
        assert type(regularizers.get(spelling)) is getattr(regularizers, name)
    penalty = getattr(regularizers, name)(**how)
    config = json.loads(json.dumps(penalty.get_config()))
    assert set(config) == {"L1": {"l1"}, "L2": {"l2"}, "L1L2": {"l1", "l2"}}[name]
    twin = type(penalty).from_config(config)
    assert float(dl.to_numpy(twin(W))) == pytest.approx(value)
    assert regularizers.get(None) is None


def test_penalties_are_added_to_the_loss_and_to_the_gradient():
    """One step with L2 by hand: w − rate·(dL/dw + 2·l2·w), the bias without it."""
    layer = dl.layers.Dense(1, kernel_regularizer=dl.regularizers.L2(0.3))
    model = dl.Sequential([dl.Input((2,)), layer], dtype="float64")
    model.set_weights([[[1.0], [-2.0]], [0.5]])
    model.compile(dl.optimizers.SGD(0.1), "mse")
    x, y = np.array([[1.0, 2.0]]), np.array([[0.0]])
    error = 1 * 1 - 2 * 2 + 0.5  # −2.5
    expected = error**2 + 0.3 * (1 + 4)
    assert model.evaluate(x, y, verbose=0) == pytest.approx(expected)
    assert model.train_on_batch(x, y) == pytest.approx(expected)
    kernel, bias = model.get_weights()
    for i, (w, xi) in enumerate([(1.0, 1.0), (-2.0, 2.0)]):
        assert kernel[i, 0] == pytest.approx(w - 0.1 * (2 * error * xi + 0.6 * w))
    assert bias[0] == pytest.approx(0.5 - 0.1 * 2 * error)


def test_every_weight_may_have_its_own():
    layer = dl.layers.Dense(
        1, kernel_regularizer="l1", bias_regularizer="l2", bias_initializer="ones"
    )
    model = dl.Sequential([dl.Input((2,)), layer])
    model.compile("sgd", "mse")
    x = np.ones((3, 2))
    kernel, _ = model.get_weights()
    loss = model.evaluate(x, model.predict(x), verbose=0)
    assert loss == pytest.approx(0.01 * np.abs(kernel).sum() + 0.01, rel=1e-6)


WRONG = [
    (lambda: regularizers.get("l3"), "'l3'"),
    (lambda: regularizers.get("ridge"), "Known"),
    (lambda: regularizers.get(0.1), "regularizer"),
    (lambda: regularizers.L2(-0.1), "l2"),
    (lambda: regularizers.L1("much"), "l1"),
    (lambda: regularizers.L1L2(l2=float("nan")), "l2"),
    (lambda: regularizers.L2.from_config({"l3": 0.1}), "'l2'"),
    (lambda: dl.layers.Dense(1, kernel_regularizer="l22"), "'l2'"),
]


@pytest.mark.parametrize("make_it, word", WRONG)
def test_settings_that_cannot_be(make_it, word):
    with pytest.raises(ConfigError, match=word):
        make_it()
