"""Bias and activation in the same pass: what three ops do one after the other."""

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import ops
from dlcourse.errors import ShapeError

SHAPES = {
    "linear": ((5, 4), (4, 3)),
    "conv": ((2, 5, 4, 2), (2, 3, 2, 3)),
    "conv, one filter a channel": ((2, 4, 4, 3), (2, 2, 1, 3)),
}
FUNCTIONS = {None: lambda z: z, "relu": lambda z: np.maximum(z, 0), "tanh": np.tanh}


@pytest.mark.parametrize("activation", FUNCTIONS)
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
@pytest.mark.parametrize("name", SHAPES)
def test_one_pass_is_three(name, bias, activation):
    op = getattr(ops, name.split(",")[0])
    groups = {"groups": 3} if "," in name else {}
    rng = np.random.default_rng(0)
    shapes = [*SHAPES[name], (3,)][: 2 + bias]
    arrays = [rng.normal(size=shape) for shape in shapes]
    y = op(*arrays, activation=activation, **groups)
    plain = op(*arrays[:2], **groups) + (arrays[2] if bias else 0)
    np.testing.assert_allclose(y, FUNCTIONS[activation](plain), rtol=1e-12)
    assert dl.testing.gradcheck(
        lambda *xs: op(*xs, activation=activation, **groups), arrays, order=2
    )


@pytest.mark.parametrize("name", ["linear", "conv"])
@pytest.mark.parametrize("shape", [(), (1,), (2,), (3, 1)])
def test_a_bias_that_does_not_fit(name, shape):
    arrays = [np.ones(each) for each in (*SHAPES[name], shape)]
    with pytest.raises(ShapeError, match="b has shape|bias"):
        getattr(ops, name)(*arrays)
