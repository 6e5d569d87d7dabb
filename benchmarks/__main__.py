"""``python -m benchmarks --workload W1,W2 --peers torch``: time and compare.

Writes a table with the machine, the versions and the medians to benchmarks/RESULTS.md
(or where ``--output`` says).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .workloads import WORKLOADS

HERE = Path(__file__).parent


class Process:
    """A library's process, warm and waiting."""

    def __init__(self, workload: str, library: str, threads: int) -> None:
        names = ("OMP", "OPENBLAS", "MKL")
        limits = {f"{name}_NUM_THREADS": str(threads) for name in names}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", workload, library],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=HERE.parent,
            env={**os.environ, **limits},
        )
        answer = json.loads(self._line())
        self.kinds: list[str] = answer["kinds"]
        self.losses: list[float] = answer["losses"]

    def _line(self) -> str:
        line = self.process.stdout.readline()  # type: ignore[union-attr]
        if not line:
            raise SystemExit("A benchmark process ended early; its error is above.")
        return line

    def time(self, kind: str, repeats: int) -> float:
        """Seconds for each of `repeats` calls."""
        self.process.stdin.write(f"{kind} {repeats}\n")  # type: ignore[union-attr]
        self.process.stdin.flush()  # type: ignore[union-attr]
        return float(self._line())

    def close(self) -> None:
        """End the process."""
        self.process.stdin.close()  # type: ignore[union-attr]
        self.process.wait()


def compare(workload: str, peers: list[str], threads: int, rounds: int) -> list[dict]:
    """Rows of {workload, kind, library, median, ratio to dlcourse's peer …}."""
    libraries = ["dlcourse", *(p for p in peers if hasattr(WORKLOADS[workload], p))]
    processes = {name: Process(workload, name, threads) for name in libraries}
    rows = []
    try:
        _same_losses(workload, {n: p.losses for n, p in processes.items()})
        kinds = processes["dlcourse"].kinds
        for kind in kinds:
            with_kind = {n: p for n, p in processes.items() if kind in p.kinds}
            once = max(p.time(kind, 1) for p in with_kind.values())
            repeats = max(1, min(2000, int(0.15 / once)))
            times: dict[str, list[float]] = {name: [] for name in with_kind}
            for _ in range(rounds):
                for name, process in with_kind.items():
                    times[name].append(process.time(kind, repeats))
            ours = times["dlcourse"]
            for name, values in times.items():
                ratios = [a / b for a, b in zip(ours, values, strict=True)]
                rows.append(
                    {
                        "workload": workload,
                        "kind": kind,
                        "library": name,
                        "median": statistics.median(values),
                        "ratio": statistics.median(ratios),
                        "low": min(ratios),
                        "high": max(ratios),
                    }
                )
    finally:
        for process in processes.values():
            process.close()
    return rows


def _same_losses(workload: str, losses: dict[str, list[float]]) -> None:
    ours = losses["dlcourse"]
    for name, values in losses.items():
        for a, b in zip(ours, values, strict=False):
            if abs(a - b) > 1e-3 * max(1e-3, abs(a)):
                raise SystemExit(
                    f"{workload}: {name} computes {values}, dlcourse {ours}: not the "
                    "same work, so there is nothing to compare."
                )


def import_rows(rounds: int) -> list[dict]:
    """W8: a fresh process that imports dlcourse, against one that imports NumPy."""
    import time

    def seconds(code: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, cwd=HERE.parent)
        return time.perf_counter() - start

    names = {"dlcourse": "import dlcourse", "numpy": "import numpy"}
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(max(rounds, 9)):
        for name, code in names.items():
            times[name].append(seconds(code))
    rows = []
    for name, values in times.items():
        ratios = [a / b for a, b in zip(times["dlcourse"], values, strict=True)]
        rows.append(
            {
                "workload": "W8",
                "kind": "import",
                "library": name,
                "median": statistics.median(values),
                "ratio": statistics.median(ratios),
                "low": min(ratios),
                "high": max(ratios),
            }
        )
    return rows


def table(rows: list[dict], threads: int) -> str:
    """The rows as a page of markdown."""
    packages = []
    for name in ("numpy", "torch"):
        try:
            packages.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    lines = [
        "# Timings",
        "",
        "Written by `python -m benchmarks`. Medians; the ratio is dlcourse's time over",
        "the library's in the same round, so below 1 dlcourse is the faster one.",
        "",
        f"{_processor()}, {threads} thread(s), Python {platform.python_version()}, "
        f"{', '.join(packages)}.",
        "",
        "| workload | what | library | median | ratio | lowest | highest |",
        "|---|---|---|---:|---:|---:|---:|",
    ]
    for row in rows:
        ratio = (
            f"{row['ratio']:.2f} | {row['low']:.2f} | {row['high']:.2f}"
            if row["library"] != "dlcourse"
            else " | | "
        )
        lines.append(
            f"| {row['workload']} | {row['kind']} | {row['library']} | "
            f"{_time(row['median'])} | {ratio} |"
        )
    docs = [
        f"- {name}: {(cls.__doc__ or '').strip()}" for name, cls in WORKLOADS.items()
    ]
    return "\n".join([*lines, "", *docs, ""])


def _time(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def main() -> None:
    """Read the command line, run, print and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--workload", default=",".join([*WORKLOADS, "W8"]))
    parser.add_argument("--peers", default="torch")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--output", type=Path, default=HERE / "RESULTS.md")
    options = parser.parse_args()
    peers = []
    for name in filter(None, options.peers.split(",")):
        if importlib.util.find_spec(name):
            peers.append(name)
        else:
            print(f"{name} is not installed and is left out")
    rows: list[dict[str, Any]] = []
    for name in options.workload.split(","):
        if name == "W8":
            rows += import_rows(options.rounds)
        elif name in WORKLOADS:
            rows += compare(name, peers, options.threads, options.rounds)
        else:
            known = ", ".join([*WORKLOADS, "W8"])
            raise SystemExit(f"There is no workload {name!r}; known: {known}.")
    text = table(rows, options.threads)
    print(text)
    options.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
