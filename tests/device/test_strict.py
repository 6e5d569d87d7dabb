"""The stand-in for CuPy is strict: what a GPU library refuses, it refuses."""

import numpy as np
import pytest

from tests import stand_in
from tests.device.memory import OutOfMemoryError, counters, fail_after, pool


def test_nothing_becomes_a_numpy_array_by_accident(device):
    x = device.asarray(np.ones(3))
    for use in (np.asarray, np.tanh, np.sum, np.shape, lambda a: a + np.ones(3)):
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
    assert (counters.to_device, counters.synchronizations) == (1, 0)
    float(x.sum())
    x.get()
    assert (counters.to_host, counters.synchronizations) == (1, 2)


def test_a_mask_is_waited_for_and_a_list_too(device):
    x = device.asarray(np.arange(3.0))
    before = counters.synchronizations
    assert x[x > 0].shape == (2,)
    assert x.tolist() == [0.0, 1.0, 2.0]
    assert counters.synchronizations == before + 2


def test_an_index_out_of_range_is_wrapped_round(device):
    x = device.asarray(np.arange(12.0).reshape(3, 4))
    far = device.asarray(np.array([5, -1]))
    assert x[..., far].get()[0].tolist() == [1, 3]
    assert x[None, far].get()[0, :, 0].tolist() == [8, 8]
    assert device.take(x, far, axis=0).get()[:, 0].tolist() == [8, 8]
    device.add.at(x, far, device.asarray(np.ones((2, 4))))
    assert x.get()[2].tolist() == [10, 11, 12, 13]
    with pytest.raises(IndexError):
        x[5]  # but a plain number is looked at


def test_the_result_goes_where_it_is_told_to_go(device):
    x = device.asarray(np.ones(3))
    y = device.empty(3)
    assert device.add(x, x, out=y) is y and y.get().tolist() == [2, 2, 2]
    assert device.sum(x, axis=0, out=(z := device.empty(()))) is z


def test_its_words_are_not_those_of_numpy(device):
    x = device.asarray(np.ones((2, 3)))
    for wrong in (lambda: x + x[:, :2], lambda: device.reshape(x, (4, 2)), x[0].dot):
        with pytest.raises((ValueError, TypeError)) as caught:
            wrong()
        assert "shape" not in str(caught.value)


def test_memory_is_taken_and_given_back(device):
    before = pool.used_bytes()
    x = device.zeros(1000)
    view = x[:10]
    assert pool.used_bytes() == before + 8000
    del x
    assert pool.used_bytes() == before + 8000  # the view still needs it
    del view
    assert pool.used_bytes() == before and pool.total_bytes() >= before + 8000
    device.get_default_memory_pool().free_all_blocks()
    assert pool.total_bytes() == before
    pool.set_limit(size=before + 4000)
    with pytest.raises(OutOfMemoryError):
        device.zeros(1000)
    device.zeros(100)
    pool.set_limit()
    fail_after(5000)
    for _ in range(5):
        device.zeros(100)
    with pytest.raises(OutOfMemoryError):
        device.zeros(200)
