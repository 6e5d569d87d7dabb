"""What makes plain NumPy fast on a processor: caches, BLAS paths, and no new memory.

Every choice that is about the machine and not about the mathematics is here, with its
reason and what it brought (one core of a Sapphire Rapids, OpenBLAS). On a GPU the same
functions do the plain thing: there the library's own kernels know better. The kernels
in ``ops/kernels`` use them; read ``ops/kernels/conv.py`` next.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextvars import copy_context
from functools import lru_cache
from itertools import pairwise
from threading import get_ident
from typing import Any

import numpy as np

from . import backend
from .backend import xp

CHUNK_BYTES = 1 << 20
"""Work on this much at a time: it and its result stay in a 2 MB second-level cache.
Columns of a whole batch made a convolution's step 1.4 to 1.55 times as long."""

SMALL_PRODUCT = 1_000_000
"""M·N·K up to which OpenBLAS multiplies without packing its operands first: 105 to 150
GFLOP/s; the input gradient of LeNet's second layer took 2.1 ms, then 0.97 ms."""

SHARED_BYTES = 1 << 21
"""From this much on, several threads share the work: starting one takes 30 µs."""

LINE = 1024
"""Entries that the innermost loop of a ufunc should have at least: adding a bias of 6
channels to 50,000 rows of 6 is 50,000 loops of 6, folded it is 392 loops of 768."""

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


def pieces(part: slice, bytes_each: int) -> Iterator[slice]:
    """Slices of `part`, each about one chunk of memory: all at once on a GPU."""
    start, stop = part.start, part.stop
    step = stop - start if not on_host() else CHUNK_BYTES // max(1, bytes_each)
    step = max(1, step)
    return (slice(i, min(stop, i + step)) for i in range(start, stop, step))


def shares(n: int, bytes_each: int, work: Callable[[slice], Any]) -> list[Any]:
    """What `work(part)` returns for parts that make up n things, one for each thread.

    NumPy lets other threads run while it copies and multiplies. Every thread always
    gets the same part, so that sums come out the same, bit by bit, every time.
    """
    count = min(n, threads()) if n * bytes_each >= SHARED_BYTES and on_host() else 1
    if count <= 1:
        return [work(slice(0, n))]
    bounds = [n * i // count for i in range(count + 1)]
    mine, *others = (slice(a, b) for a, b in pairwise(bounds))
    pool = _pool()
    # each in a copy of this context, where np.errstate is kept
    jobs = [pool.submit(copy_context().run, work, part) for part in others]
    return [work(mine), *(job.result() for job in jobs)]


@lru_cache(maxsize=1)
def threads() -> int:
    """How many threads to use: what BLAS was told, else the processors we may use."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        if os.environ.get(name, "").isdigit():
            return max(1, int(os.environ[name]))
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


@lru_cache(maxsize=1)
def _pool() -> Any:
    from concurrent.futures import ThreadPoolExecutor  # 5 ms, for those who need it

    return ThreadPoolExecutor(threads(), "dlcourse")


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
        return xp.dot(ones(rows, a.dtype), a, out=out)
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


@lru_cache(maxsize=1024)
def _block(rows: int, most: int) -> int:
    """The largest divisor of `rows` that is at most `most` (and at most 256)."""
    for block in range(min(most, rows, 256), 23, -1):
        if rows % block == 0:
            return block
    return 0
