"""Without a GPU these tests are skipped as a whole, and say why in one line."""

from collections.abc import Iterator

import pytest

import dlcourse as dl
from dlcourse.errors import BackendError


def why_not() -> str:
    """The reason why CuPy cannot be used here; empty if it can."""
    try:
        with dl.use_backend("cupy"):
            dl.to_numpy(dl.ops.tanh([0.5]))  # it may import, and still not compute
    except BackendError as problem:
        return str(problem).splitlines()[0]
    return ""


REASON = why_not()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it where nobody can miss it."""
    if REASON:
        terminalreporter.write_line(f"No GPU was tested: {REASON}", red=True)


@pytest.fixture(autouse=True)
def needs_a_gpu() -> Iterator[None]:
    if REASON:
        pytest.skip(REASON)
    yield
    dl.use_backend("numpy")
