"""One seed, one result: bit-identical weights in fresh processes, however imported."""

import subprocess
import sys

import pytest

TRAIN = """
import hashlib
import numpy as np
{imports}
dl.manual_seed(3)
x = np.random.default_rng(0).normal(size=(60, 5)).astype("float32")
y = (x.sum(1) > 0).astype("int64")
model = dl.Sequential([dl.Input((5,)), dl.layers.Dense(16, "relu"),
                       dl.layers.Dropout(0.3), dl.layers.Dense(2, "softmax")])
model.compile(dl.optimizers.{optimizer}(0.01), "sparse_categorical_crossentropy")
model.fit(x, y, epochs=3, batch_size=8, verbose=0)
result = dl.models.sweep(model, x, y, loss="sparse_categorical_crossentropy",
                         seeds=range(3), steps=5, batch_size=8)
weights = model.theta.tobytes() + result.theta.tobytes() + result.loss.tobytes()
print(hashlib.sha256(weights).hexdigest())
"""
IMPORTS = (
    "import dlcourse as dl",
    "import dlcourse as dl, dlcourse.datasets, random; random.random()",
    "import sklearn; np.random.seed(9); import dlcourse.layers; import dlcourse as dl",
)


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_fresh_processes_agree_to_the_last_bit(optimizer):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", TRAIN.format(imports=imports, optimizer=optimizer)],
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONHASHSEED": str(i), "OMP_NUM_THREADS": "1", **environment()},
        )
        for i, imports in enumerate(IMPORTS)
    ]
    prints = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert all(process.returncode == 0 for process in processes)
    assert len(set(prints)) == 1 and len(prints[0]) == 64


def environment():
    """What a process needs to start at all, wherever it runs."""
    import os

    kept = ("PATH", "PYTHONPATH", "SYSTEMROOT", "HOME", "TEMP", "LD_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ}
