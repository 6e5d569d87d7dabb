"""The engine's modes: recording or not, watching for NaN or not, and where we are.

`no_grad` switches recording off, `detect_anomaly` checks every value the moment it is
made. Both work as context managers and as decorators. Read ``autodiff.py`` next.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .backend import xp
from .errors import NonFiniteError, TrainingModeWarning


class _State:
    __slots__ = ("anomaly", "place", "probing", "recording")

    def __init__(self) -> None:
        self.recording = True  # do ops on Tensors leave nodes behind?
        self.anomaly = False  # is every value checked?
        self.place = ""  # the layer that is being called
        self.probing = False  # is a model only tried out, to see what shape comes out?

    @contextmanager
    def set(self, **values: Any) -> Iterator[None]:
        """Change modes for the length of a ``with`` block."""
        before = {name: getattr(self, name) for name in values}
        for name, value in values.items():
            setattr(self, name, value)
        try:
            yield
        finally:
            for name, value in before.items():
                setattr(self, name, value)


state = _State()
_PACKAGE = __name__.partition(".")[0] + "."


@contextmanager
def no_grad() -> Iterator[None]:
    """Compute without recording a graph: faster, and nothing to differentiate.

    >>> import dlcourse as dl
    >>> x = dl.Tensor(1.0, requires_grad=True)
    >>> with dl.no_grad():
    ...     (2 * x).requires_grad
    False
    """
    with state.set(recording=False):
        yield


def warn_if_looking(what: str) -> None:
    """Warn that a layer trains (`what` it does) though no graph is being recorded.

    The warning points at the student's own line: the first outside of the package.
    """
    if state.recording or state.probing:
        return
    level, frame = 1, sys._getframe()
    while frame and frame.f_globals.get("__name__", "").startswith(_PACKAGE):
        level, frame = level + 1, frame.f_back
    place = state.place or "layer"
    place = place[0].upper() + place[1:]
    warnings.warn(
        f"{place} {what} Nothing is being trained here (no graph is recorded), so call "
        "it with training=False; a model's own call() should pass on the `training` it "
        "is given. If you want it so, as in Monte Carlo dropout: "
        'warnings.simplefilter("ignore", dl.errors.TrainingModeWarning).',
        TrainingModeWarning,
        stacklevel=level,
    )


@contextmanager
def detect_anomaly() -> Iterator[None]:
    """Raise `NonFiniteError` at the first op that makes a NaN or infinity.

    The message names the op, its input shapes and, inside a model, the layer (and, in
    ``fit``, the batch), with the likely cause. Every value is checked: slow, for
    finding a fault only.
    """
    with state.set(anomaly=True), np.errstate(all="ignore"):
        yield


_CAUSES = {
    "log": "the logarithm of zero or of a negative number; add a small epsilon or "
    "compute the loss from logits",
    "log1p": "log1p of a number <= -1",
    "divide": "a division by zero; add a small epsilon to the divisor",
    "sqrt": "the square root of a negative number (or its slope at zero); add epsilon",
    "power": "a negative base with a fractional exponent, or an overflow",
    "exp": "an overflow: exp of more than 88 does not fit float32",
}


def check_finite(
    op: Any, inputs: Any, y: Any, place: str = "", *, backward: bool = False
) -> None:
    """Raise if `y` is not finite although the inputs were (then `op` is to blame)."""
    if getattr(y, "dtype", None) is None or y.dtype.kind != "f" or _finite(y):
        return
    bad_inputs = [
        i for i, a in enumerate(inputs) if hasattr(a, "dtype") and not _finite(a)
    ]
    values = getattr(y, "data", y)
    kind = "a NaN" if bool(xp.isnan(xp.asarray(values)).any()) else "an infinity"
    way = "The backward pass of " if backward else ""
    shapes = ", ".join(str(tuple(a.shape)) for a in inputs if hasattr(a, "shape"))
    cause = _CAUSES.get(
        op.__name__,
        "a learning rate that is too large (weights or activations overflow), or "
        "numbers in the data that are far too large",
    )
    if bad_inputs:
        cause = f"its input {bad_inputs[0]} was not finite already; check the data"
    where = place or state.place
    raise NonFiniteError(
        f"{way}{op.__name__} first made {kind}, from inputs of shape {shapes}"
        f"{f', in {where}' if where else ''}. Likely cause: {cause}."
    )


def _finite(x: Any) -> bool:
    x = getattr(x, "data", x) if hasattr(x, "requires_grad") else x
    if x.dtype.kind != "f":
        return True
    return bool(xp.isfinite(x).all())
