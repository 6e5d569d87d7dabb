"""Softmax and its logarithm in one pass each. Read ``losses.py`` next."""

from __future__ import annotations

from typing import Any

from ...autodiff import kernel
from ...backend import xp
from ..composite import logsumexp
from ..elementary import exp


def softmax_reference(x: Any, *, axis: int = -1) -> Any:
    """eˣ / Σ eˣ by elementary ops."""
    return exp(log_softmax_reference(x, axis=axis))


def log_softmax_reference(x: Any, *, axis: int = -1) -> Any:
    """x − log Σ eˣ by elementary ops."""
    return x - logsumexp(x, axis=axis, keepdims=True)


def shifted(x: Any, axis: int) -> Any:
    """x minus its largest entry along `axis`: exp of it cannot overflow."""
    return x - x.max(axis=axis, keepdims=True)


@kernel(softmax_reference)
def softmax(x, *, axis=-1):
    """Scores to probabilities: yᵢ = exp(xᵢ) / Σⱼ exp(xⱼ) along `axis`.

    >>> softmax([0.0, 0.0, 1000.0])
    array([0., 0., 1.], dtype=float32)
    """
    y = xp.exp(shifted(x, axis))
    y /= y.sum(axis=axis, keepdims=True)
    return y, (y, axis)


@softmax.backward
def _(g, saved, needs, into):
    y, axis = saved
    gy = g * y
    return (gy - y * gy.sum(axis=axis, keepdims=True),)


softmax.keeps_origin = True  # the losses go back to the logits


@kernel(log_softmax_reference)
def log_softmax(x, *, axis=-1):
    """The logarithm of softmax, finite where softmax itself is 0."""
    z = shifted(x, axis)
    y = z - xp.log(xp.exp(z).sum(axis=axis, keepdims=True))
    return y, (y, axis)


@log_softmax.backward
def _(g, saved, needs, into):
    y, axis = saved
    return (g - xp.exp(y) * g.sum(axis=axis, keepdims=True),)
