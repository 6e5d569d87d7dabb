"""Pooling layers: keep what was found, forget where exactly.

Read ``norm.py`` next.
"""

from __future__ import annotations

from typing import Any

from .. import ops
from ..errors import ConfigError, ShapeError
from ..ops.kernels.pool import global_average, global_max, up_sample
from ..ops.kernels.windows import per_axis
from .base import Layer
from .conv import window_sizes
from .symbol import Shape

__all__ = [
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling2D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "UpSampling2D",
    "ZeroPadding2D",
]


class _Pooling(Layer):
    """A window of `pool_size` moved by `strides` (by default its own size)."""

    rank = 2
    op: Any = None

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: Any = "valid",
        **keywords: Any,
    ) -> None:
        super().__init__(**keywords)
        self.pool_size = per_axis("pool_size", pool_size, self.rank)
        self.strides = per_axis(
            "strides", self.pool_size if strides is None else strides, self.rank
        )
        self.padding = padding.lower() if isinstance(padding, str) else padding
        if isinstance(self.padding, str) and self.padding not in ("valid", "same"):
            raise ConfigError(f"padding must be 'valid' or 'same', not {padding!r}.")

    def call(self, x, training=False):
        return type(self).op(
            x, pool_size=self.pool_size, strides=self.strides, padding=self.padding
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) != self.rank + 2:
            raise ShapeError(
                f"{type(self).__name__} needs {self.rank + 2} axes (batch, …, "
                f"channels), not {tuple(input_shape)}."
            )
        sizes = window_sizes(
            type(self).__name__,
            input_shape[1:-1],
            self.pool_size,
            self.strides,
            self.padding,
        )
        return (input_shape[0], *sizes, input_shape[-1])


class MaxPooling1D(_Pooling):
    """The largest value of each window along one axis: (N, length, C)."""

    rank, op = 1, ops.max_pool


class MaxPooling2D(_Pooling):
    """The largest value of each window of an image: (N, H, W, C)."""

    rank, op = 2, ops.max_pool


class MaxPooling3D(_Pooling):
    """The largest value of each window of a volume: (N, D, H, W, C)."""

    rank, op = 3, ops.max_pool


class AveragePooling1D(_Pooling):
    """The average of each window along one axis; padding is never counted."""

    rank, op = 1, ops.average_pool


class AveragePooling2D(_Pooling):
    """The average of each window of an image; padding is never counted."""

    rank, op = 2, ops.average_pool


class AveragePooling3D(_Pooling):
    """The average of each window of a volume; padding is never counted."""

    rank, op = 3, ops.average_pool


class _GlobalPooling(Layer):
    """All of the image becomes one value a channel: (N, H, W, C) to (N, C)."""

    def __init__(self, keepdims: bool = False, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.keepdims = bool(keepdims)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        n, *space, channels = input_shape
        return (n, *(1 for _ in space), channels) if self.keepdims else (n, channels)


class GlobalAveragePooling2D(_GlobalPooling):
    """The average over the image, for each channel."""

    def call(self, x, training=False):
        return global_average(x, self.keepdims)


class GlobalMaxPooling2D(_GlobalPooling):
    """The largest value of the image, for each channel."""

    def call(self, x, training=False):
        return global_max(x, self.keepdims)


class UpSampling2D(Layer):
    """Repeat rows and columns `size` times: (N, H, W, C) to (N, H·s, W·s, C)."""

    def __init__(self, size: Any = 2, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.size = per_axis("size", size, 2)

    def call(self, x, training=False):
        return up_sample(x, self.size)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        n, *space, channels = input_shape
        sizes = zip(space, self.size, strict=True)
        return (n, *(None if s is None else s * f for s, f in sizes), channels)


class ZeroPadding2D(Layer):
    """Zeros around the image: `padding` p, (rows, columns), or ((top, bottom), …)."""

    def __init__(self, padding: Any = 1, **keywords: Any) -> None:
        super().__init__(**keywords)
        pairs = padding if isinstance(padding, (tuple, list)) else (padding, padding)
        self.padding = tuple(
            tuple(p) if isinstance(p, (tuple, list)) else (p, p) for p in pairs
        )
        if len(self.padding) != 2 or any(
            len(p) != 2 or any(not isinstance(n, int) or n < 0 for n in p)
            for p in self.padding
        ):
            raise ConfigError(f"padding needs two pairs of numbers >= 0: {padding!r}.")

    def call(self, x, training=False):
        return ops.pad(x, ((0, 0), *self.padding, (0, 0)))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        n, *space, channels = input_shape
        sizes = zip(space, self.padding, strict=True)
        return (n, *(None if s is None else s + sum(p) for s, p in sizes), channels)
