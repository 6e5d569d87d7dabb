"""`detect_anomaly`: the first op that makes a NaN is named, and a healthy one never."""

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import ops
from dlcourse.errors import NonFiniteError
from dlcourse.layers import Activation, Dense


def leaf(*values):
    return dl.Tensor(values, requires_grad=True)


# what is computed, and words that the message must hold
FORWARD = {
    "log of zero": (lambda: ops.log(leaf(0.0, 1.0)), ["log", "infinity", "(2,)"]),
    "log of a negative": (lambda: ops.log(leaf(-1.0)), ["log", "NaN", "negative"]),
    "sqrt of a negative": (lambda: ops.sqrt(leaf(-1.0)), ["sqrt", "NaN"]),
    "division by zero": (lambda: leaf(1.0) / 0.0, ["divide", "infinity", "zero"]),
    "0 by 0": (lambda: leaf(0.0) / leaf(0.0), ["divide", "NaN"]),
    "overflow": (lambda: ops.exp(leaf(100.0)), ["exp", "infinity", "overflow"]),
    "power": (lambda: leaf(-1.0) ** 0.5, ["power", "NaN", "negative"]),
    "product": (lambda: leaf(1e38) * 1e38, ["multiply", "infinity"]),
    "log1p": (lambda: ops.log1p(leaf(-2.0)), ["log1p", "NaN"]),
    "matmul": (lambda: ops.linear(leaf(1e38), np.ones((1, 1), "f") * 1e5), ["linear"]),
    "data": (lambda: ops.tanh(leaf(float("nan"))), ["tanh", "NaN", "data"]),
}
BACKWARD = {
    "sqrt at zero": (lambda x: ops.sqrt(x), 0.0, ["backward", "sqrt", "infinity"]),
    "power at zero": (lambda x: x**0.5, 0.0, ["backward", "power"]),
    "log near zero": (lambda x: ops.log(x), 1e-39, ["backward", "log"]),
}


@pytest.mark.parametrize("compute, words", FORWARD.values(), ids=FORWARD)
def test_the_first_bad_value_is_named(compute, words):
    with dl.detect_anomaly(), pytest.raises(NonFiniteError) as caught:
        ops.tanh(compute() * 0.5)
    assert all(word in str(caught.value) for word in words), str(caught.value)
    with np.errstate(all="ignore"):
        compute()  # without asking, nothing is checked


@pytest.mark.parametrize("f, at, words", BACKWARD.values(), ids=BACKWARD)
def test_the_first_bad_gradient_is_named(f, at, words):
    x = leaf(at)
    with dl.detect_anomaly(), pytest.raises(NonFiniteError) as caught:
        (f(x) * 2.0).sum().backward()
    assert all(word in str(caught.value) for word in words), str(caught.value)


def explosive():
    model = dl.Sequential(
        [
            dl.Input((2,)),
            Dense(4, "relu", name="before"),
            Activation(lambda x: ops.log(x - 10.0), name="culprit"),
            Dense(1, name="after"),
        ]
    )
    model.compile(dl.optimizers.SGD(0.01), "mse")
    return model


def test_the_layer_is_named():
    model = explosive()
    with dl.detect_anomaly(), pytest.raises(NonFiniteError) as caught:
        model(np.ones((3, 2)))
    assert "log" in str(caught.value) and "'culprit'" in str(caught.value)
    assert "before" not in str(caught.value) and "after" not in str(caught.value)


def test_the_layer_of_a_bad_gradient_is_named():
    layer = Activation(lambda x: ops.sqrt(x * 0), name="culprit")
    x = leaf(1.0)
    with dl.detect_anomaly(), pytest.raises(NonFiniteError) as caught:
        layer(x).sum().backward()
    assert "sqrt" in str(caught.value) and "'culprit'" in str(caught.value)
    assert "backward" in str(caught.value)


def test_the_batch_is_named():
    """A rate far too large: fit says in which epoch and batch it broke."""
    model = dl.Sequential([dl.Input((2,)), Dense(8, "relu", name="hidden"), Dense(1)])
    model.compile(dl.optimizers.SGD(1e30), "mse")
    x = np.random.default_rng(0).normal(size=(64, 2))
    with dl.detect_anomaly(), pytest.raises(NonFiniteError) as caught:
        model.fit(x, x.sum(1, keepdims=True), batch_size=16, epochs=3, verbose=0)
    message = str(caught.value)
    assert "batch" in message and "epoch" in message and "layer" in message
    assert "learning rate" in message


def test_it_ends_with_the_block():
    x = leaf(0.0)
    with dl.detect_anomaly():
        pass
    with np.errstate(all="ignore"):
        assert ops.log(x).data == -np.inf
    with pytest.raises(ZeroDivisionError), dl.detect_anomaly():
        raise ZeroDivisionError
    with np.errstate(all="ignore"):
        assert ops.log(x).data == -np.inf


def test_healthy_training_raises_no_alarm():
    x = np.random.default_rng(0).normal(size=(64, 2))
    y = (x[:, :1] > 0).astype("float32")
    for activation in ("relu", "tanh", "sigmoid", "gelu", "softplus", "elu"):
        model = dl.Sequential(
            [dl.Input((2,)), Dense(8, activation), Dense(1, "sigmoid")]
        )
        model.compile("adam", "binary_crossentropy")
        with dl.detect_anomaly():
            model.fit(x, y, epochs=2, verbose=0)
