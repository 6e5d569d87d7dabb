"""One seed, one result: bit-identical weights in twenty fresh processes.

Each process imports the course in another way, has another hash seed (which orders
sets and dicts of strings) and other things done before. It trains every kind of layer
that draws random numbers or sums in an order of its own, and prints a digest of all
weights, losses and predictions.
"""

import os
import subprocess
import sys
from itertools import cycle, islice

PROCESSES = 20
AT_ONCE = 2  # two cores are enough for anybody

TRAIN = """
import hashlib
import numpy as np
{imports}
from dlcourse import layers as L

dl.manual_seed(3)
rng = np.random.default_rng(0)
digest = hashlib.sha256()


def add(*arrays):
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())


def train(optimizer, x, y, *layers):
    model = dl.Sequential(list(layers))
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, epochs=2, batch_size=8, verbose=0, validation_split=0.2)
    add(*model.get_weights(), *history.history.values(), model.predict(x))
    return model


x, y = rng.normal(size=(60, 5)).astype("float32"), rng.integers(0, 3, 60)
for optimizer in ("sgd", "adam"):
    model = train(
        optimizer, x, y, L.Input((5,)), L.Dense(16, "relu", kernel_regularizer="l2"),
        L.Dropout(0.3), L.GaussianNoise(0.1), L.Dense(3, "softmax"),
    )
swept = dl.models.sweep(model, x, y, loss=model.loss, seeds=range(3), steps=5,
                        batch_size=8)
add(swept.theta, swept.loss)
images = rng.normal(size=(40, 8, 8, 2)).astype("float32")
train(
    "rmsprop", images, y[:40], L.Input((8, 8, 2)), L.Conv2D(4, 3, padding="same"),
    L.BatchNormalization(), L.ReLU(), L.MaxPooling2D(), L.SeparableConv2D(4, 2),
    L.Dropout(0.2), L.Flatten(), L.Dense(3, "softmax", bias_initializer="ones"),
)
words = rng.integers(0, 9, (40, 6))
train(
    "nadam", words, y[:40], L.Input((6,)), L.Embedding(9, 4),
    L.Bidirectional(L.LSTM(3, return_sequences=True)), L.GRU(4), L.Dropout(0.5),
    L.Dense(3, "softmax", kernel_initializer="he_normal"),
)
print(digest.hexdigest())
"""
# Five ways to begin; some bring NumPy's old global numbers into another state.
IMPORTS = (
    "import dlcourse as dl",
    "import random; random.seed(7); import dlcourse as dl, dlcourse.datasets",
    "import sklearn; np.random.seed(9); import dlcourse.layers; import dlcourse as dl",
    "from dlcourse.models import Sequential; import dlcourse as dl; "
    "dl.manual_seed(8); dl.layers.Dense(2)(np.ones((1, 2))); import dlcourse.losses",
    "import json; import dlcourse.optimizers, dlcourse.callbacks; "
    "import dlcourse as dl; dl.ops.dropout(np.ones(99), 0.5)",
)


def start(number, imports):
    return subprocess.Popen(
        [sys.executable, "-c", TRAIN.format(imports=imports)],
        stdout=subprocess.PIPE,
        text=True,
        env={
            **environment(),
            "PYTHONHASHSEED": str(number * 17),
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
        },
    )


def test_twenty_fresh_processes_agree_to_the_last_bit():
    waiting = list(enumerate(islice(cycle(IMPORTS), PROCESSES)))
    running, digests = [], []
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            running.append(start(*waiting.pop(0)))
        process = running.pop(0)
        digests.append(process.communicate(timeout=60)[0].strip())
        assert process.returncode == 0
    print(f"{len(digests)} processes, {len(set(digests))} result")
    assert len(digests) == PROCESSES
    assert len(set(digests)) == 1 and len(digests[0]) == 64


def test_another_seed_gives_another_result():
    process = start(0, IMPORTS[0])
    digest = process.communicate(timeout=60)[0]
    changed = TRAIN.replace("manual_seed(3)", "manual_seed(4)")
    code = changed.format(imports=IMPORTS[0])
    other = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert digest.strip() != other.stdout.strip()


def environment():
    """What a process needs to start at all, wherever it runs."""
    kept = ("PATH", "PYTHONPATH", "SYSTEMROOT", "HOME", "TEMP", "LD_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ}
