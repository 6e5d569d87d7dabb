"""The machine: its processor, and the most it can do of what the workloads are made of.

Two speeds are measured, each in a process of its own: that of the best product of
matrices, and that of NumPy's ``tanh``. From them ``aims.py`` says what is possible.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from .timing import ROOT, environment
from .worker import keep_to_processors

# (how many, rows, inner, columns): a product so large that arithmetic alone bounds it,
# and small ones, which some libraries multiply faster, as they come from the cache
SHAPES = ((1, 1536, 1536, 1536), (64, 96, 96, 96), (16, 128, 64, 64))
BLOCK = 4096  # numbers: in the first-level cache
SECONDS = 1.0


def describe() -> dict[str, str]:
    """Processor, system, Python, NumPy and its library of products."""
    import numpy as np

    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {
        "numpy": f"{np.__version__} ({blas['name']} {blas['version']})",
        "processor": _processor(),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def speeds(threads: int) -> dict[str, float]:
    """The best float32 product, "peak", in operations a second; "tanh" in seconds.

    That of a tanh is the mean with all threads at it: NumPy computes one with one
    thread, but a program may start several.
    """
    command = [sys.executable, "-m", "benchmarks.machine", str(threads)]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, check=True, cwd=ROOT, env=environment(threads)
    )
    return json.loads(done.stdout)


def _speeds(threads: int, duration: float = SECONDS) -> dict[str, float]:
    import numpy as np

    rng = np.random.default_rng(0)
    peaks = []
    for many, rows, inner, columns in SHAPES:
        a, b = rng.random((many, rows, inner), "f"), rng.random((inner, columns), "f")
        out = np.empty((many, rows, columns), "f")
        once = _fastest(duration, np.matmul, a, b, out)
        peaks.append(2 * many * rows * inner * columns / once)
    values = rng.standard_normal(BLOCK, "f")
    tanh = _fastest(duration, np.tanh, values, np.empty_like(values)) / BLOCK
    return {"peak": max(peaks), "tanh": tanh / threads}


def _fastest(duration: float, function: Callable[..., Any], *arguments: Any) -> float:
    """The least time of a call, of all that fit in `duration` seconds."""
    best, end = float("inf"), time.perf_counter() + duration
    while (start := time.perf_counter()) < end:
        function(*arguments)
        best = min(best, time.perf_counter() - start)
    return best


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    keep_to_processors(int(sys.argv[1]))
    print(json.dumps(_speeds(int(sys.argv[1]))))
