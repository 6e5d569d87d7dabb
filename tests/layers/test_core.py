"""Single layers: what Dense, Activation, Dropout, Flatten and Input do, by hand."""

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import layers, ops
from dlcourse.errors import ConfigError, DLCourseError, ShapeError
from dlcourse.layers import Activation, Dense, Dropout, Flatten, Input
from tests.layers.cases import ACTIVATIONS

X = np.array([[1.0, -2.0], [0.5, 3.0]], "float32")


def test_dense_by_hand():
    layer = Dense(3, input_shape=(2,))
    layer(X)
    layer.set_weights([[[1, 2, 3], [4, 5, 6]], [10, 20, 30]])
    expected = [[1 - 8 + 10, 2 - 10 + 20, 3 - 12 + 30], [22.5, 36, 49.5]]
    np.testing.assert_allclose(layer(X).data, expected)
    assert [w.name for w in layer.weights] == ["kernel", "bias"]
    assert layer.count_params() == 9


def test_dense_begins_as_keras_does():
    layer = Dense(200)
    layer(np.ones((1, 300)))
    kernel, bias = layer.get_weights()
    assert np.abs(kernel).max() <= (6 / 500) ** 0.5 and (bias == 0).all()
    assert kernel.var() == pytest.approx(2 / 500, rel=0.03)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_by_name_by_function_and_in_dense(name):
    op = {"swish": "silu", "exponential": "exp"}.get(name, name)
    expected = X if name == "linear" else getattr(ops, op)(X)
    np.testing.assert_array_equal(Activation(name)(X).data, expected)
    if name != "linear":
        np.testing.assert_array_equal(Activation(getattr(ops, op))(X).data, expected)
    dense = Dense(2, activation=name)
    dense(X)
    dense.set_weights([np.eye(2), np.zeros(2)])
    np.testing.assert_array_equal(dense(X).data, expected)


def test_any_function_is_an_activation():
    layer = Dense(2, activation=lambda x: x * x + 1, kernel_initializer="identity")
    np.testing.assert_array_equal(layer(X).data, X * X + 1)
    assert Dense(2, activation=None)(X).shape == (2, 2)


def test_dropout_draws_from_the_courses_numbers():
    x = np.ones((50, 50))
    dl.manual_seed(1)
    first = Dropout(0.3)(x, training=True).data
    dl.manual_seed(1)
    np.testing.assert_array_equal(Dropout(0.3)(x, training=True).data, first)
    assert set(np.unique(first)) == {0, np.float32(1 / 0.7)}


def test_flatten_keeps_the_order():
    x = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(Flatten()(x).data, x.reshape(2, 12))
    assert Flatten().compute_output_shape((None, None, 4)) == (None, None)


def test_a_layer_used_twice_adds_its_gradients():
    layer = Dense(2, use_bias=False, dtype="float64")
    x = np.array([[1.0, -2.0]])
    y = layer(layer(x)).sum()
    kernel = layer.kernel.data.copy()
    [g] = dl.grad(y, layer.kernel)
    layer.kernel.grad = None
    layer(layer(x)).sum().backward()
    np.testing.assert_allclose(layer.kernel.grad, g.data)
    at = lambda k: (x @ k @ k).sum()  # noqa: E731
    for i, j in np.ndindex(2, 2):
        step = np.zeros((2, 2))
        step[i, j] = 1e-6
        slope = (at(kernel + step) - at(kernel - step)) / 2e-6
        assert g.data[i, j] == pytest.approx(slope, rel=1e-6)


def test_input():
    x = Input(shape=(28, 28))
    assert x.shape == (None, 28, 28)
    assert Input((3,), batch_size=5).shape == (5, 3)
    assert Input(3).shape == (None, 3)
    assert Input((None, 3)).shape == (None, None, 3)
    assert dl.Input is layers.Input
    with pytest.raises(ConfigError, match="no value"):
        bool(x)


def test_input_dim_and_input_shape_build_at_once():
    for how in ({"input_dim": 3}, {"input_shape": (3,)}, {"input_shape": 3}):
        model = dl.Sequential([Dense(4, **how)])
        assert model.count_params() == 16


# -------------------------------------------------------------------------- bad input

WRONG = {
    "units 0": (lambda: Dense(0), "units"),
    "units -1": (lambda: Dense(-1), "units"),
    "units 2.5": (lambda: Dense(2.5), "units"),
    "units text": (lambda: Dense("three"), "units"),
    "activation": (lambda: Dense(3, "rulu"), "Did you mean 'relu'"),
    "activation case": (lambda: Activation("Tanhh"), "Did you mean 'tanh'"),
    "activation number": (lambda: Dense(3, 5), "activation 5"),
    "initializer": (lambda: Dense(3, kernel_initializer="he_norml"), "'he_normal'"),
    "regularizer": (lambda: Dense(3, kernel_regularizer="l22"), "'l2'"),
    "rate 1": (lambda: Dropout(1.0), "rate"),
    "rate -0.1": (lambda: Dropout(-0.1), "rate"),
    "rate text": (lambda: Dropout("half"), "rate"),
    "seed": (lambda: Dropout(0.5, seed=-1), "seed"),
    "no shape": (lambda: Input(), "shape"),
    "shape 0": (lambda: Input((0,)), "shape"),
    "shape text": (lambda: Input("wide"), "shape"),
    "input_shape": (lambda: Dense(3, input_shape=(-2,)), "shape"),
    "input_dim": (lambda: Dense(3, input_dim=0), "shape"),
    "layer": (lambda: layers.get("Dens"), "'Dense'"),
}


@pytest.mark.parametrize("make_it, word", WRONG.values(), ids=WRONG)
def test_settings_that_cannot_be(make_it, word):
    with pytest.raises(ConfigError, match=word):
        make_it()


def test_an_unknown_keyword_is_refused():
    with pytest.raises((TypeError, ConfigError), match="unit"):
        Dense(3, unit=4)


def test_one_sample_without_a_batch_axis():
    with pytest.raises(ShapeError, match=r"x\[None") as caught:
        Dense(3)(np.ones(4))
    assert "dense" in str(caught.value)


def test_an_error_names_its_layer():
    layer = Dense(3, name="hidden")
    layer(X)
    with pytest.raises(ShapeError, match="'hidden'|hidden was built"):
        layer(np.ones((2, 5)))
    broken = Activation(lambda x: x @ np.ones((5, 5)), name="broken")
    with pytest.raises(ShapeError, match="layer 'broken'"):
        broken(X)


def test_a_failed_build_leaves_no_half_built_layer():
    def no_bias(shape, dtype):
        raise ConfigError("no bias today")

    layer = Dense(3, bias_initializer=no_bias)
    with pytest.raises(ConfigError, match="no bias today"):
        layer(X)
    assert not layer.built and layer.weights == []
    wrong = Dense(3, kernel_initializer=lambda shape, dtype: np.ones(2))
    with pytest.raises(ShapeError, match=r"\(2,\).*\(2, 3\)"):
        wrong(X)


def test_a_weight_takes_only_its_shape():
    layer = Dense(3)
    layer(X)
    before = layer.get_weights()
    for values in (np.ones((3, 2)), np.ones(7), "text"):
        with pytest.raises(DLCourseError):
            layer.kernel.assign(values)
    with pytest.raises(DLCourseError, match="dense"):
        layer.set_weights(None)
    for a, b in zip(layer.get_weights(), before):
        np.testing.assert_array_equal(a, b)
    layer.kernel.assign(np.zeros((2, 3)))
    assert (layer(X).data == 0).all()


def test_a_layer_of_ones_own():
    """The three things a layer says are enough for everything else."""

    class Scale(layers.Layer):
        def __init__(self, factor=2.0, **keywords):
            super().__init__(**keywords)
            self.factor = factor

        def build(self, input_shape):
            self.w = self.add_weight((input_shape[-1],), "ones", "scale")

        def call(self, x):
            return x * self.w * self.factor

    model = dl.Sequential([Input((2,)), Scale(3.0), Dense(1)])
    np.testing.assert_allclose(model.layers[0](X).data, 3 * X)
    assert model.count_params() == 2 + 3
    model.compile("sgd", "mse")
    before = model.layers[0].get_weights()[0]
    model.fit(X, X[:, :1], verbose=0)
    assert (model.layers[0].get_weights()[0] != before).any()
    assert Scale.from_config(Scale(5.0).get_config()).factor == 5.0
    with pytest.raises((NotImplementedError, DLCourseError), match="call"):
        layers.Layer()(X)
