"""Names that a package imports when they are first used.

A module is a file to find, to read and to run: a quarter of a millisecond. What not
every program needs can wait, so that the first step of a fresh process does not.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def names(
    package: str, rooms: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """A package's ``__getattr__`` and ``__dir__``; `rooms` says which module has what.

    A room may be asked for, too: it is that module. So none may have a name like its
    own inside, for which of the two is meant would depend on who asked first.
    """
    assert not any(room in inside for room, inside in rooms.items())
    home = {name: room for room, inside in rooms.items() for name in inside}

    def get(name: str) -> Any:
        if name in home:
            value = getattr(import_module(f"{package}.{home[name]}"), name)
            setattr(sys.modules[package], name, value)
            return value
        if name in rooms:
            return import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def everything() -> list[str]:
        return sorted({*vars(sys.modules[package]), *home, *rooms})

    return get, everything
