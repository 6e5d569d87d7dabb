"""Convolution over one, two or three axes of space, channels last.

A window slides over the input; at each place its cells are multiplied by the kernel and
summed. ``sliding.py`` does it as a matrix product, ``winograd.py`` with fewer products
where the kernel is three rows high.

The gradient of the kernel is rowsᵀ·g, the rows being the windows. The gradient of the
input sends g·kernelᵀ back to the cells it came from; for stride one that is again a
convolution, with the kernel turned round. `conv_transpose` is that way back, used as a
layer. Read ``pool.py`` next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...autodiff import kernel as kernel_of
from ...backend import xp
from ...errors import ShapeError, check_count
from ...tuning import add_to_rows, column_sums
from ..products import matmul
from ..shaping import concatenate, getitem, pad, split
from .fused import fused
from .scattering import scatter
from .sliding import kernel_gradient, slide
from .windows import geometry, offsets, pad_space
from .winograd import fast_gradient, fits, slide_fast


def finishing(bias: Any, activation: str | None) -> Callable[[Any], Any] | None:
    """What is left to do with each chunk of the result: bias, then activation."""
    if bias is None and activation is None:
        return None

    def finish(y: Any) -> None:
        if bias is not None:
            add_to_rows(y, bias)
        if activation is not None:
            fused(activation).apply(y)

    return finish


def check_bias(name: str, bias: Any, filters: int) -> None:
    """Raise `ShapeError` unless the bias has an entry for each filter."""
    if bias is not None and bias.shape != (filters,):
        raise ShapeError(
            f"{name}: the bias has shape {bias.shape}, but {filters} filters need "
            f"({filters},)."
        )


def _check(name: str, x: Any, kernel: Any, groups: int, channels_axis: int) -> None:
    if x.ndim not in (3, 4, 5) or kernel.ndim != x.ndim:
        raise ShapeError(
            f"{name}: x {x.shape} must be (N, *space, C) with one to three axes of "
            f"space, and the kernel {kernel.shape} must have as many axes."
        )
    groups = check_count("groups", groups)
    if x.shape[-1] != kernel.shape[channels_axis] * groups or kernel.shape[-1] % groups:
        raise ShapeError(
            f"{name}: x {x.shape} has {x.shape[-1]} channels, but the kernel "
            f"{kernel.shape} with groups={groups} takes "
            f"{kernel.shape[channels_axis] * groups}"
            f"{'' if kernel.shape[-1] % groups == 0 else ' (and cannot be split)'}."
        )


def conv_reference(
    x: Any,
    kernel: Any,
    bias: Any = None,
    *,
    strides: Any = 1,
    padding: Any = "valid",
    dilation_rate: Any = 1,
    groups: int = 1,
    activation: str | None = None,
) -> Any:
    """The sum over the window's cells of shifted inputs times the kernel there."""
    axes = geometry(
        "conv", x.shape[1:-1], kernel.shape[:-2], strides, padding, dilation_rate
    )
    padded = pad(x, ((0, 0), *((a.before, a.after) for a in axes), (0, 0)))
    y = None
    for cell, cells in offsets(axes):
        shifted, w = getitem(padded, cells), getitem(kernel, cell)
        pieces = [
            matmul(part, matrix)
            for part, matrix in zip(
                split(shifted, groups, axis=-1), split(w, groups, axis=-1), strict=True
            )
        ]
        term = concatenate(pieces, axis=-1)
        y = term if y is None else y + term
    y = y if bias is None else y + bias
    return y if activation is None else fused(activation).op(y)


@kernel_of(conv_reference)
def conv(
    x,
    kernel,
    bias=None,
    *,
    strides=1,
    padding="valid",
    dilation_rate=1,
    groups=1,
    activation=None,
):
    """Slide a kernel over x and sum the products at each place.

    Shapes: x (N, *space, C), kernel (*window, C / groups, F), y (N, *out, F) with one
    to three axes of space. On each axis out = ⌊(size + padding − reach) / stride⌋ + 1
    with reach = (window − 1)·dilation + 1. `padding` is "valid", "same" (out =
    ⌈size / stride⌉, the odd cell at the end), "causal" (one axis), a number, or
    (before, after) pairs. Strides and dilation may both exceed one. A `bias` (F,) is
    added and an `activation`, "relu" or "tanh", applied in the same pass.

    Raises `ShapeError` for channels that do not fit or a window larger than its input.
    Lecture "convolutional networks".

    >>> conv([[[1.0], [2.0], [4.0]]], [[[-1.0]], [[1.0]]])[0, :, 0]
    array([1., 2.], dtype=float32)
    """
    _check("conv", x, kernel, groups, -2)
    check_bias("conv", bias, kernel.shape[-1])
    axes = geometry(
        "conv", x.shape[1:-1], kernel.shape[:-2], strides, padding, dilation_rate
    )
    finish = finishing(bias, activation)
    fast = fits(axes, kernel.shape, groups)
    if fast:
        y = slide_fast(x, kernel, axes, finish)
    else:
        x = pad_space(xp.ascontiguousarray(x), axes)
        y = slide(x, kernel, axes, groups, finish)
    return y, (x, kernel, axes, groups, y, activation, fast)


@conv.backward
def _(g, saved, needs, into):
    x, kernel, axes, groups, y, activation, fast = saved
    dx = dw = db = None
    if activation is not None:
        g = fused(activation).gradient(g, y)
    g = xp.ascontiguousarray(g)
    if needs[1] and fast:
        dw = fast_gradient(x, g, axes, kernel.shape, into[1])
    elif needs[1]:
        dw = kernel_gradient(x, g, axes, groups, kernel.shape, into[1])
    if len(needs) > 2 and needs[2]:
        db = column_sums(g, out=into[2])
    if needs[0]:
        dx = scatter(g, kernel, axes, groups)
    return dx, dw, db
