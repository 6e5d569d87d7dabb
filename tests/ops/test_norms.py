"""Normalization where the table of cases ends: statistics given, in pieces, misfits."""

import itertools

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import ops, tuning
from dlcourse.errors import ShapeError
from dlcourse.ops.kernels import batch_norm

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


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_statistics_of_another_type_do_not_widen(dtype):
    vectors_ = [v.astype(dtype) for v in vectors(-1)[:2]]
    mean, variance = vectors(-1)[2:]
    y = ops.batch_norm(X.astype(dtype), *vectors_, mean=mean, variance=variance)
    assert y.dtype == dtype


@pytest.mark.parametrize("given", [False, True], ids=["of the batch", "given"])
@pytest.mark.parametrize("shape", [(0, 3), (4, 0), (3, 2, 0)])
def test_nothing_to_normalize(shape, given):
    c = shape[-1]
    settings = {"mean": np.zeros(c), "variance": np.ones(c)} if given else {}
    leaves = [dl.Tensor(np.ones(s), True) for s in (shape, (c,), (c,))]
    y = ops.batch_norm(*leaves, activation="relu", **settings)
    assert y.shape == shape
    y.backward(np.ones(shape))
    assert leaves[0].grad.shape == shape
    for leaf in leaves[1:]:
        np.testing.assert_array_equal(np.nan_to_num(leaf.grad), np.zeros(c))


def test_statistics_that_are_tensors_have_gradients():
    def call(x, mean, variance):
        return ops.batch_norm(x, *vectors(-1)[:2], mean=mean, variance=variance)

    assert dl.testing.gradcheck(call, [X, *vectors(-1)[2:]], order=2)


def test_the_batch_is_not_looked_at_where_statistics_are_given():
    gamma, beta, mean, variance = vectors(-1)
    whole = ops.batch_norm(X, gamma, beta, mean=mean, variance=variance)
    alone = ops.batch_norm(X[:1], gamma, beta, mean=mean, variance=variance)
    np.testing.assert_array_equal(whole[:1], alone)


ACTIVATIONS = {"relu": lambda z: np.maximum(z, 0), "tanh": np.tanh}


@pytest.mark.parametrize("given", [False, True], ids=["of the batch", "given"])
@pytest.mark.parametrize("axis", [-1, 1])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_an_activation_in_the_same_pass(activation, axis, given):
    gamma, beta, mean, variance = vectors(axis)
    settings = {"mean": mean, "variance": variance} if given else {}

    def call(x, gamma, beta):
        settings["activation"] = activation
        return ops.batch_norm(x, gamma, beta, axis=axis, **settings)

    plain = ops.batch_norm(X, gamma, beta, axis=axis, **settings)
    expected = ACTIVATIONS[activation](plain)
    np.testing.assert_allclose(call(X, gamma, beta), expected, rtol=1e-12)
    assert dl.testing.gradcheck(call, [X, gamma, beta], order=2)


@pytest.mark.parametrize("given", [False, True], ids=["of the batch", "given"])
@pytest.mark.parametrize("activation", [None, "relu", "tanh"])
@pytest.mark.parametrize("shape", [(3, 8, 8, 4), (96, 7), (1, 5), (5, 1)])
def test_in_pieces_as_at_once(shape, activation, given, monkeypatch):
    """Kernel and reference, all gradients that can be asked for, one line at a time."""
    kernel = batch_norm._batch_norm
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=s) + 3 for s in (shape, shape[-1:], shape[-1:])]
    g = rng.normal(size=shape)
    mean, variance = rng.normal(size=shape[-1]), rng.uniform(1, 2, shape[-1])
    settings = {"mean": mean, "variance": variance} if given else {}
    for needs in itertools.product([True, False], repeat=3):
        results = []
        for function, chunk in ((kernel, 1 << 20), (kernel, 1), (kernel.reference, 1)):
            monkeypatch.setattr(tuning, "CHUNK_BYTES", chunk)
            tensors = [dl.Tensor(a, need) for a, need in zip(arrays, needs)]
            y = function(*tensors, activation=activation, **settings)
            if any(needs):
                y.backward(g)
            results.append([y.data, *(x.grad for x in tensors if x.requires_grad)])
        for whole, pieces, expected in zip(*results):
            np.testing.assert_allclose(whole, expected, rtol=1e-9, atol=1e-11)
            np.testing.assert_allclose(pieces, expected, rtol=1e-9, atol=1e-11)


def test_far_from_zero():
    """Values around 1,000 times their spread: gradients keep what float32 can keep."""
    rng = np.random.default_rng(0)
    x = (1000 + rng.normal(size=(500, 3))).astype("float32")
    g = rng.normal(size=x.shape)
    exact = None
    for dtype in ("float64", "float32"):
        leaf = dl.Tensor(x.astype(dtype), True)
        y = ops.batch_norm(leaf, np.ones(3, dtype), np.zeros(3, dtype))
        y.backward(g.astype(dtype))
        exact = exact or (y.data, leaf.grad)
    np.testing.assert_allclose(y.data, exact[0], atol=2e-4)
    np.testing.assert_allclose(leaf.grad, exact[1], atol=2e-4)


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
