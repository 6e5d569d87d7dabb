"""Sums of products: the matrix product and its generalizations.

The gradient of a product of matrices is again a product of matrices: for y = x·w,
dx = g·wᵀ and dw = xᵀ·g. Read ``reductions.py`` next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..autodiff import op
from ..backend import xp
from ..errors import ShapeError
from .shaping import check_axis, expand_dims, floats, reshape, squeeze, transpose


@op
def _matmul(x1, x2):
    return xp.matmul(x1, x2)


_matmul.gradient(
    x1=lambda g, y, x1, x2: _matmul(g, swap_last(x2)),
    x2=lambda g, y, x1, x2: _matmul(swap_last(x1), g),
)


def swap_last(x: Any) -> Any:
    """The transpose of each matrix in a stack: the last two axes exchanged."""
    n = len(x.shape)
    return transpose(x, (*range(n - 2), n - 1, n - 2))


def matmul(x1: Any, x2: Any) -> Any:
    """The matrix product over the last two axes, the others broadcast.

    Vectors are taken as NumPy does: as a row on the left, as a column on the right.
    Raises `ShapeError` naming both shapes if they do not fit.
    """
    x1, x2 = floats(x1), floats(x2)
    rows, columns = len(x1.shape) == 1, len(x2.shape) == 1
    if not x1.shape or not x2.shape:
        raise ShapeError("matmul needs at least one axis; use * for numbers.")
    if x1.shape[-1] != x2.shape[0 if columns else -2]:
        raise ShapeError(
            f"matmul: {tuple(x1.shape)} times {tuple(x2.shape)} does not fit: "
            f"{x1.shape[-1]} columns meet {x2.shape[0 if columns else -2]} rows."
        )
    y = _matmul(
        expand_dims(x1, 0) if rows else x1, expand_dims(x2, 1) if columns else x2
    )
    if columns:
        y = squeeze(y, -1)
    return squeeze(y, -1 if columns else -2) if rows else y


def tensordot(x1: Any, x2: Any, axes: int | Sequence[Any] = 2) -> Any:
    """Sum products over pairs of axes, as NumPy's tensordot.

    `axes` is a number (the last axes of x1 with the first of x2) or two lists.
    """
    x1, x2 = floats(x1), floats(x2)
    n1, n2 = len(x1.shape), len(x2.shape)
    if isinstance(axes, int):
        a1, a2 = list(range(n1 - axes, n1)), list(range(axes))
    else:
        a1, a2 = ([a] if isinstance(a, int) else list(a) for a in axes)
        a1 = [check_axis("tensordot", a, x1.shape) for a in a1]
        a2 = [check_axis("tensordot", a, x2.shape) for a in a2]
    if [x1.shape[a] for a in a1] != [x2.shape[a] for a in a2]:
        raise ShapeError(
            f"tensordot: axes {a1} of {tuple(x1.shape)} do not fit axes {a2} of "
            f"{tuple(x2.shape)}."
        )
    rest1 = [a for a in range(n1) if a not in a1]
    rest2 = [a for a in range(n2) if a not in a2]
    inner = 1
    for a in a1:
        inner *= x1.shape[a]
    outer = tuple(x1.shape[a] for a in rest1) + tuple(x2.shape[a] for a in rest2)
    left = reshape(transpose(x1, (*rest1, *a1)), (-1, inner))
    right = reshape(transpose(x2, (*a2, *rest2)), (inner, -1))
    return reshape(_matmul(left, right), outer)
