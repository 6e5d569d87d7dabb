"""Activations that a kernel applies to its own result, while it is still in the cache.

A dense layer is x·w + b and then an activation: three passes over the result, and two
nodes of the graph, where one is enough. Only those are here whose slope is known from
their own output. Read ``linear.py`` next.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from ...backend import xp
from ...errors import ConfigError, did_you_mean
from ..activations import relu, tanh


class Fused(NamedTuple):
    """An activation in place, its gradient from its own output, and its op."""

    apply: Callable[[Any], Any]
    gradient: Callable[..., Any]  # of g and y, written to `out` if that is given
    op: Callable[[Any], Any]


def _relu(y: Any) -> Any:
    # maximum has no vector loop for a single number: 400 instead of 155 µs for 4 MB
    return y.clip(0, math.inf, out=y)


def _relu_gradient(g: Any, y: Any, out: Any = None) -> Any:
    return xp.multiply(g, y > 0, out=out)


def _tanh_gradient(g: Any, y: Any, out: Any = None) -> Any:
    lost = xp.multiply(y, y, out=out)  # g·(1 − y²)
    lost *= g
    return xp.subtract(g, lost, out=lost)


FUSED: dict[str, Fused] = {
    "relu": Fused(_relu, _relu_gradient, relu),
    "tanh": Fused(lambda y: xp.tanh(y, y), _tanh_gradient, tanh),
}

_NAMES = {id(entry.op): name for name, entry in FUSED.items()}


def fused(name: str) -> Fused:
    """The entry of that name; raises `ConfigError` with the nearest right one."""
    if name not in FUSED:
        raise ConfigError(
            f"There is no fused activation {name!r}. {did_you_mean(name, FUSED)}"
        )
    return FUSED[name]


def fused_name(activation: Any) -> str | None:
    """The name under which kernels know this op, or None."""
    return _NAMES.get(id(activation))
