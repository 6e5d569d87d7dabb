"""The Stop button, pressed on a real process: whole steps, a history, and on again.

The training runs in a process of its own, which sends itself SIGINT from inside a step
(the worst moment), as JupyterLab's stop button does.
"""

import subprocess
import sys
import threading

import numpy as np
import pytest

import dlcourse as dl
from dlcourse.layers import Dense, Input

PROLOGUE = """
import os, signal, sys, time
import numpy as np
import dlcourse as dl
from dlcourse.callbacks import EarlyStopping, LambdaCallback

# a shell that starts the tests in the background makes them deaf to interrupts
signal.signal(signal.SIGINT, signal.default_int_handler)

x = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
y = x[:, :1]

class Stop(dl.layers.Layer):
    "Sends the interrupt in the middle of the forward pass of step `at`."
    at, times, count = -1, 1, 0
    def call(self, x, training=False):
        if training:
            if Stop.count == Stop.at:
                for _ in range(Stop.times):
                    os.kill(os.getpid(), signal.SIGINT)
                    time.sleep(0.01)
            Stop.count += 1
        return x

def network():
    dl.manual_seed(1)
    model = dl.Sequential([dl.Input((3,)), dl.layers.Dense(8, "tanh"), Stop(),
                           dl.layers.Dense(1)])
    model.compile(dl.optimizers.Adam(0.01), "mse")
    return model

def fit(model, epochs=3, **how):
    how = {"batch_size": 10, "verbose": 0, "shuffle": False, **how}  # four steps each
    return model.fit(x, y, epochs=epochs, **how)
"""

STORIES = {
    "between steps": """
Stop.at = 5  # the second step of the second epoch
model = network()
try:
    fit(model)
    assert False, "not stopped"
except KeyboardInterrupt as problem:
    assert "fit can go on" in str(problem)
assert Stop.count == 6 and model.optimizer.iterations == 6
assert model.history.epoch == [0] and len(model.history.history["loss"]) == 1
twin = network()
for i in range(6):
    part = slice(10 * (i % 4), 10 * (i % 4) + 10)
    twin.train_on_batch(x[part], y[part])
assert (model.theta == twin.theta).all()
assert len(fit(model).epoch) == 3 and model.optimizer.iterations == 18
""",
    "the last step of an epoch": """
Stop.at = 3
model = network()
try:
    fit(model)
    assert False, "not stopped"
except KeyboardInterrupt:
    pass
assert model.optimizer.iterations == 4
""",
    "the very last step": """
Stop.at = 11
model = network()
try:
    fit(model)
    assert False, "not stopped"
except KeyboardInterrupt:
    pass
assert model.optimizer.iterations == 12
""",
    "a second one stops at once": """
Stop.at, Stop.times = 5, 2
model = network()
try:
    fit(model)
    assert False, "not stopped"
except KeyboardInterrupt:
    pass
assert Stop.count == 5 and model.optimizer.iterations == 5  # the sixth was given up
Stop.at = -1
fit(model)
""",
    "validation too": """
Stop.at = 3
model = network()
try:
    fit(model, validation_data=(x, y))
    assert False, "not stopped"
except KeyboardInterrupt:
    assert model.optimizer.iterations == 4
""",
    "the callbacks are told": """
Stop.at = 9
model = network()
told = []
try:
    fit(model, callbacks=[LambdaCallback(on_train_end=lambda logs: told.append(1))])
except KeyboardInterrupt:
    assert told == [1]
""",
    "the bar is closed": """
Stop.at = 5
model = network()
try:
    fit(model, verbose=1)
    assert False, "not stopped"
except KeyboardInterrupt:
    pass
""",
    "afterwards the button is Python's again": """
model = network()
before = signal.getsignal(signal.SIGINT)
fit(model)
assert signal.getsignal(signal.SIGINT) is before
Stop.at, Stop.count = 0, 0
try:
    fit(model)
except KeyboardInterrupt:
    pass
assert signal.getsignal(signal.SIGINT) is before
try:
    os.kill(os.getpid(), signal.SIGINT); time.sleep(1)
    assert False, "not interrupted"
except KeyboardInterrupt:
    pass
""",
}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to itself")
@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_an_interrupt(story):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROLOGUE + story],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def test_training_in_a_thread_leaves_signals_alone():
    """Only the main thread may ask for signals; fit must not need them."""
    model = dl.Sequential([Input((2,)), Dense(1)])
    model.compile("sgd", "mse")
    problems = []

    def train():
        try:
            model.fit(np.ones((8, 2)), np.ones((8, 1)), epochs=2, verbose=0)
        except BaseException as problem:
            problems.append(problem)

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert not problems and model.history.epoch == [0, 1]
