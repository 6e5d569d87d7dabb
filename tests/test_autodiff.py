"""The engine: chains, forks, freed and stale graphs (test_higher_orders: orders)."""

import gc
import math
import weakref

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import ops
from dlcourse.autodiff import op
from dlcourse.errors import (
    ConfigError,
    DLCourseError,
    InPlaceError,
    ShapeError,
)


def leaf(value, dtype="float64"):
    return dl.Tensor(value, requires_grad=True, dtype=dtype)


# --------------------------------------------------------------------------- order


def test_a_chain_of_5000_ops():
    x = leaf(0.5)
    y = x
    for _ in range(5000):
        y = ops.sin(y)
    y.backward()
    value, slope = 0.5, 1.0
    for _ in range(5000):
        value, slope = math.sin(value), slope * math.cos(value)
    assert y.item() == pytest.approx(value, rel=1e-12)
    assert x.grad == pytest.approx(slope, rel=1e-12)


def test_a_long_chain_is_freed_without_recursion():
    x = leaf(1.0)
    y = x
    for _ in range(200_000):
        y = -y
    y.backward()
    assert x.grad == 1.0
    watch = weakref.ref(y)
    del y  # a naive graph would recurse 200,000 deep here
    assert watch() is None


def test_second_derivative_through_a_chain():
    x = leaf(0.3)
    y = x
    for _ in range(200):
        y = ops.tanh(y) + 0.01
    [slope] = dl.grad(y, x, create_graph=True)
    [curvature] = dl.grad(slope, x)
    [above] = dl.grad(chain(0.3 + 1e-6), [chain.x])
    [below] = dl.grad(chain(0.3 - 1e-6), [chain.x])
    assert curvature.item() == pytest.approx(
        (above.item() - below.item()) / 2e-6, rel=1e-6
    )


def chain(value):
    chain.x = y = leaf(value)
    for _ in range(200):
        y = ops.tanh(y) + 0.01
    return y


def test_reuse_and_forks_add_up():
    x = leaf([2.0, 3.0])
    a = x * x  # used three times, x four times
    b = a + a * x
    (b * a + x).sum().backward()  # x⁴ + x⁵ + x
    expected = [4 * t**3 + 5 * t**4 + 1 for t in (2, 3)]
    np.testing.assert_allclose(x.grad, expected, rtol=1e-12)


def test_every_power_of_two_paths():
    """2³⁰ paths lead from y to x; each node is visited once all the same."""
    x = leaf(1.0)
    y = x
    for _ in range(30):
        y = y + y
    y.backward()
    assert x.grad == 2.0**30


def test_the_same_tensor_on_both_sides():
    for f, slope in (
        (lambda x: x * x, 6.0),
        (lambda x: x - x, 0.0),
        (lambda x: x / x, 0.0),
        (lambda x: x @ x, 6.0),
        (lambda x: ops.concatenate([x, x, x]).sum(), 3.0),
    ):
        x = leaf([3.0])
        f(x).sum().backward()
        assert x.grad == pytest.approx([slope])


# ------------------------------------------------------------------- backward and grad


def test_backward_accumulates():
    x = leaf([1.0, 2.0])
    for times in (1, 2, 3):
        (x * x).sum().backward()
        np.testing.assert_allclose(x.grad, times * 2 * x.data)
    y = (x * x).sum()
    x.grad = None
    y.backward()
    y.backward()  # the same graph twice
    np.testing.assert_allclose(x.grad, 4 * x.data)


def test_a_gradient_belongs_to_its_tensor_alone():
    x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    g = np.array([1.0, 1.0])
    (x + y).backward(g)
    x.grad += 10
    np.testing.assert_array_equal(y.grad, [1, 1])
    np.testing.assert_array_equal(g, [1, 1])


def test_backward_takes_a_gradient():
    x = leaf([1.0, 2.0])
    (x * x).backward(np.array([1.0, 10.0]))
    np.testing.assert_allclose(x.grad, [2, 40])
    x.grad = None
    (x * x).backward(dl.Tensor([1.0, 10.0]))
    np.testing.assert_allclose(x.grad, [2, 40])
    with pytest.raises(ShapeError, match=r"\(1,\).*\(2,\)"):
        (x * x).backward(np.ones(1))
    with pytest.raises(ShapeError, match=r"scalar.*\(2,\)"):
        (x * x).backward()


def test_backward_where_there_is_nothing():
    with pytest.raises(DLCourseError, match="requires_grad"):
        dl.Tensor(1.0).backward()
    with dl.no_grad():
        y = leaf(1.0) * 2
    with pytest.raises(DLCourseError, match="no_grad"):
        y.backward()


def test_only_leaves_keep_gradients():
    x = leaf(2.0)
    y = x * x
    (y * 3).backward()
    assert x.grad == 12 and y.grad is None


def test_grad_of_what_was_computed_on_the_way():
    x = leaf(2.0)
    y = x * x
    z = y * y * x
    dy, dx = dl.grad(z, [y, x])
    assert (dy.item(), dx.item()) == (2 * 4 * 2, 5 * 16)
    assert x.grad is None and isinstance(dx, dl.Tensor)
    [dz] = dl.grad(z, z)
    assert dz.item() == 1
    for create_graph in (False, True):  # twice the same: once each
        first, second = dl.grad(z, [y, y], create_graph=create_graph)
        assert first.item() == second.item() == 16


def test_grad_of_several_outputs_sums_them():
    x = leaf([1.0, 2.0])
    [g] = dl.grad([x * x, 3 * x], x)
    np.testing.assert_allclose(g.data, 2 * x.data + 3)


def test_grad_of_what_does_not_depend_is_zero():
    x, y = leaf(2.0), leaf([1.0, 2.0])
    for create_graph in (False, True):
        dx, dy = dl.grad(x * x, [x, y], create_graph=create_graph)
        assert dx.item() == 4 and dy.dtype == y.dtype
        np.testing.assert_array_equal(dy.data, [0, 0])
    constant = dl.Tensor(1.0)
    assert dl.grad(constant, x)[0].item() == 0


def test_grad_asks_for_tensors_with_gradients():
    x = dl.Tensor(1.0)
    for wrong in (x, np.ones(2), 3.0):
        with pytest.raises(DLCourseError, match=r"input 0.*requires_grad"):
            dl.grad(leaf(1.0) * 2, [wrong])


def test_detach_cuts():
    x = leaf(3.0)
    (x * (x * x).detach()).backward()
    assert x.grad == 9


# --------------------------------------------------------------------------- memory


def test_a_graph_is_freed_with_its_last_tensor():
    gc.collect()
    gc.disable()
    try:
        x = leaf(np.ones(3))
        hidden = ops.softmax(ops.linear(x * 2, leaf(np.ones((3, 3)))))
        loss = ops.sum(ops.tanh(hidden) / hidden)
        loss.backward()
        [g] = dl.grad(ops.sum(ops.log(hidden)), x, create_graph=True)
        watched = [weakref.ref(t) for t in (hidden, loss, g)]
        arrays = [weakref.ref(t.data) for t in (hidden, loss, g)]
        del hidden, loss, g
        assert [ref() for ref in watched + arrays] == [None] * 6
    finally:
        gc.enable()


def test_a_model_leaves_no_garbage_behind():
    model = dl.Sequential([dl.Input((2,)), dl.layers.Dense(4, "relu")])
    model.compile("adam", "mse")
    x, y = np.ones((8, 2)), np.ones((8, 4))
    model.fit(x, y, epochs=1, verbose=0)
    gc.collect()
    gc.disable()
    try:
        model.train_on_batch(x, y)
        model.predict(x)
        assert gc.collect() == 0
    finally:
        gc.enable()


# --------------------------------------------------------------------- modes and errors


def test_no_grad_records_nothing_and_ends():
    x = leaf(2.0)
    with dl.no_grad():
        assert not (x * x).requires_grad
        with dl.no_grad():
            pass
        assert not (x * x).requires_grad
    assert (x * x).requires_grad
    with pytest.raises(ZeroDivisionError), dl.no_grad():
        raise ZeroDivisionError
    assert (x * x).requires_grad

    @dl.no_grad()
    def value():
        return x * x

    assert not value().requires_grad and not value().requires_grad


def test_grad_inside_no_grad_still_makes_a_graph():
    x = leaf(2.0)
    y = x**3
    with dl.no_grad():
        [slope] = dl.grad(y, x, create_graph=True)
    assert dl.grad(slope, x)[0].item() == 12


def test_weights_written_between_forward_and_backward():
    layer = dl.layers.Dense(2, name="wrong")
    y = layer(np.ones((3, 4), "float32")).sum()
    layer.set_weights([w + 1 for w in layer.get_weights()])
    for use in (y.backward, lambda: dl.grad(y, layer.kernel)):
        with pytest.raises(InPlaceError) as caught:
            use()
        assert "linear" in str(caught.value) and "wrong" in str(caught.value)
    assert layer.kernel.grad is None
    layer(np.ones((3, 4), "float32")).sum().backward()  # a new graph is fine


def test_an_optimizer_step_makes_graphs_stale():
    model = dl.Sequential([dl.Input((4,)), dl.layers.Dense(2)])
    model.compile("sgd", "mse")
    y = model(np.ones((3, 4))).sum()
    model.train_on_batch(np.ones((3, 4)), np.ones((3, 2)))
    with pytest.raises(InPlaceError, match="forward"):
        y.backward()
    y = model(np.ones((3, 4))).sum()
    model.set_theta(model.theta * 0.5)
    with pytest.raises(InPlaceError):
        y.backward()


# --------------------------------------------------------------- constants, wrong rules


def test_outputs_that_do_not_depend_on_anything_add_nothing():
    x = leaf(3.0)
    for constant in (leaf(1.0).detach(), np.float64(1.0), 1.0):
        [slope] = dl.grad([x * x, constant], x)
        assert slope.item() == 6.0


def test_a_rule_for_an_argument_that_does_not_exist():
    @op
    def half(x, *, rounds=1):
        return x / 2**rounds

    with pytest.raises(ConfigError, match=r"half.*'z'"):
        half.gradient(z=lambda g, y, x: g / 2)


def test_a_rule_for_all_arguments_stays_a_function():
    @op
    def swapped(x, w):
        return x - w

    @swapped.gradients
    def rule(g, y, x, w):
        return g, -g

    assert rule(1.0, 0.0, 2.0, 2.0) == (1.0, -1.0)
    x, w = leaf(2.0), leaf(5.0)
    swapped(x, w).backward()
    assert (x.grad, w.grad) == (1.0, -1.0)
