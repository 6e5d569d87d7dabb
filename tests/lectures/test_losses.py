"""Lecture topics from losses to gradients: how wrong, and in which direction.

Read ``test_models.py`` next.
"""

import numpy as np
import pytest

import dlcourse as dl
from dlcourse.layers import Dense, Input
from dlcourse.models import Sequential


def test_will_i_pass_this_class():
    x, y = dl.datasets.pass_the_class()
    student = np.array([[4.0, 5.0]])
    loss = dl.losses.BinaryCrossentropy()
    for seed in range(5):
        dl.manual_seed(seed)
        pessimist = dl.initializers.Constant(-np.log(9))
        head = Dense(
            1, "sigmoid", kernel_initializer="zeros", bias_initializer=pessimist
        )
        model = Sequential([Input(shape=(2,)), Dense(16, activation="relu"), head])
        model.compile(optimizer=dl.optimizers.Adam(0.03), loss="binary_crossentropy")
        untrained = model.predict(student, verbose=0)
        np.testing.assert_allclose(untrained, 0.1, rtol=1e-6)
        assert float(loss([[1.0]], untrained)) == pytest.approx(2.3026, abs=5e-5)
        model.fit(x, y[:, None], batch_size=20, epochs=60, verbose=0)
        assert model.predict(student, verbose=0).item() > 0.9


LOSSES = {
    "MeanAbsoluteError": ([[1.0], [0.0]], [[0.5], [2.0]], [0.5, 2.0]),
    "MeanSquaredError": ([[1.0], [0.0]], [[0.5], [2.0]], [0.25, 4.0]),
    "BinaryCrossentropy": ([[1.0], [0.0]], [[0.1], [0.5]], [2.302585, 0.693147]),
    "CategoricalCrossentropy": ([[0, 1.0], [1, 0]], [[0.75, 0.25], [0.5, 0.5]],
                                [1.386294, 0.693147]),
    "SparseCategoricalCrossentropy": ([1, 0], [[0.75, 0.25], [0.5, 0.5]],
                                      [1.386294, 0.693147]),
    "Hinge": ([[1.0], [-1.0]], [[0.25], [-3.0]], [0.75, 0.0]),
    "Exponential": ([[1.0], [-1.0]], [[0.0], [1.0]], [1.0, 2.718282]),
    "Logistic": ([[1.0], [-1.0]], [[0.0], [1.0]], [0.693147, 1.313262]),
}  # fmt: skip


@pytest.mark.parametrize("name", LOSSES)
def test_losses_and_the_empirical_risk(name):
    true, predicted, each = LOSSES[name]
    kind = getattr(dl.losses, name)
    values = kind(reduction="none")(np.array(true), np.array(predicted))
    np.testing.assert_allclose(values, each, rtol=1e-5)
    risk = kind()(np.array(true), np.array(predicted))
    assert float(risk) == pytest.approx(np.mean(each), rel=1e-5)


@pytest.mark.parametrize("logit", [-1000.0, 1000.0])
@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_finite_far_out(name, logit):
    loss = getattr(dl.losses, name)
    logits = dl.Tensor([[logit, 0.0]], requires_grad=True)
    if name == "BinaryCrossentropy":
        values = [loss()([[t, t]], dl.ops.sigmoid(logits)) for t in (0.0, 1.0)]
        values += [loss(from_logits=True)([[t, t]], logits) for t in (0.0, 1.0)]
    elif name == "SparseCategoricalCrossentropy":
        values = [loss()([t], dl.ops.softmax(logits)) for t in (0, 1)]
        values += [loss(from_logits=True)([t], logits) for t in (0, 1)]
    elif name == "CategoricalCrossentropy":
        values = [loss()([[t, 1 - t]], dl.ops.softmax(logits)) for t in (0.0, 1.0)]
    elif name == "Exponential":  # of e^1000 nothing finite can be said: it is bounded
        values = [loss()([[t, t]], logits) for t in (1.0, -1.0)]
    else:
        values = [loss()([[t, t]], logits) for t in (-1.0, 1.0)]
    for value in values:
        assert np.isfinite(value.item())
    sum(values[1:], values[0]).backward()
    assert np.isfinite(logits.grad).all()


def test_softmax_on_a_single_logit_says_nothing():
    logits = np.array([[-5.0], [0.0], [5.0]])
    loss = dl.losses.CategoricalCrossentropy(from_logits=True)
    assert loss(np.ones((3, 1)), logits) == 0


def test_computational_graph():
    x, y = 2.0, 4.0
    w = dl.Tensor(3.0, requires_grad=True)
    b = dl.Tensor(1.0, requires_grad=True)
    loss = dl.ops.abs(y - (x * w + b))
    assert loss.item() == 3
    loss.backward()
    assert (w.grad, b.grad) == (2, 1)


def test_variance_of_the_gradient_falls_as_one_over_the_batch():
    x, y = dl.datasets.regression_curve("line", 500, noise=0.5)
    w = dl.Tensor(np.zeros((1, 1)), requires_grad=True)
    rng = np.random.default_rng(0)
    variance = []
    for size in (1, 4, 16, 64):
        drawn = []
        for _ in range(3000):
            index = rng.integers(500, size=size)
            difference = dl.ops.matmul(x[index], w) - y[index]
            drawn.append(dl.grad(dl.ops.mean(difference**2), [w])[0].item())
        variance.append(np.var(drawn))
    np.testing.assert_allclose(
        variance[0] / np.array(variance), [1, 4, 16, 64], rtol=0.15
    )
    # all samples: no variance is left, and it is the mean of the single gradients
    whole = dl.grad(dl.ops.mean((dl.ops.matmul(x, w) - y) ** 2), [w])[0].item()
    assert whole == pytest.approx(float(np.mean(-2 * x * y)), rel=1e-5)
