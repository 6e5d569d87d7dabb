"""The affine map y = x·w + b in one pass, for one network or for R at once.

With a weight of shape (R, in, out) the same layer is computed for R networks ("runs as
an axis"): x may be shared, (N, in), or differ, (R, N, in). Read ``losses.py`` next.
"""

from __future__ import annotations

from typing import Any

from ...autodiff import kernel
from ...backend import xp
from ...errors import ShapeError
from ...tuning import SMALL_PRODUCT, column_sums, ones, scratch
from ..products import matmul
from ..shaping import expand_dims
from .blocks import dot
from .fused import fused


def linear_reference(x: Any, w: Any, b: Any = None, *, activation: Any = None) -> Any:
    """activation(x·w + b) by elementary ops."""
    y = matmul(x, w)
    if b is not None:
        y = y + (expand_dims(b, 1) if len(w.shape) == 3 else b)
    return y if activation is None else fused(activation).op(y)


def _check(x: Any, w: Any, b: Any) -> None:
    if w.ndim not in (2, 3) or x.ndim < 1 or x.shape[-1] != w.shape[-2]:
        raise ShapeError(
            f"linear: x has shape {x.shape} and w {w.shape}; the last axis of x must "
            "have as many entries as w has rows, w being (in, out)."
        )
    if b is not None and b.shape != (*w.shape[:-2], w.shape[-1]):
        raise ShapeError(
            f"linear: b has shape {b.shape}, but w {w.shape} needs "
            f"{(*w.shape[:-2], w.shape[-1])}."
        )


@kernel(linear_reference)
def linear(x, w, b=None, *, activation=None):
    """y = x·w + b, the dense layer of the lecture.

    Shapes: x (…, in), w (in, out), b (out,), y (…, out). With `activation` "relu" or
    "tanh" that is applied too, in the same pass. Raises `ShapeError` naming the shapes
    that do not fit.

    >>> linear([[-1.0, 2.0]], [[3.0], [-2.0]], [1.0])
    array([[-6.]], dtype=float32)
    """
    _check(x, w, b)
    if w.ndim == 3:
        y = _runs_forward(x, w, b)
    else:
        rows = x if x.ndim == 2 else x.reshape(-1, x.shape[-1])  # (N, in)
        # small matrices: x.dot(w) starts sooner than np.dot(x, w), and that than x @ w
        y = rows.dot(w) if len(rows) * w.size <= SMALL_PRODUCT else dot(rows, w)
        if b is not None:
            y += b
        if rows is not x:
            y = y.reshape(*x.shape[:-1], w.shape[-1])
    if activation is None:
        return y, (x, w, None, None)
    activation = fused(activation)
    return activation.apply(y), (x, w, y, activation)


@linear.backward
def _(g, saved, needs, into):
    x, w, y, activation = saved
    if activation is not None:
        g = activation.gradient(g, y)
    if w.ndim == 3:
        return _runs_backward(g, x, w, (*needs, False)[:3], into[1])
    dx = dw = db = None
    rows = g if g.ndim == 2 else g.reshape(-1, g.shape[-1])  # (N, out)
    large = len(rows) * w.size > SMALL_PRODUCT
    if needs[1]:
        inputs = (x if x.ndim == 2 else x.reshape(-1, x.shape[-1])).T  # (in, N)
        dw = dot(inputs, rows, into[1]) if large else inputs.dot(rows, into[1])
    if len(needs) > 2 and needs[2]:
        db = column_sums(rows, out=into[2])
    if needs[0]:
        if 8 * len(rows) < len(w):
            # few rows against a large w: BLAS is faster the other way round, most of
            # all with g in the order it wants (32 rows, 4,096 × 512: 3.3 → 1.4 ms)
            columns = rows.T.copy()
            dx = (dot(w, columns) if large else w.dot(columns)).T
        else:
            dx = rows.dot(w.T)
        dx = dx if x.ndim == 2 else dx.reshape(x.shape)
    return dx, dw, db


# R networks at once. Their values are kept with the samples innermost, (R, units, N)
# seen through a transposed view: adding a bias then runs along 200 samples instead of
# 16 units (64 runs of 2-16-1: 229 -> 60 us), and elementwise ops keep the layout.
#
# Where all share x, they are one network of R·out units: one product, in which the bias
# is the weight of an input that is always 1 (64 runs of 2-16: 86 -> 38 µs forward, 76
# -> 24 µs backward).


def _runs_forward(x: Any, w: Any, b: Any) -> Any:
    if x.ndim == 2 and b is not None:
        return _shared_forward(x, w, b)
    y = xp.matmul(w.swapaxes(-1, -2), x.swapaxes(-1, -2))  # (R, out, N)
    if b is not None:
        y += b[:, :, None]
    return y.swapaxes(-1, -2)  # (R, N, out)


def _shared_forward(x: Any, w: Any, b: Any) -> Any:
    runs, inputs, units = w.shape
    joined = scratch("linear.weights", (runs, units, inputs + 1), w.dtype)
    joined[:, :, :-1] = w.swapaxes(1, 2)
    joined[:, :, -1] = b
    columns = xp.ascontiguousarray(_with_one(x).T)  # 2 % of a landscape faster
    y = joined.reshape(runs * units, inputs + 1).dot(columns)
    return y.reshape(runs, units, len(x)).swapaxes(1, 2)  # (R, N, out)


def _with_one(x: Any) -> Any:
    """x (N, in) and a column of ones, (N, in + 1)."""
    joined = scratch("linear.inputs", (len(x), x.shape[1] + 1), x.dtype)
    joined[:, :-1] = x
    joined[:, -1] = 1
    return joined


def _runs_backward(g: Any, x: Any, w: Any, needs: Any, into_w: Any) -> Any:
    needs_x, needs_w, needs_b = needs
    dx = dw = db = None
    runs, inputs, units = w.shape
    columns = g.swapaxes(-1, -2)  # (R, out, N)
    rows = columns.reshape(runs * units, columns.shape[-1])
    if x.ndim == 2 and needs_w and needs_b:
        both = rows.dot(_with_one(x)).reshape(runs, units, inputs + 1)
        dw, db = both[:, :, :-1].swapaxes(1, 2), both[:, :, -1]
    else:
        if needs_w:
            dw = xp.matmul(x.swapaxes(-1, -2), g, out=into_w)
        if needs_b:
            db = rows.dot(ones(rows.shape[1], g.dtype)).reshape(runs, units)
    if needs_x:
        # a product with one column is an outer product: multiply is 3 times faster
        product = xp.multiply if units == 1 else xp.matmul
        dx = product(w, columns).swapaxes(-1, -2)
    return dx, dw, db
