"""What scikit-learn and closed formulas say about whole problems: fits and scores."""

import numpy as np
import pytest

import dlcourse as dl
from dlcourse.layers import Dense, Input

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
Y = X @ RNG.normal(size=(4, 2)) + 0.5 + 0.3 * RNG.normal(size=(60, 2))
LABELS = (X @ RNG.normal(size=4) + 0.5 * RNG.normal(size=60) > 0).astype(int)
CLASSES = np.digitize(X[:, 0] + 0.3 * RNG.normal(size=60), [-0.6, 0.6])


def linear(units, loss, activation=None, l2=0.0, steps=1500, rate=0.3):
    """A linear model, trained to the end on everything at once."""
    penalty = dl.regularizers.L2(l2) if l2 else None
    layer = Dense(units, activation, kernel_regularizer=penalty)
    model = dl.Sequential([Input((4,)), layer], dtype="float64")
    model.compile(dl.optimizers.SGD(rate, momentum=0.9), loss)
    y = {1: LABELS[:, None], 2: Y, 3: CLASSES}[units]
    model.fit(X, y, batch_size=len(X), epochs=steps, verbose=0)
    return model.get_weights()


def test_least_squares():
    kernel, bias = linear(2, "mse", rate=0.1)
    design = np.column_stack([X, np.ones(len(X))])
    exact = np.linalg.lstsq(design, Y, rcond=None)[0]
    np.testing.assert_allclose(kernel, exact[:4], rtol=1e-8)
    np.testing.assert_allclose(bias, exact[4], rtol=1e-8)


def test_ridge_regression_is_l2():
    from sklearn.linear_model import Ridge

    kernel, bias = linear(2, "mse", l2=0.1, rate=0.1)
    # our loss is the mean over 2·n numbers, theirs the sum: their alpha is 2·n·l2
    judge = Ridge(alpha=0.1 * 2 * len(X)).fit(X, Y)
    np.testing.assert_allclose(kernel.T, judge.coef_, rtol=1e-8)
    np.testing.assert_allclose(bias, judge.intercept_, rtol=1e-8)


def test_logistic_regression():
    from sklearn.linear_model import LogisticRegression

    kernel, bias = linear(1, "binary_crossentropy", "sigmoid", l2=0.01)
    # theirs: C·sum of the losses + |w|²/2, ours: the mean + l2·|w|²
    judge = LogisticRegression(C=1 / (2 * 0.01 * len(X)), tol=1e-10, max_iter=1000)
    judge.fit(X, LABELS)
    np.testing.assert_allclose(kernel.T, judge.coef_, rtol=1e-5)
    np.testing.assert_allclose(bias, judge.intercept_, rtol=1e-4)


def test_softmax_regression():
    from sklearn.linear_model import LogisticRegression

    kernel, _ = linear(3, "sparse_categorical_crossentropy", "softmax", l2=0.01)
    judge = LogisticRegression(C=1 / (2 * 0.01 * len(X)), tol=1e-10, max_iter=1000)
    judge.fit(X, CLASSES)
    np.testing.assert_allclose(kernel.T, judge.coef_, rtol=1e-4, atol=1e-5)


def test_losses_and_scores():
    from sklearn import metrics

    p = RNG.dirichlet(np.ones(3), 60)
    one_hot, signs, margins = np.eye(3)[CLASSES], 2 * LABELS - 1, RNG.normal(size=60)
    mae = metrics.mean_absolute_error
    share = metrics.top_k_accuracy_score(CLASSES, p, k=2)
    for ours, data, judged in (
        (dl.losses.MeanSquaredError(), (Y, X[:, :2]), metrics.mean_squared_error),
        (dl.losses.MeanAbsoluteError(), (Y, X[:, :2]), mae),
        (dl.losses.BinaryCrossentropy(), (LABELS, p[:, 0]), metrics.log_loss),
        (dl.losses.CategoricalCrossentropy(), (one_hot, p), metrics.log_loss),
        (dl.losses.SparseCategoricalCrossentropy(), (CLASSES, p), metrics.log_loss),
        (dl.losses.Hinge(), (signs, margins), metrics.hinge_loss),
        (dl.metrics.TopKCategoricalAccuracy(k=2), (one_hot, p), lambda *_: share),
    ):
        assert float(ours(*data)) == pytest.approx(float(judged(*data)), rel=1e-6)


def test_a_network_of_two_layers_by_numpys_own_chain_rule():
    """Backpropagation written out as in the lecture, five steps of it."""
    model = dl.Sequential([Input((4,)), Dense(5, "tanh"), Dense(2)], dtype="float64")
    model.compile(dl.optimizers.SGD(0.1), "mse")
    w1, b1, w2, b2 = model.get_weights()
    for _ in range(5):
        hidden = np.tanh(X @ w1 + b1)  # (60, 5)
        delta2 = 2 * (hidden @ w2 + b2 - Y) / Y.size  # (60, 2)
        delta1 = delta2 @ w2.T * (1 - hidden**2)  # (60, 5)
        w2, b2 = w2 - 0.1 * hidden.T @ delta2, b2 - 0.1 * delta2.sum(0)
        w1, b1 = w1 - 0.1 * X.T @ delta1, b1 - 0.1 * delta1.sum(0)
    model.fit(X, Y, batch_size=60, epochs=5, verbose=0)
    for ours, right in zip(model.get_weights(), (w1, b1, w2, b2)):
        np.testing.assert_allclose(ours, right, rtol=1e-12, atol=1e-14)
