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


def test_second_order_through_runs():
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=s) for s in [(2, 3, 4), (2, 4, 1), (2, 1)]]
    assert dl.testing.gradcheck(dl.ops.linear, arrays, order=2)
