"""Convolution with fewer multiplications says what convolution says."""

import itertools

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import tuning
from dlcourse.ops.kernels import winograd
from dlcourse.ops.kernels.windows import geometry
from tests import stand_in

# images, kernel, padding
CASES = {
    "same": ((3, 6, 5, 4), (3, 3, 4, 2), "same"),
    "valid": ((2, 8, 9, 3), (3, 3, 3, 5), "valid"),
    "full": ((2, 4, 6, 3), (3, 3, 3, 4), 2),
    "one row more above": ((2, 5, 6, 3), (3, 3, 3, 4), ((2, 1), (0, 2))),
    "one row more below": ((2, 5, 6, 3), (3, 3, 3, 4), ((0, 1), (2, 0))),
    "wide": ((2, 6, 8, 2), (3, 5, 2, 3), "same"),
    "narrow": ((2, 6, 4, 3), (3, 1, 3, 2), "same"),
    "two wide": ((2, 4, 5, 3), (3, 2, 3, 2), "same"),
    "one place across": ((2, 4, 3, 3), (3, 3, 3, 2), "valid"),
    "no image": ((0, 4, 4, 2), (3, 3, 2, 2), "same"),
}


@pytest.fixture(autouse=True)
def for_small_images_too(monkeypatch):
    monkeypatch.setattr(winograd, "LEAST", 1)
    monkeypatch.setattr(winograd, "LONG", 1)
    monkeypatch.setattr(winograd, "WASTE", 9)


def axes_of(shape, kernel, padding="same", strides=1, dilation_rate=1):
    how = (kernel[:2], strides, padding, dilation_rate)
    return geometry("conv", shape[1:-1], *how)


def pull(function, arrays, g, needs, **settings):
    """The result, and the gradients that are needed."""
    tensors = [dl.Tensor(a, need) for a, need in zip(arrays, needs, strict=True)]
    y = function(*tensors, **settings)
    if any(needs):
        y.backward(g)
    return [y.data, *(x.grad for x in tensors if x.requires_grad)]


@pytest.mark.parametrize("chunk", [1, 3000, 1 << 20])
@pytest.mark.parametrize("small", [1, 200, 1_000_000])
@pytest.mark.parametrize("name", CASES)
def test_it_equals_the_reference(name, chunk, small, monkeypatch):
    """Values and all gradients, in pieces and products of any size."""
    monkeypatch.setattr(tuning, "CHUNK_BYTES", chunk)
    monkeypatch.setattr(winograd, "SMALL_PRODUCT", small)
    shape, kernel, padding = CASES[name]
    axes = axes_of(shape, kernel, padding)
    assert winograd.fits(axes, kernel, 1)
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=s) for s in (shape, kernel, kernel[-1:])]
    g = rng.normal(size=(shape[0], *(a.out for a in axes), kernel[-1]))
    conv = dl.ops.conv
    settings = {"padding": padding, "activation": "relu"}
    for needs in itertools.product([True, False], repeat=3):
        for buffer in tuning._scratch.values():  # what others left there is not seen
            buffer.fill(255)  # as floats: not a number
        found = pull(conv, arrays, g, needs, **settings)
        expected = pull(conv.reference, arrays, g, needs, **settings)
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-11)


def test_a_last_piece_with_fewer_images(monkeypatch):
    shape, kernel = (5, 6, 6, 3), (3, 3, 3, 4)
    axes = axes_of(shape, kernel)
    rows = winograd._Rows(np.zeros(shape), axes, 4)
    each = 4 * rows.length * 7 + 2 * 6 * rows.pitch * 7
    monkeypatch.setattr(tuning, "CHUNK_BYTES", 2 * 8 * each)
    parts = [(part, rows.began) for part in rows.parts()]
    assert [p.stop - p.start for p, _ in parts] == [2, 2, 1]
    assert [began for _, began in parts] == [True, False, True]
    rng = np.random.default_rng(0)
    x, w, g = (rng.normal(size=s) for s in (shape, kernel, (5, 6, 6, 4)))
    found = pull(dl.ops.conv, (x, w), g, (True, True), padding="same")
    expected = pull(dl.ops.conv.reference, (x, w), g, (True, True), padding="same")
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-11)


def test_nearly_as_exact_as_the_plain_sum():
    """In float32 the error is two to three times that of nine products summed."""
    rng = np.random.default_rng(0)
    shapes = (2, 16, 16, 32), (3, 3, 32, 32), (2, 16, 16, 32)
    *single, g = (rng.normal(size=s).astype("f") for s in shapes)
    double = [a.astype("d") for a in single]
    conv, both = dl.ops.conv, (True, True)
    exact = pull(conv.reference, double, g.astype("d"), both, padding="same")
    errors = []
    for function in (conv, conv.reference):
        found = pull(function, single, g, both, padding="same")
        assert all(a.dtype == np.float32 for a in found)
        pairs = zip(found, exact, strict=True)
        errors.append([np.sqrt(np.mean((a - e) ** 2)) for a, e in pairs])
    ours, plain = np.array(errors)
    print("errors:", ours, "of the plain sum:", plain)
    assert (ours <= 3 * plain).all()


def test_inputs_that_are_not_contiguous():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, 2, 6, 7)).transpose(1, 2, 3, 0)  # (2, 6, 7, 3)
    w = rng.normal(size=(4, 3, 3, 3)).transpose(1, 2, 3, 0)
    y = dl.ops.conv(x, w, padding="same")
    expected = dl.ops.conv.reference(x, w, padding="same")
    np.testing.assert_allclose(y, expected, rtol=1e-11, atol=1e-11)


NOT = {
    "strides": {"strides": (1, 2)},
    "dilation": {"dilation_rate": (2, 1)},
    "odd height": {"shape": (2, 7, 8, 4)},
    "another height of the kernel": {"kernel": (5, 3, 4, 4)},
    "one axis of space": {"shape": (2, 8, 4), "kernel": (3, 4, 4)},
    "padding as wide as the kernel": {"padding": 3},
}


@pytest.mark.parametrize("name", NOT)
def test_where_it_is_not_used(name):
    how = {"shape": (2, 8, 8, 4), "kernel": (3, 3, 4, 4), **NOT[name]}
    shape, kernel = how.pop("shape"), how.pop("kernel")
    settings = {"padding": "same", "strides": 1, "dilation_rate": 1, **how}
    axes = geometry(
        "conv",
        shape[1:-1],
        kernel[:-2],
        settings["strides"],
        settings["padding"],
        settings["dilation_rate"],
    )
    assert not winograd.fits(axes, kernel, 1)
    assert winograd.fits(axes_of((2, 8, 8, 4), (3, 3, 4, 4)), (3, 3, 4, 4), 1)


def test_groups_and_devices_take_the_plain_way():
    axes, kernel = axes_of((2, 8, 8, 4), (3, 3, 4, 4)), (3, 3, 4, 4)
    assert winograd.fits(axes, kernel, 1) and not winograd.fits(axes, kernel, 2)
    with dl.use_backend(stand_in.module()):
        assert not winograd.fits(axes, kernel, 1)


@pytest.mark.parametrize(
    "shape, kernel, used",
    [
        ((32, 32, 32, 32), (3, 3, 32, 32), True),
        ((32, 16, 16, 64), (3, 3, 64, 64), True),
        ((32, 16, 16, 16), (3, 3, 16, 16), False),  # short rows
        ((32, 32, 32, 3), (3, 3, 3, 32), False),  # thin
        ((32, 16, 16, 256), (3, 3, 256, 256), False),  # large products
        ((32, 4, 4, 128), (3, 3, 128, 128), False),  # too much of it padding
    ],
)
def test_where_it_pays(shape, kernel, used, monkeypatch):
    monkeypatch.undo()
    assert winograd.fits(axes_of(shape, kernel), kernel, 1) == used
