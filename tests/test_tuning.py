"""What is tuned to the machine must never be seen in a result."""

import threading

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import tuning
from tests import stand_in

rng = np.random.default_rng(0)


# ----------------------------------------------------------------------------- memory


def test_scratch_is_reused_aligned_and_of_one_thread():
    a = tuning.scratch("test", (3, 5), np.dtype("float32"))
    b = tuning.scratch("test", (2, 3), np.dtype("float64"))
    assert a.shape == (3, 5) and a.dtype == np.float32
    assert np.shares_memory(a, b)
    assert a.ctypes.data % 64 == 0
    assert not np.shares_memory(a, tuning.scratch("other", (3, 5), a.dtype))
    elsewhere = []
    thread = threading.Thread(
        target=lambda: elsewhere.append(tuning.scratch("test", (3, 5), a.dtype))
    )
    thread.start()
    thread.join()
    assert not np.shares_memory(a, elsewhere[0])


def test_a_training_step_asks_for_no_new_pages():
    """Freed memory is kept: a step of a network with large activations reuses it."""
    resource = pytest.importorskip("resource", reason="page faults are a Unix figure")
    model = dl.Sequential(
        [
            dl.Input(shape=(32, 32, 3)),
            dl.layers.Conv2D(16, 3, activation="relu"),
            dl.layers.GlobalAveragePooling2D(),
            dl.layers.Dense(3, "softmax"),
        ]
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    x, y = rng.normal(size=(32, 32, 32, 3)), rng.integers(0, 3, 32)
    for _ in range(3):
        model.train_on_batch(x, y)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        model.train_on_batch(x, y)
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    # the activations and gradients of a step alone are 1,800 pages
    assert faults < 10 * 300, f"{faults / 10:.0f} page faults a step"


# ------------------------------------------------------------------ sums and products


@pytest.mark.parametrize("shape", [(7, 3), (300, 3), (300, 1), (64, 4, 4, 6), (0, 5)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_column_sums(shape, dtype):
    a = rng.normal(size=shape).astype(dtype)
    rows = a.reshape(-1, shape[-1]).astype("float64")
    expected = rows.sum(axis=0)
    # of the sum of sizes: how far rounding can go
    allowed = abs(rows).sum(axis=0) * (1e-6 if dtype == "float32" else 1e-15)
    assert (abs(tuning.column_sums(a) - expected) <= allowed).all()
    found = tuning.column_sums(a[..., ::-1])
    assert (abs(found[::-1] - expected) <= allowed).all()
    out = np.empty(shape[-1], dtype)
    assert tuning.column_sums(a, out=out) is out
    assert (abs(out - expected) <= allowed).all()


@pytest.mark.parametrize("rows", [1, 6, 25, 8192])
def test_a_line_added_to_rows(rows):
    a, line = rng.normal(size=(rows, 6)), rng.normal(size=6)
    expected = a + line
    tuning.add_to_rows(a, line)
    np.testing.assert_array_equal(a, expected)


@pytest.mark.parametrize("shape", [(256, 40, 32), (257, 40, 32), (96, 40, 100)])
@pytest.mark.parametrize("lead", [(), (3,)])
def test_products_in_blocks(shape, lead):
    rows, inner, columns = shape
    a, b = rng.normal(size=(*lead, rows, inner)), rng.normal(size=(inner, columns))
    out = np.empty((*lead, rows, columns))
    tuning.product(a, b, out)
    np.testing.assert_allclose(out, a @ b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("rows", [24, 48, 1000, 1021])
def test_a_block_divides_the_rows(rows):
    for most in (10, 24, 100, 500):
        block = tuning._block(rows, most)
        assert block == 0 or (rows % block == 0 and 24 <= block <= min(most, 256))


def test_pieces_cover_everything_once():
    found = list(tuning.pieces(47, tuning.CHUNK_BYTES // 10))
    assert [i for s in found for i in range(s.start, s.stop)] == list(range(47))
    assert max(s.stop - s.start for s in found) == 10
    assert len(list(tuning.pieces(3, 10 * tuning.CHUNK_BYTES))) == 3
    with dl.use_backend(stand_in.module()):
        assert list(tuning.pieces(47, 1 << 30)) == [slice(0, 47)]


@pytest.mark.parametrize("shape", [(256, 40, 32), (257, 40, 32), (7, 3, 2)])
@pytest.mark.parametrize("lead", [(), (3,)])
def test_products_are_added_in_blocks(shape, lead):
    rows, inner, columns = shape
    a, b = (
        rng.normal(size=(*lead, rows, inner)),
        rng.normal(size=(*lead, rows, columns)),
    )
    total = rng.normal(size=(inner, columns))
    flat = a.reshape(-1, inner).T @ b.reshape(-1, columns)
    expected = total + flat
    tuning.add_product(total, a, b)
    np.testing.assert_allclose(total, expected, rtol=1e-12, atol=1e-12)
