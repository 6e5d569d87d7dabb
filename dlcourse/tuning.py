"""What makes plain NumPy fast on a processor: caches, BLAS paths, and no new memory.

Every choice that is about the machine and not about the mathematics is here, with its
reason and what it brought (one core of a server's processor, Sapphire Rapids or EPYC,
with OpenBLAS). On a GPU the same functions do the plain thing: there the library's own
kernels know better. The kernels in ``ops/kernels`` use them; read
``ops/kernels/conv.py`` next.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from functools import lru_cache
from threading import get_ident
from typing import Any

import numpy as np

from . import backend
from .backend import xp

CHUNK_BYTES = 1 << 20
"""Work on this much at a time: it stays in a second-level cache of 1 or 2 MB.
Columns of a whole batch made a convolution's step 1.4 to 1.55 times as long."""

SMALL_PRODUCT = 1_000_000
"""M·N·K up to which OpenBLAS multiplies without packing its operands first: 105 to 150
GFLOP/s; the input gradient of LeNet's second layer took 2.1 ms, then 0.97 ms."""

LINE = 1024
"""Entries that the innermost loop of a ufunc should have at least: adding a bias of 6
channels to 50,000 rows of 6 is 50,000 loops of 6, folded it is 392 loops of 768."""


def _blas_threads() -> int:
    """How many threads OpenBLAS took when it was loaded, by the rules it goes by."""
    for name in ("OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"):
        count = os.environ.get(name, "")
        if count.isdigit() and int(count) > 0:
            return int(count)
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1


BLAS_THREADS = _blas_threads()
"""They share a large product, not a small one."""

_ALIGNMENT = 64  # bytes: a whole cache line, for full-speed vector loads
_scratch: dict[tuple[str, int], np.ndarray] = {}
_ones: dict[tuple[str, str], Any] = {}


def _keep_freed_memory() -> None:
    """Ask malloc to keep large blocks for the next array instead of unmapping them.

    glibc maps a block above 128 kB anew each time, and every 4 kB of it then costs a
    page fault. It raises that limit to the size of the largest block that was ever
    freed, up to 32 MB; so one is asked for, never touched, and let go. An LSTM's step
    went from 28 to 21 ms, with 67 page faults instead of 2,000.
    """
    np.empty((32 << 20) - (64 << 10), np.uint8)


_keep_freed_memory()


def on_host() -> bool:
    """Is the array library NumPy, so that the caches of this machine matter?"""
    return backend.get_backend() == "numpy"


def scratch(name: str, shape: tuple[int, ...], dtype: Any) -> Any:
    """Memory to write to and forget: reused, and never to leave the calling function.

    New memory costs a page fault every 4 kB, about as much as filling it. One buffer a
    name and thread is kept, aligned to cache lines; it grows as needed.
    """
    if not on_host():
        return xp.empty(shape, dtype)
    dtype = np.dtype(dtype)
    needed = math.prod(shape) * dtype.itemsize
    key = (name, get_ident())
    buffer = _scratch.get(key)
    if buffer is None or buffer.nbytes < needed:
        whole = np.empty(needed + _ALIGNMENT, np.uint8)
        start = -whole.ctypes.data % _ALIGNMENT
        buffer = _scratch[key] = whole[start : start + needed]
    return buffer[:needed].view(dtype).reshape(shape)


def ones(n: int, dtype: Any) -> Any:
    """n ones that nobody writes to: a product with them is a sum."""
    key = (backend.get_backend(), dtype.char)  # str(dtype) takes 2 µs
    line = _ones.get(key)
    if line is None or len(line) < n:
        line = _ones[key] = xp.ones(max(n, LINE), dtype)
    return line[:n]


def pieces(n: int, bytes_each: int) -> Iterator[slice]:
    """Slices of n things, each about one chunk of memory: all at once on a GPU."""
    step = n if not on_host() else CHUNK_BYTES // max(1, bytes_each)
    step = max(1, step)
    return (slice(i, min(n, i + step)) for i in range(0, n, step))


def fold(rows: int, columns: int) -> int:
    """How many rows of `columns` to lay in one line, so that inner loops are long."""
    factor = 1
    while factor * columns < LINE and rows % (2 * factor) == 0 and rows:
        factor *= 2
    return factor


def column_sums(a: Any, out: Any = None) -> Any:
    """The sums over all axes but the last, (…, C) to (C,), as a product with ones.

    A bias gradient of (128, 10) took 3.7 µs, so 0.45; a mean of 4 MB 666 µs, so 150.
    """
    columns = a.shape[-1]
    rows = len(a) if a.ndim == 2 else a.size // max(1, columns)
    if rows <= 256 or not a.flags.c_contiguous:
        a = a if a.ndim == 2 else a.reshape(rows, columns)
        return ones(rows, a.dtype).dot(a, out)  # starts sooner than xp.dot
    factor = fold(rows, columns)
    lines = a.reshape(rows // factor, factor * columns)
    sums = xp.dot(ones(len(lines), a.dtype), lines).reshape(factor, columns)
    return xp.dot(ones(factor, a.dtype), sums, out=out)


def add_to_rows(a: Any, line: Any) -> None:
    """Add a vector (C,) to every row of a contiguous (…, C), in place."""
    columns = a.shape[-1]
    if a.size <= 1 << 15:  # there, folding costs more than it saves
        a += line
        return
    factor = fold(a.size // columns if columns else 0, columns)
    lines = a.reshape(-1, factor * columns) if factor > 1 else a
    lines += xp.tile(line, factor) if factor > 1 else line


def product(a: Any, b: Any, out: Any) -> None:
    """a·b written to `out`, a being (…, rows, inner): rows in blocks of small products.

    Each block stays in BLAS's path for small matrices (see `SMALL_PRODUCT`).
    """
    *lead, rows, inner = a.shape
    columns = b.shape[1]
    block = 0
    if columns <= 64 and on_host():
        block = _block(rows, SMALL_PRODUCT // max(1, inner * columns))
    if block >= 24:  # below that, starting each product costs more than packing
        out = out.reshape(*lead, -1, block, columns)
        xp.matmul(a.reshape(*lead, -1, block, inner), b, out=out)
    else:
        xp.matmul(a, b, out=out)


def add_product(total: Any, a: Any, b: Any) -> None:
    """Add aᵀ·b to `total`, in place: a is (…, rows, inner), b (…, rows, columns).

    In blocks of rows, as `product`: the kernel gradient of 32 channels from 9.0 to 6.8
    ms.
    """
    *lead, rows, inner = a.shape
    columns = b.shape[-1]
    if on_host():
        block = _block(rows, SMALL_PRODUCT // max(1, inner * columns))
        if block >= 24:
            a = a.reshape(*lead, -1, block, inner)
            b = b.reshape(*lead, -1, block, columns)
    each = scratch("tuning.products", (*a.shape[:-2], inner, columns), total.dtype)
    xp.matmul(xp.swapaxes(a, -1, -2), b, out=each)
    shape = total.shape
    total += each.reshape(-1, inner, columns).sum(axis=0).reshape(shape)


@lru_cache(maxsize=1024)
def _block(rows: int, most: int) -> int:
    """The largest divisor of `rows` that is at most `most` (and at most 256)."""
    for block in range(min(most, rows, 256), 23, -1):
        if rows % block == 0:
            return block
    return 0
