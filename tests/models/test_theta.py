"""θ: all trainable weights as one vector, which is the storage itself."""

import copy

import numpy as np
import pytest

import dlcourse as dl
from dlcourse.errors import ShapeError
from dlcourse.layers import Dense, Input

X = np.random.default_rng(0).normal(size=(20, 3)).astype("float32")
Y = X[:, :2]


def network(**how):
    model = dl.Sequential(
        [Input((3,)), Dense(4, "tanh", name="a"), Dense(2, name="b")], **how
    )
    model.compile("sgd", "mse")
    return model


def flat(model):
    return np.concatenate([w.ravel() for w in model.get_weights()])


def test_it_holds_the_weights_in_order():
    for dtype in ("float32", "float64"):
        model = network(dtype=dtype)
        assert model.theta.shape == (model.count_params(),) == (26,)
        assert model.theta.dtype == dtype
        np.testing.assert_array_equal(model.theta, flat(model))


def test_the_weights_are_views_into_it():
    model = network()
    theta = model.theta
    for weight in model.trainable_weights:
        assert np.shares_memory(weight.data, theta)
    model.set_weights([w + 1 for w in model.get_weights()])
    np.testing.assert_array_equal(theta, flat(model))
    assert model.theta is theta
    model.fit(X, Y, epochs=2, verbose=0)
    np.testing.assert_array_equal(theta, flat(model))
    assert np.shares_memory(model.theta, theta)


def test_writing_it_writes_the_weights():
    model = network()
    values = np.linspace(-1, 1, 26).astype("float32")
    model.set_theta(values)
    kernel, bias, *_ = model.get_weights()
    np.testing.assert_array_equal(kernel, values[:12].reshape(3, 4))
    np.testing.assert_array_equal(bias, values[12:16])
    hidden = np.tanh(X @ kernel + bias)
    expected = hidden @ values[16:24].reshape(4, 2) + values[24:]
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-5, atol=1e-6)
    model.set_theta(values.astype("float64"))  # cast, not refused
    model.set_theta(values.tolist())
    assert model.theta.dtype == "float32"
    for wrong in (values[:-1], values[:, None], np.float32(1), []):
        with pytest.raises(ShapeError, match=r"\(26,\)"):
            model.set_theta(wrong)
        np.testing.assert_array_equal(model.theta, values)


def test_a_step_along_theta_is_a_step_of_all_weights():
    """SGD is θ ← θ − rate·∇J(θ), literally."""
    model = network(dtype="float64")
    model.compile(dl.optimizers.SGD(0.1), "mse")
    before = model.theta.copy()
    loss = dl.losses.MeanSquaredError()(Y, model(X))
    gradient = np.concatenate(
        [g.data.ravel() for g in dl.grad(loss, model.trainable_weights)]
    )
    model.train_on_batch(X, Y)
    np.testing.assert_allclose(model.theta, before - 0.1 * gradient, rtol=1e-10)


def test_training_leaves_no_gradient_behind():
    """A gradient taken by hand after training is that of the hand's loss alone."""
    model = network()
    for train in (
        lambda: model.fit(X, Y, verbose=0),
        lambda: model.train_on_batch(X, Y),
    ):
        train()
        loss = dl.losses.MeanSquaredError()(Y, model(X))
        expected = [g.data.copy() for g in dl.grad(loss, model.weights)]
        loss.backward()
        for weight, g in zip(model.weights, expected):
            np.testing.assert_allclose(weight.grad, g, rtol=1e-5)


def test_what_is_frozen_is_not_in_it():
    model = network()
    kernel, bias, *rest = model.get_weights()
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    assert model.theta.shape == (10,)
    model.fit(X, Y, verbose=0)
    after = {w.name: w for w in model.layers[0].weights}
    np.testing.assert_array_equal(after["kernel"].data, kernel)
    np.testing.assert_array_equal(after["bias"].data, bias)
    assert (model.layers[1].get_weights()[0] != rest[0]).any()
    model.layers[0].trainable = True
    model.compile("sgd", "mse")
    assert model.theta.shape == (26,)
    np.testing.assert_array_equal(model.theta[:12], kernel.ravel())


def test_a_layer_in_two_models_is_trained_by_both():
    shared = Dense(4, "tanh")
    first = dl.Sequential([Input((3,)), shared, Dense(2)])
    second = dl.Sequential([Input((3,)), shared, Dense(2)])
    for model in (first, second):
        model.compile("sgd", "mse")
    for model in (first, second, first):
        before = shared.get_weights()[0]
        model.fit(X, Y, verbose=0)
        assert (shared.get_weights()[0] != before).any()
        for each in (first, second):
            np.testing.assert_array_equal(each.theta[:12], shared.kernel.data.ravel())


def test_a_layer_used_twice_is_in_it_once():
    layer = Dense(3, "tanh", dtype="float64")
    x = Input((3,))
    model = dl.Model(x, Dense(2, dtype="float64")(layer(layer(x))))
    model.compile(dl.optimizers.SGD(0.1), "mse")
    assert model.count_params() == model.theta.size == 12 + 8
    before = model.theta.copy()
    loss = dl.losses.MeanSquaredError()(Y, model(X))
    gradients = dl.grad(loss, model.trainable_weights)
    flat_gradient = np.concatenate([g.data.ravel() for g in gradients])
    model.train_on_batch(X, Y)
    np.testing.assert_allclose(model.theta, before - 0.1 * flat_gradient, rtol=1e-10)


def test_copies_are_independent():
    model = network()
    twin = copy.deepcopy(model)
    np.testing.assert_array_equal(twin.theta, model.theta)
    twin.set_theta(twin.theta * 2)
    twin.fit(X, Y, verbose=0)
    assert not np.shares_memory(twin.theta, model.theta)
    assert (twin.predict(X) != model.predict(X)).any()


def test_no_weights_is_an_empty_vector():
    model = dl.Sequential([Input((3,)), dl.layers.Flatten()])
    assert model.theta.shape == (0,)
