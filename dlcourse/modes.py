"""The engine's modes: recording or not, watching for NaN or not, and where we are.

`no_grad` switches recording off, `detect_anomaly` checks every value the moment it is
made. Both work as context managers and as decorators. Read ``autodiff.py`` next.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import ContextDecorator, contextmanager
from typing import Any

import numpy as np

from .backend import xp
from .errors import NonFiniteError, TrainingModeWarning
from .tensor import raw


class _State:
    __slots__ = ("anomaly", "calls", "place", "probing", "recording")

    def __init__(self) -> None:
        self.recording = True  # do ops on Tensors leave nodes behind?
        self.anomaly: Watch | None = None  # is every value checked?
        self.place = ""  # the layer that is being called
        self.calls: list[Any] | None = None  # what ops were called, if that is wanted
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


class no_grad(ContextDecorator):  # a class: it begins in 0.3 µs, a generator in 2
    """Compute without recording a graph: faster, and nothing to differentiate.

    >>> import dlcourse as dl
    >>> x = dl.Tensor(1.0, requires_grad=True)
    >>> with dl.no_grad():
    ...     (2 * x).requires_grad
    False
    """

    __slots__ = ("_before",)

    def __init__(self) -> None:
        self._before: list[bool] = []  # one may be entered inside itself

    def __enter__(self) -> None:
        self._before.append(state.recording)
        state.recording = False

    def __exit__(self, *problem: Any) -> None:
        state.recording = self._before.pop()

    def _recreate_cm(self) -> no_grad:
        return no_grad()  # for each call of a function that it decorates


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
    watch = state.anomaly or Watch()
    with state.set(anomaly=watch), np.errstate(all="ignore"):
        yield


class Watch:
    """What `detect_anomaly` remembers while it lasts."""

    def __init__(self) -> None:
        self.firsts: dict[Any, float] = {}  # how strong weights were in their places


def check_finite(
    op: Any,
    inputs: Any,
    y: Any,
    place: str = "",
    *,
    backward: Any = None,
    outputs: Any = (),
    settings: Any = None,
) -> None:
    """Raise if `y` is not finite, naming `op`, where it stands, and the likely cause.

    In the backward pass `y` is the gradient that the node `backward` of the graph of
    `outputs` made from the one in `inputs`.
    """
    # only where it is asked for, so that importing the course stays quick
    from .diagnosis import cause_backward, cause_forward, is_finite
    from .origin import is_weight, remember

    place = place or state.place
    firsts = state.anomaly.firsts
    remember((a for a in inputs if is_weight(a)), place, firsts)
    if is_finite(y):
        return
    if backward:
        cause = cause_backward(op, backward, inputs[0], y, outputs, firsts)
    else:
        cause = cause_forward(
            op,
            inputs,
            y,
            place=place,
            settings=settings or {},
            firsts=firsts,
            recorded=state.recording,
        )
    kind = "a NaN" if bool(xp.isnan(raw(y)).any()) else "an infinity"
    way = "The backward pass of " if backward else ""
    shapes = ", ".join(str(tuple(a.shape)) for a in inputs if hasattr(a, "shape"))
    raise NonFiniteError(
        f"{way}{op.__name__.strip('_')} first made {kind}, from inputs of shape "
        f"{shapes}{f', in {place}' if place else ''}. Likely cause: {cause}."
    )
