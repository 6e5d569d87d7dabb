"""What every test starts from: the same random numbers, NumPy, and no open figure.

The suites in `ON_REQUEST` need more than the plain installation (a browser, other
frameworks, a GPU); they run only when their folder is named on the command line, as
`make browser-test`, `make parity` and `make gpu-test` do.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dlcourse import backend

os.environ.setdefault("MPLBACKEND", "Agg")  # no window, here and in processes started

HERE = Path(__file__).parent
ON_REQUEST = ("browser", "parity", "gpu")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Pass over the suites that must be asked for, unless they are."""
    if collection_path.parent != HERE or collection_path.name not in ON_REQUEST:
        return None
    start = config.invocation_params.dir
    named = [(start / arg.split("::")[0]).resolve() for arg in config.args]
    return None if any(p.is_relative_to(collection_path) for p in named) else True


def pytest_report_header() -> str:
    """Say which arithmetic the numbers come from."""
    threads = os.environ.get("OPENBLAS_NUM_THREADS", "all")
    return f"numpy {np.__version__}, {os.cpu_count()} cores, BLAS threads: {threads}"


@pytest.fixture(autouse=True)
def the_same_start() -> Iterator[None]:
    """Begin each test with seed 0 and NumPy, whatever the one before did."""
    backend.use_backend("numpy")
    backend.manual_seed(0)
    yield
    backend.use_backend("numpy")
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")
