"""One library in one warm process: reads what to time, writes how long it took.

Started by ``timing.py`` as ``python -m benchmarks.worker`` with a problem, a library,
the number of threads, and "cpu" or "gpu". It first writes the kinds of steps there are
and their first losses; then a request is a line "time KIND REPEATS" or "profile KIND
REPEATS", and the answer a line of JSON.
"""

from __future__ import annotations

import cProfile
import json
import os
import pstats
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import libraries
from .problems import Problem, problem

CHECKED = 3  # so many first losses are compared
GPU_KINDS = ("train", "infer", "fit")


def first_losses(steps: libraries.Steps) -> dict[str, list[float]]:
    """The first losses of each kind of step that returns one."""
    kinds = [kind for kind in steps if kind not in ("infer", "fit")] or ["infer"]
    return {kind: [float(steps[kind]()) for _ in range(CHECKED)] for kind in kinds}


def nothing() -> None:
    """On a processor there is nothing to wait for."""


def seconds(
    step: Callable[[], Any], repeats: int, wait: Callable[[], None] = nothing
) -> float:
    """How long one call takes, the mean of `repeats`.

    `wait` returns when all work asked for is done: before the clock is read, each time.
    """
    wait()
    start = time.perf_counter()
    for _ in range(repeats):
        step()
    wait()
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
    name, library, threads, device = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints shall not be taken for an answer
    steps, task, wait = prepare(name, library, int(threads), on_gpu=device == "gpu")
    per_call = {"fit": task.settings.get("fit_steps", 1)}  # in steps
    print(json.dumps({"losses": first_losses(steps), "kinds": [*steps]}), file=answers)
    for line in sys.stdin:
        request, rest = line.split(maxsplit=1)
        kind, repeats = rest.rsplit(maxsplit=1)
        if request == "profile":
            print(json.dumps(profile(steps[kind], int(repeats))), file=answers)
        else:
            once = seconds(steps[kind], int(repeats), wait) / per_call.get(kind, 1)
            print(json.dumps(once), file=answers)


def left_there(loss: Any) -> Any:
    """A loss that stays on the device, without the graph that led to it."""
    return loss.detach() if hasattr(loss, "detach") else loss


def prepare(
    name: str, library: str, threads: int, on_gpu: bool
) -> tuple[libraries.Steps, Problem, Callable[[], None]]:
    """What can be timed, and how to wait until it is done."""
    module = libraries.load(library)
    task = problem(name)
    if not on_gpu:
        keep_to_processors(threads)
        module.setup(threads)
        return getattr(module, task.workload)(task), task, nothing
    # all processors: what feeds a GPU may need a second thread
    wait = module.setup_gpu()
    settings = {**task.settings, "device": "cuda", "read": left_there}
    steps = getattr(module, task.workload)(replace(task, settings=settings))
    # runs one after another would take minutes to say what W1's step says already
    return {kind: steps[kind] for kind in steps if kind in GPU_KINDS}, task, wait


def keep_to_processors(count: int) -> None:
    """Stay on `count` processors, so that a library cannot take more than its share."""
    if hasattr(os, "sched_setaffinity"):  # Linux
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-count:])


if __name__ == "__main__":
    main()
