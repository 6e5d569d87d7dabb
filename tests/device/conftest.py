"""In every test here the pretended device is found under CuPy's name."""

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from tests import stand_in
from tests.device.memory import counters


@pytest.fixture(autouse=True)
def device(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Let ``use_backend("cupy")`` find the stand-in, with its counters at zero."""
    counters.reset()
    module = stand_in.module("cupy")
    monkeypatch.setitem(sys.modules, "cupy", module)
    yield module
    counters.reset()
