"""Activations: slopes that are the derivative, saturation, and gradients in depth."""

import numpy as np
import pytest

from dlcourse import widgets
from dlcourse.layers import activations

SINE = {"w": 1.0, "b": 0.0, "layers": 1, "kind": "sine"}
NAMES = list(widgets.activations()._settings.controls["activation"].options)


@pytest.fixture
def compute():
    return widgets.activations()._compute


@pytest.mark.parametrize("name", NAMES)
def test_the_slope_is_the_derivative(name, compute):
    found = compute(activation=name, **SINE)
    f = activations.get(name)
    z, h = np.linspace(-5, 5, 401), 1e-6
    smooth = np.abs(z[:, None] - [-3, 0, 3]).min(1) > 1e-3  # corners are left out
    central = (f(z + h) - f(z - h)) / (2 * h)
    assert np.allclose(found.slope[smooth], central[smooth], atol=1e-7)
    assert np.array_equal(found.curve, f(z))


def test_all_activations_are_there():
    assert set(NAMES) >= {
        *("linear", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu"),
        *("silu", "softplus", "softsign", "hard_sigmoid"),
    }


def test_one_layer_is_the_function_of_the_weighted_signal(compute):
    found = compute(activation="tanh", **SINE | {"w": 2.0, "b": -0.5})
    assert np.allclose(found.z, 2 * found.signal - 0.5)
    assert np.allclose(found.y, np.tanh(found.z))


def test_the_gradient_that_arrives_is_the_product_of_all_slopes(compute):
    found = compute(activation="sigmoid", **SINE | {"w": 3.0, "layers": 2})
    first = 1 / (1 + np.exp(-3 * found.signal))
    second = 1 / (1 + np.exp(-3 * first))
    slope = 9 * first * (1 - first) * second * (1 - second)
    assert found.arrives[2] == pytest.approx(np.abs(slope).mean())
    assert found.arrives[0] == 1


def test_gradients_vanish_through_sigmoids_and_not_through_relus(compute):
    deep = SINE | {"layers": 8, "kind": "noise"}
    assert compute(activation="sigmoid", **deep).arrives[-1] < 1e-4
    assert 0.3 < compute(activation="relu", **deep).arrives[-1] <= 1


def test_a_relu_can_die_and_a_leaky_one_cannot():
    dead = widgets.activations("dead ReLU").result
    assert dead.arrives[-1] == 0
    assert dead.flat == 1
    leaky = widgets.activations("leaky ReLU").result
    assert leaky.arrives[-1] == pytest.approx(0.2)
    assert leaky.flat == 0


@pytest.mark.parametrize("kind", ["sine", "square", "noise"])
def test_signals_have_mean_0_and_variance_1(kind, compute):
    signal = compute(activation="linear", **SINE | {"kind": kind}).signal
    assert abs(signal.mean()) < 0.15
    assert signal.std() == pytest.approx(1, abs=0.1)
