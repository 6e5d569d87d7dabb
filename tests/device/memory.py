"""The memory of the pretended device, and what is counted there.

Allocations are followed by weak references, so that a test can ask how much is in use,
give the device a size, and see that an error gives everything back. `stand_in.py` uses
it; read that next.
"""

import weakref
from typing import Any

import numpy as np


class OutOfMemoryError(MemoryError):
    """What CuPy raises when the device is full (its class has this name)."""


class Counters:
    """What the tests ask: how often the host waited, and what crossed over."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin to count anew."""
        self.synchronizations = 0
        self.to_device = 0
        self.to_host = 0
        self.allocations = 0
        self.allocations_left = self.bytes_left = float("inf")
        self.times_freed = 0
        pool.set_limit()


class Pool:
    """The names of CuPy's memory pool that the course and its tests use."""

    def __init__(self) -> None:
        self._live: dict[int, tuple[Any, int]] = {}
        self._used = self._kept = 0
        self._limit: float = float("inf")

    def used_bytes(self) -> int:
        """What arrays occupy now."""
        return self._used

    def total_bytes(self) -> int:
        """That, and what the pool keeps of arrays that are gone."""
        return self._used + self._kept

    def set_limit(self, size: int | None = None) -> None:
        """Give the device this many bytes; 0 or None: as many as wanted."""
        self._limit = size or float("inf")

    def free_all_blocks(self) -> None:
        """Give back what is kept of arrays that are gone."""
        self._kept = 0
        counters.times_freed += 1

    def allocate(self, array: np.ndarray) -> None:
        """Note a new array, or raise because the device is full."""
        key, size = id(array), array.nbytes
        if key in self._live:
            return
        counters.allocations += 1
        counters.allocations_left -= 1
        counters.bytes_left -= size
        left = min(counters.bytes_left, counters.allocations_left)
        if left < 0 or self._used + size > self._limit:
            counters.allocations_left = float("inf")
            raise OutOfMemoryError(f"Out of memory allocating {size} bytes")
        self._live[key] = (weakref.ref(array, lambda _: self._release(key)), size)
        self._used += size
        self._kept = max(0, self._kept - size)

    def _release(self, key: int) -> None:
        size = self._live.pop(key)[1]
        self._used -= size
        self._kept += size


pool = Pool()
counters = Counters()


def fail_after(size: float) -> None:
    """Let the device be full once `size` more bytes are allocated, freed or not."""
    counters.bytes_left = size


def fail_at(allocation: int) -> None:
    """Let just one allocation fail, counted from now: 0 is the next."""
    counters.allocations_left = allocation
