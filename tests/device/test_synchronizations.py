"""A training step waits for the device at most once, whatever the model.

Waiting costs more than a small step itself: the device idles while the host reads. What
is counted is exact: from the beginning of each step to its end (forward, loss,
backward, update, metrics), and again between two steps.
"""

import numpy as np
import pytest

import dlcourse as dl
from dlcourse.callbacks import Callback
from tests.device.memory import counters
from tests.gpu.families import FAMILIES


class Watch(Callback):
    """How often each step waits, and what is sent to the device meanwhile."""

    def __init__(self):
        self.inside, self.between, self.sent = [], [], []
        self._left = None

    def on_train_batch_begin(self, batch, logs=None):
        if self._left is not None:
            self.between.append(counters.synchronizations - self._left)
        self._entered = counters.synchronizations, counters.to_device, counters.to_host

    def on_train_batch_end(self, batch, logs=None):
        waits, sent, fetched = self._entered
        self.inside.append(counters.synchronizations - waits)
        self.sent.append(counters.to_device - sent)
        assert counters.to_host == fetched, "a whole array was fetched in a step"
        self._left = counters.synchronizations

    def on_epoch_end(self, epoch, logs=None):
        self._left = None


def watched(name, *others):
    watch = Watch()
    with dl.use_backend("cupy"):
        dl.manual_seed(4)
        model, x, y, how = FAMILIES[name]()
        how = {"batch_size": 8, "verbose": 0, "callbacks": [*others, watch], **how}
        model.fit(x, y, epochs=3, **how)
    assert len(watch.inside) >= 9 or how.get("validation_split")
    assert set(watch.between) == {0}
    return watch


@pytest.mark.parametrize("name", FAMILIES)
def test_at_most_once_a_step(name):
    watch = watched(name)
    waits, sent = sum(watch.inside), sum(watch.sent)
    steps = len(watch.inside)
    print(f"{name}: {waits} synchronizations, {sent} transfers in {steps} steps")
    assert max(watch.inside) <= 1


def test_at_most_once_a_step_with_every_callback(tmp_path):
    others = [
        dl.callbacks.EarlyStopping("loss", patience=5, restore_best_weights=True),
        dl.callbacks.ModelCheckpoint(tmp_path / "a.safetensors", monitor="loss"),
        dl.callbacks.ReduceLROnPlateau("loss", patience=0),
        dl.callbacks.TerminateOnNaN(),
        dl.callbacks.CSVLogger(tmp_path / "log.csv"),
        dl.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None),
    ]
    for name in ("regression", "perceptron"):
        watch = watched(name, *others)
        print(f"{name}, callbacks: {watch.inside}")
        assert max(watch.inside) <= 1


def test_one_more_would_be_seen():
    """Reading the loss at each step is one more: the counting above can fail."""
    reading = dl.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: float(logs["loss"])
    )
    plain, watch = watched("perceptron"), watched("perceptron", reading)
    assert (np.array(watch.inside) == np.array(plain.inside) + 1).all()


def test_many_runs_at_once_wait_no_oftener_than_one():
    """Beside the moments that are recorded, a step of R runs waits as one run does."""

    def waits(steps):
        with dl.use_backend("cupy"):
            model, x, y, _ = FAMILIES["perceptron"]()
            before = counters.synchronizations
            dl.models.sweep(
                model, x, y, loss=model.loss, seeds=[1, 2], steps=steps, record_every=20
            )
        return counters.synchronizations - before

    few, many = waits(10), waits(20)
    print(f"sweep: {many - few} synchronizations in 10 steps")
    assert many - few <= 10
