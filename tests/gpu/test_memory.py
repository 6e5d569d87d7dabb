"""A device that is full says so, gives the memory back, and serves smaller batches.

CuPy's memory pool is given a size, so that no test has to fill a whole GPU.
"""

import gc

import numpy as np
import pytest

import dlcourse as dl
from dlcourse.errors import DeviceMemoryError
from dlcourse.layers import Dense, Input

MEGABYTE = 2**20


@pytest.fixture
def small_pool():
    """The device's memory pool, with room for four megabytes more."""
    with dl.use_backend("cupy"):
        import cupy

        pool = cupy.get_default_memory_pool()
        gc.collect()
        pool.free_all_blocks()
        pool.set_limit(size=pool.used_bytes() + 4 * MEGABYTE)
        try:
            yield pool
        finally:
            pool.set_limit(size=0)  # as much as the device has


def model_and_data():
    model = dl.Sequential([Input((8,)), Dense(256, "relu"), Dense(1)])
    model.compile("adam", "mse")
    x = np.random.default_rng(0).normal(size=(4096, 8)).astype("float32")
    return model, x, x[:, :1] * 2


def test_memory_comes_back_and_smaller_batches_fit(small_pool):
    dl.manual_seed(0)
    model, x, y = model_and_data()
    model.fit(x[:64], y[:64], batch_size=64, verbose=0)
    gc.collect()
    small_pool.free_all_blocks()
    used, kept = small_pool.used_bytes(), small_pool.total_bytes()
    theta, steps = dl.to_numpy(model.theta).copy(), model.optimizer.iterations
    with pytest.raises(DeviceMemoryError, match="smaller batches"):
        model.fit(x, y, batch_size=4096, verbose=0)  # 4 MB for each hidden layer
    gc.collect()
    np.testing.assert_array_equal(dl.to_numpy(model.theta), theta)
    assert model.optimizer.iterations == steps
    assert small_pool.used_bytes() <= used + 0.05 * MEGABYTE
    dl.backend.free_memory()
    assert small_pool.total_bytes() <= kept + 0.05 * MEGABYTE
    losses = model.fit(x, y, batch_size=64, epochs=2, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_memory_comes_back_while_the_error_is_kept(small_pool):
    """A notebook keeps the last error, but not what its frames held."""
    layers = [Dense(64, "relu") for _ in range(20)]  # a quarter of a megabyte each
    model = dl.Sequential([Input((8,)), *layers, Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((1000, 8), "float32")
    y = x[:, :1] * 2
    model.fit(x[:8], y[:8], verbose=0)
    gc.collect()
    used = small_pool.used_bytes()
    with pytest.raises(DeviceMemoryError) as kept:
        model.fit(x, y, batch_size=1000, verbose=0)
    left = small_pool.used_bytes() - used
    assert left <= 0.5 * MEGABYTE, f"{left} bytes are held by {kept.value!r}"
    model.fit(x, y, batch_size=50, verbose=0)
