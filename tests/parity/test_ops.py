"""Every row of the table of ops against PyTorch, in float64 to 1e-10: both orders."""

import numpy as np
import pytest
import torch

import dlcourse as dl
from tests.ops.cases import CASES, ELSEWHERE
from tests.parity.judges import TorchOps, to_numpy, to_torch

SMOOTH = [case for case in CASES if case.order]


def test_pytorch_has_them_all():
    assert {case.op for case in CASES} <= set(dir(TorchOps))
    print(f"{len(CASES)} rows of {len({case.op for case in CASES})} ops;")
    print("left out:", "; ".join(f"{name} ({why})" for name, why in ELSEWHERE.items()))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_values(case):
    arrays = case.inputs()
    ours = case.call(dl.ops, *arrays)
    theirs = case.call(TorchOps, *(to_torch(x) for x in arrays))
    np.testing.assert_allclose(ours, to_numpy(theirs), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("case", SMOOTH, ids=str)
def test_gradients_of_both_orders(case):
    arrays = case.inputs()
    rng = np.random.default_rng(0)
    ours = [dl.Tensor(x, requires_grad=True) for x in arrays]
    theirs = [to_torch(x) for x in arrays]
    y, z = case.call(dl.ops, *ours), case.call(TorchOps, *theirs)
    g = rng.normal(size=y.shape)
    first = dl.grad((y * g).sum(), ours, create_graph=True)
    weighted = (z * to_torch(g, False)).sum()
    judged = torch.autograd.grad(weighted, theirs, create_graph=True)
    for a, b in zip(first, judged):
        np.testing.assert_allclose(a.data, to_numpy(b), rtol=1e-10, atol=1e-10)
    # once more, along a direction; what is linear gets a slope of zero
    directions = [rng.normal(size=x.shape) for x in arrays]
    along, judged_along = 0 * ours[0].sum(), 0 * theirs[0].sum()
    for a, b, d in zip(first, judged, directions):
        along = along + (a * d).sum()
        judged_along = judged_along + (b * to_torch(d, False)).sum()
    second = dl.grad(along, ours)
    judged = torch.autograd.grad(judged_along, theirs, allow_unused=True)
    for a, b in zip(second, judged):
        b = np.zeros(a.shape) if b is None else to_numpy(b)
        np.testing.assert_allclose(a.data, b, rtol=1e-9, atol=1e-10)
