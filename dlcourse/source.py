"""Show the package's own source in a notebook: the code a lecture talks about."""

from __future__ import annotations

import inspect
from typing import Any


def show_source(thing: Any) -> None:
    """Print the source of a function, class or op of the course, with its rule.

    An op's gradient rules stand right below its function in the file, and are printed
    with it.
    """
    function = getattr(thing, "__wrapped__", thing)
    lines, start = inspect.getsourcelines(function)
    text = "".join(lines).rstrip()
    rule = _rule_after(inspect.getsourcefile(function), thing, start + len(lines))
    print(text + (f"\n\n{rule}" if rule else ""))


def _rule_after(path: str | None, thing: Any, line: int) -> str:
    """The ``name.gradient(…)`` statement after an op's function, if there is one."""
    import ast

    if path is None or not hasattr(thing, "rules"):
        return ""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    name = thing.__name__
    for statement in ast.parse(text).body:
        if statement.lineno < line - 1:
            continue
        source = ast.get_source_segment(text, statement) or ""
        decorators = "\n".join(
            f"@{ast.unparse(d)}" for d in getattr(statement, "decorator_list", [])
        )
        if source.startswith(f"{name}.gradient"):
            return source
        if decorators.startswith((f"@{name}.gradients", f"@{name}.backward")):
            return f"{decorators}\n{source}"
    return ""
