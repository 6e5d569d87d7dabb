"""Normalization layers. Read ``reshaping.py`` next."""

from __future__ import annotations

from typing import Any

from .. import initializers, ops, regularizers
from ..backend import xp
from ..errors import ConfigError, ShapeError, check_number
from ..modes import state, warn_if_looking
from ..ops.kernels.batch_norm import batch_statistics
from .base import Layer
from .symbol import Shape

__all__ = ["BatchNormalization", "GroupNormalization", "LayerNormalization"]


class _Normalization(Layer):
    """gamma (scale) and beta (shift) along `axis`."""

    def _set(
        self,
        axis: Any,
        epsilon: float,
        center: bool,
        scale: bool,
        beta_initializer: Any,
        gamma_initializer: Any,
        beta_regularizer: Any,
        gamma_regularizer: Any,
    ) -> None:
        self.axis = axis
        self.epsilon = check_number("epsilon", epsilon, low=0)
        self.center, self.scale = bool(center), bool(scale)
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.gamma = self.beta = None

    def _axis_shape(self, input_shape: Shape) -> tuple[int, ...]:
        axes = [self.axis] if isinstance(self.axis, int) else list(self.axis)
        for axis in axes:
            if not -len(input_shape) <= axis < len(input_shape):
                raise ShapeError(
                    f"{type(self).__name__}: axis {axis} does not exist in shape "
                    f"{tuple(input_shape)}."
                )
        shape = [input_shape[a] for a in sorted(a % len(input_shape) for a in axes)]
        if None in shape:
            raise ShapeError(
                f"{type(self).__name__} needs the size of axis {self.axis}, but the "
                f"input is {tuple(input_shape)}."
            )
        return tuple(shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self._check_sizes(input_shape)
        return tuple(input_shape)

    def _check_sizes(self, input_shape: Shape) -> None:
        """The input must have the sizes that gamma and beta were made for."""
        shape = self._axis_shape(input_shape)
        for weight in self._weights[:1]:
            if tuple(weight.shape) != shape:
                raise ShapeError(
                    f"{self.name} was built for {tuple(weight.shape)} entries on axis "
                    f"{self.axis}, but the input is {tuple(input_shape)}."
                )

    def build(self, input_shape: Shape) -> None:
        shape = self._axis_shape(input_shape)
        if self.scale:
            self.gamma = self.add_weight(
                shape,
                self.gamma_initializer,
                "gamma",
                regularizer=self.gamma_regularizer,
            )
        if self.center:
            self.beta = self.add_weight(
                shape, self.beta_initializer, "beta", regularizer=self.beta_regularizer
            )


class BatchNormalization(_Normalization):
    """Give every channel mean 0 and variance 1 over the batch, then scale and shift.

    In training the batch's own mean and (biased) variance are used, and moving averages
    of them are kept: moving = momentum·moving + (1 − momentum)·batch; in inference the
    moving averages are used. Four weights a channel, two of them trained. Source: Ioffe
    and Szegedy (2015); lecture "regularization".
    """

    _takes_activation = True

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        **keywords: Any,
    ) -> None:
        super().__init__(**keywords)
        self._set(
            axis,
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
        )
        self.momentum = check_number("momentum", momentum, low=0, high=1)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        shape = self._axis_shape(input_shape)
        self.moving_mean = self.add_weight(
            shape, self.moving_mean_initializer, "moving_mean", trainable=False
        )
        self.moving_variance = self.add_weight(
            shape, self.moving_variance_initializer, "moving_variance", trainable=False
        )

    def call(self, x, training=False, activation=None):
        self._check_sizes(x.shape)
        shape = self.moving_mean.shape
        gamma = xp.ones(shape, x.dtype) if self.gamma is None else self.gamma
        beta = xp.zeros(shape, x.dtype) if self.beta is None else self.beta
        settings = {
            "axis": self.axis,
            "epsilon": self.epsilon,
            "activation": activation,
        }
        if not (training and self.trainable):
            return ops.batch_norm(
                x,
                gamma,
                beta,
                mean=self.moving_mean.data,
                variance=self.moving_variance.data,
                **settings,
            )
        mean, variance = batch_statistics(x.data, self.axis)
        y = ops.batch_norm(x, gamma, beta, statistics=(mean, variance), **settings)
        if state.probing:
            return y
        self._move(self.moving_mean, mean)
        self._move(self.moving_variance, variance)
        warn_if_looking(
            "uses the mean and variance of this batch, as in training: each answer "
            "depends on the samples beside it, and the moving averages (the weights "
            "moving_mean and moving_variance) were changed."
        )
        return y

    def _move(self, average: Any, value: Any) -> None:
        average.data *= self.momentum
        average.data += (1 - self.momentum) * value


class LayerNormalization(_Normalization):
    """Give every sample mean 0 and variance 1 over `axis`, then scale and shift.

    The same in training and inference, and for any batch size. Source: Ba et al.
    (2016).
    """

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        **keywords: Any,
    ) -> None:
        super().__init__(**keywords)
        self._set(
            axis,
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
        )

    def call(self, x, training=False):
        self._check_sizes(x.shape)
        axis = self.axis if isinstance(self.axis, int) else tuple(self.axis)
        return ops.layer_norm(x, self.gamma, self.beta, axis=axis, epsilon=self.epsilon)


class GroupNormalization(_Normalization):
    """Normalize each sample over groups of its channels (Wu and He, 2018)."""

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        **keywords: Any,
    ) -> None:
        super().__init__(**keywords)
        self._set(
            axis,
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
        )
        self.groups = groups

    def build(self, input_shape: Shape) -> None:
        channels = self._axis_shape(input_shape)[0]
        groups = channels if self.groups == -1 else self.groups
        if not isinstance(groups, int) or groups < 1 or channels % groups:
            raise ConfigError(
                f"{channels} channels cannot be put into {self.groups} equal groups."
            )
        super().build(input_shape)

    def call(self, x, training=False):
        self._check_sizes(x.shape)
        return ops.group_norm(
            x,
            self.gamma,
            self.beta,
            groups=self.groups,
            axis=self.axis,
            epsilon=self.epsilon,
        )
