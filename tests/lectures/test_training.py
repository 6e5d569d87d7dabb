"""Lecture topics on training: the learning rate, the landscape, overfitting.

How each is drawn and moved is tested beside the interactives.
"""

import numpy as np
import pytest

import dlcourse as dl
from dlcourse.layers import Dense, Dropout, Input
from dlcourse.models import Sequential, sweep
from tests.lectures.networks import network


@pytest.mark.parametrize("curvature", [1.0, 10.0])
def test_learning_rate_diverges_beyond_two_over_lambda(curvature):
    x, y = dl.datasets.quadratic((0.5, curvature))
    model = Sequential([Input(shape=(2,)), Dense(1, use_bias=False)], dtype="float64")
    model.set_weights([[[0.0], [0.0]]])
    edge = 2 / curvature
    run = sweep(
        model, x, y, loss="mse", seeds=None, steps=400,
        learning_rate=[0.01 * edge, 0.5 * edge, 0.99 * edge, 1.01 * edge, 2 * edge],
    )  # fmt: skip
    change = run.loss[:, -1] / run.loss[:, 0]
    assert (change[:3] < 1).all()
    assert change[1] < 1e-6  # neither too small nor too large
    assert not (change[3:] < 10).any()
    assert dl.analysis.sharpness(model, x, y, loss="mse") == pytest.approx(
        curvature, 1e-3
    )


def test_loss_landscape():
    x, y = dl.datasets.moons(100, noise=0.1)
    model = network(2, 8, 1, activation="tanh")
    model.compile(loss="binary_crossentropy")
    run = sweep(model, x, y[:, None], loss=model.loss, learning_rate=0.5, steps=200)
    model.set_theta(run.theta[0, -1])
    found = dl.analysis.landscape(model, x, y[:, None], path=run.theta[0], size=21)
    assert found.loss.shape == (21, 21)
    last = model.evaluate(x, y[:, None], verbose=0)
    assert found.path_loss[-1] == pytest.approx(last, 1e-4)
    assert 0.8 < found.explained <= 1 + 1e-6
    corners = found.loss[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert corners.max() > found.path_loss[-1]


def test_training_and_test_curves_part():
    x, y = dl.datasets.regression_curve("sine", 12, noise=0.3, seed=0)
    fresh = dl.datasets.regression_curve("sine", 500, noise=0.3, seed=1)
    loss = {}
    for width in (1, 64):
        model = network(1, width, width, 1, activation="tanh", output=None)
        run = sweep(
            model, x, y, loss="mse", optimizer="adam", learning_rate=0.01,
            seeds=range(5), steps=2000, validation_data=fresh, record_every=2000,
        )  # fmt: skip
        loss[width] = run.loss[:, -1].mean(), run.val_loss[:, -1].mean()
    (small_train, small_test), (large_train, large_test) = loss[1], loss[64]
    assert large_train < 0.3 * small_train  # more capacity fits the points better
    assert large_test > 3 * large_train  # and what it fitted was noise
    assert small_test < 2.5 * small_train


def test_l2_keeps_weights_small():
    x, y = dl.datasets.moons(100, noise=0.2)
    run = sweep(
        network(2, 16, 1), x, y[:, None], loss="binary_crossentropy",
        learning_rate=0.3, l2=[0.0, 0.001, 0.01, 0.1], steps=500, record_every=500,
    )  # fmt: skip
    length = np.linalg.norm(run.theta[:, -1], axis=1)
    assert (np.diff(length) < 0).all()


def test_dropout_keeps_the_expectation():
    x = np.ones((1000, 100))
    dropped = Dropout(0.5, seed=0)(x, training=True).numpy()
    assert dropped.mean() == pytest.approx(1, abs=0.02)
    assert (dropped == 0).mean() == pytest.approx(0.5, abs=0.01)
    np.testing.assert_array_equal(Dropout(0.5)(x).numpy(), x)


def test_early_stopping_restores_the_best_weights():
    x, y = dl.datasets.regression_curve("sine", 12, noise=0.3, seed=0)
    fresh = dl.datasets.regression_curve("sine", 200, noise=0.3, seed=1)
    model = network(1, 64, 64, 1, activation="tanh", output=None)
    model.compile(optimizer=dl.optimizers.Adam(0.01), loss="mse")
    patient = dl.callbacks.EarlyStopping(patience=50, restore_best_weights=True)
    history = model.fit(
        x, y, epochs=1000, validation_data=fresh, callbacks=[patient], verbose=0
    )
    curve = history.history["val_loss"]
    assert len(curve) < 1000
    assert curve[-1] > min(curve)
    assert model.evaluate(*fresh, verbose=0) == pytest.approx(min(curve), rel=1e-5)
