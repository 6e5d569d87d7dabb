"""Checking gradients against something that knows no calculus: finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import backend
from .autodiff import Tensor, grad
from .errors import ConfigError, DLCourseError
from .ops import sum as sum_

__all__ = ["GradientError", "gradcheck"]


class GradientError(DLCourseError, AssertionError):
    """A gradient that differs from the finite difference."""


def gradcheck(
    f: Callable[..., Any],
    inputs: Any,
    order: int = 1,
    *,
    step: float = 1e-5,
    tolerance: float = 1e-6,
) -> bool:
    """Compare the gradients of `f` with central differences, in float64.

    `f` takes as many Tensors as there are `inputs` (Tensors, arrays or numbers) and
    returns a Tensor of any shape; a fixed random weighting makes it a number. For each
    element the slope (f(x + h) − f(x − h)) / 2h is compared with the gradient; the
    difference may be `tolerance` times max(1, |slope|). With ``order=2`` the gradient
    of the gradient is checked in the same way.

    Returns True, or raises `GradientError` with the worst element, its place and both
    values.

    >>> from dlcourse import ops
    >>> gradcheck(ops.tanh, [[0.3, -1.2]], order=2)
    True
    """
    if order not in (1, 2):
        raise ConfigError(f"gradcheck: order must be 1 or 2, not {order!r}.")
    if not isinstance(inputs, (list, tuple)):
        inputs = [inputs]
    points = [np.array(backend.to_numpy(x), np.float64) for x in inputs]
    rng = np.random.default_rng(0)

    def scalar(*tensors: Tensor) -> Tensor:
        y = f(*tensors)
        weights = np.random.default_rng(1).uniform(0.5, 1.5, y.shape)
        return sum_(y * backend.asarray(weights))

    _compare(scalar, points, step, tolerance, "gradient")
    if order == 2:
        directions = [rng.uniform(0.5, 1.5, p.shape) for p in points]

        def slope(*tensors: Tensor) -> Tensor:
            found = grad(scalar(*tensors), tensors, create_graph=True)
            parts = [
                sum_(g * backend.asarray(d))
                for g, d in zip(found, directions, strict=True)
            ]
            total = parts[0]
            for part in parts[1:]:
                total = total + part
            return total

        _compare(slope, points, step, tolerance, "second gradient")
    return True


def _compare(
    f: Callable[..., Tensor],
    points: Sequence[np.ndarray],
    step: float,
    tolerance: float,
    what: str,
) -> None:
    tensors = [Tensor(p, requires_grad=True) for p in points]
    y = f(*tensors)
    if y.requires_grad:
        found = [backend.to_numpy(g.data) for g in grad(y, tensors)]
    else:  # f does not depend on any input: all slopes must be zero
        found = [np.zeros_like(p) for p in points]
    worst = (0.0, "")
    for i, point in enumerate(points):
        for place in np.ndindex(point.shape):
            expected = _difference(f, points, i, place, step)
            got = float(found[i][place])
            error = abs(got - expected) / max(1.0, abs(expected))
            if not error <= worst[0]:
                worst = (
                    error,
                    f"the {what} by input {i} at {list(place)} is {got:.10g}, but the "
                    f"finite difference is {expected:.10g}",
                )
    if not worst[0] <= tolerance:
        raise GradientError(
            f"gradcheck: {worst[1]} (relative error {worst[0]:.2g}, allowed "
            f"{tolerance:.2g})."
        )


def _difference(
    f: Callable[..., Tensor],
    points: Sequence[np.ndarray],
    i: int,
    place: tuple[int, ...],
    step: float,
) -> float:
    values = []
    for sign in (1, -1):
        moved = [p.copy() for p in points]
        moved[i][place] += sign * step
        values.append(f(*(Tensor(p, requires_grad=True) for p in moved)).item())
    return (values[0] - values[1]) / (2 * step)
