"""`Case`, a row of the table of ops, and the two ways to write one.

A row's `call` takes the module with the functions first: `dl.ops`, or ``numpy`` where
that has a function of the same name and arguments. Where it has not, the row brings a
`reference` of its own.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Shape = tuple[int, ...]
Pair = tuple[float, float]


@dataclass(frozen=True)
class Case:
    """One way to call one op, and the same computed by NumPy alone."""

    op: str
    call: Callable[..., Any]  # call(module, *inputs)
    reference: Callable[..., Any]  # reference(*inputs), on arrays
    shapes: tuple[Shape, ...]
    span: Pair = (-2.0, 2.0)  # the inputs lie in here
    spans: dict[int, Pair] = field(default_factory=dict)  # single inputs elsewhere
    kinks: tuple[float, ...] = ()  # no input comes near these: no slope there
    order: int = 2  # how often it can be differentiated; 0: not at all
    note: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, [self.op, self.note]))

    def inputs(self, dtype: str = "float64") -> list[np.ndarray]:
        """Fresh inputs: the same each time, and no two elements equal."""
        rng = np.random.default_rng(zlib.crc32(str(self).encode()))
        made = []
        for i, shape in enumerate(self.shapes):
            x = rng.uniform(*self.spans.get(i, self.span), shape)
            for kink in self.kinks:
                near = np.abs(x - kink) < 0.05
                x = np.where(near, kink + np.where(x < kink, -0.07, 0.07), x)
            made.append(np.asarray(x, dtype))
        return made


CASES: list[Case] = []
_FIELDS = ("span", "spans", "kinks", "order", "note")


def row(op: str, *shapes: Shape, reference: Any = None, **how: Any) -> None:
    """Add a row; keywords that `Case` does not know are settings of the op."""
    known = {name: how.pop(name) for name in _FIELDS if name in how}
    settings = " ".join(f"{name}={value}" for name, value in how.items())
    note = " ".join(filter(None, [known.pop("note", ""), settings]))

    def call(module: Any, *xs: Any) -> Any:
        return getattr(module, op)(*xs, **how)

    does(op, note, call, *shapes, reference=reference, **known)


def does(
    op: str, note: str, call: Any, *shapes: Shape, reference: Any = None, **how: Any
) -> None:
    """Add a row that is called by a function of its own."""
    reference = reference or (lambda *xs: call(np, *xs))
    CASES.append(Case(op, call, reference, shapes or ((3, 4),), note=note, **how))
