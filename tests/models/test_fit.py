"""`fit`, `evaluate`, `predict` against a training written out in NumPy.

The network is small enough to derive by hand: y = x·w + b with squared error. What the
loop adds (batches, validation, weights, history) must give the same numbers to 1e-12.
"""

import numpy as np
import pytest

import dlcourse as dl
from dlcourse.callbacks import LambdaCallback
from dlcourse.layers import Activation, Dense, Input

RNG = np.random.default_rng(0)
X = RNG.normal(size=(23, 3))
Y = X @ np.array([[1.0], [-2.0], [0.5]]) + 0.3 + 0.1 * RNG.normal(size=(23, 1))
WEIGHT = RNG.uniform(0, 2, 23)
START = [np.array([[0.1], [0.2], [0.3]]), np.array([0.0])]


def linear_model(loss="mse", rate=0.05, **how):
    model = dl.Sequential([Input((3,)), Dense(1, **how)], dtype="float64")
    model.set_weights(START)
    model.compile(dl.optimizers.SGD(rate), loss, metrics=["mae"])
    return model


def by_hand(x, y, weight=None, *, epochs=1, size=32, rate=0.05, l2=0.0, reduce="mean"):
    """Descent on the mean of weight·(x·w + b − y)²: the losses and the last weights."""
    w, b = (values.copy() for values in START)
    weight = np.ones(len(x)) if weight is None else weight
    losses = []
    for _ in range(epochs):
        total = 0.0
        for start in range(0, len(x), size):
            part = slice(start, start + size)
            xb, yb, cb = x[part], y[part], weight[part, None]
            error = xb @ w + b - yb
            divisor = len(xb) if reduce == "mean" else 1
            value = (cb * error**2).sum() / divisor + l2 * (w**2).sum()
            total += value * len(xb)
            slope = 2 * cb * error / divisor
            w, b = w - rate * (xb.T @ slope + 2 * l2 * w), b - rate * slope.sum(0)
        losses.append(total / len(x))
    return losses, [w, b]


def assert_weights(model, expected):
    for ours, right in zip(model.get_weights(), expected):
        np.testing.assert_allclose(ours, right, rtol=1e-12, atol=1e-14)


def loss_at(weights, x, y, weight=None):
    error = ((x @ weights[0] + weights[1] - y) ** 2)[:, 0]
    return np.mean(error if weight is None else error * weight)


# ------------------------------------------------------------------------- the loop


@pytest.mark.parametrize("size", [1, 4, 23, 100, None])
def test_batches_in_order(size):
    model = linear_model()
    history = model.fit(
        X, Y, batch_size=size, epochs=3, shuffle=False, verbose=0
    ).history
    losses, weights = by_hand(X, Y, epochs=3, size=size or 32)
    np.testing.assert_allclose(history["loss"], losses, rtol=1e-12)
    assert_weights(model, weights)
    assert model.optimizer.iterations == 3 * -(-23 // (size or 32))


def test_sample_weights():
    model = linear_model()
    history = model.fit(
        X, Y, 4, 2, shuffle=False, verbose=0, sample_weight=WEIGHT
    ).history
    losses, weights = by_hand(X, Y, WEIGHT, epochs=2, size=4)
    np.testing.assert_allclose(history["loss"], losses, rtol=1e-6)
    for ours, right in zip(model.get_weights(), weights):
        np.testing.assert_allclose(ours, right, rtol=1e-6)


def test_class_weights():
    """A class that counts three times is a class present three times (at one batch)."""
    y = (Y > 0).astype("float64")
    model = linear_model()
    model.fit(X, y, 100, 2, verbose=0, class_weight={0: 0.5, 1: 3.0})
    _, weights = by_hand(X, y, np.where(y[:, 0] > 0, 3.0, 0.5), epochs=2, size=100)
    for ours, right in zip(model.get_weights(), weights):
        np.testing.assert_allclose(ours, right, rtol=1e-6)
    both = linear_model()
    both.fit(X, y, 100, verbose=0, class_weight={1: 3.0}, sample_weight=WEIGHT)
    expected = np.where(y[:, 0] > 0, 3.0, 1.0) * WEIGHT
    _, weights = by_hand(X, y, expected, size=100)
    np.testing.assert_allclose(both.get_weights()[0], weights[0], rtol=1e-6)


def test_class_weights_are_for_training_only():
    y = (Y > 0).astype("float64")
    model = linear_model()
    history = model.fit(
        X, y, verbose=0, validation_split=0.5, class_weight={0: 5.0, 1: 3.0}
    )
    expected = loss_at(model.get_weights(), X[11:], y[11:])
    assert history.history["val_loss"] == pytest.approx([expected], rel=1e-6)


@pytest.mark.parametrize("labels", ["numbers", "column", "one-hot"])
def test_class_weights_find_the_class_in_any_form(labels):
    classes = np.arange(23) % 3
    y = {
        "numbers": classes,
        "column": classes[:, None],
        "one-hot": np.eye(3)[classes],
    }[labels]
    loss = "categorical" if labels == "one-hot" else "sparse_categorical"
    runs = []
    for how in ({"class_weight": {0: 2.0, 2: 0.5}}, {"sample_weight": None}):
        if "sample_weight" in how:
            how["sample_weight"] = np.array([2.0, 1.0, 0.5])[classes]
        model = dl.Sequential([Input((3,)), Dense(3, "softmax")])
        model.set_weights([np.ones((3, 3)), np.zeros(3)])
        model.compile("sgd", f"{loss}_crossentropy")
        model.fit(X, y, verbose=0, shuffle=False, **how)
        runs.append(model.get_weights()[0])
    np.testing.assert_array_equal(*runs)


@pytest.mark.parametrize("split", [0.2, 0.5, 0.99 / 23 + 1e-9])
def test_validation_split_takes_the_end(split):
    n = int(23 * (1 - split))
    model = linear_model()
    history = model.fit(X, Y, 4, 2, validation_split=split, shuffle=False, verbose=0)
    losses, weights = by_hand(X[:n], Y[:n], epochs=2, size=4)
    np.testing.assert_allclose(history.history["loss"], losses, rtol=1e-12)
    expected = loss_at(weights, X[n:], Y[n:])
    assert history.history["val_loss"][-1] == pytest.approx(expected, rel=1e-12)


def test_validation_data_with_and_without_weights():
    for more in ((), (WEIGHT,)):
        model = linear_model()
        history = model.fit(
            X[:5], Y[:5], validation_data=(X, Y, *more), verbose=0
        ).history
        expected = loss_at(model.get_weights(), X, Y, *more)
        assert history["val_loss"] == pytest.approx([expected], rel=1e-6)
        assert list(history) == ["loss", "mae", "val_loss", "val_mae"]


def test_regularization_is_part_of_loss_and_gradient():
    model = linear_model(kernel_regularizer=dl.regularizers.L2(0.1))
    history = model.fit(X, Y, 4, 3, shuffle=False, verbose=0).history
    losses, weights = by_hand(X, Y, epochs=3, size=4, l2=0.1)
    np.testing.assert_allclose(history["loss"], losses, rtol=1e-12)
    assert_weights(model, weights)
    expected = loss_at(weights, X, Y) + 0.1 * (weights[0] ** 2).sum()
    assert model.evaluate(X, Y, verbose=0)[0] == pytest.approx(expected, rel=1e-12)


def test_a_summed_loss_is_summed_in_training_too():
    model = linear_model(dl.losses.MeanSquaredError(reduction="sum"), rate=0.001)
    model.fit(X, Y, 4, 2, shuffle=False, verbose=0)
    _, weights = by_hand(X, Y, epochs=2, size=4, rate=0.001, reduce="sum")
    assert_weights(model, weights)


def test_the_learning_rate_of_each_step():
    """A schedule counts steps, over epochs and over calls of fit."""
    schedule = dl.schedules.PiecewiseConstantDecay([1, 3], [0.1, 0.01, 0.0])
    model = linear_model(rate=schedule)
    ends = []
    for _ in range(3):
        model.fit(X, Y, 12, verbose=0, shuffle=False)  # two steps
        ends.append(model.get_weights()[0])
    w, b = START
    for step, rate in enumerate([0.1, 0.1, 0.01, 0.01]):
        part = slice(0, 12) if step % 2 == 0 else slice(12, None)
        slope = 2 * (X[part] @ w + b - Y[part]) / len(X[part])
        w, b = w - rate * X[part].T @ slope, b - rate * slope.sum(0)
    np.testing.assert_allclose(ends[1], w, rtol=1e-12)
    np.testing.assert_array_equal(ends[1], ends[2])  # rate 0


class Recorder(dl.layers.Layer):
    """Passes on what it gets, and remembers it."""

    seen: list = []

    def call(self, x, training=False):
        if training:
            self.seen.append(dl.to_numpy(x))
        return x


def test_shuffling_keeps_pairs_and_takes_every_sample_once():
    Recorder.seen = []
    x = np.arange(23.0)[:, None]
    model = dl.Sequential([Input((1,)), Recorder(), Dense(1)])
    model.set_weights([[[2.0]], [1.0]])
    model.compile("sgd", "mse")
    history = model.fit(x, 2 * x + 1, batch_size=5, epochs=3, verbose=0)
    assert history.history["loss"] == [0, 0, 0]  # each x met its own y
    assert [len(batch) for batch in Recorder.seen] == 3 * [5, 5, 5, 5, 3]
    orders = [np.concatenate(Recorder.seen[i : i + 5]).ravel() for i in (0, 5, 10)]
    for order in orders:
        np.testing.assert_array_equal(np.sort(order), x.ravel())
        assert (order != x.ravel()).any()
    assert (orders[0] != orders[1]).any() and (orders[1] != orders[2]).any()


def test_a_seed_of_fit_fixes_order_and_dropout():
    def run(seed):
        dl.manual_seed(0)
        model = dl.Sequential(
            [Input((3,)), Dense(8, "relu"), dl.layers.Dropout(0.5), Dense(1)]
        )
        model.compile("sgd", "mse")
        dl.manual_seed(int(RNG.integers(1000)))  # whatever was drawn in between
        model.fit(X, Y, 4, 2, verbose=0, seed=seed)
        return model.get_weights()[0]

    np.testing.assert_array_equal(run(5), run(5))
    assert (run(5) != run(6)).any()


# -------------------------------------------------------------------------- history


def test_history():
    model = linear_model()
    history = model.fit(X, Y, epochs=3, verbose=0, validation_data=(X, Y))
    assert history is model.history
    assert history.epoch == [0, 1, 2]
    assert all(len(values) == 3 for values in history.history.values())
    assert all(type(v) is float for values in history.history.values() for v in values)
    again = model.fit(X, Y, epochs=5, initial_epoch=3, verbose=0)
    assert again.epoch == [3, 4] and again is not history
    assert model.fit(X, Y, epochs=0, verbose=0).history == {}


def test_the_metrics_of_an_epoch_are_means_over_its_samples():
    model = linear_model(rate=0.0)
    history = model.fit(X, Y, batch_size=4, verbose=0).history
    loss, mae = model.evaluate(X, Y, batch_size=7, verbose=0)
    assert history["loss"][0] == pytest.approx(loss, rel=1e-12)
    assert history["mae"][0] == pytest.approx(mae, rel=1e-12)
    expected = np.abs(X @ START[0] - Y).mean()
    assert mae == pytest.approx(expected, rel=1e-12)


def test_what_evaluate_and_single_batches_return():
    model = linear_model()
    expected = loss_at(START, X, Y)
    for values in (
        model.evaluate(X, Y, verbose=0),
        model.test_on_batch(X, Y),
        model.train_on_batch(X, Y),
    ):
        assert isinstance(values, list) and len(values) == 2
        assert values[0] == pytest.approx(expected, rel=1e-12)
    _, weights = by_hand(X, Y)
    assert_weights(model, weights)
    model.compile("sgd", "mse")
    for value in (model.evaluate(X, Y, verbose=0), model.train_on_batch(X, Y)):
        assert type(value) is float
    weighted = linear_model().evaluate(X, Y, verbose=0, sample_weight=WEIGHT)[0]
    assert weighted == pytest.approx(loss_at(START, X, Y, WEIGHT), rel=1e-6)


def test_predict():
    model = linear_model()
    expected = X @ START[0]
    for size in (None, 1, 7, 100):
        y = model.predict(X, batch_size=size, verbose=0)
        assert type(y) is np.ndarray and y.dtype == "float64"
        np.testing.assert_allclose(y, expected, rtol=1e-12)
    assert dl.Sequential([Dense(2)]).predict(X).dtype == "float32"


def test_neither_predict_nor_evaluate_records_a_graph():
    kept = []
    spy = Activation(lambda x: kept.append(x) or x)
    model = dl.Sequential([Input((3,)), Dense(1), spy])
    model.compile("sgd", "mse")
    model.predict(X)
    model.evaluate(X, Y, verbose=0)
    assert kept and not any(x.requires_grad for x in kept)
    assert model(X).requires_grad


def test_only_training_is_training():
    """Dropout is off in all that only looks."""
    model = dl.Sequential([Input((3,)), dl.layers.Dropout(0.9), Dense(1)])
    model.compile(dl.optimizers.SGD(0.0), "mse")
    expected = loss_at(model.get_weights(), X, Y)
    for value in (
        model.evaluate(X, Y, verbose=0),
        model.test_on_batch(X, Y),
        float(dl.losses.MeanSquaredError()(Y, model.predict(X).astype("float64"))),
        model.fit(X, Y, verbose=0, validation_data=(X, Y)).history["val_loss"][0],
    ):
        assert value == pytest.approx(expected, rel=1e-5)
    assert model.train_on_batch(X, Y) != pytest.approx(expected, rel=1e-3)


def test_verbose(capsys):
    model = linear_model()
    model.fit(X, Y, epochs=2, verbose=0)
    assert capsys.readouterr() == ("", "")
    model.fit(X, Y, epochs=2, verbose=2)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and "2/2" in lines[1]
    assert "loss" in lines[0] and "mae" in lines[0]
    model.fit(X, Y, epochs=2, verbose=1)
    bar = capsys.readouterr().err
    assert "epoch 2/2" in bar and "loss" in bar and "100%" in bar


def test_stop_training_from_a_callback():
    model = linear_model()

    def stop(epoch, logs):
        model.stop_training = epoch == 1

    watcher = LambdaCallback(on_epoch_end=stop)
    history = model.fit(X, Y, epochs=9, verbose=0, callbacks=[watcher])
    assert history.epoch == [0, 1]
    assert model.fit(X, Y, epochs=2, verbose=0).epoch == [0, 1]  # and on it goes
