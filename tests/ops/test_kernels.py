"""A kernel is its reference, only faster: values, gradients, every combination.

The reference (made of ops, differentiated by the engine) is the specification; the
kernel's hand-written passes must say the same, whichever gradients are asked for.
"""

from itertools import product

import numpy as np
import pytest

import dlcourse as dl
from dlcourse.autodiff import Kernel
from tests.ops.cases import CASES

KERNELS = {name for name in dl.ops.__all__ if isinstance(getattr(dl.ops, name), Kernel)}
ROWS = [case for case in CASES if case.op in KERNELS]


class Reference:
    """`dl.ops` with each kernel replaced by its reference."""

    def __getattr__(self, name):
        return getattr(dl.ops, name).reference


def test_the_kernels_are_found():
    expected = {"linear", "softmax_cross_entropy", "sigmoid_cross_entropy"}
    assert expected <= KERNELS
    assert all(any(case.op == name for case in ROWS) for name in KERNELS)


@pytest.mark.parametrize("case", ROWS, ids=str)
def test_a_kernel_equals_its_reference(case):
    arrays = case.inputs()
    for needs in product([True, False], repeat=len(arrays)):
        if not any(needs):
            continue
        results = []
        for module in (dl.ops, Reference()):
            tensors = [dl.Tensor(x, need) for x, need in zip(arrays, needs)]
            y = case.call(module, *tensors)
            y.backward(np.cos(np.arange(y.size)).reshape(y.shape))
            results.append([y.data, *(x.grad for x in tensors if x.requires_grad)])
        for ours, expected in zip(*results):
            np.testing.assert_allclose(ours, expected, rtol=1e-10, atol=1e-12)
            assert ours.shape == expected.shape


@pytest.mark.parametrize("case", ROWS, ids=str)
def test_a_graph_of_a_graph(case):
    """First gradients agree whether arrays or Tensors carried them."""
    tensors = [dl.Tensor(x, requires_grad=True) for x in case.inputs()]
    y = case.call(dl.ops, *tensors).sum()
    for plain, recorded in zip(
        dl.grad(y, tensors), dl.grad(y, tensors, create_graph=True)
    ):
        np.testing.assert_allclose(plain.data, recorded.data, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "linear"])
def test_rnn_with_each_activation(activation):
    rng = np.random.default_rng(0)
    shapes = [(2, 4, 3), (2, 2), (3, 2), (2, 2), (2,)]
    x, h, w, u, b = arrays = [rng.normal(size=shape) for shape in shapes]
    f = {"relu": lambda z: np.maximum(z, 0), "linear": lambda z: z}.get(activation)
    f = f or (np.tanh if activation == "tanh" else lambda z: 1 / (1 + np.exp(-z)))
    y = dl.ops.rnn(*arrays, activation=activation)
    for t in range(4):
        h = f(x[:, t] @ w + h @ u + b)
        np.testing.assert_allclose(y[:, t], h, rtol=1e-12, atol=1e-14)
    assert dl.testing.gradcheck(
        lambda *xs: dl.ops.rnn(*xs, activation=activation), arrays, order=2
    )
