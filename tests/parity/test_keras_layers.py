"""Every row of the table of layers against Keras: outputs and gradients to 1e-5.

The Keras layer's weights are given to ours by `set_weights`, as students will do.
"""

import numpy as np
import pytest

import dlcourse as dl
from tests.layers.cases import CASES
from tests.parity.judges import keras, to_numpy, to_torch

SEEN = [case for case in CASES if case.layer != "InputLayer"]  # which computes nothing


@pytest.mark.parametrize("case", SEEN, ids=str)
def test_outputs_and_gradients(case):
    rng = np.random.default_rng(0)
    theirs = getattr(keras.layers, case.layer)(**case.how)
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
    ours = case.make(name="mine").get_config()
    plain = {
        name: value
        for name, value in ours.items()
        if name not in ("input_shape", "input_dim") and not isinstance(value, dict)
    }
    theirs = getattr(keras.layers, case.layer)(**plain).get_config()
    for name, value in plain.items():
        if name not in ("dtype", "activation"):
            assert theirs[name] == value
    assert set(theirs) - set(ours) <= NOT_OURS


# What Keras 3 has beyond the vocabulary of the course.
NOT_OURS = {
    "activity_regularizer",
    "kernel_constraint",
    "bias_constraint",
    "lora_rank",
    "lora_alpha",
    "quantization_config",
    "autocast",
    "noise_shape",  # Dropout
    "data_format",  # Flatten: here it is always channels last
}


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
    assert np.abs(ours).max() == pytest.approx(np.abs(theirs).max(), rel=0.25)
