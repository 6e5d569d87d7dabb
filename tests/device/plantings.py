"""Planting ``np.`` where the course says ``xp.``, one place after the other.

On NumPy such a slip goes unseen; on a GPU it is an error in a student's hands. Here
every use of ``xp`` in a file is found by reading it, exchanged in the function that is
running (its code object is replaced, nothing is written), and whatever reaches that
line is run on the strict stand-in, which must refuse. `test_plantings.py` does it.
"""

import ast
import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

import dlcourse as dl
from dlcourse import tuning
from dlcourse.autodiff import Op, Tensor

Case = Callable[[], Any]
TRIES = 10


@dataclass(frozen=True)
class Use:
    """One ``xp`` in one file."""

    module: str
    line: int
    column: int  # in bytes, as `ast` counts
    words: str  # what is said there, such as "xp.tanh"
    function: str  # the function it stands in

    def __str__(self) -> str:
        return f"{self.module}:{self.line} {self.words} in {self.function}"


def uses_in(module: ModuleType) -> Iterator[Use]:
    """Every ``xp`` that the file says, outside its own import."""
    tree = ast.parse(Path(module.__file__ or "").read_bytes())
    outer: dict[ast.AST, ast.AST] = {}
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            outer[child] = node
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == "xp":
            words: Any = node
            while isinstance(outer[words], ast.Attribute):
                words = outer[words]
            place, name = outer[node], "the module itself"
            while not isinstance(place, ast.Module):
                if isinstance(place, (ast.FunctionDef, ast.Lambda)):
                    name = getattr(place, "name", f"a lambda of line {place.lineno}")
                    break
                place = outer[place]
            text = ast.unparse(words)
            yield Use(module.__name__, node.lineno, node.col_offset, text, name)


def trace(cases: dict[str, Case]) -> dict[tuple[str, int], list[str]]:
    """Run all cases; which of them reach which line of which file of the course."""
    reached: dict[tuple[str, int], list[str]] = {}
    root = str(Path(dl.__file__).parent)
    for name, case in cases.items():
        lines: set[tuple[str, int]] = set()

        def local(frame: Any, event: str, _: Any, lines: Any = lines) -> Any:
            lines.add((frame.f_code.co_filename, frame.f_lineno))
            return local

        def begin(frame: Any, event: str, _: Any, local: Any = local) -> Any:
            if not frame.f_code.co_filename.startswith(root):
                return None
            return local(frame, event, _)

        tuning._ones.clear()  # made once and kept: each case shall make its own
        before = sys.gettrace()
        sys.settrace(begin)
        try:
            case()
        finally:
            sys.settrace(before)
        for line in lines:
            reached.setdefault(line, []).append(name)
    return reached


@contextmanager
def planted(module: ModuleType, use: Use) -> Iterator[None]:
    """The function with this use says ``np`` there, as long as the block lasts."""
    whole = Path(module.__file__ or "").read_bytes()
    lines = whole.splitlines(keepends=True)
    line = lines[use.line - 1]
    assert line[use.column : use.column + 2] == b"xp"
    lines[use.line - 1] = line[: use.column] + b"np" + line[use.column + 2 :]
    new = compile(b"".join(lines), module.__file__ or "", "exec", dont_inherit=True)
    pairs = list(_changed(_living(module)[0], new))
    changed = [
        (f, f.__code__, new)
        for f in _living(module)[1]
        for old, new in pairs
        if f.__code__ == old
    ]
    assert changed, f"no living function says {use}"
    had = "np" in vars(module)
    vars(module).setdefault("np", np)
    for f, _, new in changed:
        f.__code__ = new
    tuning._ones.clear()  # kept between calls: neither to hide a slip nor to keep it
    try:
        yield
    finally:
        tuning._ones.clear()
        for f, old, _ in changed:
            f.__code__ = old
        if not had:
            del vars(module)["np"]


@cache
def _living(module: ModuleType) -> tuple[CodeType, list[FunctionType]]:
    """The file compiled as it is, and the functions that were made from it."""
    path = Path(module.__file__ or "")
    code = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    ours = [f for f in gc.get_objects() if type(f) is FunctionType]
    return code, [f for f in ours if f.__globals__ is vars(module)]


def _changed(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """The code objects that differ, outermost first, without the module's own."""
    for a, b in zip(old.co_consts, new.co_consts, strict=True):
        if isinstance(a, CodeType) and a != b:
            yield a, b
            yield from _changed(a, b)


def all_ops() -> list[Op]:
    """Every op and kernel of the course, private ones too."""
    ops = {id(f): f for f in gc.get_objects() if isinstance(f, Op)}
    ours = [f for f in ops.values() if f.__module__.startswith("dlcourse.")]
    return sorted(
        ours, key=lambda f: (f.__module__, f.__wrapped__.__code__.co_firstlineno)
    )


def functions_of(op: Op) -> Iterator[tuple[str, FunctionType, Callable[[Any], None]]]:
    """(what it is, the function, how to exchange it) of all that an op computes."""
    yield "forward", op.forward, lambda f: setattr(op, "forward", f)
    if hasattr(op, "_backward"):
        yield "backward", op._backward, lambda f: setattr(op, "_backward", f)
        return
    if op.all_rules is not None:
        yield "rule", op.all_rules, lambda f: setattr(op, "all_rules", f)
    for name, rule in op.rules.items():
        if isinstance(rule, FunctionType):
            yield f"rule for {name}", rule, lambda f, n=name: op.rules.update({n: f})


def with_numpy(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same, but the first array it is given is negated by NumPy, and back."""

    def slipped(*args: Any, **settings: Any) -> Any:
        for a in args:
            a = a.data if isinstance(a, Tensor) else a
            if hasattr(a, "dtype"):
                np.negative(np.negative(a))
                break
        return function(*args, **settings)

    return slipped


def first_refusal(cases: dict[str, Case], names: list[str]) -> Exception | None:
    """What the first of these cases to fail raises; None if all go through."""
    step = max(1, len(names) // TRIES)  # a few spread over all are mostly enough
    for name in [*names[::step], *names]:
        try:
            cases[name]()
        except Exception as problem:
            return problem
    return None
