"""`fit` beside Keras's: the same weights, data and order, the same history and weights.

And `EarlyStopping` and `ReduceLROnPlateau`, told the same stories as in
``tests/test_callbacks.py``.
"""

import numpy as np
import pytest

import dlcourse as dl
from tests.parity.judges import keras, to_numpy
from tests.test_callbacks import PLATEAUS, STORIES

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 4)).astype("float32")
TARGETS = {
    "mse": RNG.normal(size=(50, 3)).astype("float32"),
    "binary_crossentropy": RNG.integers(0, 2, (50, 1)).astype("float32"),
    "categorical_crossentropy": np.eye(3, dtype="float32")[RNG.integers(0, 3, 50)],
    "sparse_categorical_crossentropy": RNG.integers(0, 3, 50),
    "hinge": RNG.choice([-1.0, 1.0], (50, 1)).astype("float32"),
}
LAST = {
    "binary_crossentropy": "sigmoid",
    "categorical_crossentropy": "softmax",
    "sparse_categorical_crossentropy": "softmax",
}


def both(loss, optimizer="sgd", metrics=(), l2=None):
    """Our network and Keras's, with the same weights, compiled alike."""
    y = TARGETS[loss]
    units = 3 if loss.startswith("sparse") else y.shape[1]
    models = []
    for m in (dl, keras):
        penalty = m.regularizers.L2(l2) if l2 else None
        model = m.Sequential(
            [
                m.Input(shape=(4,)),
                m.layers.Dense(8, activation="tanh", kernel_regularizer=penalty),
                m.layers.Dense(units, activation=LAST.get(loss)),
            ]
        )
        if isinstance(optimizer, str):
            chosen = optimizer
        else:
            kind, how = optimizer
            chosen = getattr(m.optimizers, kind)(**how)
        model.compile(optimizer=chosen, loss=loss, metrics=list(metrics))
        models.append(model)
    models[0].set_weights(models[1].get_weights())
    return models


def compare(ours, theirs, y, **how):
    how = {"batch_size": 8, "epochs": 3, "shuffle": False, "verbose": 0, **how}
    ours_history, theirs_history = (m.fit(X, y, **how) for m in (ours, theirs))
    mine, yours = ours_history.history, theirs_history.history
    assert sorted(mine) == sorted(yours)
    for name in mine:
        expected = [float(value) for value in yours[name]]
        assert mine[name] == pytest.approx(expected, rel=2e-5, abs=1e-6), name
    assert ours_history.epoch == theirs_history.epoch
    for a, b in zip(ours.get_weights(), theirs.get_weights()):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=2e-6)


METRICS = {
    "mse": ["mae", "mean_squared_error"],
    "binary_crossentropy": ["accuracy", "binary_accuracy"],
    "categorical_crossentropy": ["acc", "categorical_accuracy", "mae"],
    "sparse_categorical_crossentropy": ["accuracy"],
    "hinge": [],
}


@pytest.mark.parametrize("loss", TARGETS)
@pytest.mark.parametrize(
    "how",
    [
        {},
        {"validation_split": 0.3},
        {"validation_data": True},
        {"sample_weight": np.linspace(0, 2, 50).astype("float32")},
        {"batch_size": 50},
        {"initial_epoch": 1},
        {"validation_split": 0.3, "sample_weight": np.linspace(0, 2, 50)},
    ],
    ids=lambda how: " ".join(how) or "plain",
)
def test_history_and_weights(loss, how):
    y = TARGETS[loss]
    if "validation_data" in how:
        how = {"validation_data": (X[:20] + 0.1, y[:20])}
    ours, theirs = both(loss, ("SGD", {"learning_rate": 0.1}), METRICS[loss])
    compare(ours, theirs, y, **how)


@pytest.mark.parametrize("loss", [name for name in TARGETS if "crossentropy" in name])
def test_class_weights(loss):
    ours, theirs = both(loss, metrics=["accuracy"])
    how = {"class_weight": {0: 0.5, 1: 3.0}, "validation_split": 0.3}
    compare(ours, theirs, TARGETS[loss], **how)


@pytest.mark.parametrize(
    "optimizer",
    [
        ("SGD", {"learning_rate": 0.05, "momentum": 0.9}),
        ("SGD", {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True}),
        ("SGD", {"learning_rate": 0.05, "clipnorm": 0.1}),
        ("SGD", {"learning_rate": 0.05, "global_clipnorm": 0.1}),
        ("Adam", {"learning_rate": 0.01}),
        ("AdamW", {"learning_rate": 0.01}),
        ("RMSprop", {"learning_rate": 0.01}),
        ("Adagrad", {"learning_rate": 0.1}),
        ("Adadelta", {"learning_rate": 1.0}),
        ("Nadam", {"learning_rate": 0.01}),
        "adam",
        "rmsprop",
    ],
    ids=str,
)
def test_optimizers(optimizer):
    ours, theirs = both("mse", optimizer)
    compare(ours, theirs, TARGETS["mse"])


def test_penalties():
    ours, theirs = both("mse", ("SGD", {"learning_rate": 0.1}), ["mae"], l2=0.05)
    compare(ours, theirs, TARGETS["mse"], validation_split=0.2)


def test_evaluate_and_single_batches():
    ours, theirs = both("categorical_crossentropy", metrics=["accuracy"])
    y = TARGETS["categorical_crossentropy"]
    weight = np.linspace(0, 2, 50).astype("float32")
    for call in (
        lambda m: m.evaluate(X, y, verbose=0),
        lambda m: m.evaluate(X, y, verbose=0, batch_size=7, sample_weight=weight),
        lambda m: m.test_on_batch(X, y),
        lambda m: m.train_on_batch(X, y),
        lambda m: m.evaluate(X, y, verbose=0),
    ):
        a, b = call(ours), call(theirs)
        assert len(a) == len(b) == 2
        assert a == pytest.approx([float(to_numpy(v)) for v in b], rel=1e-5)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X, verbose=0), atol=1e-6)


def test_numbers_of_parameters_and_shapes():
    ours, theirs = both("mse")
    assert ours.count_params() == theirs.count_params()
    assert ours.output_shape == theirs.output_shape
    lines, judged = [], []
    ours.summary(print_fn=lines.append)
    theirs.summary(print_fn=lambda text, **how: judged.append(text))
    for line in "\n".join(judged).splitlines():
        if "params:" in line and "Optimizer" not in line:
            assert line.strip() in "\n".join(lines)


class Puppet:
    """Stands for a model: its weights are the number of the epoch."""

    def __init__(self):
        self.weights, self.stop_training = None, False

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights


@pytest.mark.parametrize("values, how, epochs, best", STORIES.values(), ids=STORIES)
def test_early_stopping(values, how, epochs, best):
    """Keras hears the same values and must stop, and end, where ours does."""
    if np.isnan(values[0]):
        return  # Keras takes a first NaN for the best; ours waits for a number
    how = {"monitor": "val_loss", "mode": "min", **how}
    if how["monitor"] == "accuracy":
        how["mode"] = "max"
    callback = keras.callbacks.EarlyStopping(restore_best_weights=True, **how)
    puppet = Puppet()
    callback.set_model(puppet)
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        puppet.weights = epoch
        callback.on_epoch_end(epoch, {how["monitor"]: value})
        if puppet.stop_training:
            break
    callback.on_train_end()
    assert epoch + 1 == epochs
    assert puppet.weights == best


@pytest.mark.parametrize("values, how, rates", PLATEAUS.values(), ids=PLATEAUS)
def test_reduce_lr_on_plateau(values, how, rates):
    callback = keras.callbacks.ReduceLROnPlateau(**how)
    puppet = Puppet()
    puppet.optimizer = keras.optimizers.SGD(1.0)
    callback.set_model(puppet)
    callback.on_train_begin()
    found = []
    for epoch, value in enumerate(values):
        found.append(float(puppet.optimizer.learning_rate))
        callback.on_epoch_end(epoch, {"val_loss": value})
    assert found == pytest.approx(rates)
