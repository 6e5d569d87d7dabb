"""The checker checked: `gradcheck` accepts what is right and finds what is planted."""

import re

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import ops
from dlcourse.autodiff import op
from dlcourse.errors import ConfigError, DLCourseError
from dlcourse.testing import gradcheck

X = np.array([[0.3, -1.2], [0.8, 2.0]])


def planted(wrong):
    """tanh with a rule of its own."""

    @op
    def f(x):
        return np.tanh(x)

    f.gradient(x=wrong)
    return f


RIGHT = lambda g, y, x: g * (1 - y * y)  # noqa: E731
WRONG = {
    "twice": lambda g, y, x: 2 * g * (1 - y * y),
    "sign": lambda g, y, x: -g * (1 - y * y),
    "g forgotten": lambda g, y, x: 1 - y * y,
    "x for y": lambda g, y, x: g * (1 - x * x),
    "a little": lambda g, y, x: g * (1 - y * y) + 1e-4,
    "transposed": lambda g, y, x: (g * (1 - y * y)).T,
    "NaN": lambda g, y, x: g * float("nan"),
    "nothing": lambda g, y, x: g * 0,
}


def test_right_is_right():
    for order in (1, 2):
        assert gradcheck(planted(RIGHT), [X], order=order) is True


@pytest.mark.parametrize("rule", WRONG.values(), ids=WRONG)
def test_wrong_is_found(rule):
    with pytest.raises(DLCourseError, match="gradient") as caught:
        gradcheck(planted(rule), [X])
    assert isinstance(caught.value, AssertionError)


def test_the_worst_element_is_named():
    def rule(g, y, x):
        slope = np.array(g * (1 - y * y))
        slope[1, 0] += 0.5
        slope[0, 1] += 0.1
        return slope

    with pytest.raises(DLCourseError) as caught:
        gradcheck(planted(rule), [X])
    place = r"input 0 at \[1, 0\] is (\S+), but the finite difference is (\S+) "
    wrong, right = map(float, re.search(place, str(caught.value)).groups())
    assert wrong - right == pytest.approx(0.5)


def test_a_wrong_second_order_is_found():
    """Right to the first order, but y was cut off from the graph."""
    rule = lambda g, y, x: g * (1 - dl.to_numpy(y) ** 2)  # noqa: E731
    assert gradcheck(planted(rule), [X])
    with pytest.raises(DLCourseError, match="second"):
        gradcheck(planted(rule), [X], order=2)


def test_the_wrong_input_is_named():
    @op
    def f(x1, x2):
        return x1 * x2

    f.gradient(x1=lambda g, y, x1, x2: g * x2, x2=lambda g, y, x1, x2: g * x2)
    with pytest.raises(DLCourseError, match="input 1"):
        gradcheck(f, [X, X + 1])


@pytest.mark.parametrize(
    "inputs",
    [X, [X], dl.Tensor(X), [dl.Tensor(X)], X.astype("float32"), 0.3, [0.3]],
    ids=["array", "list", "Tensor", "Tensors", "float32", "number", "numbers"],
)
def test_inputs_in_any_form(inputs):
    assert gradcheck(ops.tanh, inputs)


def test_what_does_not_depend_has_slope_zero():
    assert gradcheck(lambda x: dl.Tensor(np.ones(3)), [X])
    assert gradcheck(lambda x, y: ops.tanh(x), [X, X], order=2)
    assert gradcheck(lambda x: x * 3, [X], order=2)


def test_inputs_are_left_alone():
    x, before = X.copy(), X.copy()
    x.flags.writeable = False
    gradcheck(ops.tanh, [x], order=2)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("order", [0, 3, "2", None])
def test_orders_that_cannot_be(order):
    with pytest.raises(ConfigError, match="order"):
        gradcheck(ops.tanh, [X], order=order)
