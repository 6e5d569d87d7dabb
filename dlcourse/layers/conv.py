"""Convolutional layers: the same small detector at every place.

Weights are shared over space: a Conv2D of F filters of 5×5 on C channels has
(25·C + 1)·F parameters, however large the image. Read
``depthwise.py`` next.
"""

from __future__ import annotations

from typing import Any

from .. import initializers, ops, regularizers
from ..errors import ConfigError, ShapeError, check_count
from ..ops.kernels.conv_transpose import transposed_geometry
from ..ops.kernels.windows import geometry, per_axis
from . import activations
from .base import Layer
from .symbol import Shape, check_width

__all__ = [
    "Conv1D",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
]


class Convolution(Layer):
    """What the convolutional layers share: settings, checks and sizes."""

    rank = 2

    def _set(
        self,
        kernel_size: Any,
        strides: Any,
        padding: Any,
        dilation_rate: Any,
        activation: Any,
        use_bias: bool,
        bias_initializer: Any,
        bias_regularizer: Any,
    ) -> None:
        self.kernel_size = per_axis("kernel_size", kernel_size, self.rank)
        self.strides = per_axis("strides", strides, self.rank)
        self.dilation_rate = per_axis("dilation_rate", dilation_rate, self.rank)
        self.padding = padding.lower() if isinstance(padding, str) else padding
        known = ("valid", "same", "causal") if self.rank == 1 else ("valid", "same")
        if isinstance(self.padding, str) and self.padding not in known:
            raise ConfigError(f"padding must be one of {known}, not {padding!r}.")
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        self.bias_initializer = initializers.get(bias_initializer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel = self.bias = None
        self.channels: int | None = None  # of the input, once built

    def _channels(self, input_shape: Shape) -> int:
        if len(input_shape) != self.rank + 2 or input_shape[-1] is None:
            space = ("length", "height, width", "depth, height, width")[self.rank - 1]
            raise ShapeError(
                f"{type(self).__name__} needs inputs (batch, {space}, channels), not "
                f"{tuple(input_shape)}."
            )
        check_width(self.name, -1, self.channels, input_shape)
        return input_shape[-1]

    def _build_once(self, input_shape: Any) -> None:
        super()._build_once(input_shape)
        self.channels = input_shape[-1]

    def _add_bias(self, units: int) -> None:
        if self.use_bias:
            self.bias = self.add_weight(
                (units,),
                self.bias_initializer,
                "bias",
                regularizer=self.bias_regularizer,
            )

    def _run(self, convolution: Any, x: Any, kernel: Any, **settings: Any) -> Any:
        """Convolve, add the bias and apply the activation, in one pass if possible."""
        weights = (kernel,) if self.bias is None else (kernel, self.bias)
        return activations.after(convolution, self.activation, x, *weights, **settings)

    def _moves(self) -> dict[str, Any]:
        """How the window moves, as the ops take it."""
        return {
            "strides": self.strides,
            "padding": self.padding,
            "dilation_rate": self.dilation_rate,
        }

    def _space(self, input_shape: Shape) -> tuple[int | None, ...]:
        """The sizes after the convolution; an unknown size stays unknown."""
        return window_sizes(
            type(self).__name__,
            input_shape[1:-1],
            self.kernel_size,
            self.strides,
            self.padding,
            self.dilation_rate,
        )


def window_sizes(
    name: str, sizes: Shape, window: Any, strides: Any, padding: Any, dilation: Any = 1
) -> tuple[int | None, ...]:
    """The output sizes of a window moved over `sizes`; None stays None."""
    n = len(sizes)
    known = [w if size is None else size for size, w in zip(sizes, window, strict=True)]
    reach = per_axis("dilation_rate", dilation, n)
    known = [
        (w - 1) * d + 1 if size is None else size
        for size, w, d in zip(sizes, window, reach, strict=True)
    ]
    axes = geometry(name, known, window, strides, padding, dilation)
    return tuple(
        None if size is None else axis.out
        for size, axis in zip(sizes, axes, strict=True)
    )


class _Conv(Convolution):
    """A kernel (*window, C / groups, filters) slid over the input."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        dilation_rate: Any = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        **keywords: Any,
    ) -> None:
        super().__init__(**keywords)
        self.filters = check_count("filters", filters)
        self.groups = check_count("groups", groups)
        if self.filters % self.groups:
            raise ConfigError(
                f"{self.filters} filters cannot be put into {self.groups} equal groups."
            )
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self._set(
            kernel_size,
            strides,
            padding,
            dilation_rate,
            activation,
            use_bias,
            bias_initializer,
            bias_regularizer,
        )

    def build(self, input_shape: Shape) -> None:
        channels = self._channels(input_shape)
        if channels % self.groups:
            raise ShapeError(
                f"{channels} channels cannot be put into {self.groups} equal groups."
            )
        self.kernel = self.add_weight(
            (*self.kernel_size, channels // self.groups, self.filters),
            self.kernel_initializer,
            "kernel",
            regularizer=self.kernel_regularizer,
        )
        self._add_bias(self.filters)

    def call(self, x, training=False):
        return self._run(
            ops.conv,
            x,
            self.kernel,
            **self._moves(),
            groups=self.groups,
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self._channels(input_shape)
        return (input_shape[0], *self._space(input_shape), self.filters)


class Conv1D(_Conv):
    """Convolution along one axis: (N, length, C) to (N, length', filters).

    kernel (window, C / groups, filters), bias (filters,). `padding` is "valid", "same",
    "causal" (looks at the past only), a number or (before, after) pairs.

    >>> Conv1D(4, 3, padding="causal", input_shape=(10, 2))([[[0.0, 1.0]] * 10]).shape
    (1, 10, 4)
    """

    rank = 1


class Conv2D(_Conv):
    """Convolution over images: (N, H, W, C) to (N, H', W', filters).

    kernel (h, w, C / groups, filters), bias (filters,); (h·w·C + 1)·filters parameters
    for one group. Lecture "convolutional networks": 32×32×1 with K filters of 5×5 gives
    28×28×K and 26·K parameters.
    """

    rank = 2


class Conv3D(_Conv):
    """Convolution over volumes or videos: (N, D, H, W, C)."""

    rank = 3


class Conv2DTranspose(Convolution):
    """The way back of a convolution, as a layer: it enlarges the image.

    kernel (h, w, filters, C). "valid" gives size·stride + max(reach − stride, 0),
    "same" size·stride; with `output_padding` the size is (n − 1)·stride + reach −
    2·pad + output_padding.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        output_padding: Any = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        **keywords: Any,
    ) -> None:
        super().__init__(**keywords)
        self.filters = check_count("filters", filters)
        self.output_padding = output_padding
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self._set(
            kernel_size,
            strides,
            padding,
            dilation_rate,
            activation,
            use_bias,
            bias_initializer,
            bias_regularizer,
        )

    def build(self, input_shape: Shape) -> None:
        self.kernel = self.add_weight(
            (*self.kernel_size, self.filters, self._channels(input_shape)),
            self.kernel_initializer,
            "kernel",
            regularizer=self.kernel_regularizer,
        )
        self._add_bias(self.filters)

    def call(self, x, training=False):
        return self._run(
            ops.conv_transpose,
            x,
            self.kernel,
            **self._moves(),
            output_padding=self.output_padding,
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self._channels(input_shape)
        sizes = input_shape[1:-1]
        _, outs = transposed_geometry(
            [1 if size is None else size for size in sizes],
            self.kernel_size,
            self.strides,
            self.padding,
            self.output_padding,
            self.dilation_rate,
        )
        space = (
            None if size is None else out for size, out in zip(sizes, outs, strict=True)
        )
        return (input_shape[0], *space, self.filters)
