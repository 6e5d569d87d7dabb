"""Callbacks: when they are called, and what EarlyStopping and the others decide."""

import math

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import callbacks
from dlcourse.callbacks import (
    Callback,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    LearningRateScheduler,
    ReduceLROnPlateau,
)
from dlcourse.errors import ConfigError
from dlcourse.layers import Dense, Input

X = np.random.default_rng(0).normal(size=(20, 2)).astype("float32")
Y = X[:, :1]


def network():
    model = dl.Sequential([Input((2,)), Dense(4, "tanh"), Dense(1)])
    model.compile(dl.optimizers.SGD(0.1), "mse")
    return model


def fit(model, *watchers, **how):
    how = {"epochs": 3, "batch_size": 8, "verbose": 0, **how}
    return model.fit(X, Y, callbacks=list(watchers), **how)


def test_every_callback_is_tested_here():
    elsewhere = {
        *("Callback", "History", "ProgressBar"),  # tests/models/test_fit.py
        "ModelCheckpoint",  # tests/models/test_checkpoint.py
        "TerminateOnNaN",  # tests/test_terminate_on_nan.py
    }
    assert set(callbacks.__all__) - elsewhere <= set(globals())


class Diary(Callback):
    def __init__(self):
        self.pages = []

    def on_train_begin(self, logs=None):
        self.pages.append("begin")

    def on_train_end(self, logs=None):
        self.pages.append("end")

    def on_epoch_begin(self, epoch, logs=None):
        self.pages.append(f"epoch {epoch}")

    def on_epoch_end(self, epoch, logs=None):
        self.pages.append(f"epoch {epoch} {sorted(logs)}")

    def on_train_batch_begin(self, batch, logs=None):
        self.pages.append(f"batch {batch}")

    def on_train_batch_end(self, batch, logs=None):
        assert math.isfinite(float(logs["loss"]))
        self.pages.append(f"batch {batch} done")


def test_the_order_of_the_moments():
    diary = Diary()
    model = network()
    fit(model, diary, epochs=2, validation_data=(X, Y))
    assert diary.model is model
    assert diary.params["epochs"] == 2 and diary.params["steps"] == 3
    steps = [f"batch {i}{end}" for i in range(3) for end in ("", " done")]
    epoch = lambda i: [  # noqa: E731
        f"epoch {i}",
        *steps,
        f"epoch {i} ['loss', 'val_loss']",
    ]
    assert diary.pages == ["begin", *epoch(0), *epoch(1), "end"]


def test_lambda_callback():
    said = []
    moments = [name for name in dir(Callback) if name.startswith("on_")]
    functions = {name: lambda *args, name=name: said.append(name) for name in moments}
    fit(network(), LambdaCallback(**functions), epochs=1)
    assert set(said) == set(moments)
    with pytest.raises(ConfigError, match=r"'on_epoch_and'.*on_epoch_end"):
        LambdaCallback(on_epoch_and=print)


def test_a_callback_that_fails_leaves_a_whole_step_behind():
    def fail(batch, logs):
        if batch == 1:
            raise ZeroDivisionError

    model, twin = network(), network()
    twin.set_weights(model.get_weights())
    with pytest.raises(ZeroDivisionError):
        fit(model, LambdaCallback(on_train_batch_end=fail), shuffle=False)
    for part in (slice(0, 8), slice(8, 16)):
        twin.train_on_batch(X[part], Y[part])
    np.testing.assert_array_equal(model.theta, twin.theta)
    assert model.optimizer.iterations == 2
    fit(model)  # and on it goes


# ---------------------------------------------------------------------- EarlyStopping


class Script(Callback):
    """Says what the watched value shall be, and marks the weights with the epoch."""

    def __init__(self, values, name):
        self.values, self.name = values, name

    def on_epoch_end(self, epoch, logs=None):
        logs[self.name] = self.values[epoch]
        self.model.set_theta(np.full(self.model.theta.shape, float(epoch)))


# what it is told, how it is set, how many epochs it runs, the epoch it ends up with
FALL = [5, 4, 3, 2, 1, 0]
DIP = [3, 2, 1, 2, 2.5, 0]
STORIES = {
    "always better": (FALL, {}, 6, 5),
    "worse at once": (DIP, {}, 4, 2),
    "patience 1": (DIP, {"patience": 1}, 4, 2),
    "patience 2": (DIP, {"patience": 2}, 5, 2),
    "patience 3": (DIP, {"patience": 3}, 6, 5),
    "min_delta": (FALL, {"min_delta": 1.5, "patience": 1}, 2, 0),
    "min_delta, 2": (FALL, {"min_delta": 1.5, "patience": 3}, 6, 4),
    "max": ([1, 2, 3, 2, 1, 0], {"mode": "max", "patience": 2}, 5, 2),
    "accuracy": ([1, 2, 1, 0, 0, 0], {"monitor": "accuracy", "patience": 2}, 4, 1),
    "start later": ([0, 1, 5, 4, 5, 6], {"start_from_epoch": 2}, 5, 3),
    "better, not enough": ([5, 4, 5, 3, 2, 0], {"baseline": 1.5, "patience": 3}, 3, 1),
    "baseline met": ([3, 1, 2, 2, 2, 2], {"baseline": 2, "patience": 2}, 4, 1),
    "NaN": ([3, math.nan, math.nan, 1, 2, 2], {"patience": 2}, 3, 0),
    "never a number": ([math.nan] * 6, {"patience": 3}, 3, 0),
}


@pytest.mark.parametrize("values, how, epochs, best", STORIES.values(), ids=STORIES)
def test_early_stopping(values, how, epochs, best):
    how = {"monitor": "val_loss", "restore_best_weights": True, **how}
    model = network()
    stopping = EarlyStopping(**how)
    script = Script(values, how["monitor"])
    history = fit(model, script, stopping, epochs=6)
    assert len(history.epoch) == epochs
    assert (model.theta == best).all(), model.theta[0]
    assert stopping.best_epoch == best
    assert stopping.stopped_epoch == (epochs - 1 if epochs < 6 else 0)
    kept = EarlyStopping(**{**how, "restore_best_weights": False})
    fit(model, script, kept, epochs=6)
    assert (model.theta == epochs - 1).all()


def test_early_stopping_can_be_used_again():
    model, stopping = network(), EarlyStopping(patience=1, restore_best_weights=True)
    for _ in range(2):
        history = fit(model, Script([3, 2, 4, 4, 4, 4], "val_loss"), stopping, epochs=6)
        assert len(history.epoch) == 3 and (model.theta == 1).all()


def test_early_stopping_says_so(capsys):
    stopping = EarlyStopping(patience=1, verbose=1)
    fit(network(), Script([3, 2, 4, 4], "val_loss"), stopping, epochs=4)
    said = capsys.readouterr().out
    assert "Epoch 3" in said and "epoch 2" in said and "val_loss 2" in said


def test_early_stopping_needs_what_it_watches():
    model = network()
    with pytest.raises(ConfigError, match=r"'val_loss'.*validation_data"):
        fit(model, EarlyStopping())
    for how, word in (
        ({"patience": -1}, "patience"),
        ({"patience": 1.5}, "patience"),
        ({"mode": "mni"}, "mode"),
        ({"min_delta": "small"}, "min_delta"),
    ):
        with pytest.raises(ConfigError, match=word):
            EarlyStopping(**how)


def test_early_stopping_on_a_real_curve():
    """A network that overfits stops, and ends with its best weights."""
    rng = np.random.default_rng(1)
    x = rng.uniform(-1, 1, (24, 1))
    y = np.sin(3 * x) + 0.4 * rng.normal(size=x.shape)
    data = (x[:12], y[:12])
    model = dl.Sequential([Input((1,)), Dense(64, "tanh"), Dense(64, "tanh"), Dense(1)])
    model.compile(dl.optimizers.Adam(0.02), "mse")
    stopping = EarlyStopping(patience=15, restore_best_weights=True)
    history = model.fit(
        *data,
        epochs=400,
        validation_data=(x[12:], y[12:]),
        callbacks=[stopping],
        verbose=0,
    ).history
    assert len(history["val_loss"]) < 400
    best = min(history["val_loss"])
    assert history["val_loss"][-1] > best
    assert model.evaluate(x[12:], y[12:], verbose=0) == pytest.approx(best, rel=1e-5)


# ------------------------------------------------------------------ rates and accidents


def test_learning_rate_scheduler():
    for schedule in (lambda epoch: 0.1 / (epoch + 1), lambda epoch, rate: rate / 2):
        model = network()
        rates = [schedule(0) if schedule.__code__.co_argcount == 1 else 0.05]
        history = fit(model, LearningRateScheduler(schedule)).history
        for epoch in (1, 2):
            one = schedule.__code__.co_argcount == 1
            rates.append(schedule(epoch) if one else rates[-1] / 2)
        assert history["learning_rate"] == pytest.approx(rates)
        assert model.optimizer.learning_rate == pytest.approx(rates[-1])


def test_a_scheduler_that_says_nonsense():
    for nonsense in (-0.1, float("nan"), "fast", None):
        model = network()
        before = model.theta.copy()
        with pytest.raises(ConfigError, match="learning_rate"):
            fit(model, LearningRateScheduler({0: nonsense}.get))
        np.testing.assert_array_equal(model.theta, before)


def test_an_error_inside_a_schedule_is_not_hidden():
    with pytest.raises(TypeError, match="broken inside"):

        def schedule(epoch, rate):
            raise TypeError("broken inside")

        fit(network(), LearningRateScheduler(schedule))


# what it is told, how it is set, the rate of each epoch (it begins with 1)
PLATEAUS = {
    "improving": (FALL, {"patience": 1}, [1, 1, 1, 1, 1, 1]),
    "standing": ([3] * 6, {"patience": 2}, [1, 1, 1, 0.1, 0.1, 0.01]),
    "half": ([3] * 4, {"patience": 1, "factor": 0.5}, [1, 1, 0.5, 0.25]),
    "cooldown": ([3] * 6, {"patience": 1, "cooldown": 2}, [1, 1, 0.1, 0.1, 0.01, 0.01]),
    "floor": ([3] * 5, {"patience": 1, "min_lr": 0.05}, [1, 1, 0.1, 0.05, 0.05]),
    "min_delta": (
        [3, 2.9, 2.8, 1],
        {"patience": 1, "min_delta": 0.5},
        [1, 1, 0.1, 0.01],
    ),
    "max": ([1, 2, 3, 3], {"patience": 1, "mode": "max"}, [1, 1, 1, 1]),
}


@pytest.mark.parametrize("values, how, rates", PLATEAUS.values(), ids=PLATEAUS)
def test_reduce_lr_on_plateau(values, how, rates):
    model = network()
    model.optimizer.learning_rate = 1.0
    script = Script(values, "val_loss")
    reduce = ReduceLROnPlateau(**how)
    history = fit(model, script, reduce, epochs=len(values)).history
    assert history["learning_rate"] == pytest.approx(rates)


@pytest.mark.parametrize(
    "how, word",
    [
        ({"factor": 1.0}, "factor"),
        ({"patience": -1}, "patience"),
        ({"min_lr": -1}, "min_lr"),
        ({"mode": "best"}, "mode"),
    ],
)
def test_a_plateau_that_cannot_be(how, word):
    with pytest.raises(ConfigError, match=word):
        ReduceLROnPlateau(**how)


def test_csv_logger(tmp_path):
    path = tmp_path / "log.csv"
    model = network()
    first = fit(model, CSVLogger(path), epochs=2, validation_data=(X, Y)).history
    more = fit(model, CSVLogger(path, append=True), validation_data=(X, Y)).history
    lines = [line.split(",") for line in path.read_text().splitlines()]
    assert lines[0] == ["epoch", "loss", "val_loss"] and len(lines) == 1 + 2 + 3
    for line, loss in zip(lines[1:], first["loss"] + more["loss"]):
        assert float(line[1]) == loss
    fit(model, CSVLogger(str(path), separator=";"), epochs=1)
    assert path.read_text().startswith("epoch;loss\n0;")
    with pytest.raises(ConfigError, match="nowhere"):
        fit(model, CSVLogger(tmp_path / "nowhere" / "log.csv"))


def test_a_diverged_training_goes_through_without_a_warning():
    model = network()
    model.compile(dl.optimizers.SGD(1e25), "mse")
    history = fit(model, epochs=5).history
    assert not all(math.isfinite(loss) for loss in history["loss"])
