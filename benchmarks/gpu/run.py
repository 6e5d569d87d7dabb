"""Measure on the GPU, and write GPU.md: absolute times, peaks, and what bounds what."""

from __future__ import annotations

from pathlib import Path

from .. import libraries, machine, markdown
from ..problems import problem
from ..results import Results
from ..timing import OURS, Process, compare
from . import counting, device
from .page import page

NAMES = ("W1", "W2", "W3", "W4", "W5", "W5R", "W6", "W7", "W9")
HERE = Path(__file__).parents[1]


def results(folder: Path) -> Results:
    """What was measured on a GPU, beside what was on the processor."""
    return Results(folder, threads=1, name="gpu")


def on_gpu(names: list[str]) -> list[str]:
    """Those of these libraries that can compute on a GPU."""
    return [name for name in names if hasattr(libraries.load(name), "setup_gpu")]


def main(
    names: list[str], others: list[str], rounds: int, output: Path, page_only: bool
) -> None:
    """Measure the problems, unless only the page is wanted, and write the page."""
    found = results(output.parent / "results")
    if not page_only:
        measure(found, [name for name in names if name in NAMES], others, rounds)
    if not found.machine:
        raise SystemExit("Nothing was measured on a GPU yet: make gpu-bench.")
    output.write_text(page(found, NAMES), encoding="utf-8")
    print(f"{output} is written")


def measure(found: Results, names: list[str], others: list[str], rounds: int) -> None:
    """Measure, and keep each result as soon as it is there."""
    speeds = device.ask()  # first of all, for it says if there is no GPU
    found.add({"problem": "machine", **machine.describe(), **speeds})
    for name in names:
        print(f"{name}, on the GPU", flush=True)
        try:
            known = expected_losses(name)
            measured = compare(name, others, 1, rounds, "gpu", losses=known)
        except SystemExit as failure:  # the other workloads can still be measured
            print(failure, flush=True)
            found.add({"problem": name, "failed": str(failure)})
            continue
        found.add({**measured, "asked": counting.ask(name)})
        for library in found.libraries(name):
            kind = next(iter(found.cells(name)))[1]
            value = found.value(name, library, kind)
            ratio = None if library == OURS else found.ratio(name, kind, library)
            if value:
                shown = markdown.time_text(value.median)
                print(f"  {library:12} {kind} {shown:>9} {markdown.ratio_text(ratio)}")


def expected_losses(name: str) -> dict[str, list[float]]:
    """The first losses of dlcourse on the processor: what a GPU must compute, too."""
    process = Process(problem(name).name, OURS, threads=1)
    try:
        process.wait_until_ready()
    finally:
        process.close()
    kind = process.kinds[0]
    return {kind: process.losses[kind]}
