"""Large products in blocks: the same numbers, wherever the blocks end."""

import os

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import tuning
from dlcourse.ops.kernels import blocks
from dlcourse.tuning import SMALL_PRODUCT

rng = np.random.default_rng(0)

# rows, inner, columns: cut both ways, by rows only, and not at all
CUT = [(128, 784, 512), (784, 128, 512), (96, 500, 32), (256, 600, 10), (64, 400, 96)]
WHOLE = [(127, 300, 64), (128, 300, 100), (32, 4096, 512)]


@pytest.mark.parametrize("dtype, near", [("float32", 1e-3), ("float64", 1e-10)])
@pytest.mark.parametrize("pays", [True, False])
@pytest.mark.parametrize("shape", CUT + WHOLE)
def test_a_product_in_blocks(shape, pays, dtype, near, monkeypatch):
    monkeypatch.setattr(blocks, "PAYS", pays)
    rows, inner, columns = shape
    a = rng.normal(size=(rows, inner)).astype(dtype)
    b = rng.normal(size=(inner, columns)).astype(dtype)
    exact = a.astype(float) @ b.astype(float)
    out = np.empty((rows, columns), dtype)
    assert blocks.dot(a, b, out) is out
    turned = blocks.dot(np.asfortranarray(a), np.asfortranarray(b))
    assert turned.dtype == dtype
    for y in (out, turned):
        np.testing.assert_allclose(y, exact, atol=near)


@pytest.mark.parametrize("shape", CUT)
def test_blocks_are_small_and_cover_the_product(shape):
    rows, inner, columns = shape
    height, width = blocks._block(*shape)
    assert height >= blocks.ROWS and height * inner * width <= SMALL_PRODUCT
    assert rows % height == 0 and columns % width == 0


@pytest.mark.parametrize("shape", WHOLE)
def test_what_cannot_be_cut_well_stays_whole(shape):
    assert blocks._block(*shape)[0] == 0


@pytest.mark.parametrize("pays", [True, False])
@pytest.mark.parametrize("shape", [(128, 100, 192), (16, 400, 192)])
def test_a_large_layer_and_its_gradients(shape, pays, monkeypatch):
    """Samples, inputs and units at which every product of the layer is large."""
    monkeypatch.setattr(blocks, "PAYS", pays)
    samples, inputs, units = shape
    assert samples * inputs * units > SMALL_PRODUCT
    arrays = [rng.normal(size=s) for s in [(samples, inputs), (inputs, units), units]]
    x, w, b = (dl.Tensor(a, True) for a in arrays)
    g = rng.normal(size=(samples, units))
    y = dl.ops.linear(x, w, b)
    y.backward(g)
    np.testing.assert_allclose(y.data, x.data @ w.data + b.data, atol=1e-10)
    np.testing.assert_allclose(x.grad, g @ w.data.T, atol=1e-10)
    np.testing.assert_allclose(w.grad, x.data.T @ g, atol=1e-10)
    np.testing.assert_allclose(b.grad, g.sum(axis=0), atol=1e-10)


@pytest.mark.parametrize(
    "environment, threads",
    [
        ({"OPENBLAS_NUM_THREADS": "3", "OMP_NUM_THREADS": "2"}, 3),
        ({"OMP_NUM_THREADS": "2"}, 2),
        ({"OPENBLAS_NUM_THREADS": "0", "OMP_NUM_THREADS": "many"}, None),
        ({}, None),
    ],
)
def test_the_threads_of_blas(environment, threads, monkeypatch):
    for name in ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(5)), raising=False)
    assert tuning._blas_threads() == (threads or 5)
    if threads is None:
        monkeypatch.delattr(os, "sched_getaffinity")
        monkeypatch.setattr(os, "cpu_count", lambda: 7)
        assert tuning._blas_threads() == 7


@pytest.mark.parametrize(
    "blas, found, threads, pays",
    [
        ("scipy-openblas", ["X86_V3", "X86_V4"], 1, True),
        ("openblas", ["AVX2", "AVX512F", "AVX512_SKX"], 1, True),
        ("scipy-openblas", ["X86_V3", "X86_V4"], 2, False),
        ("scipy-openblas", ["X86_V3"], 1, False),
        ("accelerate", ["ASIMD"], 1, False),
        ("scipy-openblas", None, 1, False),
    ],
)
def test_where_blocks_pay(blas, found, threads, pays, monkeypatch):
    config = {
        "Build Dependencies": {"blas": {"name": blas}},
        "SIMD Extensions": {} if found is None else {"found": found},
    }
    monkeypatch.setattr(np, "show_config", lambda mode: config)
    monkeypatch.setattr(blocks, "BLAS_THREADS", threads)
    assert blocks._pays() is pays
