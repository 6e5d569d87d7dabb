"""When work happens: on the kernel's event loop, never twice for nothing.

A slider dragged across the screen sends many values, and only the last one matters. And
a training must not keep the kernel from answering. Both are solved by asking the event
loop to call later: meanwhile it takes in the messages that have arrived. Outside a
kernel (in a test, in a script) there is no loop, and everything happens at once. Read
`explorer.py` next, the only user.
"""

import asyncio
import time
from collections.abc import Callable, Generator
from typing import Any

SLICE = 0.02  # seconds of work before the loop may take in messages again
# A timer that must wait a moment: with 0 the loop would not look at its sockets first,
# which measured 86 ms instead of 25 ms until a control was answered.
REST = 0.001


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The event loop that is running this very call, or None."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class Latest:
    """Calls `work` once, soon, however often it was requested."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._timer: asyncio.TimerHandle | None = None

    @property
    def pending(self) -> bool:
        """Whether a call is still to come."""
        return self._timer is not None

    def request(self, delay: float = REST) -> None:
        """Ask for a call; one that is already on its way is enough."""
        loop = running_loop()
        if loop is None:
            self._work()
        elif self._timer is None:
            self._timer = loop.call_later(delay, self.now)

    def now(self) -> None:
        """Call at once, instead of later."""
        self.cancel()
        self._work()

    def cancel(self) -> None:
        """Forget a call that has not happened yet."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Slices:
    """Runs a generator in slices, and passes on the newest value it yielded.

    `show(value, done)` is called after a slice, at most every `pause` seconds and
    always at the end. Starting another generator drops the one before.
    """

    def __init__(
        self,
        show: Callable[[Any, bool], None],
        fail: Callable[[Exception], None],
        pause: float = 0.1,
    ) -> None:
        self._show, self._fail, self._pause = show, fail, pause
        self._generator: Generator[Any, None, None] | None = None
        self._timer = Latest(self._slice)

    @property
    def busy(self) -> bool:
        """Whether a generator is still at work."""
        return self._generator is not None

    def start(self, generator: Generator[Any, None, None]) -> None:
        """Work on `generator` from now on."""
        self.stop()
        self._generator = generator
        self._newest: Any = None
        self._shown_at = time.perf_counter() - self._pause  # the first at once
        if running_loop() is None:
            self.finish()
        else:
            self._slice()

    def stop(self) -> None:
        """Drop the work, finished or not."""
        self._timer.cancel()
        if self._generator is not None:
            self._generator.close()
            self._generator = None

    def finish(self) -> None:
        """Work to the end, however long it takes."""
        self._advance(until=float("inf"))

    def _slice(self) -> None:
        self._advance(until=time.perf_counter() + SLICE)

    def _advance(self, until: float) -> None:
        if self._generator is None:
            return
        self._timer.cancel()
        try:
            while True:
                self._newest = next(self._generator)
                if time.perf_counter() >= until:
                    break
        except StopIteration:
            self._generator = None
            self._show(self._newest, True)
            return
        except Exception as error:
            self._generator = None
            self._fail(error)
            return
        if time.perf_counter() - self._shown_at >= self._pause:
            self._show(self._newest, False)
            self._shown_at = time.perf_counter()
        self._timer.request()
