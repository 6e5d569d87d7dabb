"""Libraries side by side: warm processes, asked in turn, round after round.

In each round every library does every kind of step, as often as fills a tenth of a
second. Ratios are taken within a round, so that a busy moment of the machine hits both
of its sides. What comes out is kept as measured; ``results.py`` does the arithmetic.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from . import libraries
from .problems import problem

ROOT = Path(__file__).parents[1]
BUDGET = 0.1  # seconds for each measurement
PAUSE = 0.02  # seconds for the threads of the library before to fall asleep
SAME = 1e-4  # how far the losses of two libraries may differ, relatively
OURS = "dlcourse"


class LeftOut(Exception):
    """A library cannot be compared, and why."""


def environment(threads: int) -> dict[str, str]:
    """The environment of a process that computes with that many threads."""
    names = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM")
    limits = {f"{name}_NUM_THREADS": str(threads) for name in names}
    # Keras asks for its backend when it is imported, also where nothing is set up
    wanted = {**os.environ, **limits, "KERAS_BACKEND": "jax"}
    # installed libraries come compiled; a fresh checkout may compile itself once, too
    wanted.pop("PYTHONDONTWRITEBYTECODE", None)
    return wanted


class Process:
    """A library's process, warm and waiting."""

    def __init__(
        self, name: str, library: str, threads: int, device: str = "cpu"
    ) -> None:
        command = [sys.executable, "-m", "benchmarks.worker", name, library]
        self.process = subprocess.Popen(
            [*command, str(threads), device],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment(threads),
        )
        self.losses: dict[str, list[float]] = {}
        self.kinds: list[str] = []
        self.repeats: dict[str, int] = {}

    def wait_until_ready(self) -> None:
        """Wait for the first losses, and find how often to repeat each kind."""
        answer = self._answer()
        self.losses, self.kinds = answer["losses"], answer["kinds"]

    def warm(self) -> None:
        """Take a few steps of each kind, and find how many fill the time."""
        for kind in self.kinds:
            once = min(self.ask("time", kind, n) for n in (1, 1, 3))
            self.repeats[kind] = max(1, int(BUDGET / once))
            self.ask("time", kind, self.repeats[kind])

    def ask(self, request: str, kind: str, repeats: int) -> Any:
        """The seconds for a step, or a profile."""
        print(request, kind, repeats, file=self.process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> Any:
        line = self.process.stdout.readline()  # type: ignore[union-attr]
        if not line:
            raise LeftOut("its process ended early (its error is above)")
        return json.loads(line)

    def close(self) -> None:
        """End the process."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()  # type: ignore[union-attr]
        self.process.stdout.close()  # type: ignore[union-attr]
        self.process.wait()


def compare(
    name: str,
    peers: Sequence[str],
    threads: int,
    rounds: int,
    device: str = "cpu",
    losses: dict[str, list[float]] | None = None,
) -> dict:
    """What each library took for each kind of step of the problem `name`.

    `losses` are known ones, with which dlcourse's own are compared.
    Returns {"problem", "threads", "flops", "left_out": {library: why}, "profile",
    "cells": [{"library", "kind", "unit", "values": one for each round}]}.
    """
    task = problem(name)
    able = [p for p in peers if hasattr(libraries.load(p), task.workload)]
    processes: dict[str, Process] = {}
    left_out: dict[str, str] = {}
    cells: dict[tuple[str, str], list[float]] = {}
    try:
        for library in (OURS, *able):
            processes[library] = Process(name, library, threads, device)
            with leaving_out(name, library, left_out):
                # one after another, so that they do not disturb each other
                processes[library].wait_until_ready()
                first = processes[library].losses
                known = losses if library == OURS else None
                check_losses(known or processes[OURS].losses, first)
                processes[library].warm()
        for _ in range(rounds):
            for library in [p for p in processes if p not in left_out]:
                with leaving_out(name, library, left_out):
                    process = processes[library]
                    for kind, repeats in process.repeats.items():
                        time.sleep(PAUSE)
                        value = process.ask("time", kind, repeats)
                        cells.setdefault((library, kind), []).append(value)
        ours = processes[OURS]
        kind = ours.kinds[0]
        shares = ours.ask("profile", kind, max(3, ours.repeats[kind]))
    finally:
        for process in processes.values():
            process.close()
    return {
        "problem": name,
        "threads": threads,
        "flops": task.flops,
        "left_out": left_out,
        "profile": shares,
        "cells": [
            {"library": library, "kind": kind, "unit": "s", "values": values}
            for (library, kind), values in cells.items()
            if library not in left_out
        ],
    }


@contextlib.contextmanager
def leaving_out(name: str, library: str, left_out: dict[str, str]) -> Iterator[None]:
    """Go on without a library that fails, and note why; never without dlcourse."""
    try:
        yield
    except (LeftOut, BrokenPipeError) as failure:
        if library == OURS:
            raise SystemExit(f"{name}: {OURS} cannot be measured: {failure}") from None
        left_out[library] = str(failure)
        print(f"{name}: {library} is left out: {failure}", flush=True)


def check_losses(
    ours: dict[str, list[float]],
    others: dict[str, list[float]],
    tolerance: float = SAME,
) -> None:
    """Raise `LeftOut` unless the first losses agree: nobody is fast and wrong."""
    wanted = next(iter(ours.values()))
    for kind, values in others.items():
        for a, b in zip(wanted, values, strict=True):
            if not abs(a - b) <= tolerance * abs(a):
                raise LeftOut(f"its losses ({kind}) are {values}, not {wanted}")
