"""Derivatives of derivatives: the same rules, applied to their own results."""

import math

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import ops


def leaf(value, dtype="float64"):
    return dl.Tensor(value, requires_grad=True, dtype=dtype)


def test_third_derivative_of_tanh_is_exact():
    x = leaf(np.linspace(-3, 3, 61))
    y = ops.tanh(x)
    for _ in range(3):
        [y] = dl.grad(y, x, create_graph=True)
    t = np.tanh(x.data)
    expected = (1 - t**2) * (6 * t**2 - 2)  # by hand
    np.testing.assert_allclose(y.data, expected, rtol=0, atol=1e-10)


def test_every_derivative_of_exp_is_exp():
    x = leaf(0.7)
    y = ops.exp(x)
    for _ in range(8):
        [y] = dl.grad(y, x, create_graph=True)
        assert y.item() == pytest.approx(math.exp(0.7), rel=1e-13)


def test_derivatives_of_a_polynomial_end_at_zero():
    x = leaf(2.0)
    y = x**4
    for expected in (32, 48, 48, 24, 0):
        [y] = dl.grad(y, x, create_graph=True)
        assert y.item() == expected
        y = y if y.requires_grad else y + 0 * x


def test_a_hessian_is_symmetric_and_right():
    x = leaf([0.5, -0.3])
    y = ops.sin(x[0]) * ops.exp(x[1]) + x[0] * x[1] * x[1]
    [g] = dl.grad(y, x, create_graph=True)
    hessian = np.array([dl.grad(g[i], x)[0].data for i in (0, 1)])
    a, b = x.data
    s, c, e = math.sin(a), math.cos(a), math.exp(b)
    expected = [[-s * e, c * e + 2 * b], [c * e + 2 * b, s * e + 2 * a]]
    np.testing.assert_allclose(hessian, expected, rtol=1e-12)


def test_backward_through_a_gradient():
    """The penalty of a slope can be trained: d/dx (dy/dx)²."""
    x = leaf(2.0)
    [slope] = dl.grad(x**3, x, create_graph=True)
    (slope * slope).backward()
    assert x.grad == pytest.approx(2 * 12 * 12)  # 2·(3x²)·(6x)
