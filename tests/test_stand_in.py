"""The course on the strict stand-in for CuPy: every op, every layer, and training."""

import numpy as np
import pytest

import dlcourse as dl
from tests import stand_in
from tests.layers.cases import CASES as LAYERS
from tests.ops.cases import CASES as OPS


@pytest.fixture(autouse=True)
def device():
    """The stand-in behind the course, with its counters at zero."""
    stand_in.counters.reset()
    module = stand_in.module()
    with dl.use_backend(module):
        yield module
    stand_in.counters.reset()


# ------------------------------------------------------------- the stand-in is strict


def test_nothing_becomes_a_numpy_array_by_accident(device):
    x = device.asarray(np.ones(3))
    for use in (np.asarray, np.tanh, lambda a: a + np.ones(3)):
        with pytest.raises(TypeError):
            use(x)
    with pytest.raises(TypeError):
        device.tanh(np.ones(3))
    with pytest.raises(TypeError):
        device.sum([1.0, 2.0])


def test_only_what_cupy_has(device):
    x = device.asarray(np.ones((2, 3)))
    with pytest.raises(AttributeError):
        device.vecdot  # noqa: B018 - NumPy has it
    with pytest.raises(TypeError):
        device.clip(x, min=0, max=1)
    with pytest.raises(AttributeError):
        x.ctypes  # noqa: B018
    with pytest.raises(TypeError):
        device.tanh(x, where=True)


def test_empty_is_full_of_nan_and_sums_are_arrays(device):
    assert np.isnan(device.empty((2, 2), np.float32).get()).all()
    assert isinstance(device.ones(3, np.float32).sum(), stand_in.ndarray)
    assert device.ones(3, np.float32).sum().shape == ()


def test_synchronizations_and_transfers_are_counted(device):
    x = device.asarray(np.ones(3))
    assert (stand_in.counters.to_device, stand_in.counters.synchronizations) == (1, 0)
    float(x.sum())
    x.get()
    assert (stand_in.counters.to_host, stand_in.counters.synchronizations) == (1, 2)


def test_a_planted_use_of_numpy_is_caught():
    """`np.` where `xp.` was meant fails in any op."""
    from dlcourse.autodiff import op

    @op
    def planted(x):
        return np.tanh(x)

    with pytest.raises(TypeError):
        planted(dl.Tensor([1.0, 2.0]))


# ------------------------------------------------------------------------- the course


@pytest.mark.parametrize("case", OPS, ids=str)
def test_op(case):
    """Values and gradients are those that NumPy gives."""
    inputs = case.inputs("float64")

    def run():
        tensors = [dl.Tensor(x, requires_grad=case.order > 0) for x in inputs]
        y = case.call(dl.ops, *tensors)
        parts = list(y) if isinstance(y, (list, tuple)) else [y]
        if case.order:
            total = sum(dl.ops.sum(part * part) for part in parts)
            total.backward()
        values = [dl.to_numpy(part) for part in parts]
        return values, [dl.to_numpy(t.grad) for t in tensors if t.grad is not None]

    there = run()
    with dl.use_backend("numpy"):
        here = run()
    for ours, theirs in zip(here, there, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(b, a, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("case", LAYERS, ids=str)
def test_layer(case):
    """A layer's output and its weights' gradients are those that NumPy gives."""
    x = case.x()

    def run():
        dl.manual_seed(1)
        layer = case.make()
        y = layer(x, training=True)
        dl.ops.sum(y * y).backward() if y.requires_grad else None
        grads = [dl.to_numpy(w.grad) for w in layer.weights if w.grad is not None]
        return [dl.to_numpy(y), *grads]

    there = run()
    with dl.use_backend("numpy"):
        here = run()
    for a, b in zip(here, there, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-5, atol=1e-6)


def _perceptron():
    return dl.Sequential(
        [
            dl.Input(shape=(4,)),
            dl.layers.Dense(8, "relu"),
            dl.layers.Dropout(0.2),
            dl.layers.Dense(3, "softmax"),
        ]
    )


FAMILIES = {"perceptron": (_perceptron, (4,), np.float32)}


@pytest.mark.parametrize("family", FAMILIES)
def test_training_waits_for_the_device_at_most_once_a_step(family):
    make, shape, dtype = FAMILIES[family]
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, *shape)).astype(dtype)
    y = rng.integers(0, 3, 64)

    def run():
        dl.manual_seed(0)
        model = make()
        model.compile("adam", "sparse_categorical_crossentropy")
        model.fit(x, y, batch_size=8, epochs=2, verbose=0, seed=0)
        before = stand_in.counters.synchronizations
        model.fit(x, y, batch_size=8, epochs=5, verbose=0, seed=1)
        return model.get_weights(), stand_in.counters.synchronizations - before

    there, waits = run()
    with dl.use_backend("numpy"):
        here, _ = run()
    steps = 5 * 8
    print(f"{family}: {waits} synchronizations in {steps} steps")
    assert waits <= steps + 20  # the rest: checks before, one look an epoch
    for a, b in zip(here, there, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-4, atol=1e-6)


def test_running_out_of_memory_is_an_error_of_the_course():
    stand_in.fail_after(1e4)
    with pytest.raises(dl.errors.DeviceMemoryError, match="add|multiply"):
        x = dl.Tensor(np.ones(500, "float32"))
        for _ in range(100):
            x = x * 1.5 + x
