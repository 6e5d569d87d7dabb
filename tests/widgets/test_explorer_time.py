"""Explorer and time: bursts of moves, trainings in slices, Play."""

import asyncio
import time

import pytest

from dlcourse.errors import ConfigError
from dlcourse.widgets import Explorer, Slider

from .small import CONTROLS, Bar, Made, draw, layout, summary

# ------------------------------------------------------------------- latest value wins


def test_a_burst_of_moves_is_computed_once_and_ends_on_the_last_value():
    async def burst():
        made = Made()
        for _ in range(20):
            for height in (0, 1, 2, 5, 1, 2, 5, 0, 1, 2):
                made.widget("height").value = height
        assert len(made.calls) == 1  # the first picture
        await asyncio.sleep(0.1)
        return made

    made = asyncio.run(burst())
    assert len(made.calls) == 2
    assert made.calls[-1]["height"] == 2
    assert made.explorer._view.summary == "The bar is 2 high."


def test_the_result_is_never_stale():
    async def ask():
        made = Made()
        made.widget("height").value = 2
        return made.explorer.result

    assert asyncio.run(ask()).height == 2


def test_a_training_runs_in_slices_and_is_dropped_when_a_control_moves():
    closed = []

    def train(height):
        try:
            for step in range(200):
                time.sleep(0.002)
                yield Bar(height * step / 199, 0)
        finally:
            closed.append((height, step))

    async def use():
        explorer = Explorer(
            train, layout, draw, summary, title="A bar", controls=CONTROLS[:1]
        )
        assert explorer.result.height == 1  # at first, to the end
        explorer._page._inputs["height"].value = 5
        for _ in range(6):  # between two slices the loop is free for others
            await asyncio.sleep(0.001)
        assert explorer._view.busy
        assert explorer._view.summary != "The bar is 5 high."
        assert explorer._slices.busy
        explorer._page._inputs["height"].value = 2
        while explorer._slices.busy or explorer._latest.pending:
            await asyncio.sleep(0.005)
        assert explorer._view.summary == "The bar is 2 high."
        assert not explorer._view.busy
        explorer.close()

    asyncio.run(use())
    assert [height for height, _ in closed] == [1, 5, 2]
    assert closed[1][1] < 199  # the second training was not finished


def test_a_training_that_fails_shows_why():
    def train(height):
        yield Bar(height, 0)
        if height == 5:
            raise ConfigError("diverged")

    explorer = Explorer(
        train, layout, draw, summary, title="A bar", controls=CONTROLS[:1]
    )
    explorer.set(height=5)
    assert explorer.message.startswith("diverged")
    assert explorer._view.busy is False


# ------------------------------------------------------------------- time


def test_step_moves_time_and_begins_again_after_the_end():
    explorer = Made().explorer
    seen = []
    for _ in range(6):
        explorer.step()
        seen.append(explorer.settings["moment"])
    assert seen == [1, 2, 3, 4, 0, 1]


def test_play_runs_to_the_end_and_pause_stops():
    async def use():
        made = Made()
        play = made.explorer._page.buttons["Play"]
        play.click()
        assert play.description == "Pause"
        while made.explorer.settings["moment"] < 4:
            await asyncio.sleep(0.002)
        assert play.description == "Play"
        await asyncio.sleep(0.01)
        assert made.explorer.result.height == 5
        play.click()  # once more, from the start
        assert made.explorer.settings["moment"] == 0
        play.click()
        await asyncio.sleep(0.02)
        assert made.explorer.settings["moment"] == 0

    asyncio.run(use())


def test_without_a_time_there_is_nothing_to_play():
    explorer = Made(controls=[*CONTROLS[:5], Slider("moment", 0, 0, 4)]).explorer
    assert list(explorer._page.buttons) == ["Reset"]
    with pytest.raises(ConfigError, match="no time passes"):
        explorer.play()
