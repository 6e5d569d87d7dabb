"""The playground in training: it keeps to the page's pace, and stops when told."""

import asyncio
import gc

import numpy as np
import pytest

from dlcourse.errors import NotReadyError

from .playground_page import Page, make, wait_for

__all__ = ["make"]  # a fixture: the tests name it


def test_it_trains_while_the_loop_runs_and_pauses(make):
    async def scene():
        widget = make()
        page = Page(widget)
        page.widget.set_state({"playing": True})
        await wait_for(lambda: len(page.pictures) > 5)
        widget.pause()
        await asyncio.sleep(0.01)
        steps, count = widget.picture.step, len(page.pictures)
        await asyncio.sleep(0.1)
        assert (widget.picture.step, len(page.pictures)) == (steps, count)
        return page

    page = asyncio.run(scene())
    shown = [p["step"] for p in page.pictures]
    assert shown[:2] == [0, 0]  # the hello's, and the first of the training
    assert set(np.diff(shown[1:-1])) == {10}  # an epoch from picture to picture


def test_full_speed_trains_more_between_pictures(make):
    async def scene():
        page = Page(make(speed="full", points=10))
        page.widget.play()
        await wait_for(lambda: len(page.pictures) > 6)
        return np.diff([p["step"] for p in page.pictures[1:]])

    assert asyncio.run(scene()).max() > 2


def test_a_slow_page_sets_the_pace(make):
    async def scene():
        widget = make(speed="full")
        page = Page(widget)
        await asyncio.sleep(0.01)
        page.awake = False
        widget.play()
        await wait_for(lambda: page.waiting == 1)
        await asyncio.sleep(0.1)
        steps = widget._trainer.steps
        await asyncio.sleep(0.1)
        assert widget._trainer.steps == steps  # nobody looks on: nothing is computed
        assert page.waiting == 1
        widget.noise = 0.5  # a reader's move is answered at once
        assert page.waiting == 2
        page.awake = True
        page.paint()
        await wait_for(lambda: page.pictures[-1]["step"] > 0)

    asyncio.run(scene())


def test_without_a_page_nothing_is_trained(make):
    async def scene():
        widget = make()
        widget.play()
        await asyncio.sleep(0.05)
        assert widget._trainer.steps == 0
        page = Page(widget)  # it opens, and the training begins
        await wait_for(lambda: len(page.pictures) > 3)
        assert widget._trainer.steps > 0

    asyncio.run(scene())


def test_pictures_are_at_most_thirty_a_second(make):
    async def scene():
        page = Page(make(speed="batch"))
        page.widget.play()
        begin = asyncio.get_running_loop().time()
        await asyncio.sleep(0.5)
        return len(page.pictures), asyncio.get_running_loop().time() - begin

    count, seconds = asyncio.run(scene())
    assert 2 < count <= seconds * 30 + 3  # the hello's, the first, and rounding


def test_controls_act_on_a_training_that_goes_on(make):
    async def scene():
        widget = make()
        page = Page(widget)
        widget.play()
        await wait_for(lambda: page.pictures[-1]["step"] > 20)
        widget.set_state({"learning_rate": 0.001})
        assert widget.playing
        assert page.pictures[-1]["step"] > 20
        widget.set_state({"depth": 3})
        assert page.pictures[-1]["step"] == 0
        await wait_for(lambda: page.pictures[-1]["step"] > 20)
        assert page.pictures[-1]["layers"] == 4

    asyncio.run(scene())


def test_an_explosion_stops_it_and_keeps_the_last_picture(make):
    async def scene():
        widget = make(
            activation="linear", depth=4, optimizer="sgd", learning_rate=100.0
        )
        page = Page(widget)
        widget.play()
        await wait_for(lambda: widget.error)
        assert not widget.playing
        assert "learning rate of 100 is too large" in widget.error
        assert all(np.isfinite(p["theta"]).all() for p in page.pictures)
        widget.set_state({"learning_rate": 0.01})
        page.say("reset")
        assert (widget.error, page.pictures[-1]["step"]) == ("", 0)

    asyncio.run(scene())


def test_a_fault_of_ours_is_told_and_stops_it(make):
    async def scene():
        widget = make()
        page = Page(widget)
        await asyncio.sleep(0.01)
        widget._trainer.step = lambda *_: 1 / 0
        widget.play()
        await wait_for(lambda: widget.error)
        assert widget.error == (
            "This should not happen: ZeroDivisionError: division by zero"
        )
        assert not widget.playing
        assert len(page.pictures) >= 2

    asyncio.run(scene())


def test_without_an_event_loop_play_says_what_to_do(make):
    widget = make()
    with pytest.raises(NotReadyError, match=r"use step\(n\)"):
        widget.play()
    assert not widget.playing


def test_closing_stops_it_and_leaves_nothing_pending(make, caplog):
    async def scene():
        widget = make(speed="full")
        page = Page(widget)
        widget.play()
        await wait_for(lambda: page.pictures[-1]["step"] > 0)
        assert len(asyncio.all_tasks()) == 1  # this one
        widget.close()
        steps = widget._trainer.steps
        await asyncio.sleep(0.05)
        assert widget._trainer.steps == steps
        other = make(speed="full")
        page = Page(other)
        other.play()
        await wait_for(lambda: page.pictures[-1]["step"] > 0)
        # The loop ends while the other one plays, as when a kernel is shut down.

    asyncio.run(scene())
    gc.collect()
    assert caplog.records == []
