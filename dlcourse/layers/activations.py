"""Activations by name: ``"relu"`` stands for `dl.ops.relu`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import ops
from ..errors import ConfigError, did_you_mean
from ..ops.kernels.fused import fused_name

NAMES = (
    "elu",
    "exp",
    "gelu",
    "hard_sigmoid",
    "leaky_relu",
    "log_softmax",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
)
_ALIASES = {"swish": "silu", "exponential": "exp"}


def linear(x: Any) -> Any:
    """The identity: no activation at all."""
    return x


def get(activation: Any) -> Callable[[Any], Any]:
    """The activation of that name, any function as it is; None means linear.

    Raises `ConfigError` with the nearest right name.
    """
    if activation is None:
        return linear
    if callable(activation):
        return activation
    name = _ALIASES.get(activation, activation) if isinstance(activation, str) else None
    if name == "linear":
        return linear
    if name in NAMES:
        return getattr(ops, name)
    known = ("linear", *NAMES, *_ALIASES)
    raise ConfigError(
        f"There is no activation {activation!r}. {did_you_mean(activation, known)}"
    )


def after(
    op: Any, activation: Callable[[Any], Any], *args: Any, **settings: Any
) -> Any:
    """activation(op(*args)), in one pass where the op knows how: relu and tanh."""
    name = fused_name(activation)
    if name is not None:
        return op(*args, **settings, activation=name)
    return activation(op(*args, **settings))
