"""What the GPU can do: its best product of matrices, its memory, and one small kernel.

Measured in a process of its own, ``python -m benchmarks.gpu.device``, which ends with a
sentence where there is no GPU. Each figure is the best of many.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from ..timing import ROOT, environment

SIDE = 8192  # rows and columns of a product that arithmetic alone bounds
COPIED = 1 << 28  # bytes: more than any cache of a GPU
LAUNCHES = 1000  # of a kernel on one number, between two looks at the clock
SECONDS = 1.0
ADVICE = (
    "Nothing was measured. On a machine with an NVIDIA GPU: make gpu-bench CUDA=12 (or "
    "13, as nvidia-smi shows it), or python -m benchmarks --device gpu."
)


def ask() -> dict[str, Any]:
    """The device and its speeds; `SystemExit` says what to do where there is none."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu.device"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(1),
    )
    if done.returncode:
        raise SystemExit(f"{done.stderr.strip()}\n{ADVICE}")
    return json.loads(done.stdout.splitlines()[-1])


def speeds(
    side: int = SIDE, copied: int = COPIED, duration: float = SECONDS
) -> dict[str, Any]:
    """Of the backend in use: operations and bytes a second, seconds a launch."""
    from dlcourse.backend import xp

    wait = xp.cuda.runtime.deviceSynchronize
    a = xp.full((side, side), 0.5, "float32")
    out = xp.empty_like(a)
    product = _fastest(lambda: xp.matmul(a, a, out=out), duration, wait)
    source = xp.full((copied // 4,), 0.5, "float32")
    target = xp.empty_like(source)

    def copy() -> None:
        target[...] = source

    copying = _fastest(copy, duration, wait)
    one = xp.full((1,), 0.5, "float32")

    def launches() -> None:
        for _ in range(LAUNCHES):
            xp.multiply(one, one, out=one)

    launching = _fastest(launches, duration, wait) / LAUNCHES
    return {
        "peak": 2 * side**3 / product,
        "bandwidth": 2 * source.nbytes / copying,  # read and written
        "launch": launching,
    }


def _fastest(
    function: Callable[[], Any], duration: float, wait: Callable[[], None]
) -> float:
    """The least time of a call, of all that fit in `duration` seconds."""
    function()  # compiles
    wait()
    best, end = float("inf"), time.perf_counter() + duration
    while (start := time.perf_counter()) < end:
        function()
        wait()
        best = min(best, time.perf_counter() - start)
    return best


def describe() -> dict[str, str]:
    """The device, its driver, CUDA and CuPy, by name and version."""
    from dlcourse.backend import xp

    runtime = xp.cuda.runtime
    name = runtime.getDeviceProperties(0)["name"]

    def version(number: int) -> str:
        return f"{number // 1000}.{number % 1000 // 10}"

    return {
        "device": name.decode() if isinstance(name, bytes) else str(name),
        "cuda": version(runtime.runtimeGetVersion()),
        "driver": version(runtime.driverGetVersion()),
        "cupy": xp.__version__ if hasattr(xp, "__version__") else "",
    }


def main() -> None:
    """Measure and write it as JSON, or say why not."""
    import dlcourse as dl
    from dlcourse.errors import BackendError

    try:
        dl.use_backend("cupy")
        dl.to_numpy(dl.ops.tanh([0.5]))  # it may be there, and still not compute
    except BackendError as problem:
        raise SystemExit(f"There is no GPU to measure. {problem}") from None
    print(json.dumps({**describe(), **speeds()}))


if __name__ == "__main__":
    main()
