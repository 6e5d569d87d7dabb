"""Layers that put several inputs together: ``Add()([a, b])``.

Read ``recurrent.py`` next.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

from .. import ops
from ..errors import ShapeError
from .base import Layer
from .symbol import Shape

__all__ = ["Add", "Average", "Concatenate", "Maximum", "Multiply", "Subtract"]


class _Merge(Layer):
    """Element by element; the inputs must have one shape (or broadcast)."""

    least = 2

    def combine(self, parts: list[Any]) -> Any:
        """What is done with the inputs."""
        raise NotImplementedError

    def call(self, x, training=False):
        parts = x if isinstance(x, list) else [x]
        self.compute_output_shape([tuple(part.shape) for part in parts])
        return self.combine(x)

    def _check(self, parts: Any) -> None:
        if len(parts) < self.least:
            raise ShapeError(
                f"{type(self).__name__} needs a list of at least {self.least} inputs."
            )

    def compute_output_shape(self, input_shape: Any) -> Shape:
        if not isinstance(input_shape, list):
            raise ShapeError(f"{type(self).__name__} needs a list of inputs.")
        self._check(input_shape)
        return reduce(self._together, input_shape)

    def _together(self, a: Shape, b: Shape) -> Shape:
        if len(a) != len(b):
            raise ShapeError(f"{type(self).__name__}: {a} and {b} do not fit.")
        shape = []
        for m, n in zip(a, b, strict=True):
            if m != n and m not in (None, 1) and n not in (None, 1):
                raise ShapeError(f"{type(self).__name__}: {a} and {b} do not fit.")
            shape.append(n if m == 1 else m if n in (1, None) else n)
        return tuple(shape)


class Add(_Merge):
    """The sum of the inputs: what a residual connection is made of."""

    def combine(self, parts):
        return reduce(ops.add, parts)


class Subtract(_Merge):
    """The first input minus the second."""

    def combine(self, parts):
        if len(parts) != 2:
            raise ShapeError(f"Subtract needs exactly two inputs, not {len(parts)}.")
        return ops.subtract(*parts)


class Multiply(_Merge):
    """The product of the inputs."""

    def combine(self, parts):
        return reduce(ops.multiply, parts)


class Average(_Merge):
    """The mean of the inputs."""

    def combine(self, parts):
        return reduce(ops.add, parts) * (1.0 / len(parts))


class Maximum(_Merge):
    """The largest of the inputs, element by element."""

    def combine(self, parts):
        return reduce(ops.maximum, parts)


class Concatenate(_Merge):
    """The inputs side by side along `axis`."""

    least = 1

    def __init__(self, axis: int = -1, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.axis = axis

    def combine(self, parts):
        return ops.concatenate(parts, axis=self.axis)

    def _together(self, a: Shape, b: Shape) -> Shape:
        axis = self.axis % len(a)
        rest = [(m, n) for i, (m, n) in enumerate(zip(a, b)) if i != axis]
        if len(a) != len(b) or any(m != n and None not in (m, n) for m, n in rest):
            raise ShapeError(
                f"Concatenate: {a} and {b} may differ on axis {self.axis} only."
            )
        size = None if None in (a[axis], b[axis]) else a[axis] + b[axis]
        return (*a[:axis], size, *a[axis + 1 :])
