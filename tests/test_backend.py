"""`use_backend`, the door to the host, and the course's random numbers."""

import types

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import backend
from dlcourse.autodiff import op
from dlcourse.errors import (
    BackendError,
    ConfigError,
    DeviceMemoryError,
    DLCourseError,
)
from tests import stand_in
from tests.device.memory import counters


def without_cupy(monkeypatch, name="cupy"):
    """Make ``import cupy`` fail, also where it is installed."""
    monkeypatch.setitem(__import__("sys").modules, name, None)


def without_gpu(monkeypatch, count=0):
    """Put a CuPy in place that finds no GPU (or fails asking for one)."""

    def get_device_count():
        if count is None:
            raise RuntimeError("cudaErrorNoDevice: no CUDA-capable device")
        return count

    cupy = types.ModuleType("cupy")
    runtime = types.SimpleNamespace(getDeviceCount=get_device_count)
    cupy.cuda = types.SimpleNamespace(runtime=runtime)
    monkeypatch.setitem(__import__("sys").modules, "cupy", cupy)


def test_numpy_is_there():
    assert dl.get_backend() == "numpy"
    dl.use_backend("numpy")
    assert dl.get_backend() == "numpy"
    assert backend.xp.tanh is np.tanh


def test_cupy_that_is_not_installed(monkeypatch):
    without_cupy(monkeypatch)
    with pytest.raises(BackendError) as caught:
        dl.use_backend("cupy")
    message = str(caught.value)
    assert "not installed" in message and "pip install" in message
    assert "numpy" in message  # what works instead
    assert isinstance(caught.value, DLCourseError)
    assert dl.get_backend() == "numpy"


@pytest.mark.parametrize("count", [0, None])
def test_cupy_without_a_gpu(monkeypatch, count):
    without_gpu(monkeypatch, count)
    with pytest.raises(BackendError, match=r"GPU(.|\n)*use_backend\(\"numpy\"\)"):
        dl.use_backend("cupy")
    assert dl.get_backend() == "numpy"


@pytest.mark.parametrize("missing", [without_cupy, without_gpu])
def test_auto_falls_back_and_says_so_in_one_line(monkeypatch, capsys, missing):
    missing(monkeypatch)
    dl.use_backend("auto")
    assert dl.get_backend() == "numpy"
    said = capsys.readouterr()
    assert said.out.count("\n") == 1 and "NumPy" in said.out and "CuPy" in said.out
    assert said.err == ""


@pytest.mark.parametrize("name", ["numpi", "NumPy ", "torch", ""])
def test_a_backend_that_does_not_exist(name):
    with pytest.raises(BackendError, match="numpy") as caught:
        dl.use_backend(name)
    assert repr(name) in str(caught.value)
    assert dl.get_backend() == "numpy"


@pytest.mark.parametrize("wrong", [None, 3, ["numpy"], np.float32])
def test_what_is_no_backend_at_all(wrong):
    with pytest.raises(BackendError):
        dl.use_backend(wrong)
    assert dl.get_backend() == "numpy"
    assert dl.ops.tanh(0.0) == 0


def louder():
    """NumPy by another name, whose tanh is loud."""
    module = types.ModuleType("louder")
    for name in dir(np):
        if not name.startswith("__"):
            setattr(module, name, getattr(np, name))
    module.tanh = lambda x: np.tanh(x) * 10
    return module


def test_a_module_may_be_given_and_contents_change_everywhere():
    dl.use_backend(louder())
    assert dl.get_backend() == "louder"
    assert dl.ops.tanh(1.0) == pytest.approx(10 * np.tanh(1))
    dl.use_backend("numpy")
    assert dl.ops.tanh(1.0) == pytest.approx(np.tanh(1))
    assert backend.xp.tanh is np.tanh


def test_for_the_length_of_a_block():
    with pytest.raises(ZeroDivisionError), dl.use_backend(louder()):
        assert dl.get_backend() == "louder"
        raise ZeroDivisionError
    assert dl.get_backend() == "numpy"


def test_to_numpy():
    x = np.arange(3.0)
    assert dl.to_numpy(x) is x
    assert dl.to_numpy(dl.Tensor(x)) is x
    np.testing.assert_array_equal(dl.to_numpy([1, 2]), [1, 2])
    assert dl.to_numpy(2.5).shape == ()

    class OnDevice:
        dtype = np.dtype("float32")

        def get(self):
            return x

    assert dl.to_numpy(OnDevice()) is x


# --------------------------------------------------------------------- random numbers


def test_one_seed_fixes_everything_that_is_random():
    def draw():
        dl.manual_seed(7)
        layer = dl.layers.Dense(3, input_shape=(4,))
        layer(np.ones((1, 4)))
        return np.concatenate(
            [
                layer.get_weights()[0].ravel(),
                dl.ops.dropout(np.ones(20), 0.5),
                dl.initializers.HeNormal()((5,)),
                backend.rng().random(3),
            ]
        )

    first, second = draw(), draw()
    np.testing.assert_array_equal(first, second)


def test_a_seed_of_its_own_leaves_the_others_alone():
    dl.manual_seed(7)
    expected = backend.rng().random(3)
    dl.manual_seed(7)
    dl.initializers.HeNormal(seed=1)((50,))
    dl.layers.Dropout(0.5, seed=3)(np.ones((4, 4)), training=True)
    np.testing.assert_array_equal(backend.rng().random(3), expected)


@pytest.mark.parametrize("seed", [-1, 1.5, "one", [1, -2]])
def test_a_seed_that_cannot_be(seed):
    before = backend.rng()
    for use in (dl.manual_seed, dl.initializers.HeNormal):
        with pytest.raises(ConfigError, match="seed"):
            use(seed)
    assert backend.rng() is before


def test_numpys_own_generator_is_left_alone():
    np.random.seed(3)  # noqa: NPY002
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(3)  # noqa: NPY002
    dl.manual_seed(0)
    dl.ops.dropout(np.ones(3), 0.5)
    assert np.random.random() == expected  # noqa: NPY002


def test_an_op_without_memory_gives_back_what_is_cached():
    @op
    def greedy(x):
        raise MemoryError("no room for an array")

    with dl.use_backend(stand_in.module()):
        x = dl.Tensor([1.0])
        freed = counters.times_freed
        with pytest.raises(DeviceMemoryError, match=r"greedy\(\(1,\)\): no room"):
            greedy(x)
        assert counters.times_freed > freed
