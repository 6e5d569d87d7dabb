"""Normalization where the table of cases ends: statistics given, misfitting vectors."""

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import ops
from dlcourse.errors import ShapeError

X = np.random.default_rng(0).normal(size=(4, 3, 5))


def vectors(axis):
    """gamma, beta, mean and a variance for an axis of X."""
    n = X.shape[axis]
    return [np.linspace(a, a + 1, n) for a in (0.5, -1.0, 0.2, 0.3)]


@pytest.mark.parametrize("axis", [-1, 1])
@pytest.mark.parametrize("epsilon", [1e-3, 0.5])
def test_given_statistics(axis, epsilon):
    line = [-1 if a == axis % 3 else 1 for a in range(3)]
    gamma, beta, mean, variance = (v.reshape(line) for v in vectors(axis))
    expected = gamma * (X - mean) / np.sqrt(variance + epsilon) + beta

    def call(x, gamma, beta, mean, variance):
        settings = {"mean": mean, "variance": variance}
        return ops.batch_norm(x, gamma, beta, axis=axis, epsilon=epsilon, **settings)

    arrays = [X, *vectors(axis)]
    np.testing.assert_allclose(call(*arrays), expected, rtol=1e-12)
    assert dl.testing.gradcheck(
        lambda x, gamma, beta: call(x, gamma, beta, *arrays[3:]), arrays[:3], order=2
    )
    default = ops.batch_norm(*arrays[:3], mean=arrays[3], variance=arrays[4], axis=axis)
    if epsilon == 1e-3:
        np.testing.assert_allclose(default, expected, rtol=1e-12)


def test_the_batch_is_not_looked_at_where_statistics_are_given():
    gamma, beta, mean, variance = vectors(-1)
    whole = ops.batch_norm(X, gamma, beta, mean=mean, variance=variance)
    alone = ops.batch_norm(X[:1], gamma, beta, mean=mean, variance=variance)
    np.testing.assert_array_equal(whole[:1], alone)


WRONG = {
    "batch, gamma": lambda: ops.batch_norm(X, np.ones(3), np.ones(5)),
    "batch, beta": lambda: ops.batch_norm(X, np.ones(5), np.ones(1)),
    "batch, axis 1": lambda: ops.batch_norm(X, np.ones(5), np.ones(5), axis=1),
    "layer, gamma": lambda: ops.layer_norm(X, np.ones(1)),
    "layer, beta": lambda: ops.layer_norm(X, None, np.ones((1, 5))),
    "group, gamma": lambda: ops.group_norm(X, np.ones(1), groups=1),
    "group, beta": lambda: ops.group_norm(X, None, np.ones(3), groups=5),
}


@pytest.mark.parametrize("call", WRONG.values(), ids=WRONG)
def test_vectors_that_do_not_fit_are_never_broadcast(call):
    with pytest.raises(ShapeError, match=r"shape \((1|3|5|1, 5),?\)"):
        call()
