"""The small errors that a test should notice: + for −, < for ≤, 1 for 0, a line less.

A mutant is the source of one file with one such error in it. `changes` is the list of
errors; docstrings, messages and type hints are left alone, as no test need read them.
What is done with mutants is in ``mutate.py``; read that next.
"""

from __future__ import annotations

import ast
import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

ARITHMETIC = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
COMPARISONS = {  # at its boundary, and turned round
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}


def changes(node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """The errors that can be made at a node: (what is replaced, by what)."""
    match node:
        case ast.BinOp(left, op, right) if type(op) in ARITHMETIC:
            if not (_is_text(left) or _is_text(right)):
                yield node, ast.BinOp(left, ARITHMETIC[type(op)](), right)
        case ast.AugAssign(target, op, value) if type(op) in ARITHMETIC:
            yield node, ast.AugAssign(target, ARITHMETIC[type(op)](), value)
            yield node, ast.Pass()
        case ast.Compare(left, operators, right):
            for i, op in enumerate(operators):
                for other in COMPARISONS[type(op)]:
                    ops = [*operators[:i], other(), *operators[i + 1 :]]
                    yield node, ast.Compare(left, ops, right)
        case ast.BoolOp(op, values):
            other = ast.And if isinstance(op, ast.Or) else ast.Or
            yield node, ast.BoolOp(other(), values)
        case ast.UnaryOp(ast.Not() | ast.Invert(), operand):
            yield node, operand
        case ast.UnaryOp(ast.USub(), ast.Constant(int(n))):
            yield from ((node, ast.Constant(m)) for m in (1 - n, -n - 1))
        case ast.UnaryOp(ast.USub(), operand):
            yield node, operand
        case ast.Constant(bool(value)):
            yield node, ast.Constant(not value)
        case ast.Constant(int(n)):
            yield from ((node, ast.Constant(m)) for m in {n + 1, n - 1, 0} - {n})
        case ast.Constant(float(value)):
            yield node, ast.Constant(value + 1)
            yield node, ast.Constant(0.0 if value else 1e-3)
        case ast.Slice(lower, upper, step):
            for part in ("lower", "upper", "step"):
                if getattr(node, part):
                    parts = {"lower": lower, "upper": upper, "step": step, part: None}
                    yield node, ast.Slice(**parts)
        case ast.IfExp(test, body, other):
            yield node, ast.IfExp(test, other, body)
        case ast.If(test) | ast.While(test) | ast.comprehension(ifs=[test]):
            if not isinstance(test, (ast.Compare, ast.BoolOp, ast.UnaryOp)):
                yield test, ast.UnaryOp(ast.Not(), test)
        case ast.arguments(defaults=plain, kw_defaults=named):
            for default in [*plain, *named]:
                if isinstance(default, ast.Constant) and default.value is None:
                    yield default, ast.Constant(0)
                elif _is_text(default):
                    yield default, ast.Constant("something else")
        case ast.Return(ast.Constant(None) | None):
            return
        case ast.Return():
            yield node, ast.Return(ast.Constant(None))
        case ast.Break():
            yield node, ast.Continue()
        case ast.Continue() | ast.Raise() | ast.Expr(ast.Call()) | ast.Delete():
            yield node, ast.Pass()
        case ast.Assign([ast.Attribute() | ast.Subscript()]):
            yield node, ast.Pass()


def _is_text(node: ast.AST | None) -> bool:
    text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return text or isinstance(node, ast.JoinedStr)


def _is_left_alone(node: ast.AST) -> bool:
    """Words for people, type hints and what only the reader of a module sees."""
    match node:
        case ast.FunctionDef(name="__repr__" | "__str__"):
            return True
        case ast.Assign([ast.Name("__all__" | "__slots__")]):
            return True
        case ast.If(ast.Name("TYPE_CHECKING")):
            return True
    return isinstance(node, (ast.JoinedStr, ast.Import, ast.ImportFrom))


def places(node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """All changes at a node and below it."""
    if _is_left_alone(node):
        return
    yield from changes(node)
    if isinstance(node, ast.Raise):
        return  # what is inside is the message
    if isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant):
        return  # −1 is one number
    for name, field in ast.iter_fields(node):
        if name not in ("annotation", "returns"):
            for child in field if isinstance(field, list) else [field]:
                if isinstance(child, ast.AST):
                    yield from places(child)


# ------------------------------------------------------------------------- mutants


@dataclass(frozen=True)
class Mutant:
    """One error: in `path`, the bytes from `start` to `stop` become `text`."""

    path: str
    line: int
    start: int
    stop: int
    text: str

    def spoil(self, source: bytes) -> bytes:
        """The source with the error in it."""
        return source[: self.start] + self.text.encode() + source[self.stop :]

    def difference(self, source: bytes) -> str:
        """The place, the lines as they were, and as they are now."""
        spoiled = self.spoil(source)
        tail = source.find(b"\n", self.stop) % (len(source) + 1) - len(source)
        head = source.rfind(b"\n", 0, self.start) + 1
        shown = [f"{self.path}:{self.line}"]
        for sign, whole in (("-", source), ("+", spoiled)):
            lines = whole[head : len(whole) + tail].decode().splitlines()
            shown += [f"  {sign} {line}" for line in lines]
        return "\n".join(shown)


def mutants_of(path: str, source: bytes) -> list[Mutant]:
    """Every mutant of a file."""
    starts = [0, *itertools.accumulate(map(len, source.splitlines(keepends=True)))]
    found = {}
    for old, new in places(ast.parse(source)):
        start = starts[old.lineno - 1] + old.col_offset
        stop = starts[old.end_lineno - 1] + old.end_col_offset
        text = ast.unparse(ast.fix_missing_locations(new))
        if isinstance(old, ast.expr) and not isinstance(new, (ast.Slice, ast.Constant)):
            text = f"({text})"
        found[Mutant(path, old.lineno, start, stop, text)] = None
    return list(found)


def sample(mutants: Sequence[Mutant], size: int, seed: int) -> list[Mutant]:
    """Draw lines, each as likely as the next, and one mutant from each line."""
    rng = random.Random(seed)
    lines: dict[tuple[str, int], list[Mutant]] = {}
    for mutant in mutants:
        lines.setdefault((mutant.path, mutant.line), []).append(mutant)
    for each in lines.values():
        rng.shuffle(each)
    drawn: list[Mutant] = []
    while len(drawn) < min(size, len(mutants)):
        order = [key for key, each in lines.items() if each]
        rng.shuffle(order)
        drawn += [lines[key].pop() for key in order[: size - len(drawn)]]
    return sorted(drawn, key=lambda mutant: (mutant.path, mutant.line, mutant.start))
