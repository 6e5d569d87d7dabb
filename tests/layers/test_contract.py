"""What every layer promises, asked of every row of the table in ``cases.py``.

Tags of a row: "random" draws numbers in training, "start" can only come first. A new
layer without a row fails `test_every_layer_has_a_row`.
"""

import json

import numpy as np
import pytest

import dlcourse as dl
from dlcourse.errors import ConfigError, DLCourseError, NotReadyError, ShapeError
from tests.layers.cases import CASES, ELSEWHERE

every_case = pytest.mark.parametrize("case", CASES, ids=str)
LAYERS = [
    name
    for name in dl.layers.__all__
    if isinstance(getattr(dl.layers, name), type)
    and issubclass(getattr(dl.layers, name), dl.layers.Layer)
    and name != "Layer"
]


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_has_a_row(name):
    rows = [case for case in CASES if case.layer == name] or ELSEWHERE.get(name)
    assert rows, f"add rows for dl.layers.{name} to tests/layers/cases.py"


def built(case, **how):
    """A layer with weights that are not zero, where there are any."""
    layer = case.make(**how)
    layer(case.x(layer.dtype))
    layer.set_weights(
        [
            w + 0.1 * np.cos(np.arange(w.size)).reshape(w.shape)
            for w in layer.get_weights()
        ]
    )
    return layer


# ------------------------------------------------------------------- shapes and types


@every_case
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_inferred_shape_is_the_real_one_and_the_type_is_kept(case, dtype):
    layer = case.make(dtype=dtype)
    y = layer(case.x(dtype))
    assert isinstance(y, dl.Tensor) and y.dtype == dtype
    assert layer.compute_output_shape(case.shape) == y.shape
    free = layer.compute_output_shape((None, *case.shape[1:]))
    assert free == (None, *y.shape[1:])
    assert all(w.dtype == dtype for w in layer.weights)


@every_case
def test_symbols_say_the_same_shape(case):
    if case.layer == "InputLayer":
        return
    symbol = dl.Input(case.shape[1:])
    layer = case.make()
    y = layer(symbol)
    assert y.shape == (None, *layer(case.x()).shape[1:])
    model = dl.Model(symbol, y)
    np.testing.assert_array_equal(model.predict(case.x()), layer(case.x()).data)


@every_case
def test_numbers_in_any_form(case):
    layer = built(case)
    expected = layer(case.x()).data
    x = case.x()
    for given in (dl.Tensor(x), x.tolist(), x.astype("float64"), np.asfortranarray(x)):
        y = layer(given)
        np.testing.assert_allclose(y.data, expected, rtol=1e-5, atol=1e-6)
    whole = np.ones(case.shape, int)  # integers become the layer's floats
    assert layer(whole).dtype == "float32"
    np.testing.assert_array_equal(layer(whole).data, layer(whole * 1.0).data)


@every_case
def test_a_batch_of_one_and_of_none(case):
    layer = built(case)
    y = layer(case.x()).data
    one = layer(case.x()[:1]).data
    np.testing.assert_allclose(one, y[:1], rtol=1e-5, atol=1e-6)
    assert layer(case.x(n=0)).shape == (0, *y.shape[1:])


@every_case
def test_inputs_are_left_alone(case):
    x = case.x()
    x.flags.writeable = False
    for training in (False, True):
        case.make()(x, training=training)


# -------------------------------------------------------------------------- gradients


@every_case
def test_gradients_by_input_and_weights(case):
    layer = built(case, dtype="float64")
    assert dl.testing.gradcheck(lambda x: layer(x), case.x("float64"), order=2)
    x = dl.Tensor(case.x("float64"), requires_grad=True)
    g = np.random.default_rng(0).normal(size=layer(x).shape)
    layer(x).backward(g)
    for weight in layer.trainable_weights:
        values = weight.data.copy()
        assert weight.grad.shape == values.shape and weight.grad.dtype == "float64"
        direction = np.cos(np.arange(values.size) + 1.0).reshape(values.shape)
        ends = []
        for step in (1e-5, -1e-5):
            weight.assign(values + step * direction)
            ends.append(np.sum(g * layer(x).data))
        weight.assign(values)
        slope = (ends[0] - ends[1]) / 2e-5
        found = np.sum(weight.grad * direction)
        assert found == pytest.approx(slope, rel=1e-6, abs=1e-8)


@every_case
def test_float32_gradients(case):
    layer = built(case)
    x = dl.Tensor(case.x(), requires_grad=True)
    layer(x).sum().backward()
    assert all(t.grad.dtype == "float32" for t in (x, *layer.trainable_weights))


@every_case
def test_a_frozen_layer_has_no_gradient(case):
    layer = built(case, trainable=False)
    x = dl.Tensor(case.x(), requires_grad=True)
    layer(x).sum().backward()
    assert layer.trainable_weights == [] and x.grad is not None
    assert all(w.grad is None for w in layer.weights)
    assert len(layer.non_trainable_weights) == len(layer.weights)
    layer.trainable = True
    layer(x).sum().backward()
    assert all(w.grad is not None for w in layer.trainable_weights)


# -------------------------------------------------------------- training and inference


@every_case
def test_training_and_inference(case):
    layer = built(case)
    x = case.x()
    calm = layer(x).data
    np.testing.assert_array_equal(layer(x, training=False).data, calm)
    np.testing.assert_array_equal(layer(x).data, calm)
    excited = layer(x, training=True).data
    if case.tags & {"random", "batch"}:
        assert (excited != calm).any()
    else:
        np.testing.assert_array_equal(excited, calm)


@every_case
def test_the_seed_decides(case):
    def run(**how):
        dl.manual_seed(3)
        return case.make(**how)(case.x(), training=True).data

    np.testing.assert_array_equal(run(), run())
    if "random" in case.tags:
        own = {"seed": 5}
        np.testing.assert_array_equal(run(**own), run(**own))
        assert (run(**own) != run(seed=6)).any()
        layer = case.make(**own)
        first, second = (layer(case.x(), training=True).data for _ in range(2))
        assert (first != second).any()  # a seed fixes the sequence, not the mask


# -------------------------------------------------------------------- weights, configs


@every_case
def test_weights_out_and_in(case):
    layer = built(case)
    weights = layer.get_weights()
    assert len(weights) == len(layer.weights)
    assert layer.count_params() == sum(w.size for w in weights)
    for w in weights:  # copies: writing to them changes nothing
        w += 1
    assert all((a != b).all() for a, b in zip(weights, layer.get_weights()))
    twin = case.make()
    twin(case.x())
    twin.set_weights(layer.get_weights())
    np.testing.assert_array_equal(twin(case.x()).data, layer(case.x()).data)


@every_case
def test_wrong_weights_change_nothing(case):
    layer = built(case)
    weights = layer.get_weights()
    wrong = [weights + [np.ones(1)], weights[:-1] if weights else [np.ones(2)]]
    if weights:
        wrong += [
            [*weights[:-1], np.ones((7, 7, 7))],
            [*(w + 1 for w in weights[:-1]), weights[-1][..., None]],
            [*(w + 1 for w in weights[:-1]), "text"],
        ]
    for values in wrong:
        with pytest.raises(DLCourseError) as caught:
            layer.set_weights(values)
        assert layer.name in str(caught.value)
        for a, b in zip(layer.get_weights(), weights):
            np.testing.assert_array_equal(a, b)


@every_case
def test_the_config_makes_a_twin(case):
    layer = built(case, name="mine", trainable=False)
    config = json.loads(json.dumps(layer.get_config()))
    twin = type(layer).from_config(config)
    assert twin.get_config() == layer.get_config()
    assert twin.name == "mine" and twin.trainable is False
    twin(case.x())
    twin.set_weights(layer.get_weights())
    np.testing.assert_array_equal(twin(case.x()).data, layer(case.x()).data)
    with pytest.raises(ConfigError, match=r"'colour'.*[Kk]nown"):
        type(layer).from_config({**config, "colour": "red"})


@every_case
def test_names(case):
    first, second = case.make(), case.make()
    kind = dl.config.snake(case.layer)
    assert first.name.startswith(kind) and second.name.startswith(kind)
    assert first.name != second.name
    assert case.make(name="mine").name == "mine"


@every_case
def test_weights_before_they_exist(case):
    layer = case.make()
    if layer.built:
        return
    assert layer.get_weights() == []
    with pytest.raises(NotReadyError, match=layer.name):
        layer.count_params()


@every_case
def test_another_width_than_it_was_built_for(case):
    layer = built(case)
    if not layer.weights or "any width" in case.tags:
        return
    wide = np.ones((*case.shape[:-1], case.shape[-1] + 1), "float32")
    with pytest.raises(ShapeError) as caught:
        layer(wide)
    message = str(caught.value)
    assert layer.name in message and str(case.shape[-1] + 1) in message
    with pytest.raises(ShapeError):
        layer.compute_output_shape(wide.shape)


@pytest.mark.parametrize("dtype", ["float16", "int32", "floaty", 3])
@pytest.mark.parametrize("name", LAYERS)
def test_a_type_that_cannot_be(name, dtype):
    if name in ELSEWHERE:
        return
    case = next(case for case in CASES if case.layer == name)
    with pytest.raises(ConfigError, match="dtype"):
        case.make(dtype=dtype)
