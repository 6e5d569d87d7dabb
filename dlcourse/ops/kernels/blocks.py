"""Products of large matrices, in blocks that BLAS multiplies as they lie.

OpenBLAS copies both factors into an order of its own before it multiplies them, except
for small products on processors with AVX-512 (see ``tuning.SMALL_PRODUCT``). In blocks
of that size a layer of 784 × 512 and 128 samples reaches 113 instead of 95 GFLOP/s,
forward and for its weights' gradient. Where BLAS has several threads they share a whole
product, but not a small one: then nothing is cut. Read ``linear.py`` next.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ...backend import xp
from ...tuning import BLAS_THREADS, SMALL_PRODUCT, on_host

ROWS = 16  # of a block; with fewer, starting it costs more than copying does


def _pays() -> bool:
    """Is this a machine on which blocks are faster?"""
    config = np.show_config(mode="dicts")
    blas = config["Build Dependencies"]["blas"]["name"]
    found = config["SIMD Extensions"].get("found", [])
    wide = any(name.startswith(("X86_V4", "AVX512")) for name in found)
    return "openblas" in blas and wide and BLAS_THREADS == 1


PAYS = _pays()


def dot(a: Any, b: Any, out: Any = None) -> Any:
    """a·b for large matrices, as NumPy's `dot`, in blocks where that is faster."""
    rows, inner = a.shape
    columns = b.shape[1]
    height, width = _block(rows, inner, columns) if PAYS and on_host() else (0, 0)
    if not height:
        return xp.dot(a, b, out=out)
    if out is None:
        out = xp.empty((rows, columns), a.dtype)
    # one stripe of b for all rows of a: (stripes, blocks of rows, …)
    xp.matmul(
        a.reshape(-1, 1, height, inner),
        b.reshape(inner, 1, -1, width).transpose(1, 2, 0, 3),
        out=out.reshape(-1, height, columns // width, width).transpose(0, 2, 1, 3),
    )
    return out


@lru_cache(maxsize=1024)
def _block(rows: int, inner: int, columns: int) -> tuple[int, int]:
    """The height and the width of blocks that cover the result; a height of 0: none."""
    # whole vectors of 16 floats: stripes of 50 or 60 columns lose what blocks gain
    width = next((w for w in (columns, 64, 32) if w <= 64 and columns % w == 0), 0)
    most = min(rows, SMALL_PRODUCT // (inner * max(1, width))) if width else 0
    return next((h for h in range(most, ROWS - 1, -1) if rows % h == 0), 0), width
