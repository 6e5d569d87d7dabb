"""The modes: the first op that makes a NaN is named; looking in training mode warns."""

import warnings

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import ops
from dlcourse.errors import NonFiniteError, TrainingModeWarning
from dlcourse.layers import (
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    GaussianNoise,
    Layer,
    MultiHeadAttention,
)


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


# --------------------------------------------------- looking, but in training mode


class Attentive(Layer):
    """Self-attention that drops some of what it sees."""

    def __init__(self, **keywords):
        super().__init__(**keywords)
        self.attention = MultiHeadAttention(2, 3, dropout=0.5, name="seen")

    def call(self, x, training=False):
        return self.attention(x, x, training=training)


class Careless(Layer):
    """Drops without asking whether this is training."""

    def call(self, x, training=False):
        return dl.ops.dropout(x, 0.3)


# a layer, its name in the message, and what the message must say
EXCITED = {
    "dropout": (lambda: Dropout(0.5, name="drop"), "'drop'", ["50%", "noisy"]),
    "noise": (lambda: GaussianNoise(1.0, name="haze"), "'haze'", ["noise"]),
    "attention": (Attentive, "'seen'", ["50%", "random"]),
    "an op": (lambda: Careless(name="own"), "'own'", ["30%", "random"]),
    "batch norm": (
        lambda: BatchNormalization(name="norm"),
        "'norm'",
        ["moving averages", "were changed", "depends on the samples beside it"],
    ),
}
SEQUENCES = np.random.default_rng(0).normal(size=(4, 3, 6)).astype("f")
ONES = np.ones((4, 3, 6), "f")


class Stubborn(dl.Model):
    """A student's model that always trains."""

    def __init__(self, layer):
        super().__init__()
        self.excited, self.last = layer, Dense(6)

    def call(self, x, training=False):
        return self.last(self.excited(x, training=True))


@pytest.mark.parametrize("make, name, words", EXCITED.values(), ids=EXCITED)
def test_looking_in_training_mode_warns(make, name, words):
    layer = make()
    with dl.no_grad(), pytest.warns(TrainingModeWarning) as caught:
        layer(SEQUENCES, training=True)
    assert len(caught) == 1 and caught[0].filename == __file__
    message = str(caught[0].message)
    assert all(word in message for word in [name, *words, "training=False"]), message
    assert issubclass(TrainingModeWarning, UserWarning)


@pytest.mark.parametrize("make, name, words", EXCITED.values(), ids=EXCITED)
@pytest.mark.parametrize("doing", ["evaluate", "predict", "test_on_batch", "fit"])
def test_a_model_that_always_trains_is_told_when_it_is_looked_at(
    doing, make, name, words
):
    """Once, however many batches there are, and at the line of the student's call."""
    model = Stubborn(make())
    model.compile("sgd", "mse")
    model.fit(SEQUENCES, ONES, verbose=0)  # as it should be: nothing to say
    model.train_on_batch(SEQUENCES, ONES)
    look = {
        "evaluate": lambda: model.evaluate(SEQUENCES, ONES, batch_size=1, verbose=0),
        "predict": lambda: model.predict(SEQUENCES, batch_size=1),
        "test_on_batch": lambda: model.test_on_batch(SEQUENCES, ONES),
        "fit": lambda: model.fit(
            SEQUENCES, ONES, validation_data=(SEQUENCES, ONES), verbose=0
        ),
    }[doing]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        look()
    assert [w.category for w in caught] == [TrainingModeWarning]
    assert name in str(caught[0].message) and caught[0].filename == __file__


@pytest.mark.parametrize("make", [row[0] for row in EXCITED.values()], ids=EXCITED)
def test_training_and_plain_looking_do_not_warn(make):
    if make is EXCITED["an op"][0]:
        model = dl.Sequential([make(), Dense(6)])  # it cannot be looked at in peace
        model.compile("sgd", "mse")
        model.fit(SEQUENCES, ONES, verbose=0)
        return
    model = dl.Sequential([make(), Dense(6)])
    model.compile("sgd", "mse")
    model.fit(SEQUENCES, ONES, validation_data=(SEQUENCES, ONES), verbose=0)
    model.train_on_batch(SEQUENCES, ONES)
    model.evaluate(SEQUENCES, ONES, verbose=0)
    model.test_on_batch(SEQUENCES, ONES)
    model.predict(SEQUENCES)
    model(SEQUENCES, training=True).sum().backward()
    with dl.no_grad():
        model(SEQUENCES)
        Dropout(0.0)(SEQUENCES, training=True)  # nothing is dropped
        GaussianNoise(0.0)(SEQUENCES, training=True)
        BatchNormalization(trainable=False)(SEQUENCES, training=True)  # frozen
        dl.ops.dropout(SEQUENCES, 0.5)  # the op alone is asked for on purpose


def test_trying_a_model_out_leaves_its_averages_alone():
    """fit looks at one sample first, to learn the shape that comes out."""
    norm = BatchNormalization(momentum=0.5)
    model = Stubborn(norm)
    model.compile("sgd", "mse")
    model.fit(SEQUENCES, ONES, epochs=0, verbose=0)
    np.testing.assert_array_equal(norm.get_weights()[2], np.zeros(6))
    model.fit(SEQUENCES, ONES, verbose=0)
    mean = SEQUENCES.mean(axis=(0, 1))
    np.testing.assert_allclose(norm.get_weights()[2], 0.5 * mean, rtol=1e-5)


def test_a_functional_model_may_fix_the_mode_of_a_layer():
    start = dl.Input((6,))
    model = dl.Model(start, Dropout(0.5, name="always")(start, training=True))
    x = np.ones((50, 6), "f")
    with pytest.warns(TrainingModeWarning, match="'always'"):
        y = model.predict(x)
    assert set(np.unique(y)) == {0.0, 2.0}
    calm = dl.Model(start, Dropout(0.5)(start, training=False))
    np.testing.assert_array_equal(calm(x, training=True).data, x)


def test_one_no_grad_inside_itself_ends_as_it_began():
    quiet = dl.no_grad()
    x = dl.Tensor(1.0, requires_grad=True)
    with quiet:
        with quiet:
            assert not (x * 2).requires_grad
        assert not (x * 2).requires_grad
    assert (x * 2).requires_grad
