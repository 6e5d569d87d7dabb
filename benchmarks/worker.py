"""One library in one warm process: reads what to time, writes how long it took.

Started by ``__main__.py`` as ``python -m benchmarks.worker WORKLOAD LIBRARY``; a
request is a line "KIND REPEATS", the answer a line with the seconds for each call.
"""

from __future__ import annotations

import json
import os
import sys
import time

from .workloads import WORKLOADS


def main() -> None:
    """Serve requests until the input ends."""
    workload, library = sys.argv[1:3]
    if library == "torch":
        import torch

        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    steps = getattr(WORKLOADS[workload](), library)()
    check = steps.get("train") or steps.get("infer")
    first = [check() for _ in range(3)] if check and "64 at once" not in steps else []
    numbers = [float(v) for v in first if isinstance(v, float)]
    print(json.dumps({"kinds": list(steps), "losses": numbers}), flush=True)
    for line in sys.stdin:
        kind, repeats = line.rstrip("\n").rsplit(" ", 1)
        step = steps[kind]
        start = time.perf_counter()
        for _ in range(int(repeats)):
            step()
        print((time.perf_counter() - start) / int(repeats), flush=True)


if __name__ == "__main__":
    main()
