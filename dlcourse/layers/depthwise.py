"""Convolutions that treat each channel for itself: cheaper, and nearly as good.

Read ``pool.py`` next.
"""

from __future__ import annotations

from typing import Any

from .. import initializers, ops, regularizers
from ..errors import check_count
from .conv import Convolution
from .symbol import Shape

__all__ = ["DepthwiseConv2D", "SeparableConv2D"]


class DepthwiseConv2D(Convolution):
    """Every channel gets detectors of its own: `depth_multiplier` for each.

    kernel (h, w, C, depth_multiplier), y (N, H', W', C·depth_multiplier).
    """

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        depth_multiplier: int = 1,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        **keywords: Any,
    ) -> None:
        super().__init__(**keywords)
        self.depth_multiplier = check_count("depth_multiplier", depth_multiplier)
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
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
        self.kernel = self.add_weight(
            (*self.kernel_size, channels, self.depth_multiplier),
            self.depthwise_initializer,
            "kernel",
            regularizer=self.depthwise_regularizer,
        )
        self._add_bias(channels * self.depth_multiplier)

    def call(self, x, training=False):
        return self._run(depthwise, x, self.kernel, **self._moves())

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        channels = self._channels(input_shape)
        width = channels * self.depth_multiplier
        return (input_shape[0], *self._space(input_shape), width)


def depthwise(x: Any, kernel: Any, *bias: Any, **settings: Any) -> Any:
    """Convolve each channel with its own part of `kernel` (h, w, C, M)."""
    *window, channels, multiplier = kernel.shape
    flat = ops.reshape(kernel, (*window, 1, channels * multiplier))
    return ops.conv(x, flat, *bias, groups=channels, **settings)


class SeparableConv2D(Convolution):
    """A depthwise convolution, then a 1×1 one that mixes the channels.

    depthwise_kernel (h, w, C, M), pointwise_kernel (1, 1, C·M, filters): nearly a full
    convolution for a fraction of the parameters (Chollet, 2017).
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        **keywords: Any,
    ) -> None:
        super().__init__(**keywords)
        self.filters = check_count("filters", filters)
        self.depth_multiplier = check_count("depth_multiplier", depth_multiplier)
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.pointwise_initializer = initializers.get(pointwise_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.pointwise_regularizer = regularizers.get(pointwise_regularizer)
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
        self.depthwise_kernel = self.add_weight(
            (*self.kernel_size, channels, self.depth_multiplier),
            self.depthwise_initializer,
            "depthwise_kernel",
            regularizer=self.depthwise_regularizer,
        )
        self.pointwise_kernel = self.add_weight(
            (*(1,) * self.rank, channels * self.depth_multiplier, self.filters),
            self.pointwise_initializer,
            "pointwise_kernel",
            regularizer=self.pointwise_regularizer,
        )
        self._add_bias(self.filters)

    def call(self, x, training=False):
        y = depthwise(x, self.depthwise_kernel, **self._moves())
        return self._run(ops.conv, y, self.pointwise_kernel)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self._channels(input_shape)
        return (input_shape[0], *self._space(input_shape), self.filters)
