"""Two layers that are computed in one pass are still two layers."""

import numpy as np
import pytest

from dlcourse import ops
from dlcourse.autodiff import made_by
from dlcourse.layers import Activation, BatchNormalization, Dense, Input
from dlcourse.models import Sequential

X = np.random.default_rng(0).normal(size=(20, 3)).astype("float32")


@pytest.mark.parametrize("name", ["relu", "tanh", "sigmoid"])
@pytest.mark.parametrize("training", [True, False])
def test_normalization_and_activation_in_one_pass_are_two_layers(name, training):
    layers = [Dense(4), BatchNormalization(), Activation(name), Dense(2)]
    model = Sequential([Input(shape=(3,)), *layers])

    def one_by_one(x):
        for layer in layers:
            x = layer(x, training=training)
        return x

    results, nodes = [], []
    for run in (lambda x: model(x, training=training), one_by_one):
        y = run(X)
        nodes.append(made_by(y).inputs[0]._node)
        for weight in model.trainable_weights:
            weight.grad = None
        (y * y).sum().backward()
        results.append([y.data, *(w.grad for w in model.trainable_weights)])
    for ours, expected in zip(*results, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-6)
    fused = name != "sigmoid"
    assert nodes[1].op is getattr(ops, name)
    assert (nodes[0].settings.get("activation") == name) == fused


def test_an_activation_changed_later_is_the_one_that_is_applied():
    model = Sequential([BatchNormalization(), Activation("relu"), Activation("relu")])
    assert (model(X, training=True).data >= 0).all()
    model.layers[1].activation = ops.negative
    expected = np.maximum(-model.layers[0](X, training=True).data, 0)
    np.testing.assert_allclose(model(X, training=True).data, expected, atol=1e-6)


def test_a_normalization_of_ones_own_is_not_asked_for_what_it_does_not_take():
    class Plain(BatchNormalization):
        def call(self, x, training=False):
            return super().call(x, training)

    model = Sequential([Plain(), Activation("relu")])
    assert (model(X, training=True).data >= 0).all()


def test_an_activation_with_a_call_of_its_own_is_called():
    model = Sequential([BatchNormalization(), Activation("relu")])
    model(X, training=True)
    model.layers[1].call = lambda x, training: x * 0.0
    assert (model(X, training=True).data == 0).all()
