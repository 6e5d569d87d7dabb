"""What one step asks of a device: how many operations, on how many bytes.

A GPU library starts one kernel, or more, for each operation on arrays, and does not
count them. The tests have a strict stand-in for CuPy (``tests/stand_in.py``), behind
which the course runs as it does on a GPU; here everything that goes through it is
counted. The figures are exact, the same on each machine, and need no GPU:
``python -m benchmarks.gpu.counting W3``.

An operation that only looks at the same memory in another shape starts nothing and is
not counted. Bytes are those of all operands and results, each as if it came from the
device's memory.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from .. import libraries
from ..problems import problem
from ..timing import OURS, ROOT, environment
from ..worker import left_there

NOTHING = {"empty", "empty_like", "asnumpy", "shares_memory", "may_share_memory"}
GIVEN_BACK = {"asarray", "ascontiguousarray"}
TAKING = {"__getitem__", "take", "take_along_axis"}


def ask(name: str) -> dict[str, int]:
    """What a step of that problem asks, counted in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu.counting", name],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=ROOT,
        env=environment(1),
    )
    return json.loads(done.stdout.splitlines()[-1])


class Tally:
    """Counts what goes through the stand-in's functions, methods and operators."""

    def __init__(self, stand_in: ModuleType) -> None:
        self.array = stand_in.ndarray
        self.waiting = stand_in.counters
        self.reset()

    def reset(self) -> None:
        """Begin to count anew."""
        self.operations = self.bytes = 0
        self._before = self.waiting.synchronizations

    def figures(self) -> dict[str, int]:
        """What was counted: operations, bytes, and how often the host waited."""
        waits = self.waiting.synchronizations - self._before
        return {"operations": self.operations, "bytes": self.bytes, "waits": waits}

    def counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """`call`, and a note of it."""

        def counting(*arguments: Any, **settings: Any) -> Any:
            result = call(*arguments, **settings)
            if name not in NOTHING:
                self._note(name, [*arguments, *settings.values()], result)
            return result

        return counting

    def _note(self, name: str, given: list[Any], result: Any) -> None:
        operands = [*self._arrays(given)]
        results = [*self._arrays([result])]
        made = [r for r in results if not any(r is o for o in operands)]
        sizes = [array._a.nbytes for array in operands]
        if name == "__setitem__":
            # a part of the first operand is written, from what is read
            part = given[0]._a[self._place(given[1])].nbytes
            values = self._arrays(given[2:])
            moved = part + sum(array._a.nbytes for array in values)
        elif name == "__getitem__" and _is_basic(given[1]):
            return  # a view, also where NumPy would give a number
        elif name in GIVEN_BACK and not made:
            return  # it was one already
        elif made and all(self._is_view(array, operands) for array in made):
            return
        elif name in TAKING:  # as much is read as comes out, and where it lies
            moved = 2 * sum(array._a.nbytes for array in made) + sum(sizes[1:])
        elif made:
            moved = sum(sizes) + sum(array._a.nbytes for array in made)
        elif results or name == "at":  # written in place, or to `out`
            in_place = name.startswith("__i") or name == "at"
            moved = sum(sizes) + (sizes[0] if in_place else 0)
        else:
            return  # a question: a shape, a type
        self.operations += 1
        self.bytes += moved

    def _place(self, index: Any) -> Any:
        """An index of the device as one of the host."""
        if isinstance(index, tuple):
            return tuple(self._place(part) for part in index)
        return index._a if isinstance(index, self.array) else index

    def _is_view(self, array: Any, operands: list[Any]) -> bool:
        return any(np.may_share_memory(array._a, of._a) for of in operands)

    def _arrays(self, values: Any) -> Iterator[Any]:
        for value in values:
            if isinstance(value, self.array):
                yield value
            elif isinstance(value, (tuple, list)):
                yield from self._arrays(value)


def _is_basic(index: Any) -> bool:
    """Is this an index of numbers and slices, which only looks at the same memory?"""
    parts = index if isinstance(index, tuple) else (index,)
    numbers = (int, slice, np.integer, type(None), type(Ellipsis))
    return all(isinstance(p, numbers) and not isinstance(p, bool) for p in parts)


def watched_module(stand_in: ModuleType) -> tuple[ModuleType, Tally]:
    """The stand-in with a tally at each of its doors."""
    tally = Tally(stand_in)
    module = stand_in.module("counted")
    for name, value in vars(module).items():
        if isinstance(value, FunctionType):
            setattr(module, name, tally.counted(name, value))
    ufunc = stand_in._Ufunc
    ufunc.__call__ = tally.counted("ufunc", ufunc.__call__)
    method_of_ufunc, method_of_array = ufunc.__getattr__, stand_in._method

    ufunc.__getattr__ = lambda self, name: tally.counted(
        name, method_of_ufunc(self, name)
    )

    def method(owner: Any, name: str) -> Callable[..., Any]:
        inner = tally.counted(
            name, lambda _, *a, **settings: method_of_array(owner, name)(*a, **settings)
        )
        return lambda *a, **settings: inner(owner, *a, **settings)

    stand_in._method = method
    for name, value in vars(tally.array).items():
        special = name.startswith("__") and isinstance(value, FunctionType)
        if special and name not in vars(object) | _PLAIN:
            setattr(tally.array, name, tally.counted(name, value))
    for name in ("__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__ne__"):
        setattr(tally.array, name, tally.counted(name, getattr(tally.array, name)))
    return module, tally


# What Python itself asks of an array, and what is no operation on the device.
_PLAIN = dict.fromkeys(
    ("__getattr__", "__len__", "__iter__", "__array__", "__array_function__")
    + ("__bool__", "__float__", "__int__", "__index__")
)


def count(name: str) -> dict[str, int]:
    """What the second step asks: the first also sets up what lasts."""
    import dlcourse as dl
    from tests import stand_in

    module, tally = watched_module(stand_in)
    task = problem(name)
    settings = {**task.settings, "read": left_there}
    with dl.use_backend(module):
        made = getattr(libraries.load(OURS), task.workload)
        steps = made(replace(task, settings=settings))
        step = steps["train" if "train" in steps else "infer"]
        step()
        tally.reset()
        step()
        return tally.figures()


if __name__ == "__main__":
    print(json.dumps(count(sys.argv[1])))
