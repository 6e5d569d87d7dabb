"""Layers of several inputs: values, gradients, shapes, and their place in a graph."""

import json
from functools import reduce

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import layers
from dlcourse.errors import DLCourseError, ShapeError
from tests.layers.cases import ELSEWHERE

RNG = np.random.default_rng(0)
A, B, C = RNG.normal(size=(3, 5, 2, 4))
TABLE = {  # the same by NumPy
    "Add": lambda *xs: sum(xs),
    "Subtract": lambda a, b: a - b,
    "Multiply": lambda *xs: reduce(np.multiply, xs),
    "Average": lambda *xs: sum(xs) / len(xs),
    "Maximum": lambda *xs: reduce(np.maximum, xs),
    "Concatenate": lambda *xs: np.concatenate(xs, axis=-1),
}
every_layer = pytest.mark.parametrize("name, reference", TABLE.items())


def test_every_merging_layer_is_here():
    here = {name for name, file in ELSEWHERE.items() if file == "test_merging.py"}
    assert here == set(TABLE)


@every_layer
@pytest.mark.parametrize("inputs", [(A, B), (A, B, C), (A, B[:, :1])], ids=len)
def test_values_and_gradients(name, reference, inputs):
    if name == "Subtract" and len(inputs) == 3:
        return  # takes two
    if name == "Concatenate" and inputs[1].shape != A.shape:
        return  # which does not broadcast
    layer = getattr(layers, name)(dtype="float64")
    y = layer(list(inputs))
    np.testing.assert_allclose(y.data, reference(*inputs), rtol=1e-13)
    shapes = [(None, *x.shape[1:]) for x in inputs]
    assert layer.compute_output_shape(shapes) == (None, *y.shape[1:])
    assert dl.testing.gradcheck(lambda *xs: layer(list(xs)), inputs, order=2)
    single = getattr(layers, name)()([x.astype("float32") for x in inputs])
    assert single.dtype == "float32"


@every_layer
def test_in_a_graph_that_learns(name, reference):
    a, b = dl.Input((4,)), dl.Input((4,))
    merged = getattr(layers, name)()([layers.Dense(4)(a), layers.Dense(4)(b)])
    model = dl.Model([a, b], layers.Dense(1)(merged))
    model.compile(dl.optimizers.Adam(0.05), "mse")
    x = [A[:, 0], B[:, 0]]
    losses = model.fit(x, A[:, 0, :1], epochs=40, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]


@every_layer
def test_config(name, reference):
    layer = getattr(layers, name)(name="mine")
    twin = type(layer).from_config(json.loads(json.dumps(layer.get_config())))
    np.testing.assert_array_equal(twin([A, B]).data, layer([A, B]).data)


def test_concatenate_along_any_axis():
    for axis in (1, 2, -1, -2):
        layer = layers.Concatenate(axis=axis)
        np.testing.assert_allclose(
            layer([A, B]).data, np.concatenate([A, B], axis=axis), rtol=1e-6
        )
        assert layer.compute_output_shape([A.shape, B.shape]) == layer([A, B]).shape


@every_layer
@pytest.mark.parametrize(
    "inputs", [[A], [A, B[:, :, :3]], [A, B[0, 0]]], ids=["one", "width", "rank"]
)
def test_inputs_that_do_not_fit(name, reference, inputs):
    if name == "Concatenate" and len(inputs) == 1:
        return  # one alone stays as it is
    if name == "Concatenate" and inputs[1].ndim == 3:
        inputs = [A, B[:, :1]]
    layer = getattr(layers, name)(name="wrong")
    with pytest.raises(DLCourseError):
        layer(inputs)
    with pytest.raises(ShapeError):
        layer.compute_output_shape([x.shape for x in inputs])
