"""How models are put together: in a row, as a graph, as a class."""

import json

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import ops
from dlcourse.errors import ConfigError, DLCourseError, ShapeError
from dlcourse.layers import Activation, Dense, Dropout, Flatten, Input, Layer
from dlcourse.models import Model, Sequential

X = np.random.default_rng(0).normal(size=(20, 3)).astype("float32")


class Sum(Layer):
    """Adds what it is called on: a layer of several inputs, made for these tests."""

    def call(self, xs, training=False):
        return xs[0] + xs[1]

    def compute_output_shape(self, shapes):
        return shapes[0]


class Halves(Layer):
    """Two outputs."""

    def call(self, x, training=False):
        return ops.split(x, 2, axis=-1)

    def compute_output_shape(self, shape):
        return [(*shape[:-1], shape[-1] // 2)] * 2


# ------------------------------------------------------------------------ in a row


def test_five_ways_to_say_the_same():
    def by_add():
        model = Sequential()
        model.add(Input((3,)))
        model.add(Dense(4, "tanh"))
        model.add(Dense(2))
        return model

    def by_graph():
        x = Input(shape=(3,))
        return Model(inputs=x, outputs=Dense(2)(Dense(4, "tanh")(x)))

    class ByClass(Model):
        def __init__(self):
            super().__init__()
            self.hidden = Dense(4, "tanh")
            self.out = Dense(2)

        def call(self, x, training=False):
            return self.out(self.hidden(x))

    models = [
        Sequential([Input((3,)), Dense(4, activation="tanh"), Dense(2)]),
        Sequential([Dense(4, "tanh", input_shape=(3,)), Dense(2)]),
        Sequential([Dense(4, "tanh"), Dense(2)]),  # built by the first call
        Sequential([Input((3,)), Dense(4), Activation("tanh"), Sequential([Dense(2)])]),
        by_add(),
        by_graph(),
        ByClass(),
    ]
    weights = None
    for model in models:
        model(X)
        weights = weights or model.get_weights()
        model.set_weights(weights)
        assert model.count_params() == 26
    expected = np.tanh(X @ weights[0] + weights[1]) @ weights[2] + weights[3]
    for model in models:
        y = model.predict(X)
        np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)
        model.compile(dl.optimizers.SGD(0.1), "mse")
        model.fit(X, X[:, :2], epochs=2, shuffle=False, verbose=0)
        for ours, first in zip(model.get_weights(), models[0].get_weights()):
            np.testing.assert_allclose(ours, first, rtol=1e-4, atol=1e-6)


def test_a_pile_grows_and_shrinks():
    model = Sequential([Input((3,)), Dense(4)])
    assert model.output_shape == (None, 4)
    model.add(Dense(2))
    assert model.output_shape == (None, 2) and model.predict(X).shape == (20, 2)
    removed = model.pop()
    assert isinstance(removed, Dense) and model.predict(X).shape == (20, 4)
    model.compile("sgd", "mse")
    model.fit(X, np.ones((20, 4)), verbose=0)
    with pytest.raises(ConfigError, match="no layer"):
        Sequential().pop()


def test_layers_by_name_and_place():
    model = Sequential([Input((3,)), Dense(4, name="hidden"), Dense(2)])
    assert [type(layer) for layer in model.layers] == [Dense, Dense]
    assert model.get_layer("hidden") is model.layers[0]
    assert model.get_layer(index=-1) is model.layers[1]
    with pytest.raises(ConfigError, match=r"'hiden'.*'hidden'"):
        model.get_layer("hiden")
    with pytest.raises(DLCourseError):
        model.get_layer(index=7)


def test_default_names_count_as_keras_does():
    first, second = Dense(1).name, Dense(1).name
    assert first.startswith("dense") and second.startswith("dense_")
    assert first != second
    assert Sequential().name.startswith("sequential")


def test_dtype_goes_down_to_the_layers():
    model = Sequential([Input((3,)), Dense(4), Dropout(0.5), Dense(1)], dtype="float64")
    assert {w.dtype for w in model.weights} == {np.dtype("float64")}
    assert model(X, training=True).dtype == "float64"
    assert model.predict(X).dtype == "float64"
    model.compile("adam", "mse")
    model.fit(X, X[:, :1], verbose=0)
    assert model.theta.dtype == "float64"


def test_a_graph_has_the_type_of_its_layers():
    x = Input((3,))
    model = Model(x, Dense(1, dtype="float64")(Dense(4, "tanh", dtype="float64")(x)))
    data = X.astype("float64") / 3
    k, b, k2, b2 = model.get_weights()
    expected = np.tanh(data @ k + b) @ k2 + b2
    np.testing.assert_allclose(model.predict(data), expected, rtol=1e-13)


def test_a_float64_tensor_meets_a_float32_model():
    """Cast on its way in; its own gradient is float64 again."""
    model = Sequential([Input((3,)), Dense(4, "tanh"), Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, X[:, :1], verbose=0)
    x = dl.Tensor(X.astype("float64"), requires_grad=True)
    y = model(x)
    assert y.dtype == "float32"
    y.sum().backward()
    assert x.grad.dtype == "float64"
    assert {w.grad.dtype for w in model.weights} == {np.dtype("float32")}


@pytest.mark.parametrize(
    "kind", ["float64", "float16", "int64", "bool", "list", "Tensor"]
)
def test_data_is_cast_to_the_models_type(kind):
    model = Sequential([Input((3,)), Dense(1)])
    model.compile("sgd", "mse")
    x = {"list": X.tolist(), "Tensor": dl.Tensor(X)}.get(kind)
    x = X.astype(kind) if x is None else x
    y = np.asarray(dl.to_numpy(x), "float64")[:, :1]
    model.fit(x, y.tolist() if kind == "list" else y, verbose=0)
    model.fit([dl.to_numpy(x)], y, verbose=0)  # as the only one of the inputs
    assert model.predict(x).dtype == "float32" and model.theta.dtype == "float32"


def test_configs_make_twins():
    model = Sequential(
        [Input((3,)), Dense(4, "tanh"), Dropout(0.5), Flatten(), Dense(2)]
    )
    config = json.loads(json.dumps(model.get_config()))
    twin = Sequential.from_config(config)
    twin.set_weights(model.get_weights())
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))
    assert twin.get_config() == model.get_config()


def test_configs_that_cannot_be():
    good = {"class_name": "Dense", "config": {"units": 2}}
    for config, word in (
        ({"layers": [good], "colour": "red"}, "'colour'"),
        ({"layers": [{"class_name": "Dens", "config": {}}]}, "'Dense'"),
        ({"layers": [{"class_name": "os.system", "config": {}}]}, "os.system"),
        ({"layers": [{"class_name": "Dense", "config": {"unit": 2}}]}, "'units'"),
        ({"layers": [3]}, "3"),
        ({}, "layers"),
    ):
        with pytest.raises(ConfigError, match=word):
            Sequential.from_config(config)


def test_an_optimizer_belongs_to_one_model():
    """Given to a second, it refuses or begins anew, never with the first's momenta."""

    def fitted(optimizer):
        dl.manual_seed(0)
        model = Sequential([Input((3,)), Dense(4, "tanh"), Dense(1)])
        model.compile(optimizer, "mse")
        model.fit(X, X[:, :1], shuffle=False, verbose=0)
        return model.theta

    fresh, shared = fitted(dl.optimizers.Adam(0.01)), dl.optimizers.Adam(0.01)
    fitted(shared)
    try:
        again = fitted(shared)
    except DLCourseError:
        return
    np.testing.assert_array_equal(again, fresh)


def test_layers_of_two_types():
    """Refused, or each keeps its own: no weight may lose its digits silently."""
    try:
        model = Sequential([Input((3,)), Dense(4), Dense(1, dtype="float64")])
        model.compile("sgd", "mse")
        model.fit(X, X[:, :1], verbose=0)
    except ConfigError:
        return
    assert [str(layer.kernel.dtype) for layer in model.layers] == ["float32", "float64"]


# ---------------------------------------------------------------------- as a graph


def test_a_graph_with_a_fork_and_a_join():
    x = Input((3,))
    shared = Dense(4, "tanh")
    left, right = Dense(4)(shared(x)), shared(x)
    model = Model(x, Dense(1)(Sum()([left, right])))
    assert model.output_shape == (None, 1)
    h = np.tanh(X @ shared.get_weights()[0])
    (k, b), (k2, b2) = model.layers[1].get_weights(), model.layers[-1].get_weights()
    np.testing.assert_allclose(
        model.predict(X), (h @ k + b + h) @ k2 + b2, rtol=1e-4, atol=1e-5
    )
    model.compile("adam", "mse")
    losses = model.fit(X, X[:, :1], epochs=30, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_several_inputs():
    a, b = Input((3,)), Input((2,))
    model = Model([a, b], Sum()([Dense(2)(a), Dense(2)(b)]))
    y = model.predict([X, X[:, :2]])
    assert y.shape == (20, 2)
    model.compile("sgd", "mse")
    model.fit([X, X[:, :2]], y, batch_size=7, verbose=0, validation_split=0.2)
    assert model.evaluate([X, X[:, :2]], y, verbose=0) < 1e-6
    with pytest.raises(ShapeError, match="different lengths"):
        model.predict([X, X[:5, :2]])
    with pytest.raises(ShapeError, match="2 inputs"):
        model.predict([X])


def test_several_outputs():
    x = Input((4,))
    model = Model(x, Halves()(Dense(6)(x)))
    for size in (None, 2):
        left, right = model.predict(np.ones((5, 4)), batch_size=size)
        assert left.shape == right.shape == (5, 3)


def test_a_model_in_a_model():
    inner = Sequential([Input((3,)), Dense(4, "tanh")], name="inner")
    x = Input((3,))
    model = Model(x, Dense(1)(inner(x)))
    assert model.count_params() == 16 + 5
    before = inner.get_weights()[0]
    model.compile("sgd", "mse")
    model.fit(X, X[:, :1], verbose=0)
    assert (inner.get_weights()[0] != before).any()


def test_graphs_that_cannot_be():
    x, stranger = Input((3,)), Input((3,))
    for make_it, word in (
        (lambda: Model(x, Dense(1)(stranger)), "inputs"),
        (lambda: Model(x), "outputs"),
        (lambda: Model(X, Dense(1)(x)), "Input"),
        (lambda: Sequential([Dense(2), Input((3,))]), "first"),
        (lambda: Sequential([Input((3,)), Input((3,))]), "first"),
        (lambda: Sequential([3]), "3"),
        (lambda: Sequential([Dense]), "layer"),
        (lambda: Sequential(Dense(2)), "list"),
        (lambda: Sequential([Input((3,)), Dense(2)], dtype="float16"), "dtype"),
    ):
        with pytest.raises(ConfigError, match=word):
            make_it()
    with pytest.raises(ShapeError, match="3"):
        Sequential([Input((3,)), Dense(2), Activation(lambda x: x @ np.ones((3, 1)))])(
            X
        )


def test_a_list_of_inputs_may_be_used_again():
    values = [Input((4,)), Input((4,))]
    both = Sum()(values)
    values.append(Dense(4)(both))  # as a DenseNet is written
    assert len(both.call.input_list()) == 2
