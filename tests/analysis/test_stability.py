"""The edge of stability, on bowls where it is exact, and the curvature of networks."""

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import datasets
from dlcourse.analysis import (
    Bowl,
    hessian,
    hessian_products,
    sharpness,
    stability_edge,
)
from dlcourse.errors import ConfigError, ShapeError
from dlcourse.layers import Dense, Input
from dlcourse.models import Sequential, sweep


def network(dtype="float64"):
    """A small smooth network with its data."""
    dl.manual_seed(1)
    model = Sequential(
        [Input(shape=(2,)), Dense(4, activation="tanh"), Dense(1)], dtype=dtype
    )
    model.compile("sgd", "mse")
    x, y = datasets.moons(30, noise=0.1)
    return model, x, (2.0 * y[:, None] - 1).astype(dtype)


def slope(model, x, y, theta):
    """The gradient of the loss at `theta`, flat."""
    kept = model.theta.copy()
    model.set_theta(theta)
    loss = model.loss(y, model(x))
    parts = dl.grad(loss, model.trainable_weights)
    model.set_theta(kept)
    return np.concatenate([part.numpy().ravel() for part in parts])


# ---------------------------------------------------------------------- bowls


def test_a_bowl_knows_its_curvatures_whatever_its_angle():
    for angle in (0, 30, 135):
        bowl = Bowl.of([3.0, 1.0, 7.0], angle)
        np.testing.assert_allclose(bowl.curvatures, [1, 3, 7], rtol=1e-12)
        assert bowl.edge() == pytest.approx(2 / 7)
    np.testing.assert_allclose(Bowl.of([1, 4]).loss([[1, 0], [0, 1]]), [0.5, 2.0])


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("curvature", [0.7, 5.0, 40.0])
def test_descent_diverges_exactly_beyond_the_edge(curvature, momentum):
    bowl = Bowl.of([0.5, curvature], angle=20)
    edge = bowl.edge(momentum)

    def shrinkage(rate):
        path = bowl.descend([1.0, -2.0], rate, 4000, momentum)
        losses = bowl.loss(path[-400:])
        return losses.max() / bowl.loss(path[0])

    assert shrinkage(0.99 * edge) < 1e-3
    assert shrinkage(1.01 * edge) > 1e3


def test_each_step_multiplies_along_each_axis():
    path = Bowl.of([1.0, 10.0]).descend([2.0, 1.0], 0.15, 5)
    factors = np.array([1 - 0.15, 1 - 1.5])
    np.testing.assert_allclose(path, [2, 1] * factors ** np.arange(6)[:, None])


def test_the_engine_agrees_with_the_bowl():
    """64 linear models trained by `sweep` diverge exactly where 2/λmax says."""
    x, y = datasets.quadratic((1.0, 8.0), angle=30)
    model = Sequential([Input(shape=(2,)), Dense(1, use_bias=False)])
    model.compile("sgd", "mse")
    curvature = np.linalg.eigvalsh(hessian(model, x, y))
    np.testing.assert_allclose(curvature, [1, 8], rtol=1e-4)
    rates = np.linspace(0.9, 1.1, 64) * stability_edge(curvature[-1])
    run = sweep(model, x, y, loss="mse", learning_rate=rates, steps=600)
    diverged = ~(run.loss[:, -1] < run.loss[:, 0])
    clear = abs(rates * 8 / 2 - 1) > 0.002  # at the very edge it takes forever
    np.testing.assert_array_equal(diverged[clear], (rates > 2 / 8)[clear])


def test_no_valley_no_edge():
    assert stability_edge(0.0) == stability_edge(-1.0) == float("inf")


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (lambda: Bowl(np.array([[1.0, 2.0], [0.0, 1.0]])), ShapeError),
        (lambda: Bowl(np.ones((2, 3))), ShapeError),
        (lambda: Bowl.of([1.0, float("nan")]), ConfigError),
        (lambda: Bowl.of([1.0, 2.0]).descend([1, 1], -0.1, 5), ConfigError),
        (lambda: Bowl.of([1.0, 2.0]).descend([1, 1], 0.1, -5), ConfigError),
        (lambda: stability_edge(1.0, momentum=1.0), ConfigError),
    ],
)
def test_bad_settings_are_named(wrong, error):
    with pytest.raises(error):
        wrong()


# ------------------------------------------------------------------- networks


def test_products_match_differences_of_gradients():
    model, x, y = network()
    theta = model.theta.copy()
    for vector in np.random.default_rng(0).standard_normal((3, theta.size)):
        ahead = slope(model, x, y, theta + 1e-5 * vector)
        back = slope(model, x, y, theta - 1e-5 * vector)
        product = hessian_products(model, x, y, vector)[0]
        np.testing.assert_allclose(product, (ahead - back) / 2e-5, atol=1e-7)
    np.testing.assert_array_equal(model.theta, theta)


def test_rows_are_independent():
    model, x, y = network()
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((3, model.theta.size))
    thetas = model.theta + 0.3 * rng.standard_normal(vectors.shape)
    together = hessian_products(model, x, y, vectors, thetas=thetas)
    for row, vector, theta in zip(together, vectors, thetas):
        model.set_theta(theta)
        alone = hessian_products(model, x, y, vector)[0]
        np.testing.assert_allclose(row, alone, atol=1e-12)


def test_pieces_change_nothing(monkeypatch):
    model, x, y = network()
    whole = hessian(model, x, y)
    monkeypatch.setattr("dlcourse.analysis.stability.TOGETHER", 5)
    np.testing.assert_allclose(hessian(model, x, y), whole, atol=1e-12)


def test_sharpness_is_the_largest_eigenvalue():
    model, x, y = network()
    rng = np.random.default_rng(3)
    thetas = model.theta + rng.standard_normal((6, model.theta.size))
    found = sharpness(model, x, y, thetas=thetas, tolerance=1e-7, steps=3000)
    for value, theta in zip(found, thetas):
        model.set_theta(theta)
        exact = np.linalg.eigvalsh(hessian(model, x, y))[-1]
        assert value == pytest.approx(exact, rel=1e-3)
        assert sharpness(model, x, y, tolerance=1e-7, steps=3000) == pytest.approx(
            value, rel=1e-3
        )


def test_sharpness_where_it_bends_downwards_more():
    """Two weights apart: one tanh bends by -0.83, the other by 0.49."""
    model = Sequential(
        [Input(shape=(2,)), Dense(1, activation="tanh", use_bias=False)],
        dtype="float64",
    )
    model.compile("sgd", "mse")
    model.set_theta([0.7, 0.4])
    x, y = np.eye(2), np.array([[-1.0], [0.0]])
    low, high = np.linalg.eigvalsh(hessian(model, x, y))
    assert -low > high > 0
    assert sharpness(model, x, y, tolerance=1e-6) == pytest.approx(high, rel=1e-3)


def test_diverged_weights_have_no_sharpness():
    model, x, y = network()
    thetas = np.stack([model.theta, np.full(model.theta.size, np.nan)])
    found = sharpness(model, x, y, thetas=thetas)
    assert np.isfinite(found[0]) and np.isnan(found[1])


def test_training_too_fast_ends_at_the_edge():
    """Full-batch descent leaves places that are too sharp for it (Cohen, 2021)."""
    model, x, y = network("float32")
    rates = np.array([0.01, 0.3])
    run = sweep(model, x, y, loss="mse", learning_rate=rates, steps=300)
    slow, fast = sharpness(model, x, y, thetas=run.theta[:, -1])
    assert slow * rates[0] < 0.2
    assert fast * rates[1] < 2.4


def test_vectors_must_fit():
    model, x, y = network()
    with pytest.raises(ShapeError, match="17 weights"):
        hessian_products(model, x, y, np.ones(3))
