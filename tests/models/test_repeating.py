"""A step that is repeated from its record is the step that would have been computed."""

import copy

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import layers as L
from dlcourse.models import repeating
from dlcourse.models.repeating import Repeater
from tests.gpu.families import FAMILIES

X = np.random.default_rng(0).normal(size=(20, 3)).astype("f")
Y = (X[:, :1] > 0).astype("f")


@pytest.fixture
def repeated(monkeypatch):
    """How many forward passes came from a record."""
    runs = []
    run = repeating.Record.run

    def counted(self, *batch):
        result = run(self, *batch)
        runs.append(self)
        return result

    monkeypatch.setattr(repeating.Record, "run", counted)
    return runs


def small(*more, loss="binary_crossentropy", optimizer="adam", **how):
    first = L.Dense(4, "tanh", **how)
    model = dl.Sequential([L.Input((3,)), first, *more, L.Dense(1, "sigmoid")])
    weights = model.get_weights()
    rng = np.random.default_rng(5)
    model.set_weights([rng.normal(size=w.shape).astype(w.dtype) for w in weights])
    model.compile(optimizer, loss)
    return model


def plainly(monkeypatch, train):
    """What `train` returns when nothing is repeated."""
    with monkeypatch.context() as patch:
        patch.setattr(repeating, "is_repeatable", lambda model: False)
        return train()


def outcome(model, history):
    return [*model.get_weights(), *history.history.values()]


def assert_same(found, expected):
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_trains_to_the_same_bits(name, monkeypatch, repeated):
    def train():
        dl.manual_seed(3)
        model, x, y, how = FAMILIES[name]()
        history = model.fit(x, y, batch_size=8, epochs=3, verbose=0, seed=1, **how)
        return outcome(model, history)

    expected = plainly(monkeypatch, train)
    assert not repeated
    assert_same(train(), expected)
    print(f"{name}: {len(repeated)} of 9 steps repeated")


def test_families_of_plain_layers_are_repeated(repeated):
    counts = {}
    for name, make in FAMILIES.items():
        model, x, y, how = make()
        before = len(repeated)
        model.fit(x, y, batch_size=8, epochs=3, verbose=0, **how)
        counts[name] = len(repeated) - before
    print(counts)
    plain = ("perceptron", "regression", "convolutional autoencoder")
    assert all(counts[name] == 8 for name in plain)
    assert not any(count for name, count in counts.items() if name not in plain)


@pytest.mark.parametrize(
    "how",
    [
        {"sample_weight": np.linspace(0, 2, 20)},
        {"class_weight": {0: 0.5, 1: 2.0}},
        {"batch_size": 8},  # the last batch is smaller: a record of its own
        {"batch_size": 8, "shuffle": False},
        {"validation_split": 0.25},
    ],
)
@pytest.mark.parametrize("loss", ["binary_crossentropy", "mse", "mae", "huber"])
def test_with_weights_and_batches_of_two_sizes(how, loss, monkeypatch, repeated):
    def train():
        model = small(loss=loss, kernel_regularizer="l2")
        return outcome(model, model.fit(X, Y, epochs=4, verbose=0, seed=2, **how))

    expected = plainly(monkeypatch, train)
    assert_same(train(), expected)
    assert len(repeated) >= 3 or "weight" in str(how)


def test_an_autoencoder_learns_what_it_is_given(monkeypatch, repeated):
    def train():
        model = dl.Sequential([L.Input((3,)), L.Dense(2, "tanh"), L.Dense(3)])
        model.set_weights([np.full(w.shape, 0.1, "f") for w in model.get_weights()])
        model.compile("sgd", "mse")
        return outcome(model, model.fit(X, X, epochs=3, batch_size=20, verbose=0))

    expected = plainly(monkeypatch, train)
    assert_same(train(), expected)
    assert len(repeated) == 2


class Doing(dl.callbacks.Callback):
    """Does something to the model after the second epoch."""

    def __init__(self, what):
        self.what = what

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            self.what(self.model)


def freeze(model):
    model.layers[0].trainable = False


def another_loss(model):
    model.compile("sgd", "mse")


def other_weights(model):
    model.set_weights([w * 0.5 for w in model.get_weights()])


def slower(model):
    model.optimizer.learning_rate = 1e-5


def another_penalty(model):
    model.layers[0].kernel_regularizer.l2 = 0.5


def by_lambda(what):
    found = dl.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: what(found.model) if epoch == 1 else None
    )
    return found


CHANGES = [freeze, another_loss, other_weights, slower, another_penalty]


@pytest.mark.parametrize("callback", [Doing, by_lambda])
@pytest.mark.parametrize("what", CHANGES)
def test_what_a_callback_changes_counts(what, callback, monkeypatch, repeated):
    def train():
        model = small(kernel_regularizer=dl.regularizers.L2(0.1))
        how = {"epochs": 5, "verbose": 0, "seed": 2, "callbacks": [callback(what)]}
        return outcome(model, model.fit(X, Y, **how))

    expected = plainly(monkeypatch, train)
    assert_same(train(), expected)
    assert not repeated


def test_the_courses_own_callbacks_change_nothing(tmp_path, repeated):
    callbacks = [
        dl.callbacks.EarlyStopping("loss", patience=9),
        dl.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1)),
        dl.callbacks.ModelCheckpoint(tmp_path / "a.safetensors"),
    ]
    small().fit(X, Y, epochs=4, verbose=0, callbacks=callbacks)
    assert len(repeated) == 3


@pytest.mark.parametrize("what", [freeze, another_loss])
def test_another_theta_or_loss_is_another_record(what):
    model = small()
    model._pack()
    forward = Repeater(model)
    forward(X, Y, None)
    before = forward.records
    what(model)
    model._pack()
    value, _ = forward(X, Y, None)
    assert forward.records is not before
    expected, _ = model._loss_of(X, Y, None, training=True)
    assert value.item() == expected.item()


class Noisy(L.Dense):
    def call(self, x, training=False):
        return super().call(x) + np.random.default_rng().normal(size=(1,)).astype("f")


class Counting(L.Layer):
    calls = 0

    def call(self, x, training=False):
        self.calls += 1
        return x * self.calls


class OwnLoss(dl.losses.MeanSquaredError):
    def mean(self, y_true, y_pred):
        return super().mean(y_true, y_pred) * 2.0


class Nameless:
    """An activation that does not say where it comes from."""

    __module__ = None

    def __call__(self, x):
        return x * 2.0


def with_a_call_of_its_own():
    layer = L.Dense(4)
    layer.call = lambda x, training: L.Dense.call(layer, x) * 2.0
    return small(layer)


@pytest.mark.parametrize(
    "make",
    [
        lambda: small(L.Dropout(0.5)),
        lambda: small(L.GaussianNoise(0.5)),
        lambda: small(L.BatchNormalization()),
        lambda: small(Counting()),
        lambda: small(Noisy(4)),
        lambda: small(L.Dense(4, lambda x: x * 2.0)),
        lambda: small(L.Dense(4, Nameless())),
        lambda: small(loss=OwnLoss()),
        lambda: small(loss=lambda t, y: (t - y) ** 2),
        with_a_call_of_its_own,
    ],
)
def test_what_may_change_is_never_repeated(make, repeated):
    make().fit(X, Y, epochs=4, verbose=0)
    assert not repeated


def test_what_is_repeated_are_layers():
    assert set(L.__all__) > repeating.REPEATED


def test_an_array_of_unknown_origin_is_not_repeated(monkeypatch, repeated):
    monkeypatch.setattr(repeating, "REPEATED", {*repeating.REPEATED, "Dropout"})
    small(L.Dropout(0.5)).fit(X, Y, epochs=4, verbose=0)
    assert not repeated


def test_with_anomalies_watched_nothing_is_repeated(repeated):
    model = small()
    with dl.detect_anomaly():
        model.fit(X, Y, epochs=3, verbose=0)
    assert not repeated


def test_a_fault_on_the_way_is_told_as_ever(monkeypatch):
    model = small()
    forward = Repeater(model)
    model._pack()
    forward(X, Y, None)
    assert forward.records[X.shape, Y.shape, None] is not None

    def fails(*arrays, **settings):
        raise MemoryError("no room")

    monkeypatch.setattr(dl.ops.linear, "forward", fails)
    with pytest.raises(dl.errors.DeviceMemoryError, match="linear.*no room"):
        forward(X, Y, None)


def test_between_steps_nothing_is_kept(repeated):
    model = small()
    theta = model._pack()
    forward = Repeater(model)
    for _ in range(3):
        model._step(theta, X, Y, None, forward)
    [record] = forward.records.values()
    assert len(repeated) == 2
    tensors = [step[-2] for step in record.steps]
    assert all(tensor.data is None for tensor in tensors)
    assert all(tensor._node.saved is None for tensor in tensors)
    assert all(place.data is None for place in record.places)
    assert all(tensor.data is None for tensor in record.wrapped)


def test_a_model_that_was_trained_can_be_copied():
    model = small()
    model.fit(X, Y, epochs=2, verbose=0)
    assert model._run.forward is None
    twin = copy.deepcopy(model)
    twin.fit(X, Y, epochs=1, verbose=0)
    assert not np.array_equal(twin.get_weights()[0], model.get_weights()[0])
