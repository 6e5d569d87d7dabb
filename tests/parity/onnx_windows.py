"""The adapter's fourth part: convolution and pooling.

ONNX puts the channels first, `dl.ops` last: they are moved here. What ONNX can do
beyond `dl.ops` (dilated pooling, a last window that is not full, counting the padding)
is put together from convolutions with a kernel of ones.
"""

import itertools
import math
from typing import Any

import dlcourse as dl
from tests.parity.onnx_adapter import node, ops, to_axis


def last(x: Any) -> Any:
    """Channels first to channels last."""
    return ops.transpose(x, (0, *range(2, x.ndim), 1))


def first(x: Any) -> Any:
    """Channels last to channels first."""
    return to_axis(x, 1)


class Geometry:
    """The attributes that all windows share, worked out for an input's size."""

    def __init__(
        self,
        sizes: Any,
        window: Any,
        *,
        auto_pad: str = "NOTSET",
        pads: Any = None,
        strides: Any = None,
        dilations: Any = None,
        ceil_mode: int = 0,
    ) -> None:
        n = len(sizes)
        self.window = tuple(window)
        self.strides = tuple(strides or [1] * n)
        self.dilations = tuple(dilations or [1] * n)
        self.reaches = [(k - 1) * d + 1 for k, d in zip(window, self.dilations)]
        pads = pads or [0] * (2 * n)
        self.pads = list(zip(pads[:n], pads[n:]))
        if auto_pad.startswith("SAME"):
            for i, (size, s, r) in enumerate(zip(sizes, self.strides, self.reaches)):
                total = max((-(-size // s) - 1) * s + r - size, 0)
                less, more = total // 2, total - total // 2
                self.pads[i] = (
                    (less, more) if auto_pad == "SAME_UPPER" else (more, less)
                )
        # a last window that is not full: cells beyond the padding
        self.beyond = [0] * n
        for i, (size, s, r) in enumerate(zip(sizes, self.strides, self.reaches)):
            padded = size + sum(self.pads[i])
            over = -(padded - r) % s if ceil_mode else 0
            starts_inside = padded - r + over < size + self.pads[i][0]
            self.beyond[i] = over if starts_inside else 0
        self.dilated = any(d > 1 for d in self.dilations)

    @property
    def padding(self) -> tuple[tuple[int, int], ...]:
        return tuple((a, b + more) for (a, b), more in zip(self.pads, self.beyond))

    @property
    def how(self) -> dict[str, Any]:
        """The settings of `dl.ops.conv`."""
        return {
            "strides": self.strides,
            "padding": self.padding,
            "dilation_rate": self.dilations,
        }


def kernel_last(w: Any) -> Any:
    """(F, C, *window) to (*window, C, F); transposed kernels alike."""
    return ops.transpose(w, (*range(2, w.ndim), 1, 0))


def plus_bias(y: Any, b: Any) -> Any:
    return y if b is None else ops.add(y, b)


# -------------------------------------------------------------------------- convolution


@node("Conv")
def conv(x, w, b=None, *, group=1, kernel_shape=None, **how):
    geometry = Geometry(x.shape[2:], w.shape[2:], **how)
    y = ops.conv(last(x), kernel_last(w), groups=group, **geometry.how)
    return first(plus_bias(y, b))


@node("ConvTranspose")
def conv_transpose(
    x,
    w,
    b=None,
    *,
    group=1,
    kernel_shape=None,
    auto_pad="NOTSET",
    pads=None,
    strides=None,
    dilations=None,
    output_padding=None,
    output_shape=None,
):
    n = x.ndim - 2
    how: dict[str, Any] = {"strides": tuple(strides or [1] * n)}
    how["dilation_rate"] = tuple(dilations or [1] * n)
    extra = output_padding or [0] * n
    if auto_pad == "SAME_UPPER":
        how["padding"] = "same"
    else:
        pads = pads or [0] * (2 * n)
        how["padding"] = tuple(zip(pads[:n], pads[n:]))
        if output_shape is not None:
            reaches = [
                (k - 1) * d + 1 for k, d in zip(w.shape[2:], how["dilation_rate"])
            ]
            sizes = zip(x.shape[2:], how["strides"], reaches, output_shape)
            gaps = [out - ((size - 1) * s + r) for size, s, r, out in sizes]
            assert all(gap >= 0 for gap in gaps)  # the cases only ever ask for more
            extra = gaps
        how["output_padding"] = tuple(extra)
    parts = zip(ops.split(last(x), group, axis=-1), ops.split(w, group, axis=0))
    # (C, F, *window) becomes (*window, F, C)
    y = [ops.conv_transpose(part, kernel_last(own), **how) for part, own in parts]
    return first(plus_bias(ops.concatenate(y, axis=-1), b))


@node("CausalConvWithState")
def causal_conv(x, w, b=None, past=None, *, activation=None):
    if past is None:
        line = ops.pad(x, ((0, 0), (0, 0), (w.shape[-1] - 1, 0)))
    else:
        line = ops.concatenate([past, x], axis=2)
    y = plus_bias(ops.conv(last(line), kernel_last(w), groups=x.shape[1]), b)
    y = ops.silu(y) if activation in ("silu", "swish") else y
    start = line.shape[2] - (w.shape[-1] - 1)
    return first(y), ops.getitem(line, (slice(None), slice(None), slice(start, None)))


@node("Col2Im")
def col_to_image(x, image, block, *, dilations=None, pads=None, strides=None):
    """Columns painted onto an image: a transposed convolution with a kernel of ones."""
    image, block = image.tolist(), block.tolist()
    geometry = Geometry(image, block, dilations=dilations, pads=pads, strides=strides)
    n, cells, _ = x.shape
    channels = cells // math.prod(block)
    padded = [size + sum(pair) for size, pair in zip(image, geometry.pads)]
    steps = zip(padded, geometry.reaches, geometry.strides)
    places = [(size - r) // s + 1 for size, r, s in steps]
    one = dl.Tensor(ops.one_hot(list(range(cells)), cells), dtype=x.dtype)
    kernel = ops.reshape(one, (channels, *block, cells))
    kernel = ops.transpose(kernel, (*range(1, len(block) + 1), 0, len(block) + 1))
    columns = ops.reshape(ops.transpose(x, (0, 2, 1)), (n, *places, cells))
    left = [
        size - ((p - 1) * s + r)
        for size, p, s, r in zip(padded, places, geometry.strides, geometry.reaches)
    ]
    how = {**geometry.how, "output_padding": tuple(left)}
    return first(ops.conv_transpose(columns, kernel, **how))


# ------------------------------------------------------------------------------ pooling


def window_sum(
    x: Any, geometry: Geometry, include_pad: bool = False
) -> tuple[Any, Any]:
    """The sum in each window, and of how many cells: x is channels last."""
    channels = x.shape[-1]
    ones = dl.Tensor([1.0] * (math.prod(geometry.window) * channels), dtype=x.dtype)
    kernel = ops.reshape(ones, (*geometry.window, 1, channels))
    total = ops.conv(x, kernel, groups=channels, **geometry.how)
    cells = ops.add(ops.multiply(x, 0.0), 1.0)
    how = geometry.how
    if include_pad:
        pairs = ((0, 0), *geometry.pads, (0, 0))
        cells = ops.pad(cells, pairs, constant_values=1.0)
        how["padding"] = tuple((0, more) for more in geometry.beyond)
    return total, ops.conv(cells, kernel, groups=channels, **how)


@node("AveragePool")
def average_pool(x, *, kernel_shape, count_include_pad=0, **how):
    geometry = Geometry(x.shape[2:], kernel_shape, **how)
    if geometry.dilated or count_include_pad:
        return first(
            ops.divide(*window_sum(last(x), geometry, bool(count_include_pad)))
        )
    y = ops.average_pool(
        last(x),
        pool_size=geometry.window,
        strides=geometry.strides,
        padding=geometry.padding,
    )
    return first(y)


@node("LpPool")
def lp_pool(x, *, kernel_shape, p=2, **how):
    geometry = Geometry(x.shape[2:], kernel_shape, **how)
    total, _ = window_sum(ops.power(ops.abs(last(x)), float(p)), geometry)
    return first(ops.power(total, 1.0 / p))


@node("MaxPool")
def max_pool(x, *, kernel_shape, storage_order=0, outputs, **how):
    geometry = Geometry(x.shape[2:], kernel_shape, **how)
    if not geometry.dilated and outputs == 1:
        y = ops.max_pool(
            last(x),
            pool_size=geometry.window,
            strides=geometry.strides,
            padding=geometry.padding,
        )
        return first(y)
    shifted = cells_of_windows(x, geometry, -math.inf)
    y = ops.max(shifted, axis=0)
    if outputs == 1:
        return y
    order = (0, 1, *range(2, x.ndim)[::-1]) if storage_order else tuple(range(x.ndim))
    shape = tuple(x.shape[i] for i in order)
    places = dl.Tensor(list(range(math.prod(shape))), dtype="float64")
    places = ops.transpose(ops.reshape(places, shape), order)
    chosen = ops.argmax(shifted, axis=0)[None]
    found = ops.take_along_axis(cells_of_windows(places, geometry, 0.0), chosen, axis=0)
    return y, ops.squeeze(found, 0)


def cells_of_windows(x: Any, geometry: Geometry, value: float) -> Any:
    """Channels first: (cells of a window, N, C, *out)."""
    padded = ops.pad(x, ((0, 0), (0, 0), *geometry.padding), constant_values=value)
    space = list(zip(padded.shape[2:], geometry.reaches, geometry.strides))
    outs = [(size - r) // s + 1 for size, r, s in space]
    shifted = []
    for cell in itertools.product(*(range(k) for k in geometry.window)):
        index = [slice(None), slice(None)]
        for k, d, s, out in zip(cell, geometry.dilations, geometry.strides, outs):
            index.append(slice(k * d, k * d + (out - 1) * s + 1, s))
        shifted.append(ops.getitem(padded, tuple(index)))
    return ops.stack(shifted)


@node("GlobalAveragePool")
def global_average_pool(x):
    return ops.mean(x, axis=tuple(range(2, x.ndim)), keepdims=True)


@node("GlobalMaxPool")
def global_max_pool(x):
    return ops.max(x, axis=tuple(range(2, x.ndim)), keepdims=True)
