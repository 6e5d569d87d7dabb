"""One library in one warm process: reads what to time, writes how long it took.

Started by ``timing.py`` as ``python -m benchmarks.worker PROBLEM LIBRARY THREADS``. It
first writes the kinds of steps there are and their first losses; then a request is a
line "time KIND REPEATS" or "profile KIND REPEATS", and the answer a line of JSON.
"""

from __future__ import annotations

import cProfile
import json
import os
import pstats
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import libraries
from .problems import problem

CHECKED = 3  # so many first losses are compared


def first_losses(steps: libraries.Steps) -> dict[str, list[float]]:
    """The first losses of each kind of step that returns one."""
    kinds = [kind for kind in steps if kind not in ("infer", "fit")] or ["infer"]
    return {kind: [float(steps[kind]()) for _ in range(CHECKED)] for kind in kinds}


def seconds(step: Callable[[], Any], repeats: int) -> float:
    """How long one call takes, the mean of `repeats`."""
    start = time.perf_counter()
    for _ in range(repeats):
        step()
    return (time.perf_counter() - start) / repeats


def profile(step: Callable[[], Any], repeats: int) -> list[tuple[str, float]]:
    """The functions in which the time is spent, with their shares, most first.

    The time inside NumPy counts for the function that calls it.
    """
    profiler = cProfile.Profile(builtins=False)
    profiler.enable()
    for _ in range(repeats):
        step()
    profiler.disable()
    own: dict[str, float] = {}
    for (file, _, name), (_, _, inside, _, _) in pstats.Stats(profiler).stats.items():  # type: ignore[attr-defined]
        # the course names a kernel's second half `_`, under `@kernel.backward`
        where = f"{place(Path(file))}: {'backward' if name == '_' else name}"
        own[where] = own.get(where, 0.0) + inside
    total = sum(own.values())
    return sorted(((k, v / total) for k, v in own.items()), key=lambda kv: -kv[1])[:8]


def place(file: Path) -> str:
    """A file as the page names it: from the package on."""
    for package in ("dlcourse", "numpy"):
        if package in file.parts[:-1]:
            inside = len(file.parts) - file.parts[::-1].index(package)
            return "/".join(file.parts[inside - (package == "numpy") :])
    return file.name


def main() -> None:
    """Serve requests until the input ends."""
    name, library, threads = sys.argv[1:4]
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints shall not be taken for an answer
    keep_to_processors(int(threads))
    module = libraries.load(library)
    module.setup(int(threads))
    task = problem(name)
    steps = getattr(module, task.workload)(task)
    per_call = {"fit": task.settings.get("fit_steps", 1)}  # in steps
    print(json.dumps({"losses": first_losses(steps), "kinds": [*steps]}), file=answers)
    for line in sys.stdin:
        request, rest = line.split(maxsplit=1)
        kind, repeats = rest.rsplit(maxsplit=1)
        if request == "profile":
            print(json.dumps(profile(steps[kind], int(repeats))), file=answers)
        else:
            once = seconds(steps[kind], int(repeats)) / per_call.get(kind, 1)
            print(json.dumps(once), file=answers)


def keep_to_processors(count: int) -> None:
    """Stay on `count` processors, so that a library cannot take more than its share."""
    if hasattr(os, "sched_setaffinity"):  # Linux
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-count:])


if __name__ == "__main__":
    main()
