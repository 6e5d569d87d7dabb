"""`TerminateOnNaN`: it stops at once, says where it began, and leaves no trace."""

import math

import numpy as np
import pytest

import dlcourse as dl
from dlcourse.callbacks import LambdaCallback, TerminateOnNaN
from dlcourse.errors import NonFiniteError
from dlcourse.layers import BatchNormalization, Dense, Dropout, Input

X = np.random.default_rng(0).normal(size=(20, 2)).astype("float32")
Y = X[:, :1]


def network(optimizer="sgd", loss="mse"):
    dl.manual_seed(0)
    layers = [Dense(4, "tanh"), Dropout(0.2), BatchNormalization(), Dense(1)]
    model = dl.Sequential([Input((2,)), *layers])
    model.compile(optimizer, loss)
    return model


def broken():
    """A network whose loss is no number in its second batch."""
    return network(dl.optimizers.SGD(1e25))


def fit(model, *watchers, **how):
    how = {"epochs": 3, "batch_size": 8, "verbose": 0, **how}
    return model.fit(X, Y, callbacks=list(watchers), **how)


def test_terminate_on_nan():
    """Batch, op, place, cause and rate; the causes are in test_guidance.py."""
    model = broken()
    with pytest.raises(NonFiniteError) as caught:
        fit(model, TerminateOnNaN(), epochs=50)
    message = str(caught.value)
    words = (
        "loss of batch",
        "first made",
        " in l",
        "learning rate is too large",
        "1e+25",
    )
    assert all(word in message for word in words), message
    model, end = network(), TerminateOnNaN()
    fit(model, end)  # nothing to say about a healthy one, and nothing kept of it
    assert not end._steps and model._run.samples is None


def test_terminate_on_nan_leaves_everything_as_it_was():
    """The batch is computed once more, on the old weights; nobody shall notice."""

    def stop(batch, logs):
        model.stop_training = not math.isfinite(float(logs["loss"]))

    ends = []
    for callback in (TerminateOnNaN(), LambdaCallback(on_train_batch_end=stop)):
        model = broken()
        try:
            fit(model, callback, epochs=50, seed=3)
        except NonFiniteError:
            assert model.stop_training
        ends.append((model.get_weights(), model._run.generator.random()))
        assert all(weight.grad is None for weight in model.trainable_weights)
    for ours, theirs in zip(ends[0][0], ends[1][0], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert ends[0][1] == ends[1][1]


def test_terminate_on_nan_when_it_does_not_happen_again():
    """A loss that breaks once cannot be traced to an op; the message says so."""
    calls = []

    def fickle(y_true, y_pred):
        calls.append(1)
        value = dl.ops.mean(dl.ops.square(y_pred - y_true), axis=-1)
        return value * math.nan if len(calls) == 4 else value

    model = network(loss=fickle)
    with pytest.raises(NonFiniteError, match="loss of batch .* once more") as caught:
        fit(model, TerminateOnNaN(), epochs=5)
    assert "no op can be named" in str(caught.value)
