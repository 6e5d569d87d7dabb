"""How ops are called: by name, with numbers and host arrays; and what does not fit."""

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import ops
from dlcourse.errors import ConfigError, ShapeError
from tests import stand_in

X = np.arange(6.0).reshape(2, 3)
W = np.linspace(-1, 1, 12).reshape(3, 4)
B = np.linspace(0, 1, 4)
ONES = np.ones((2, 2, 2, 2, 2, 2))
PICK = np.array([True, False, True])

# an op, its arguments in order, and their names; those in front may go by position
BY_NAME = {
    "transpose": (ops.transpose, {"x": X, "axes": (1, 0)}),
    "reshape": (ops.reshape, {"x": X, "shape": (3, 2)}),
    "add": (ops.add, {"x1": X, "x2": -X}),
    "where": (ops.where, {"condition": PICK, "x1": X, "x2": -X}),
    "linear": (ops.linear, {"x": X, "w": W, "b": B}),
    "conv": (ops.conv, {"x": X[None], "kernel": W[None, :, :2]}),
    "layer_norm": (ops.layer_norm, {"x": X, "gamma": X[0], "beta": X[1]}),
    "batch_norm": (ops.batch_norm, {"x": X, "gamma": X[0], "beta": X[1]}),
    "softmax_cross_entropy": (
        ops.softmax_cross_entropy,
        {"logits": X, "labels": np.array([2, 0])},
    ),
    "embedding": (ops.embedding, {"indices": np.array([1, 0, 1]), "table": X}),
}


@pytest.mark.parametrize("op, arguments", BY_NAME.values(), ids=BY_NAME)
def test_arguments_may_be_named(op, arguments):
    expected = op(*arguments.values())
    backwards = dict(reversed(arguments.items()))
    np.testing.assert_array_equal(op(**backwards), expected)
    for count in range(1, len(arguments)):
        front = list(arguments.values())[:count]
        rest = dict(list(backwards.items())[:-count])
        np.testing.assert_array_equal(op(*front, **rest), expected)


def test_arguments_may_be_left_out_between_named_ones():
    y = ops.layer_norm(X, beta=X[1])
    np.testing.assert_array_equal(y, ops.layer_norm(X, np.ones(3), X[1]))
    x = dl.Tensor(X, requires_grad=True)
    ops.layer_norm(x, beta=dl.Tensor(X[1])).sum().backward()
    np.testing.assert_allclose(x.grad, 0, atol=1e-12)


WRONG = {
    "a number for a bias": lambda: ops.linear(X, W, 1.5),
    "a number for a weight": lambda: ops.linear(dl.Tensor(X), 2.0, B),
    "a number for a scale": lambda: ops.batch_norm(X, 1.0, 0.0),
    "a number for a state": lambda: ops.rnn(X[None], 0.0, W, np.eye(4), B),
    "max_pool without space": lambda: ops.max_pool(X, pool_size=2),
    "max_pool in four dimensions": lambda: ops.max_pool(ONES, pool_size=1),
    "average_pool without space": lambda: ops.average_pool(X, pool_size=2),
    "average_pool in four dimensions": lambda: ops.average_pool(ONES, pool_size=1),
    "einsum, fewer letters": lambda: ops.einsum("i->i", X),
    "einsum, more letters": lambda: ops.einsum("ijk->i", X),
    "einsum, fewer letters of two": lambda: ops.einsum("i,i->i", X, X[0]),
    "einsum, fewer around dots": lambda: ops.einsum("i...jk->i", X),
    "einsum, another letter": lambda: ops.einsum("ij->k", X),
    "einsum, a letter twice": lambda: ops.einsum("ij->ii", X),
    "einsum, one operand too few": lambda: ops.einsum("ij,jk->ik", X),
    "einsum, one too many": lambda: ops.einsum("ij->ij", X, X),
    "einsum, sizes": lambda: ops.einsum("ij,ij->i", X, X.T),
    "einsum, no square": lambda: ops.einsum("ii->i", X),
}


@pytest.mark.parametrize("call", WRONG.values(), ids=WRONG)
def test_shapes_that_do_not_fit(call):
    with pytest.raises(ShapeError):
        call()


@pytest.mark.parametrize("padding", [((1, 1), (1, 1, 1)), ((1, 1), (1,)), ((0, 0), ())])
@pytest.mark.parametrize("op", ["conv", "max_pool"])
def test_paddings_come_in_pairs(op, padding):
    x = np.ones((1, 4, 4, 1))
    how = {"padding": padding} | ({"pool_size": 2} if op == "max_pool" else {})
    kernel = [np.ones((2, 2, 1, 1))] if op == "conv" else []
    with pytest.raises(ConfigError, match="padding"):
        getattr(ops, op)(x, *kernel, **how)


def test_numbers_alone():
    loss = ops.sigmoid_cross_entropy(0.5, 1)
    assert loss == pytest.approx(np.log1p(np.exp(-0.5)), rel=1e-6)
    assert ops.softmax_cross_entropy(X[0], 1) == pytest.approx(
        np.log(np.exp([-1, 0, 1]).sum())
    )


# labels, indices and masks live on the host: they are brought to the device
FROM_THE_HOST = {
    "where": lambda x: ops.where(PICK, x, 0.0),
    "take": lambda x: ops.take(x, np.array([1, 0]), axis=0),
    "indexing": lambda x: x[np.array([1, 0])],
    "embedding": lambda x: ops.embedding(np.array([1, 0, 1]), x),
    "embedding, list": lambda x: ops.embedding([1, 0, 1], x),
    "labels": lambda x: ops.softmax_cross_entropy(x, np.array([2, 0])),
    "mask": lambda x: ops.scaled_dot_product_attention(
        x, x, x, mask=np.eye(2, dtype=bool)
    ),
}


@pytest.mark.parametrize("call", FROM_THE_HOST.values(), ids=FROM_THE_HOST)
def test_what_is_no_float_may_come_from_the_host(call):
    host = dl.Tensor(X, requires_grad=True)
    call(host).sum().backward()
    with dl.use_backend(stand_in.module()):
        x = dl.Tensor(X, requires_grad=True)
        y = call(x)
        y.sum().backward()
        assert type(y.data) is type(x.data) is not np.ndarray
        np.testing.assert_allclose(dl.to_numpy(x.grad), host.grad, rtol=1e-12)


def test_whole_numbers_beside_float64_lose_nothing():
    """float32 has no 16,777,217."""
    found = ops.add(dl.Tensor([0.5], dtype="float64"), np.array([2**24 + 1]))
    assert found.data.dtype == "float64" and found.item() == 2**24 + 1.5


def test_arrays_of_two_precisions_keep_their_own():
    fine, coarse = np.array([1 + 1e-12]), np.array([1], "f")
    found = ops.subtract(dl.Tensor(coarse), dl.Tensor(fine))
    assert found.data.dtype == "float64" and found.item() < 0


class Odd(Exception):
    """An error of the student's own."""


def test_an_error_of_ones_own_comes_through_as_it_is():
    @dl.autodiff.op
    def fails(x):
        raise Odd("mine")

    with pytest.raises(Odd, match="mine"):
        fails(X)


def test_rules_are_still_there_under_their_names():
    @dl.autodiff.kernel(lambda x: x * 2.0)
    def double(x):
        return x * 2, None

    @dl.autodiff.op
    def triple(x):
        return x * 3

    def rule(g, *others):
        return (g * 2,)

    assert double.backward(rule) is rule
    assert triple.gradients(rule) is rule
