"""The machine: its processor, and the most it can do, a large product of matrices."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import time

from .timing import ROOT, environment
from .worker import keep_to_processors

SIZE = 1536  # a product this large is bound by arithmetic alone
SECONDS = 1.5


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


def peak(threads: int) -> float:
    """Operations a second of the best float32 product, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.machine", str(threads)]
    done = subprocess.run(
        command, capture_output=True, check=True, cwd=ROOT, env=environment(threads)
    )
    return json.loads(done.stdout)


def _peak() -> float:
    import numpy as np

    a, b = np.random.default_rng(0).random((2, SIZE, SIZE), "f")
    out = np.empty_like(a)
    best, end = float("inf"), time.perf_counter() + SECONDS
    while (start := time.perf_counter()) < end:
        np.dot(a, b, out=out)
        best = min(best, time.perf_counter() - start)
    return 2 * SIZE**3 / best


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
    print(json.dumps(_peak()))
