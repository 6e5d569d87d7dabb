"""R networks at once: `linear` with weights (R, in, out) is R products."""

import itertools

import numpy as np
import pytest

import dlcourse as dl


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
@pytest.mark.parametrize("units", [1, 2])
@pytest.mark.parametrize("runs", [1, 3])
def test_each_run_is_as_alone(runs, units, bias):
    rng = np.random.default_rng(0)
    shapes = [(runs, 5, 4), (runs, 4, units), (runs, units)][: 2 + bias]
    arrays = [rng.normal(size=shape) for shape in shapes]
    g = rng.normal(size=(runs, 5, units))
    for needs in itertools.product([True, False], repeat=len(arrays)):
        if not any(needs):
            continue
        together = [dl.Tensor(a, need) for a, need in zip(arrays, needs)]
        y = dl.ops.linear(*together)
        y.backward(g)
        assert [x.grad is not None for x in together] == list(needs)
        for run in range(runs):
            alone = [dl.Tensor(a[run], need) for a, need in zip(arrays, needs)]
            expected = dl.ops.linear(*alone)
            expected.backward(g[run])
            np.testing.assert_allclose(y.data[run], expected.data, rtol=1e-12)
            for x, one in zip(together, alone):
                if x.grad is not None:
                    np.testing.assert_allclose(x.grad[run], one.grad, rtol=1e-12)


@pytest.mark.parametrize("dtype, near", [("float64", 1e-12), ("float32", 1e-5)])
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
@pytest.mark.parametrize("samples, units", [(5, 3), (5, 1), (0, 3)])
def test_runs_that_share_their_inputs(samples, units, bias, dtype, near):
    """One x (N, in) for all runs; its gradient is the sum over them."""
    rng = np.random.default_rng(0)
    shapes = [(samples, 4), (3, 4, units), (3, units)][: 2 + bias]
    arrays = [rng.normal(size=shape).astype(dtype) for shape in shapes]
    g = rng.normal(size=(3, samples, units)).astype(dtype)
    for needs in itertools.product([True, False], repeat=len(arrays)):
        if not any(needs):
            continue
        together = [dl.Tensor(a, need) for a, need in zip(arrays, needs)]
        y = dl.ops.linear(*together)
        assert y.shape == g.shape and y.dtype == dtype
        y.backward(g)
        total = 0
        for run in range(3):
            alone = [together[0].data, *(a[run] for a in arrays[1:])]
            alone = [dl.Tensor(a, need) for a, need in zip(alone, needs)]
            expected = dl.ops.linear(*alone)
            expected.backward(g[run])
            np.testing.assert_allclose(y.data[run], expected.data, near, near)
            for x, one in zip(together[1:], alone[1:]):
                assert (x.grad is None) == (one.grad is None)
                if x.grad is not None:
                    np.testing.assert_allclose(x.grad[run], one.grad, near, near)
            total = total + alone[0].grad if needs[0] else None
        if needs[0]:
            np.testing.assert_allclose(together[0].grad, total, near, near)


def test_what_runs_that_share_inputs_give_is_their_own():
    """No result lies in memory that the next call writes to."""
    rng = np.random.default_rng(0)
    shapes = [(5, 4), (3, 4, 2), (3, 2)]
    results = []
    for _ in range(2):
        tensors = [dl.Tensor(rng.normal(size=shape), True) for shape in shapes]
        y = dl.ops.linear(*tensors)
        y.backward(np.ones(y.shape))
        arrays = [y.data, *(x.grad for x in tensors)]
        results.append([(a, a.copy()) for a in arrays])
    for array, before in results[0]:
        np.testing.assert_array_equal(array, before)


@pytest.mark.parametrize("lead", [(2,), ()], ids=["each its own x", "one x"])
def test_second_order_through_runs(lead):
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=s) for s in [(*lead, 3, 4), (2, 4, 1), (2, 1)]]
    assert dl.testing.gradcheck(dl.ops.linear, arrays, order=2)
