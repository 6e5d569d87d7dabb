"""`Torch`: PyTorch behind all names of `dl.ops`, and the judgment of one random case.

A case is called once on `dl.ops` and once on `Torch`, in float64; the outputs and the
gradients of all inputs must agree to 1e-10. On the way inputs come with odd strides,
some need no gradient, and the gradients are taken by `backward` or, for kernels through
their references, by `grad(..., create_graph=True)`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

import dlcourse as dl
from tests.parity.judges import TorchOps, to_numpy
from tests.parity.torch_functions import Functions

TOLERANCE = 1e-10


class Torch(Functions, TorchOps):
    """PyTorch behind all names of `dl.ops`."""


@dataclass
class Case:
    """One call: ``call(module, *inputs)``; arrays become Tensors, numbers stay."""

    call: Callable[..., Any]
    inputs: list[Any]
    note: str = ""
    slopes: bool = True  # is there a gradient to compare?

    def __post_init__(self) -> None:
        # what NumPy makes of an array without axes is one again
        self.inputs = [
            np.asarray(x) if isinstance(x, np.generic) else x for x in self.inputs
        ]


@dataclass
class Row:
    """A row of the table: which op, how many cases, and how one is made."""

    op: str
    count: int
    make: Callable[[np.random.Generator], Case] = field(repr=False)


ROWS: dict[str, Row] = {}


def row(name: str, count: int, *settings: Any) -> Callable[[Any], Any]:
    """Decorator: add a row. The first word of `name` is the op."""

    def keep(make: Any) -> Any:
        assert name not in ROWS, name
        ROWS[name] = Row(name.split()[0], count, lambda rng: make(rng, *settings))
        return make

    return keep


def judge(name: str, seed: int) -> None:
    """Make case number `seed` of a row, run it on both, and compare."""
    rng = np.random.default_rng([seed, *name.encode()])
    case = ROWS[name].make(rng)
    where = f"{name}, case {seed}: {case.note}"
    try:
        _judge(case, rng, seed, where)
    except AssertionError:
        raise
    except Exception as problem:
        raise AssertionError(where) from problem


def _judge(case: Case, rng: np.random.Generator, seed: int, where: str) -> None:
    arrays = [isinstance(x, np.ndarray) for x in case.inputs]
    all_of_them = rng.random() < 0.7
    needs = [a and case.slopes and (all_of_them or rng.random() < 0.5) for a in arrays]
    given = [odd_strides(rng, x) if a else x for x, a in zip(case.inputs, arrays)]
    ours = [dl.Tensor(x, n) if a else x for x, a, n in zip(given, arrays, needs)]
    theirs = [
        torch.tensor(x, dtype=torch.float64, requires_grad=n)
        for x, n in zip(case.inputs, needs)
    ]
    y, z = listed(case.call(dl.ops, *ours)), listed(case.call(Torch, *theirs))
    assert len(y) == len(z), where
    for a, b in zip(y, z):
        close(getattr(a, "data", a), b, where)
    if not any(needs):
        plain = listed(case.call(dl.ops, *given))
        assert not any(isinstance(a, dl.Tensor) for a in plain), where
    else:
        gs = [rng.normal(size=a.shape) for a in y]
        wanted = [i for i, need in enumerate(needs) if need]
        found = gradients(y, gs, [ours[i] for i in wanted], seed % 4)
        judged = torch.autograd.grad(
            [b for b in z if b.requires_grad],
            [theirs[i] for i in wanted],
            [torch.tensor(g) for g, b in zip(gs, z) if b.requires_grad],
            allow_unused=True,
        )
        for i, a, b in zip(wanted, found, judged):
            b = np.zeros(a.shape) if b is None else b
            close(a, b, f"{where}: gradient of input {i}")
    for x, kept, array in zip(given, case.inputs, arrays):
        assert not array or np.array_equal(x, kept), f"{where}: an input was changed"


def gradients(y: list[Any], gs: list[Any], inputs: list[Any], way: int) -> list[Any]:
    """The gradients of Σ y·g, in one of the ways there are."""
    live = [(a, g) for a, g in zip(y, gs) if a.requires_grad]
    if not live:
        return [np.zeros(x.shape) for x in inputs]
    if way == 0 and len(live) == 1:  # g goes straight into the op
        live[0][0].backward(live[0][1])
        return [np.zeros(x.shape) if x.grad is None else x.grad for x in inputs]
    total = live[0][0] * 0.0
    total = total.sum()
    for a, g in live:
        total = total + (a * g).sum()
    return [g.data for g in dl.grad(total, inputs, create_graph=way == 1)]


def odd_strides(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """The same numbers, sometimes as a view into something else."""
    way = rng.integers(4)
    if way == 0 and x.ndim > 1:
        return np.asfortranarray(x)
    if way == 1 and x.ndim:
        wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]))
        wide[..., ::2] = x
        return wide[..., ::2]
    return x.copy()


def listed(y: Any) -> list[Any]:
    return list(y) if isinstance(y, (tuple, list)) else [y]


def close(ours: Any, theirs: Any, where: str) -> None:
    theirs = to_numpy(theirs)
    assert np.shape(ours) == theirs.shape, f"{where}: {np.shape(ours)}, {theirs.shape}"
    np.testing.assert_allclose(
        ours, theirs, rtol=TOLERANCE, atol=TOLERANCE, err_msg=where
    )
