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


def softmax_parts(x: Any, axis: int) -> tuple[Any, Any, Any]:
    """Softmax, and what it is made from: x shifted, and the sum of the exponentials."""
    z = shifted(x, axis)
    y = xp.exp(z)
    total = y.sum(axis=axis, keepdims=True)
    y /= total
    return y, z, total


@kernel(softmax_reference)
def softmax(x, *, axis=-1):
    """Scores to probabilities: yᵢ = exp(xᵢ) / Σⱼ exp(xⱼ) along `axis`.

    >>> softmax([0.0, 0.0, 1000.0])
    array([0., 0., 1.], dtype=float32)
    """
    parts = softmax_parts(x, axis)
    return parts[0], (parts, axis)


@softmax.backward
def _(g, saved, needs, into):
    (y, _, _), axis = saved
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
