"""The two cross-entropies, from logits, fused with softmax and sigmoid.

Computed together, the exponential of one meets the logarithm of the other: the loss is
finite at any logit, and its gradient is as simple as (p − t): what was predicted minus
what was true.
"""

from __future__ import annotations

import math
from typing import Any

from ...autodiff import kernel
from ...backend import xp
from ...errors import ConfigError, ShapeError, did_you_mean
from ...tensor import Tensor
from .. import reductions as reduce
from ..activations import softplus
from ..composite import mean
from ..elementary import square
from ..labels import check_labels
from ..shaping import one_hot
from .softmax import log_softmax_reference, softmax_parts

REDUCTIONS = ("mean", "sum", "none")


def _reduced(losses: Any, reduction: str) -> Any:
    if reduction == "mean":
        return mean(losses)
    return reduce.sum(losses) if reduction == "sum" else losses


def _reduce(losses: Any, reduction: str) -> Any:
    """The same on arrays, and the factor that the gradient gets."""
    if reduction not in REDUCTIONS:
        hint = did_you_mean(reduction, REDUCTIONS)
        raise ConfigError(f"There is no reduction {reduction!r}. {hint}")
    if reduction == "mean" and losses.size:
        factor = 1.0 / losses.size
        return losses.sum() * factor, factor  # .mean() starts 2 µs later
    if reduction == "mean":
        return losses.mean(), 0.0
    return (losses.sum() if reduction == "sum" else losses), 1.0


def _scaled(g: Any, factor: float, reduction: str, axes: int) -> Any:
    """The gradient that each sample's loss gets, with `axes` new axes at the end."""
    if reduction != "none":
        return g * factor
    return g.reshape((*g.shape, *(1,) * axes))


def softmax_cross_entropy_reference(
    logits: Any,
    labels: Any,
    *,
    reduction: str = "mean",
    checked: bool = False,
    softmax: Any = None,
) -> Any:
    """−Σ t·log softmax(z) by elementary ops."""
    classes = logits.shape[-1]
    if labels.shape != logits.shape:
        whole = labels.data if isinstance(labels, Tensor) else labels
        labels = one_hot(whole, classes).astype(logits.dtype)
    losses = -reduce.sum(labels * log_softmax_reference(logits), axis=-1)
    return _reduced(losses, reduction)


@kernel(softmax_cross_entropy_reference, constants=("labels",))
def softmax_cross_entropy(
    logits, labels, *, reduction="mean", checked=False, softmax=None
):
    """Cross-entropy of softmax(logits): −log of the true class's probability.

    Shapes: logits (…, C); labels either whole numbers (…,) in 0 … C − 1, or
    distributions (…, C). The result is a number, or (…,) with reduction "none". Labels
    that were `checked` before are not looked at again: on a GPU that would be a wait.
    `softmax` may be what that kernel has saved of the same logits.
    Raises `LabelError` for a label out of range, `ShapeError` for shapes that differ.

    >>> softmax_cross_entropy([[0.0, 10000.0]], [0])
    array(10000., dtype=float32)
    """
    p, z, total = softmax or softmax_parts(logits, -1)
    if labels.shape == logits.shape:
        labels = labels.astype(logits.dtype)
        weight = labels.sum(axis=-1)
        losses = weight * xp.log(total[..., 0]) - (labels * z).sum(axis=-1)
    elif labels.shape == logits.shape[:-1]:
        if not checked:
            labels = check_labels("softmax_cross_entropy", labels, logits.shape[-1])
        rows = z.reshape(-1, z.shape[-1])
        true = rows[xp.arange(len(rows)), labels.reshape(-1)].reshape(labels.shape)
        losses = xp.log(total[..., 0]) - true
    else:
        raise ShapeError(
            f"softmax_cross_entropy: logits {logits.shape} need labels of shape "
            f"{logits.shape[:-1]} (class numbers) or {logits.shape} (distributions), "
            f"not {labels.shape}."
        )
    y, factor = _reduce(losses, reduction)
    return y, (p, labels, z, total, factor, reduction)


@softmax_cross_entropy.backward
def _(g, saved, needs, into):
    p, labels, z, total, factor, reduction = saved
    scale = _scaled(g, factor, reduction, 1)
    dlogits = dlabels = None
    if needs[0]:
        if labels.shape == p.shape:
            dlogits = p * labels.sum(axis=-1, keepdims=True) - labels
            dlogits *= scale
        else:
            dlogits = xp.ascontiguousarray(p * scale)  # so that rows is a view
            rows = dlogits.reshape(-1, p.shape[-1])
            places = (xp.arange(len(rows)), labels.reshape(-1))
            rows[places] -= xp.broadcast_to(scale, (*labels.shape, 1)).reshape(-1)
    if needs[1]:
        dlabels = (xp.log(total) - z) * scale
    return dlogits, dlabels


def sigmoid_cross_entropy_reference(
    logits: Any, targets: Any, *, reduction: str = "mean", sigmoid: Any = None
) -> Any:
    """log(1 + eᶻ) − t·z by elementary ops."""
    return _reduced(softplus(logits) - logits * targets, reduction)


@kernel(sigmoid_cross_entropy_reference)
def sigmoid_cross_entropy(logits, targets, *, reduction="mean", sigmoid=None):
    """Binary cross-entropy of p = sigmoid(z): −t·log p − (1 − t)·log(1 − p).

    Computed as max(z, 0) − z·t + log(1 + e^−|z|), which never overflows. Shapes: logits
    and targets alike, any shape; targets in [0, 1]. `sigmoid` may be that of the same
    logits, where it is known. Raises `ShapeError` if the shapes differ, (n,) against
    (n, 1) included.

    >>> sigmoid_cross_entropy([-1000.0, 1000.0], [0.0, 1.0])
    array(0., dtype=float32)
    """
    if logits.shape != targets.shape:
        raise ShapeError(
            f"sigmoid_cross_entropy: logits {logits.shape} and targets "
            f"{targets.shape} must have the same shape."
        )
    small = xp.exp(-xp.abs(logits))  # never more than 1
    losses = logits.clip(0, math.inf)  # maximum has no vector loop for a number
    losses -= logits * targets
    losses += xp.log1p(small)
    y, factor = _reduce(losses, reduction)
    return y, (logits, targets, small, sigmoid, factor, reduction)


@sigmoid_cross_entropy.backward
def _(g, saved, needs, into):
    logits, targets, small, p, factor, reduction = saved
    scale = _scaled(g, factor, reduction, 0)
    dlogits = dtargets = None
    if needs[0]:
        if p is None:
            p = xp.exp(xp.minimum(logits, 0)) / (1 + small)
        dlogits = p - targets
        dlogits *= scale
    if needs[1]:
        dtargets = -logits * scale
    return dlogits, dtargets


def mean_squared_error_reference(y: Any, target: Any) -> Any:
    """The mean of (y − t)² by elementary ops."""
    return mean(square(y - target))


@kernel(mean_squared_error_reference)
def mean_squared_error(y, target):
    """The mean of (y − t)² over all elements; both of one shape, any."""
    if y.shape != target.shape:
        raise ShapeError(
            f"mean_squared_error: {y.shape} and {target.shape} must be the same."
        )
    error = y - target
    factor = 1.0 / max(1, error.size)
    line = error.reshape(-1)
    return xp.dot(line, line) * factor, (error, factor)


@mean_squared_error.backward
def _(g, saved, needs, into):
    error, factor = saved
    slope = error * (g * (2.0 * factor))
    return slope if needs[0] else None, -slope if needs[1] else None
