"""conv_transpose with dilation, pairs of padding and output_padding, cell by cell.

The size of each output is counted by hand; what stands in it says the plain loop of the
table of cases. The rest of the contract is asked of the rows in that table.
"""

import numpy as np
import pytest

import dlcourse as dl
from tests.ops.cases.kernels import conv_transpose

# shapes of x and kernel, settings; the cells cut off in front, those that come out
ROWS = (
    ((2, 3, 2), (3, 4, 2), {"dilation_rate": 2}, (0,), (7,)),
    ((2, 3, 2), (2, 1, 2), {"strides": 2, "dilation_rate": 3}, (0,), (8,)),
    (
        (1, 3, 2),
        (3, 2, 2),
        {"strides": 2, "dilation_rate": 2, "padding": "same"},
        (1,),
        (6,),
    ),
    ((1, 4, 3, 2), (3, 2, 2, 2), {"padding": ((1, 0), (0, 1))}, (1, 0), (5, 3)),
    ((1, 2, 1), (2, 1, 1), {"padding": 1}, (1,), (1,)),
    ((1, 3, 2), (3, 1, 2), {"strides": 2, "output_padding": 1}, (0,), (8,)),
    (
        (1, 3, 2),
        (3, 2, 2),
        {"strides": 2, "padding": "same", "output_padding": (0,)},
        (1,),
        (5,),
    ),
    (
        (1, 3, 2, 1),
        (3, 2, 2, 1),
        {"strides": (3, 2), "padding": "same", "output_padding": (2, 1)},
        (1, 1),
        (9, 3),
    ),
)


@pytest.mark.parametrize("shape, window, how, cut, out", ROWS, ids=str)
def test_every_cell_paints_the_kernel(shape, window, how, cut, out):
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=shape), rng.normal(size=window)
    strides = np.broadcast_to(how.get("strides", 1), len(out)).tolist()
    gap = how.get("dilation_rate", 1)
    y = dl.ops.conv_transpose(x, kernel, **how)
    assert y.shape == (shape[0], *out, window[-2])
    expected = conv_transpose(x, kernel, strides=strides, cut=cut, out=out, gap=gap)
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-14)
    reference = dl.ops.conv_transpose.reference(x, kernel, **how)
    np.testing.assert_allclose(reference, expected, rtol=1e-12, atol=1e-14)
    assert dl.testing.gradcheck(
        lambda x, kernel: dl.ops.conv_transpose(x, kernel, **how), [x, kernel]
    )
