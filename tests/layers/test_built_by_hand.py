"""Weights belong to their layer, whoever built it, however often, frozen or not."""

import numpy as np
import pytest

import dlcourse as dl
from dlcourse.layers import (
    LSTM,
    BatchNormalization,
    Bidirectional,
    Conv2D,
    Dense,
    Embedding,
    Layer,
    SimpleRNN,
    TimeDistributed,
)

LAYERS = {
    "dense": (lambda: Dense(3), (2, 4)),
    "convolution": (lambda: Conv2D(3, 3), (2, 5, 5, 2)),
    "batch norm": (BatchNormalization, (2, 4)),
    "lstm": (lambda: LSTM(3), (2, 5, 4)),
    "rnn": (lambda: SimpleRNN(3), (2, 5, 4)),
    "bidirectional": (lambda: Bidirectional(LSTM(3)), (2, 5, 4)),
    "time distributed": (lambda: TimeDistributed(Dense(3)), (2, 5, 4)),
    "embedding": (lambda: Embedding(7, 3), (2, 5)),
    "sequential": (lambda: dl.Sequential([Dense(3), Dense(2)]), (2, 4)),
}


@pytest.mark.parametrize("kind", LAYERS)
def test_a_layer_built_by_hand_keeps_its_weights(kind):
    make, shape = LAYERS[kind]
    layer, x = make(), np.ones(shape, np.float32)
    layer.build((None, *shape[1:]))
    assert layer.built
    values = [np.full(w.shape, 0.1 + k) for k, w in enumerate(layer.weights)]
    layer.set_weights(values)
    kept = layer.weights
    first = layer(x).numpy()
    layer.build((None, *shape[1:]))
    assert [id(w) for w in layer.weights] == [id(w) for w in kept]
    np.testing.assert_array_equal(layer(x).numpy(), first)
    for given, found in zip(values, layer.get_weights(), strict=True):
        np.testing.assert_allclose(found, given, rtol=1e-6)


class Scale(Layer):
    def build(self, input_shape):
        self.w = self.add_weight((input_shape[-1],), "ones", "w")


class ScaleAndShift(Scale):
    def build(self, input_shape):
        super().build(input_shape)
        self.b = self.add_weight((input_shape[-1],), "zeros", "b")

    def call(self, x, training=False):
        return x * self.w + self.b


def test_a_subclass_goes_on_where_its_parent_has_built():
    layer = ScaleAndShift()
    layer.build((None, 4))
    layer.build((None, 4))
    assert [w.name for w in layer.weights] == ["w", "b"]
    assert layer(np.ones((2, 4))).shape == (2, 4)
    assert len(layer.weights) == 2


def test_a_build_that_fails_leaves_nothing_and_may_be_tried_again():
    class Fails(Layer):
        fails = True

        def build(self, input_shape):
            self.add_weight((2,), "ones")
            if self.fails:
                raise ValueError("not now")

    layer = Fails()
    with pytest.raises(ValueError, match="not now"):
        layer.build((None, 2))
    assert layer.weights == []
    assert not layer.built
    layer.fails = False
    layer.build((None, 2))
    assert len(layer.weights) == 1


def network():
    dl.manual_seed(0)
    return dl.Sequential(
        [dl.Input(shape=(4,)), Dense(4), BatchNormalization(), Dense(4), Dense(4)]
    )


def test_the_order_of_weights_does_not_depend_on_what_is_frozen():
    model = network()
    names = "kernel bias gamma beta moving_mean moving_variance".split()
    assert [w.name for w in model.weights] == [*names, *2 * ["kernel", "bias"]]
    before, y = model.get_weights(), model.predict(np.ones((2, 4)), verbose=0)
    model.layers[0].trainable = False
    model.set_weights(before)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(model.predict(np.ones((2, 4)), verbose=0), y)


def test_files_and_best_weights_cross_a_freeze(tmp_path):
    model = network()
    x = np.random.default_rng(0).normal(size=(20, 4)).astype("float32")
    y = model.predict(x, verbose=0)
    for name in ("a.safetensors", "a.npz"):
        model.save_weights(tmp_path / name)
        other = network()
        other.layers[2].trainable = False
        other.load_weights(tmp_path / name)
        np.testing.assert_array_equal(other.predict(x, verbose=0), y)
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    frozen = model.layers[0].get_weights()
    stop = dl.callbacks.EarlyStopping("loss", restore_best_weights=True, patience=1)
    model.fit(x, x, epochs=3, callbacks=[stop], verbose=0)
    for one, other in zip(frozen, model.layers[0].get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
