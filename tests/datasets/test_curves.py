"""Curves and bowls against their formulas, and gradient descent's known edge."""

import numpy as np
import pytest

from dlcourse import datasets
from dlcourse.datasets.curves import CURVES
from dlcourse.errors import ConfigError

FORMULAS = {
    "line": lambda x: 0.8 * x,
    "cubic": lambda x: np.polynomial.chebyshev.chebval(x, [0, 0, 0, 1]),
    "sine": lambda x: np.imag(np.exp(1j * np.pi * x)),
    "waves": lambda x: np.imag(np.exp(3j * np.pi * x)),
    "bump": lambda x: np.exp(-(x**2) / 0.08),
    "step": lambda x: np.copysign(1.0, x),
    "corner": lambda x: np.maximum(2 * x, 0) + np.maximum(-2 * x, 0) - 1,
}


@pytest.mark.parametrize("name", sorted(CURVES))
def test_the_curve_is_its_formula(name):
    x = np.linspace(-1, 1, 200)
    y = datasets.curve(name)(x)
    assert np.allclose(y, FORMULAS[name](x), atol=1e-12)
    assert np.abs(y).max() <= 1 + 1e-12
    assert datasets.curve(name)(x.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("name", sorted(CURVES))
def test_points_scatter_about_the_curve(name):
    x, y = datasets.regression_curve(name, 20_000, noise=0.2, seed=1)
    assert x.shape == y.shape == (20_000, 1)
    assert x.dtype == y.dtype == np.float32
    scatter = y - datasets.curve(name)(x)
    assert abs(scatter.mean()) < 0.006 and abs(scatter.std() - 0.2) < 0.005
    # uniform on [-1, 1]: a tenth of the points in each tenth of it
    counts, _ = np.histogram(x, bins=10, range=(-1, 1))
    assert counts.sum() == 20_000 and np.abs(counts / 2000 - 1).max() < 0.1


def test_sliders_move_nothing_else():
    x, y = datasets.regression_curve("sine", 30, noise=0.1, seed=3)
    more_x, more_y = datasets.regression_curve("sine", 70, noise=0.1, seed=3)
    assert np.array_equal(x, more_x[:30]) and np.array_equal(y, more_y[:30])
    same_x, louder = datasets.regression_curve("sine", 30, noise=0.4, seed=3)
    truth = datasets.curve("sine")(x)
    assert np.array_equal(x, same_x)
    assert np.allclose(louder - truth, 4 * (y - truth), atol=1e-5)
    other, _ = datasets.regression_curve("sine", 30, seed=4)
    assert not np.allclose(x, other)


@pytest.mark.parametrize("curvatures", [(3.0,), (1.0, 10.0), (0.5, 2.0, 8.0)])
@pytest.mark.parametrize("angle", [0.0, 30.0])
def test_the_bowl_has_the_curvatures_asked_for(curvatures, angle):
    size = len(curvatures)
    minimum = np.arange(1.0, size + 1)
    x, y = datasets.quadratic(curvatures, angle=angle, minimum=minimum)
    assert x.shape == (size, size) and y.shape == (size, 1)
    assert x.dtype == y.dtype == np.float32
    hessian = 2 / size * x.T @ x
    assert np.allclose(np.linalg.eigvalsh(hessian), curvatures, rtol=1e-5)
    theta = np.linspace(-2, 3, size)
    away = theta - minimum
    loss = np.mean((x @ theta[:, None] - y) ** 2)
    assert np.isclose(loss, 0.5 * away @ hessian @ away, rtol=1e-5)


def test_the_bowl_turns_counterclockwise():
    x, _ = datasets.quadratic((1.0, 10.0), angle=30)
    values, vectors = np.linalg.eigh(x.T @ x)
    flat = vectors[:, np.argmin(values)]
    turned = np.rad2deg(np.arctan2(flat[1], flat[0])) % 180
    assert np.isclose(turned, 30, atol=1e-3)


def test_descent_on_the_bowl_diverges_just_beyond_two_over_lambda():
    x, y = (array.astype(np.float64) for array in datasets.quadratic((1.0, 8.0)))

    def distance(rate):
        theta = np.zeros((2, 1))
        for _ in range(500):
            theta -= rate * 2 / 2 * x.T @ (x @ theta - y)
        return np.abs(theta - 1).max()

    assert distance(0.99 * 2 / 8) < 0.01
    assert distance(1.01 * 2 / 8) > 100


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: datasets.regression_curve("sinus"), "Did you mean 'sine'"),
        (lambda: datasets.curve("bumb"), "Did you mean 'bump'"),
        (lambda: datasets.curve(3), "no curve 3"),
        (lambda: datasets.regression_curve("sine", 0), "n must be"),
        (lambda: datasets.regression_curve("sine", 9, noise=-1), "noise must be"),
        (lambda: datasets.quadratic((1.0, 0.0)), "each curvature must be more than 0"),
        (lambda: datasets.quadratic(()), "at least one curvature"),
        (lambda: datasets.quadratic((1.0, 2.0), minimum=(0,)), "1 coordinates"),
        (lambda: datasets.quadratic((1.0, 2.0), angle="up"), "angle must be a finite"),
    ],
)
def test_impossible_settings_are_named(call, message):
    with pytest.raises(ConfigError, match=message):
        call()
