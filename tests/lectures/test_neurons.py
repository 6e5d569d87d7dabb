"""Lecture topics from one neuron to why a network bends: rows 1 to 4 of the first page.

The tests stand in the order of the lectures. Each asserts the figure that a student
meets in a notebook; that the parts below it are right is tested beside those parts.
"""

import numpy as np
import pytest

import dlcourse as dl
from dlcourse.layers import Dense
from dlcourse.models import sweep
from tests.lectures.networks import accuracies, network


def test_neuron():
    layer = Dense(1, activation="sigmoid", dtype="float64")
    x = np.array([[-1.0, 2.0]])
    layer(x)
    layer.set_weights([[[3.0], [-2.0]], [1.0]])
    assert dl.ops.linear(x, layer.kernel, layer.bias).item() == -6
    assert layer(x).item() == pytest.approx(0.00247, abs=5e-6)
    # the boundary 1 + 3x₁ − 2x₂ = 0, drawn by the interactive
    x1, x2 = dl.widgets.neuron("lecture").result.line.T
    np.testing.assert_allclose(1 + 3 * x1 - 2 * x2, 0, atol=1e-9)
    assert not np.isclose(x1[0], x1[1])


def test_dense_layer_is_many_neurons():
    rng = np.random.default_rng(0)
    layer = Dense(4, activation="tanh", dtype="float64", bias_initializer="ones")
    x = rng.normal(size=(7, 3))
    y = layer(x).numpy()
    w, b = layer.get_weights()
    for n in range(7):
        for unit in range(4):
            z = b[unit] + sum(x[n, i] * w[i, unit] for i in range(3))
            assert abs(y[n, unit] - np.tanh(z)) < 1e-12


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu"])
def test_derivatives_of_activations(name):
    function = getattr(dl.ops, name)
    z = np.linspace(-4, 4, 41)
    z = z[np.abs(z) > 0.1]  # not across the kink
    at = dl.Tensor(z, requires_grad=True)
    function(at).backward(np.ones_like(z))
    step = 1e-6
    expected = (function(z + step) - function(z - step)) / (2 * step)
    np.testing.assert_allclose(at.grad, expected, atol=1e-6)


def test_stack_of_linear_layers_is_one_affine_map():
    model = network(3, 5, 4, 2, activation=None, output=None, dtype="float64")
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(size=w.shape) for w in model.weights])
    x = rng.normal(size=(10, 3))
    w, b = np.eye(3), np.zeros(3)
    for layer in model.layers:
        kernel, bias = layer.get_weights()
        w, b = w @ kernel, b @ kernel + bias
    np.testing.assert_allclose(model(x).numpy(), x @ w + b, atol=1e-10)


@pytest.mark.parametrize("data", [dl.datasets.circles, dl.datasets.xor])
def test_why_nonlinearity(data):
    x, y = data(200, noise=0.05, seed=0)
    settings = {
        "loss": "binary_crossentropy",
        "optimizer": "adam",
        "learning_rate": 0.03,
        "seeds": range(5),
        "steps": 400,
        "record_every": 400,
    }
    for depth in (0, 1, 3):
        straight = network(2, *[8] * depth, 1, activation=None)
        run = sweep(straight, x, y[:, None], **settings)
        assert accuracies(straight, run, x, y).max() < 0.75
    bent = network(2, 8, 8, 1)
    run = sweep(bent, x, y[:, None], **settings)
    assert np.median(accuracies(bent, run, x, y)) > 0.97
