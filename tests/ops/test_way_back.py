"""The way back of a convolution, by blocks of either kind and any number of places.

Which blocks are best is a question of speed (`scattering._block` answers it); whichever
are taken, the cells get the same. What that is says a plain loop here.
"""

import numpy as np
import pytest

import dlcourse as dl
from dlcourse.ops.kernels import scattering
from dlcourse.ops.kernels.windows import Axis, inner, offsets

LINES = (
    # size, window, stride, dilation, before, after
    Axis(14, 5, 1, 1, 0, 0),  # LeNet's second layer
    Axis(14, 3, 2, 1, 1, 0),  # W6
    Axis(9, 3, 1, 1, 1, 1),
    Axis(7, 2, 3, 1, 0, 0),  # cells that no window saw
    Axis(8, 4, 2, 1, 1, 1),
    Axis(10, 3, 2, 3, 2, 2),  # dilated, and strides do not divide it
    Axis(9, 3, 2, 2, 0, 1),  # every second cell is seen by nothing
    Axis(3, 2, 1, 1, 3, 2),  # places that see nothing but padding
    Axis(5, 5, 1, 1, 0, 0),  # a window as wide as the image
    Axis(6, 1, 2, 1, 0, 0),
)


def painted(g, kernel, axes):
    """Each place adds the kernel, times its value, to the cells of its window."""
    cells = np.zeros((len(g), *(a.padded for a in axes), kernel.shape[-2]))
    for cell, seen in offsets(axes):
        cells[seen] += g @ kernel[cell].T
    return cells[inner(axes)]


@pytest.mark.parametrize("kind", [scattering._gathered, scattering._painted])
@pytest.mark.parametrize("places", [1, 2, 3, 8])
@pytest.mark.parametrize("last", LINES, ids=str)
def test_blocks_of_every_kind_give_the_same_cells(kind, places, last, monkeypatch):
    rng = np.random.default_rng(0)
    monkeypatch.setattr(scattering, "_block", lambda axis, *_: kind(axis, places))
    for others in ([], [Axis(5, 3, 2, 1, 1, 1)], [Axis(3, 2, 1, 2, 1, 0), last]):
        axes = [*others, last]
        g = rng.normal(size=(3, *(a.out for a in axes), 4))
        kernel = rng.normal(size=(*(a.window for a in axes), 2, 4))
        dx = scattering._by_lines(g, kernel, axes, None)
        np.testing.assert_allclose(dx, painted(g, kernel, axes), 1e-12, 1e-13)


def test_thin_results_are_painted_and_thick_ones_gathered():
    thin = scattering._block(Axis(14, 5, 1, 1, 0, 0), 6, 16)
    thick = scattering._block(Axis(32, 3, 1, 1, 1, 1), 32, 32)
    strided = scattering._block(Axis(14, 3, 2, 1, 1, 0), 16, 32)
    assert (thin.tiles, thick.tiles, strided.tiles) == (False, True, True)
    assert thick.outs == 1 and thick.line.window == 3
    assert strided.outs == 2 and strided.line.window == 2  # two cells from two places


@pytest.mark.parametrize("needs", [(True, False), (False, True), (False, False)])
def test_a_transposed_convolution_gives_only_the_gradients_asked_for(needs):
    rng = np.random.default_rng(0)
    arrays = rng.normal(size=(2, 4, 5, 3)), rng.normal(size=(3, 3, 2, 3))
    how = {"strides": 2, "padding": 1, "output_padding": 1, "activation": "relu"}
    both = [dl.Tensor(a, requires_grad=True) for a in arrays]
    dl.ops.conv_transpose(*both, **how).backward(np.ones((2, 8, 10, 2)))
    some = [
        dl.Tensor(a, requires_grad=need) for a, need in zip(arrays, needs, strict=True)
    ]
    y = dl.ops.conv_transpose(*some, **how)
    assert y.requires_grad == any(needs)
    if any(needs):
        y.backward(np.ones((2, 8, 10, 2)))
    for tensor, all_of_it, need in zip(some, both, needs, strict=True):
        if need:
            np.testing.assert_array_equal(tensor.grad, all_of_it.grad)
        else:
            assert tensor.grad is None


def test_average_pooling_gives_nothing_back_to_cells_no_window_covers():
    x = dl.Tensor(np.zeros((1, 7, 5, 2)), requires_grad=True)
    dl.ops.average_pool(x, pool_size=(3, 2)).backward(np.full((1, 2, 2, 2), 6.0))
    expected = np.zeros((1, 7, 5, 2))
    expected[:, :6, :4] = 1
    np.testing.assert_array_equal(x.grad, expected)
