"""Functions made of ops: they need no gradient rule of their own.

Each reads like its definition. Those that training leans on (softmax, the losses) have
a faster twin under ``kernels/``, for which the function here is the specification.
"""

from __future__ import annotations

import math
from typing import Any

from .. import backend
from ..backend import xp
from ..errors import ShapeError, check_number
from ..modes import state, warn_if_looking
from ..tensor import raw
from . import reductions as reduce
from .elementary import exp, log, multiply, sqrt, square, where
from .reductions import count
from .shaping import floats, reshape


def mean(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The average of the elements along `axis`."""
    x = floats(x)
    n = count(x.shape, axis)
    total = reduce.sum(x, axis=axis, keepdims=keepdims)
    return multiply(total, 1.0 / n if n else math.nan)


def var(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The (biased) variance: the mean squared distance from the mean."""
    x = floats(x)
    distance = x - mean(x, axis=axis, keepdims=True)
    return mean(square(distance), axis=axis, keepdims=keepdims)


def std(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard deviation, √var."""
    return sqrt(var(x, axis=axis, keepdims=keepdims))


def norm(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The Euclidean length, √Σx²; its gradient at zero is taken as zero."""
    total = reduce.sum(square(x), axis=axis, keepdims=keepdims)
    zero = raw(total) == 0
    return where(zero, 0.0, sqrt(where(zero, 1.0, total)))


def logsumexp(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    """log Σ eˣ, with the largest x taken out so that nothing overflows."""
    x = floats(x)
    values = raw(x)
    if count(values.shape, axis) == 0:
        raise ShapeError(f"logsumexp: there is nothing to sum in shape {values.shape}.")
    top = values.max(axis=axis, keepdims=True)
    top = xp.where(xp.isfinite(top), top, 0).astype(values.dtype)
    total = log(reduce.sum(exp(x - top), axis=axis, keepdims=True)) + top
    if keepdims:
        return total
    axes = reduce._axes(axis, values.ndim)
    return reshape(total, tuple(n for i, n in enumerate(total.shape) if i not in axes))


def dropout(x: Any, rate: float, *, training: bool = True, seed: Any = None) -> Any:
    """Set a random share `rate` of the elements to zero and scale the rest up.

    y = x · mask / (1 − rate) in training, so that the expectation is kept; y = x
    otherwise. The mask is drawn on the host, from `seed` (a number or a generator) or
    from the course's generator (Srivastava et al., 2014).
    """
    rate = check_number("dropout rate", rate, low=0, high=1, open_high=True)
    if not training or rate == 0:
        return x
    if state.place:  # inside a layer
        warn_if_looking(
            f"drops {rate:.0%} of its inputs at random, as in training: the numbers "
            "are noisy, and change from call to call."
        )
    x = floats(x)
    keep = backend.make_rng(seed).random(x.shape, dtype="float32") >= rate
    mask = keep.astype(x.dtype) * x.dtype.type(1 / (1 - rate))
    return x * xp.asarray(mask)
