"""Killed at any moment, a training goes on from its checkpoint to the same bits.

Trainings run in processes of their own, which end themselves with SIGKILL (nothing is
tidied up), and are resumed in another process.
"""

import subprocess
import sys

import numpy as np
import pytest

import dlcourse as dl
from dlcourse.callbacks import EarlyStopping, LambdaCallback, ModelCheckpoint
from dlcourse.errors import ConfigError, DLCourseError, FileFormatError, ShapeError
from dlcourse.layers import Dense, Dropout, Input

TRAIN = """
import hashlib, json, os, signal, sys
import numpy as np
import dlcourse as dl
from dlcourse import callbacks as cb
from dlcourse.layers import Dense, Dropout

path, kill_at, save_freq, resume, optimizer = sys.argv[1:]
x = np.random.default_rng(0).normal(size=(50, 3)).astype("float32")
y = (x[:, 0] > 0).astype("int64")
dl.manual_seed(1)
model = dl.Sequential([dl.Input((3,)), Dense(8, "relu"), Dropout(0.3),
                       Dropout(0.2, seed=4), Dense(2, "softmax")])
schedule = dl.schedules.ExponentialDecay(0.02, 10, 0.9)
rule = {"Adam": dl.optimizers.Adam(0.01, clipnorm=1.0),
        "Nadam": dl.optimizers.Nadam(0.01),
        "SGD": dl.optimizers.SGD(schedule, momentum=0.9)}[optimizer]
model.compile(rule, "sparse_categorical_crossentropy", metrics=["accuracy"])
steps = 0

def count(batch, logs):
    global steps
    steps += 1
    if steps == int(kill_at):
        os.kill(os.getpid(), signal.SIGKILL)

watchers = [cb.EarlyStopping(patience=50, restore_best_weights=True)]
if optimizer != "SGD":  # whose rate follows a schedule
    watchers.append(cb.ReduceLROnPlateau(patience=1))
freq = save_freq if save_freq == "epoch" else int(save_freq)
watchers += [cb.ModelCheckpoint(path, save_freq=freq),
             cb.LambdaCallback(on_train_batch_end=count)]
history = model.fit(x, y, epochs=4, batch_size=8, validation_split=0.2, verbose=0,
                    seed=7, resume=path if resume == "yes" else None,
                    callbacks=watchers)
print(hashlib.sha256(model.theta.tobytes()).hexdigest(), json.dumps(history.history),
      history.epoch, model.optimizer.iterations, steps)
"""


def train(path, kill_at=-1, save_freq="epoch", resume="no", optimizer="Adam"):
    command = [sys.executable, "-c", TRAIN, str(path), str(kill_at), str(save_freq)]
    done = subprocess.run(
        [*command, resume, optimizer], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == (0 if kill_at < 0 else -9), done.stderr
    return done.stdout.rsplit(" ", 1)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize(
    "optimizer, save_freq, kill_at",
    [("Adam", "epoch", 13), ("Adam", 3, 8), ("Nadam", 1, 12), ("SGD", 2, 5)],
)
def test_killed_and_resumed(tmp_path, optimizer, save_freq, kill_at):
    path = tmp_path / "run.safetensors"
    expected, _ = train(tmp_path / "whole.safetensors", -1, save_freq, "no", optimizer)
    train(path, kill_at, save_freq, "no", optimizer)
    assert path.exists()
    train(path, 2, save_freq, "yes", optimizer)  # killed once more
    found, steps = train(path, -1, save_freq, "yes", optimizer)
    assert found == expected
    assert int(steps) < 20  # it went on, and did not begin again


def network(units=4):
    dl.manual_seed(0)
    model = dl.Sequential([Input((2,)), Dense(units, "tanh"), Dropout(0.2), Dense(1)])
    model.compile(dl.optimizers.Adam(0.01), "mse")
    return model


X = np.random.default_rng(0).normal(size=(20, 2)).astype("float32")
Y = X[:, :1]


def fit(model, **how):
    return model.fit(X, Y, **{"epochs": 3, "batch_size": 8, "verbose": 0, **how})


def test_a_file_for_each_epoch_with_its_values(tmp_path):
    name = tmp_path / "at {epoch:02d} {loss:.3f}.safetensors"
    history = fit(network(), callbacks=[ModelCheckpoint(name)]).history
    expected = {
        f"at {i + 1:02d} {v:.3f}.safetensors" for i, v in enumerate(history["loss"])
    }
    assert {path.name for path in tmp_path.iterdir()} == expected


def test_only_the_best(tmp_path):
    path = tmp_path / "best.safetensors"
    losses = [3.0, 2.0, 2.5, 1.0, 4.0]

    def script(epoch, logs):
        logs["val_loss"] = losses[epoch]

    checkpoint = ModelCheckpoint(path, save_best_only=True)
    watchers = [LambdaCallback(on_epoch_end=script), checkpoint]
    fit(network(), epochs=5, callbacks=watchers)
    assert checkpoint.best == 1.0
    resumed = fit(network(), epochs=5, callbacks=watchers, resume=path)
    assert resumed.epoch == [0, 1, 2, 3, 4]  # four in the file, and one more


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "run.safetensors"
    model = network()
    fit(model, callbacks=[ModelCheckpoint(path)])
    before = path.read_bytes()

    def broken(*args):
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", broken)
    with pytest.raises(OSError, match="disk full"):
        fit(model, callbacks=[ModelCheckpoint(path)])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]  # and nothing half written


def test_a_checkpoint_of_another_training(tmp_path):
    path = tmp_path / "run.safetensors"
    fit(network(), callbacks=[ModelCheckpoint(path)])
    weights = tmp_path / "weights.safetensors"
    network().save_weights(weights)
    sgd = network()
    sgd.compile(dl.optimizers.SGD(0.01, momentum=0.9), "mse")
    for model, how, error in (
        (network(5), {}, ShapeError),
        (network(), {"batch_size": 4}, FileFormatError),
        (sgd, {}, FileFormatError),
        (network(), {"resume": weights}, FileFormatError),
        (network(), {"resume": tmp_path / "none.safetensors"}, FileFormatError),
        (network(), {"resume": "run.txt"}, DLCourseError),
    ):
        before, steps = model.theta.copy(), model.optimizer.iterations
        with pytest.raises(error) as caught:
            fit(model, **{"resume": path, "epochs": 5, **how})
        assert isinstance(caught.value, DLCourseError)
        np.testing.assert_array_equal(model.theta, before)
        assert model.optimizer.iterations == steps


def test_a_damaged_checkpoint_changes_nothing(tmp_path):
    path = tmp_path / "run.safetensors"
    fit(network(), callbacks=[ModelCheckpoint(path)])
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for cut in (0, 1, 7, 8, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        model = network()
        before = model.theta.copy()
        with pytest.raises(FileFormatError):
            fit(model, resume=path)
        np.testing.assert_array_equal(model.theta, before)
    header = int.from_bytes(whole[:8], "little")
    for _ in range(60):  # a byte of the header turned: refused, or harmless
        damaged = bytearray(whole)
        damaged[int(rng.integers(0, 8 + header))] = int(rng.integers(256))
        path.write_bytes(damaged)
        model = network()
        before = model.theta.copy()
        try:
            fit(model, resume=path, epochs=3)
        except DLCourseError:
            np.testing.assert_array_equal(model.theta, before)


@pytest.mark.parametrize(
    "how, word",
    [
        ({"filepath": "run.pickle"}, "safetensors"),
        ({"filepath": "run.safetensors", "save_freq": 0}, "save_freq"),
        ({"filepath": "run.safetensors", "save_freq": "batch"}, "save_freq"),
        ({"filepath": "run.safetensors", "mode": "best"}, "mode"),
    ],
)
def test_settings_that_cannot_be(how, word):
    with pytest.raises(ConfigError, match=word):
        ModelCheckpoint(**how)


def test_names_that_cannot_be_filled(tmp_path):
    for name, word in (
        (tmp_path / "{accuracy}.safetensors", "accuracy"),
        (tmp_path / "nowhere" / "run.safetensors", "nowhere"),
    ):
        with pytest.raises(ConfigError, match=word):
            fit(network(), callbacks=[ModelCheckpoint(name)])


def test_early_stopping_remembers(tmp_path):
    """What it has seen is in the checkpoint: patience does not begin anew."""
    path = tmp_path / "run.safetensors"
    values = [3.0, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0]

    def watchers():
        script = LambdaCallback(
            on_epoch_end=lambda epoch, logs: logs.update(val_loss=values[epoch])
        )
        return [script, EarlyStopping(patience=3), ModelCheckpoint(path)]

    fit(network(), epochs=3, callbacks=watchers())
    history = fit(network(), epochs=7, callbacks=watchers(), resume=path)
    assert history.epoch == [0, 1, 2, 3, 4]
