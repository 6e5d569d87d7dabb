"""What ops do where calculus leaves a choice: corners, ties, bounds, far ends.

The choices are the course's own (DESIGN's table of conventions): a slope of 0 at the
corner of relu and abs, ties to the first, clip open at its bounds.
"""

import contextlib

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import ops

# expression, its inputs, and the gradient that each of them gets
TIES = {
    "relu'(0) = 0": (ops.relu, ([-1, 0, 1],), ([0, 0, 1],)),
    "abs'(0) = 0": (ops.abs, ([-1, 0, 1],), ([-1, 0, 1],)),
    "sign is flat": (ops.sign, ([-1, 0, 1],), ([0, 0, 0],)),
    "leaky_relu at 0": (ops.leaky_relu, ([-1, 0, 1],), ([0.2, 0.2, 1],)),
    "elu at 0": (ops.elu, ([0],), ([1],)),
    "softsign at 0": (ops.softsign, ([0],), ([1],)),
    "hard_sigmoid inside": (ops.hard_sigmoid, ([-4, 0, 4],), ([0, 1 / 6, 0],)),
    "norm at 0": (ops.norm, ([0, 0],), ([0, 0],)),
    "maximum, tie": (ops.maximum, ([2, 1, 3], [2, 3, 1]), ([1, 0, 1], [0, 1, 0])),
    "minimum, tie": (ops.minimum, ([2, 1, 3], [2, 3, 1]), ([1, 1, 0], [0, 0, 1])),
    "maximum of itself": (lambda x: ops.maximum(x, x), ([1, 2],), ([1, 1],)),
    "max, tie": (ops.max, ([1, 3, 3, 2],), ([0, 1, 0, 0],)),
    "min, tie": (ops.min, ([2, 1, 3, 1],), ([0, 1, 0, 0],)),
    "max of equals": (ops.max, ([[4, 4], [4, 4]],), ([[1, 0], [0, 0]],)),
    "max, tie in rows": (
        lambda x: ops.max(x, axis=1),
        ([[1, 1], [0, 2]],),
        ([[1, 0], [0, 1]],),
    ),
    "max over two axes": (
        lambda x: ops.max(x, axis=(0, 2)),
        ([[[1, 7], [2, 2]], [[7, 7], [2, 0]]],),
        ([[[0, 1], [1, 0]], [[0, 0], [0, 0]]],),
    ),
    "clip at its bounds": (
        lambda x: ops.clip(x, -1, 1),
        ([-2, -1, 0, 1, 2],),
        ([0, 1, 1, 1, 0],),
    ),
    "where takes no side": (
        lambda x, y: ops.where(np.array([True, False]), x, y),
        ([1, 1], [1, 1]),
        ([1, 0], [0, 1]),
    ),
    "prod with a zero": (ops.prod, ([2, 0, 3],), ([0, 6, 0],)),
    "prod with two zeros": (ops.prod, ([2, 0, 0],), ([0, 0, 0],)),
    "power 0 at 0": (lambda x: x**0, ([0, 2],), ([0, 0],)),
    "power 1 at 0": (lambda x: x**1, ([0, 2],), ([1, 1],)),
    "square at 0": (lambda x: x**2, ([0, -2],), ([0, -4],)),
    "power 0 at 0, of arrays": (
        ops.power,
        ([0, 2], [0, 0]),
        ([0, 0], [0, np.log(2)]),
    ),
    "power −1": (
        ops.power,
        ([2, 4], [-1, -1]),
        ([-1 / 4, -1 / 16], [np.log(2) / 2, np.log(4) / 4]),
    ),
    "power of 0": (ops.power, ([0, 0], [2, 1]), ([0, 1], [0, 0])),
    "0 to the x": (lambda x: 0.0**x, ([1, 2],), ([0, 0],)),
    "an element taken twice": (lambda x: x[[0, 0, 1]], ([1, 2],), ([2, 1],)),
}


@pytest.mark.parametrize("create_graph", [False, True], ids=["arrays", "graph"])
@pytest.mark.parametrize("f, inputs, expected", TIES.values(), ids=TIES)
def test_ties(f, inputs, expected, create_graph):
    tensors = [dl.Tensor(x, requires_grad=True, dtype="float64") for x in inputs]
    if create_graph:
        found = dl.grad(f(*tensors).sum(), tensors, create_graph=True)
    else:
        f(*tensors).sum().backward()
        found = [x.grad for x in tensors]
    for gradient, slope in zip(found, expected):
        np.testing.assert_allclose(dl.to_numpy(gradient), slope, rtol=1e-12)


INFINITY = float("inf")
FAR = {  # op, far ends in, values out, slopes out: finite, without a warning
    "sigmoid": ([-1e4, 1e4], [0, 1], [0, 0]),
    "tanh": ([-1e4, 1e4], [-1, 1], [0, 0]),
    "softplus": ([-1e4, 1e4], [0, 1e4], [0, 1]),
    "silu": ([-1e4, 1e4], [0, 1e4], [0, 1]),
    "gelu": ([-1e4, 1e4], [0, 1e4], [0, 1]),
    "elu": ([-1e4, 1e4], [-1, 1e4], [0, 1]),
    "selu": ([-1e4, 1e4], [-1.7580993408473766, 1.0507009873554805e4], [0, 1.0507]),
    "softsign": ([-1e4, 1e4], [-1e4 / 10001, 1e4 / 10001], [1e-8, 1e-8]),
    "erf": ([-1e4, 1e4], [-1, 1], [0, 0]),
    "expm1": ([-1e4, 1e-12], [-1, 1e-12], [0, 1]),
    "log1p": ([0.0, 1e-12], [0, 1e-12], [1, 1]),
    "softmax": ([-1e4, 1e4], [0, 1], [0, 0]),
    "log_softmax": ([-1e4, 1e4], [-2e4, 0], [1, -1]),
    "logsumexp": ([-1e4, 1e4], 1e4, [0, 1]),
}


@pytest.mark.parametrize("name", FAR)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_far_ends(name, dtype):
    values, expected, slopes = FAR[name]
    x = dl.Tensor(values, requires_grad=True, dtype=dtype)
    y = getattr(ops, name)(x)
    np.testing.assert_allclose(y.data, expected, rtol=1e-6, atol=1e-12)
    y.sum().backward()
    np.testing.assert_allclose(x.grad, slopes, rtol=1e-4, atol=1e-7)
    [slope] = dl.grad(getattr(ops, name)(x).sum(), x, create_graph=True)
    np.testing.assert_allclose(slope.data, slopes, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("axis", [None, 0])
def test_logsumexp_of_no_probability(axis):
    """log 0 + log 0 is log 0: minus infinity in, minus infinity out."""
    with np.errstate(divide="ignore"):
        y = ops.logsumexp(np.full(3, -np.inf), axis=axis)
    assert y == -INFINITY


@pytest.mark.parametrize("z", [-1e4, 1e4])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_cross_entropies_at_far_logits(z, dtype):
    right, wrong = (1, 0) if z > 0 else (0, 1)
    both = np.array([right, wrong])
    logits = dl.Tensor([[0, z], [0, z]], requires_grad=True, dtype=dtype)
    losses = ops.softmax_cross_entropy(logits, both, reduction="none")
    np.testing.assert_allclose(losses.data, [0, 1e4])
    losses.sum().backward()
    np.testing.assert_allclose(logits.grad[:, 1], [0, np.sign(z)])
    logit = dl.Tensor([z, z], requires_grad=True, dtype=dtype)
    losses = ops.sigmoid_cross_entropy(logit, both, reduction="none")
    np.testing.assert_allclose(losses.data, [0, 1e4])
    losses.sum().backward()
    np.testing.assert_allclose(logit.grad, [0, np.sign(z)])


def test_erf_to_the_last_digits():
    """Against Python's own, across the place where the formula changes."""
    import math

    x = np.concatenate([np.linspace(-6, 6, 4001), [2.5, -2.5, 1e-300, 1e-8, 0.0]])
    expected = np.array([math.erf(t) for t in x])
    np.testing.assert_allclose(ops.erf(x), expected, rtol=2e-15, atol=0)
    assert ops.erf(x.astype("float32")).dtype == "float32"


@pytest.mark.parametrize("graph", [True, False], ids=["graph", "no_grad"])
def test_probabilities_remember_their_logits(graph):
    """A loss of 200, where the probability itself is 0 in float32."""
    modes = contextlib.nullcontext() if graph else dl.no_grad()
    with modes:
        p = ops.sigmoid(dl.Tensor([[-200.0]], requires_grad=graph))
        loss = dl.losses.BinaryCrossentropy()(np.array([[1.0]]), p)
        assert loss.item() == pytest.approx(200)
        p = ops.softmax(dl.Tensor([[0.0, 200.0]], requires_grad=graph))
        loss = dl.losses.SparseCategoricalCrossentropy()(np.array([0]), p)
        assert loss.item() == pytest.approx(200)
        loss = dl.losses.CategoricalCrossentropy()(np.array([[1.0, 0.0]]), p)
        assert loss.item() == pytest.approx(200)
