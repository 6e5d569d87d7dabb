"""The loss over a plane: right values in the right places, the path, its variance."""

import time

import numpy as np
import pytest

from dlcourse import datasets
from dlcourse.analysis import landscape
from dlcourse.errors import ConfigError, ShapeError
from dlcourse.layers import Dense, Input
from dlcourse.models import Sequential, losses_at, sweep


@pytest.fixture(scope="module")
def trained():
    """A small trained network, its data and the path of its weights."""
    x, y = datasets.moons(60, noise=0.1)
    y = y[:, None].astype(np.float32)
    model = Sequential(
        [Input(shape=(2,)), Dense(5, activation="tanh"), Dense(1, "sigmoid")]
    )
    model.compile("sgd", "binary_crossentropy")
    run = sweep(model, x, y, loss=model.loss, learning_rate=1.0, steps=60)
    model.set_theta(run.theta[0, -1])
    return model, x, y, run


@pytest.mark.parametrize("directions", ["pca", "random", "filter"])
def test_every_value_is_the_loss_at_its_place(trained, directions):
    model, x, y, run = trained
    surface = landscape(
        model, x, y, path=run.theta[0], directions=directions, size=7, seed=4
    )
    assert surface.loss.shape == (7, 7)
    assert surface.alphas.shape == surface.betas.shape == (7,)
    for i, j in [(0, 0), (0, 6), (5, 2), (6, 6)]:
        theta = surface.weights(surface.alphas[j], surface.betas[i])
        alone = losses_at(model, theta[None], x, y)[0]
        assert surface.loss[i, j] == pytest.approx(alone, rel=1e-4)


def test_the_path_and_its_losses(trained):
    model, x, y, run = trained
    surface = landscape(model, x, y, path=run.theta[0])
    assert surface.path.shape == (61, 2)
    np.testing.assert_allclose(surface.path[-1], 0, atol=1e-5)
    np.testing.assert_allclose(surface.project(run.theta[0]), surface.path, atol=1e-5)
    assert surface.path[0, 0] > 0  # it comes from the right
    np.testing.assert_allclose(surface.path_loss, run.loss[0], rtol=1e-4)
    reach = np.array([surface.alphas[[0, -1]], surface.betas[[0, -1]]])
    assert (surface.path > reach[:, 0]).all() and (surface.path < reach[:, 1]).all()
    # what is left over is at right angles to the plane
    placed = surface.origin + surface.path @ surface.directions
    left = run.theta[0] - placed
    np.testing.assert_allclose(left @ surface.directions.T, 0, atol=1e-4)


def test_principal_directions_hold_the_most_variance(trained):
    model, x, y, run = trained
    path = run.theta[0].astype(float)
    surface = landscape(model, x, y, path=path)
    values = np.linalg.svd(path - path.mean(axis=0), compute_uv=False) ** 2
    np.testing.assert_allclose(surface.variance, values[:2] / values.sum(), rtol=1e-3)
    np.testing.assert_allclose(
        surface.directions @ surface.directions.T, np.eye(2), atol=1e-4
    )
    assert surface.explained > 0.9
    for kind in ("random", "filter"):
        other = landscape(model, x, y, path=path, directions=kind)
        assert 0 < other.explained < surface.explained


def test_a_path_in_the_plane_is_explained_wholly(trained):
    model, x, y, _run = trained
    rng = np.random.default_rng(0)
    pair = rng.standard_normal((2, model.theta.size))  # not at right angles
    places = rng.standard_normal((20, 2))
    surface = landscape(
        model, x, y, path=model.theta + places @ pair, directions=pair, size=5
    )
    np.testing.assert_allclose(surface.path, places, atol=1e-4)
    assert surface.explained == pytest.approx(1, abs=1e-6)


def test_filter_directions_have_the_lengths_of_the_units(trained):
    model, x, y, _ = trained
    surface = landscape(model, x, y, directions="filter", size=3)
    start = 0
    for weight in model.trainable_weights:
        part = surface.directions[:, start : start + weight.size]
        part = part.reshape(2, *weight.shape)
        start += weight.size
        if len(weight.shape) == 1:
            assert not part.any()
        else:
            lengths = np.linalg.norm(weight.numpy(), axis=0)
            np.testing.assert_allclose(
                np.linalg.norm(part, axis=1), [lengths, lengths], rtol=1e-5
            )


def test_filter_directions_make_scales_comparable():
    """relu(x·10w)/10 is the same function as relu(xw): the same valley, too."""
    x, y = datasets.regression_curve("sine", 40, noise=0)
    model = Sequential(
        [
            Input(shape=(1,)),
            Dense(8, activation="relu", use_bias=False),
            Dense(1, use_bias=False),
        ]
    )
    model.compile("sgd", "mse")
    theta = model.theta.copy()
    scales = np.repeat([10, 0.1], 8)
    surfaces = {}
    for kind in ("filter", "random"):
        model.set_theta(theta)
        plain = landscape(model, x, y, directions=kind, span=1, size=9).loss
        model.set_theta(theta * scales)
        surfaces[kind] = (
            plain,
            landscape(model, x, y, directions=kind, span=1, size=9).loss,
        )
    np.testing.assert_allclose(*surfaces["filter"], rtol=1e-3)
    assert not np.allclose(*surfaces["random"], rtol=0.1)


def test_seeds_and_spans(trained):
    model, x, y, run = trained

    def of(**settings):
        return landscape(model, x, y, directions="random", size=5, **settings)

    np.testing.assert_array_equal(of(seed=1).loss, of(seed=1).loss)
    assert not np.allclose(of(seed=1).loss, of(seed=2).loss)
    np.testing.assert_allclose(of(span=3).betas, [-3, -1.5, 0, 1.5, 3])
    np.testing.assert_allclose(of(span=3, zoom=2).alphas[0], -6)
    assert of().path.shape == (0, 2) and np.isnan(of().variance).all()
    wide = landscape(model, x, y, path=run.theta[0], zoom=2)
    plain = landscape(model, x, y, path=run.theta[0])
    assert np.ptp(wide.alphas) == pytest.approx(2 * np.ptp(plain.alphas))


def test_the_model_stays_as_it_was(trained):
    model, x, y, run = trained
    before = model.theta.copy()
    landscape(model, x, y, path=run.theta[0])
    np.testing.assert_array_equal(model.theta, before)


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({}, ConfigError, "needs the path"),
        ({"directions": "pcb"}, ConfigError, "'pca'"),
        ({"directions": np.ones((3, 21))}, ShapeError, r"\(2, 21\)"),
        ({"directions": np.ones((2, 21))}, ConfigError, "parallel"),
        ({"directions": "random", "size": 1}, ConfigError, "size"),
        ({"directions": "random", "span": 0}, ConfigError, "span"),
        ({"path": np.ones((5, 3))}, ShapeError, r"\(K, 21\)"),
        ({"path": np.full((5, 21), np.inf)}, ConfigError, "diverged"),
        ({"path": np.arange(5.0)[:, None] * np.ones(21)}, ConfigError, "straight"),
    ],
)
def test_what_cannot_be_is_named(trained, settings, error, words):
    model, x, y, _ = trained
    with pytest.raises(error, match=words):
        landscape(model, x, y, **settings)


@pytest.mark.timing
def test_it_is_quick():
    """41 × 41 values of 2-16-16-1 on 200 points in less than 50 ms."""
    x, y = datasets.moons(200)
    model = Sequential(
        [Input(shape=(2,)), *(Dense(16, "tanh") for _ in range(2)), Dense(1, "sigmoid")]
    )
    model.compile("sgd", "binary_crossentropy")
    y = y[:, None].astype(np.float32)
    seconds = []
    for _ in range(15):
        start = time.perf_counter()
        landscape(model, x, y, directions="random", size=41)
        seconds.append(time.perf_counter() - start)
    print(f"landscape of 41 × 41: {1000 * min(seconds):.0f} ms")
    assert min(seconds) < 0.05
