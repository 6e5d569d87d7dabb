"""Transposed convolution: the way back of `conv`, used to enlarge.

Its forward pass is the input gradient of a convolution, and its gradients are that
convolution itself. Read ``pool.py`` next.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from ...autodiff import kernel as kernel_of
from ...backend import xp
from ...errors import ConfigError, ShapeError, check_count
from ...tuning import column_sums
from ..products import matmul, swap_last
from ..shaping import floats, getitem, pad, reshape
from .conv import check_bias, finishing
from .fused import fused
from .scattering import scatter
from .sliding import kernel_gradient, slide, slide_with_gradient
from .windows import Axis, pad_space, per_axis


def transposed_geometry(
    sizes: Sequence[int],
    window: Sequence[int],
    strides: Any,
    padding: Any,
    output_padding: Any,
    dilation_rate: Any,
) -> tuple[list[Axis], list[int]]:
    """The axes of the convolution this is the way back of, and the output sizes.

    The `Axis` describes the *output* as that convolution's input: its ``out`` is at
    least our input's size, its padding is what is cut off.
    """
    n = len(sizes)
    strides = per_axis("strides", strides, n)
    dilations = per_axis("dilation_rate", dilation_rate, n)
    extra: Sequence[int | None] = [None] * n
    if output_padding is not None:
        given = (
            output_padding
            if isinstance(output_padding, (tuple, list))
            else [output_padding] * n
        )
        extra = [check_count("output_padding", e, low=0) for e in given]
    axes, outs = [], []
    for i, size in enumerate(sizes):
        stride, reach = strides[i], (window[i] - 1) * dilations[i] + 1
        full = (size - 1) * stride + reach
        more = extra[i]
        if more is not None and more >= stride and more > 0:
            raise ConfigError(
                f"output_padding must be smaller than the stride {stride}, not {more}."
            )
        if padding == "valid" and more is None:
            before, out = 0, size * stride + max(reach - stride, 0)
        elif padding == "same" and more is None:
            before, out = max(reach - stride, 0) // 2, size * stride
        else:
            if padding == "valid":
                before = after = 0
            elif padding == "same":
                before = after = reach // 2
            else:
                before, after = _pair(padding, i)
            out = full - before - after + (more or 0)
        if out < 1:
            raise ShapeError(
                f"conv_transpose: padding {padding!r} cuts all {full} cells off axis "
                f"{i + 1}."
            )
        after = max(full - before - out, 0)
        axes.append(Axis(out, window[i], stride, dilations[i], before, after))
        outs.append(out)
    return axes, outs


def _pair(padding: Any, i: int) -> tuple[int, int]:
    one = padding[i] if isinstance(padding, (tuple, list)) else padding
    if isinstance(one, str):
        raise ConfigError(
            f"padding must be 'valid', 'same', a number or pairs, not {padding!r}."
        )
    pair = tuple(one) if isinstance(one, (tuple, list)) else (one, one)
    before, after = (check_count("padding", p, low=0) for p in pair)
    return before, after


def _fitted(axes: Sequence[Axis], sizes: Sequence[int]) -> list[Axis]:
    """The axes padded exactly so far that the window has `sizes` places."""
    fitted = []
    for axis, size in zip(axes, sizes, strict=True):
        full = (size - 1) * axis.stride + axis.reach
        fitted.append(axis._replace(after=max(full - axis.before - axis.size, 0)))
    return fitted


def conv_transpose_reference(
    x: Any,
    kernel: Any,
    bias: Any = None,
    *,
    strides: Any = 1,
    padding: Any = "valid",
    output_padding: Any = None,
    dilation_rate: Any = 1,
    activation: str | None = None,
) -> Any:
    """Each input cell paints the kernel, scaled by its value, onto the output."""
    x, kernel = floats(x), floats(kernel)
    sizes = x.shape[1:-1]
    axes, outs = transposed_geometry(
        sizes, kernel.shape[:-2], strides, padding, output_padding, dilation_rate
    )
    lengths = [
        max((n - 1) * a.stride + a.reach, a.before + a.size)
        for n, a in zip(sizes, axes, strict=True)
    ]
    y = None
    for cell in itertools.product(*(range(a.window) for a in axes)):
        term = matmul(x, swap_last(getitem(kernel, cell)))
        for i, (k, axis) in enumerate(zip(cell, axes, strict=True)):
            term = _spread(term, i + 1, axis, k, lengths[i])
        y = term if y is None else y + term
    cut = (slice(a.before, a.before + out) for a, out in zip(axes, outs, strict=True))
    y = getitem(y, (slice(None), *cut))
    y = y if bias is None else y + bias
    return y if activation is None else fused(activation).op(y)


def _spread(x: Any, place: int, axis: Axis, k: int, length: int) -> Any:
    """The entries of one axis, `stride` apart, starting at k·dilation, in `length`."""
    n = x.shape[place]
    front, back = x.shape[:place], x.shape[place + 1 :]
    none = [(0, 0)] * len(front)
    gaps = reshape(x, (*front, n, 1, *back))
    gaps = pad(gaps, (*none, (0, 0), (0, axis.stride - 1), *[(0, 0)] * len(back)))
    line = reshape(gaps, (*front, n * axis.stride, *back))
    line = getitem(line, (*[slice(None)] * place, slice(0, (n - 1) * axis.stride + 1)))
    start = k * axis.dilation
    rest = length - start - line.shape[place]
    return pad(line, (*none, (start, rest), *[(0, 0)] * len(back)))


@kernel_of(conv_transpose_reference)
def conv_transpose(
    x,
    kernel,
    bias=None,
    *,
    strides=1,
    padding="valid",
    output_padding=None,
    dilation_rate=1,
    activation=None,
):
    """The way back of `conv`, as a layer that enlarges: each cell paints the kernel.

    Shapes: x (N, *space, C), kernel (*window, F, C), y (N, *out, F). "valid" gives
    size·stride + max(reach − stride, 0), "same" size·stride; a number p gives
    (size − 1)·stride − 2p + reach + output_padding. A `bias` (F,) is added and an
    `activation`, "relu" or "tanh", applied in the same pass. Sources: Zeiler et al.
    (2010); lecture "autoencoders".
    """
    fits = x.ndim in (3, 4, 5) and kernel.ndim == x.ndim
    if not fits or x.shape[-1] != kernel.shape[-1]:
        raise ShapeError(
            f"conv_transpose: x {x.shape} needs a kernel (*window, out, {x.shape[-1]}) "
            f"of as many axes, not {kernel.shape}."
        )
    check_bias("conv_transpose", bias, kernel.shape[-2])
    sizes = x.shape[1:-1]
    axes, _ = transposed_geometry(
        sizes, kernel.shape[:-2], strides, padding, output_padding, dilation_rate
    )
    axes = _fitted(axes, sizes)
    x = xp.ascontiguousarray(x)
    finish = finishing(bias, activation)
    y = scatter(x, kernel, axes, 1, finish)
    return y, (x, kernel, axes, y, activation)


@conv_transpose.backward
def _(g, saved, needs, into):
    x, kernel, axes, y, activation = saved
    if activation is not None:
        g = fused(activation).gradient(g, y)
    g = xp.ascontiguousarray(g)
    padded = pad_space(g, axes)
    dx = dw = db = None
    if needs[0] and needs[1]:
        dx, dw = slide_with_gradient(padded, kernel, x, axes, into[1])
    elif needs[0]:
        dx = slide(padded, kernel, axes, 1)
    elif needs[1]:
        dw = kernel_gradient(padded, x, axes, 1, kernel.shape, into[1])
    if len(needs) > 2 and needs[2]:
        db = column_sums(g, out=into[2])
    return dx, dw, db
