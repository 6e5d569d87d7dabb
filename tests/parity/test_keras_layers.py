"""Every row of the table of layers against Keras: outputs and gradients to 1e-5.

The Keras layer's weights are given to ours by `set_weights`, as students will do.
"""

import numpy as np
import pytest

import dlcourse as dl
from tests.layers.cases import CASES
from tests.parity.judges import keras, to_numpy, to_torch

# Where Keras on PyTorch is known to be wrong, or there is nothing to compare.
LEFT_OUT = {
    "InputLayer": "computes nothing",
    "AveragePooling2D padding=same": "Keras on PyTorch counts the padding",
}
NEEDED_THERE = {"AveragePooling3D": {"pool_size": 2}}  # what Keras has no default for


def left_out(case):
    name = f"{case.layer} padding={case.how.get('padding')}"
    return case.layer in LEFT_OUT or name in LEFT_OUT


SEEN = [case for case in CASES if not left_out(case)]


def keras_layer(case):
    how = {**NEEDED_THERE.get(case.layer, {}), **case.how}
    return getattr(keras.layers, case.layer)(**how)


def test_what_is_left_out():
    rows = [case for case in CASES if left_out(case)]
    print(f"{len(SEEN)} rows compared with Keras; left out: {LEFT_OUT}")
    assert len(rows) == len(LEFT_OUT)


@pytest.mark.parametrize("case", SEEN, ids=str)
def test_outputs_and_gradients(case):
    rng = np.random.default_rng(0)
    theirs = keras_layer(case)
    x = to_torch(case.x())
    theirs(x)
    weights = [w + rng.normal(size=w.shape) * 0.1 for w in theirs.get_weights()]
    theirs.set_weights(weights)
    ours = case.make()
    ours(case.x())
    ours.set_weights(theirs.get_weights())
    assert [w.name for w in ours.weights] == [w.name for w in theirs.weights]
    assert ours.count_params() == theirs.count_params()

    z = theirs(x)
    y = ours(tensor := dl.Tensor(case.x(), requires_grad=True))
    close(y.data, z)
    assert tuple(theirs.compute_output_shape(case.shape)) == y.shape
    g = rng.normal(size=y.shape).astype("float32")
    y.backward(g)
    z.backward(to_torch(g, False))
    close(tensor.grad, x.grad)
    for own, other in zip(ours.trainable_weights, theirs.trainable_weights):
        close(own.grad, other.value.grad)


@pytest.mark.parametrize("case", SEEN, ids=str)
def test_our_config_makes_their_layer(case):
    """Names and meaning of the settings are Keras's: our config is theirs."""
    config = case.make(name="mine").get_config()
    plain = {
        name: value
        for name, value in config.items()
        if name not in ("input_shape", "input_dim") and not isinstance(value, dict)
    }
    theirs = getattr(keras.layers, case.layer)(**plain).get_config()
    for name, value in plain.items():
        if isinstance(value, (int, float, bool)):
            assert theirs[name] == pytest.approx(value), name


def close(ours, theirs):
    np.testing.assert_allclose(ours, to_numpy(theirs), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", [n for n in dl.initializers.__all__ if n[0].isupper()])
@pytest.mark.parametrize("shape", [(200, 300), (3, 3, 40, 60)], ids=str)
def test_initializers_spread_as_keras_does(name, shape):
    if name == "Initializer" or (name == "Identity" and len(shape) > 2):
        return
    ours = getattr(dl.initializers, name)()(shape)
    theirs = to_numpy(getattr(keras.initializers, name)()(shape))
    assert ours.dtype == theirs.dtype == "float32"
    spread = float(theirs.std())
    assert ours.mean() == pytest.approx(theirs.mean(), abs=0.03 * spread + 1e-9)
    assert ours.std() == pytest.approx(spread, rel=0.02, abs=1e-9)
    # not the largest: one draw in 240,000 of Keras's truncated normal is not truncated
    reach, expected = (np.quantile(np.abs(w), 0.999) for w in (ours, theirs))
    assert reach == pytest.approx(expected, rel=0.1, abs=1e-9)
