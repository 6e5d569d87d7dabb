"""A stand-in for the page of a playground: it takes pictures, and says so.

Read ``test_playground_page.py`` next.
"""

import asyncio

import pytest

from dlcourse.widgets.playground import playground, wire


class Page:
    """Takes pictures as a page does, and says so unless it is asleep."""

    def __init__(self, widget, awake=True):
        self.widget, self.awake = widget, awake
        self.pictures, self.words, self.waiting = [], [], 0
        widget.send = self.receive
        self.say("hello")

    def say(self, kind, **content):
        self.widget._handle_custom_msg({"kind": kind, **content}, [])

    def receive(self, content, buffers):
        picture = wire.unpack(buffers[0])
        self.pictures.append(picture)
        self.words.append(content)
        self.waiting += 1
        if self.awake:
            self.paint()

    def paint(self):
        """Say that all is painted: at once, or as soon as the kernel listens."""

        def answer(frame=self.pictures[-1]["frame"]):
            self.waiting = 0
            self.say("ack", frame=frame)

        try:
            asyncio.get_running_loop().call_soon(answer)
        except RuntimeError:
            answer()


@pytest.fixture
def make():
    made = []

    def make_one(*args, **settings):
        made.append(playground(*args, **settings))
        return made[-1]

    yield make_one
    for widget in made:
        widget.close()


async def wait_for(condition, seconds=20.0):
    """Let the loop run until `condition` holds."""
    end = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < end, "it never came"
        await asyncio.sleep(0.005)
