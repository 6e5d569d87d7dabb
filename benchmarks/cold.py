"""What a fresh process takes: import, first step, memory. W8 and the memory page.

Each measurement is a process of its own, ``python -m benchmarks.cold WHAT …``, which
loads nothing before it must; ``cold_rows`` starts them in turn.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Sequence

STEPS = {"W2": 200, "W4": 20}  # after so many the memory has reached its peak
# tiny ones, in which 10,000 steps take seconds
GROWING = {"W1": "W1", "batch=16": "W2 with batch 16"}
MANY = 10_000


def megabytes(which: str) -> float:
    """Resident memory of this process: "VmHWM" its peak, "VmRSS" what it has now."""
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            line = next(line for line in file if line.startswith(which))
        return int(line.split()[1]) / 1024
    except OSError:  # not Linux: the peak for both
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def bring(module: str) -> None:
    """Import a library; DeZero asks for ``np.int``, which NumPy 2 has not."""
    if module == "dezero":
        import numpy

        vars(numpy)["int"] = int
    importlib.import_module(module)


def imported(library: str, module: str) -> dict[str, float]:
    """Import `module` and nothing else."""
    start = time.perf_counter()
    bring(module)
    return {
        "import": time.perf_counter() - start,
        "memory, imported": megabytes("VmHWM"),
    }


def first_step(library: str, module: str, born: float) -> dict[str, float]:
    """Import, build W2, take one step; `born` is when the process was started."""
    bring(module)
    from . import libraries
    from .problems import problem

    task = problem("W2")
    start = time.perf_counter()
    one = libraries.load(library)
    one.setup(1)
    one.W2(task)["train"]()
    end = time.perf_counter()
    return {"first step": end - start, "first step, with the start": end - born}


def peak(library: str, name: str) -> dict[str, float]:
    """The most memory that training takes."""
    from . import libraries
    from .problems import problem

    one, task = libraries.load(library), problem(name)
    one.setup(1)
    train = getattr(one, task.workload)(task)["train"]
    for _ in range(STEPS[name]):
        train()
    return {f"memory, training {name}": megabytes("VmHWM")}


def growth(library: str, name: str) -> dict[str, float]:
    """How much more memory is held after 10,000 further steps."""
    from . import libraries
    from .problems import problem

    one, task = libraries.load(library), problem(name)
    one.setup(1)
    train = getattr(one, task.workload)(task)["train"]
    sizes = []
    for steps in (MANY // 10, MANY):
        for _ in range(steps):
            train()
        sizes.append(megabytes("VmRSS"))
    return {f"growth, {GROWING[name]}": sizes[1] - sizes[0]}


def cold_rows(peers: Sequence[str], threads: int, rounds: int) -> dict:
    """All of these for all libraries, as ``timing.compare`` writes its results."""
    from . import libraries

    seen: set[str] = set()
    tasks: list[tuple[str, list[str], int]] = []  # library, arguments, rounds
    for library in ("dlcourse", *peers):
        one = libraries.load(library)
        if one.MODULE in seen:
            continue  # a variant, such as torch-best
        seen.add(one.MODULE)
        tasks.append((library, ["imported", one.MODULE], rounds))
        if hasattr(one, "W2"):
            tasks.append((library, ["first_step", one.MODULE], rounds))
            tasks.append((library, ["peak", "W2"], 1))
        if library in ("dlcourse", "torch"):
            tasks.append((library, ["peak", "W4"], 1))
            tasks += [(library, ["growth", name], 1) for name in GROWING]
    cells: dict[tuple[str, str], list[float]] = {}
    left_out: dict[str, str] = {}
    for number in range(rounds):
        for library, arguments, times in tasks:
            if number >= times or library in left_out:
                continue
            try:
                answer = ask(library, arguments, threads)
            except OSError as problem_of_it:
                left_out[library] = str(problem_of_it)
                cells = {cell: v for cell, v in cells.items() if cell[0] != library}
                print(f"W8: {library} is left out: {problem_of_it}", flush=True)
                continue
            for kind, value in answer.items():
                cells.setdefault((library, kind), []).append(value)
    return {
        "problem": "W8",
        "threads": threads,
        "left_out": left_out,
        "cells": [
            {
                "library": library,
                "kind": kind,
                "unit": "MB" if kind.startswith(("memory", "growth")) else "s",
                "values": values,
            }
            for (library, kind), values in cells.items()
        ],
    }


def ask(library: str, arguments: list[str], threads: int) -> dict[str, float]:
    """What a fresh process measured."""
    import subprocess

    from .timing import ROOT, environment

    what, last = arguments
    command = [sys.executable, "-m", "benchmarks.cold", what, library, last]
    born = time.perf_counter()  # the same clock in all processes
    if what == "first_step":
        command.append(repr(born))
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment(threads)
    )
    if done.returncode:
        raise OSError("its process failed (its error is above)")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Do one measurement and write it as JSON."""
    what, library, *rest = sys.argv[1:]
    if what == "first_step":
        answer = first_step(library, rest[0], float(rest[1]))
    else:
        answer = {"imported": imported, "peak": peak, "growth": growth}[what](
            library, rest[0]
        )
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
