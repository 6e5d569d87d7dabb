"""The playground and its page: who sends what, and when; a stand-in is the page."""

import asyncio
import gc
import re
from types import SimpleNamespace

import numpy as np
import pytest

from dlcourse.errors import NotReadyError
from dlcourse.widgets import cells
from dlcourse.widgets.playground import PRESETS, Playground, playground, view, wire
from dlcourse.widgets.playground.bundle import EXPORT, IMPORT, bundle


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


# ------------------------------------------------------------------- without training


def test_a_page_that_opens_gets_a_picture(make):
    page = Page(make(depth=1, width=16))
    assert [p["frame"] for p in page.pictures] == [1]
    assert page.pictures[0]["parameters"] == 65
    assert page.words[0]["summary"].startswith("Moons, 2-16-1 tanh network with 65")
    page.say("hello")  # a second view of it
    assert [p["frame"] for p in page.pictures] == [1, 2]


def test_a_moved_control_is_answered_by_one_picture(make):
    widget = make()
    page = Page(widget)
    before = page.pictures[-1]
    widget.noise = 0.4
    assert len(page.pictures) == 2
    assert not np.array_equal(page.pictures[-1]["x"], before["x"])
    widget.learning_rate = 0.3
    assert page.words[-1]["training"] == "Adam 0.3, batch 10, L2 0, by epoch"
    widget.set_state({"width": 3, "depth": 2, "seed": 5})  # as from the page
    assert len(page.pictures) == 4
    assert tuple(page.pictures[-1]["sizes"]) == (2, 3, 3, 1)
    assert widget.settings.seed == 5


def test_an_impossible_value_is_an_error_in_place(make):
    widget = make()
    page = Page(widget)
    widget.set_state({"learning_rate": -1})
    assert widget.error == "learning_rate must be more than 0 and at most 100, not -1."
    assert len(page.pictures) == 1  # the last good one stays
    assert widget.settings.learning_rate == 0.03
    widget.set_state({"learning_rate": 0.1})
    assert widget.error == ""
    assert len(page.pictures) == 2
    widget.set_state({"width": 99})
    page.say("reset")
    assert (widget.error, widget.width) == ("", 8)
    widget.preset = "spiral needs death"
    assert "Did you mean 'spiral needs depth'" in widget.error
    assert widget.preset == ""


def test_step_trains_by_what_the_speed_says(make):
    widget = make(points=30, batch_size=10)
    page = Page(widget)
    for speed, steps in (("batch", 1), ("epoch", 4), ("full", 7)):
        widget.speed = speed
        page.say("step")
        assert page.pictures[-1]["step"] == steps
    widget.step(2)
    assert widget.picture.step == 9


def test_reset_begins_again_and_once_more_restores_the_controls(make):
    widget = make()
    page = Page(widget)
    first = page.pictures[-1]["theta"]
    widget.width = 3
    second = page.pictures[-1]["theta"]
    page.say("step")
    page.say("reset")
    np.testing.assert_array_equal(page.pictures[-1]["theta"], second)
    assert page.pictures[-1]["losses"] == 1
    page.say("reset")
    np.testing.assert_array_equal(page.pictures[-1]["theta"], first)
    assert widget.width == 8


def test_live_settings_keep_the_weights_and_others_do_not(make):
    widget = make()
    page = Page(widget)
    widget.step(30)
    theta = page.pictures[-1]["theta"]
    widget.set_state({"l2": 0.01, "optimizer": "sgd", "batch_size": 50})
    np.testing.assert_array_equal(page.pictures[-1]["theta"], theta)
    assert page.pictures[-1]["step"] == 30
    widget.activation = "relu"
    assert page.pictures[-1]["step"] == 0


def test_a_preset_moves_all_controls_at_once(make):
    widget = make("linear cannot do circles")
    assert widget.note.startswith("No straight line")
    page = Page(widget)
    widget.preset = "a large rate kills ReLUs"
    preset = PRESETS[widget.preset]
    assert widget.settings == preset.settings
    assert (widget.activation, widget.speed) == ("relu", "batch")
    assert widget.note == preset.note
    assert page.pictures[-1]["parameters"] == 105
    widget.learning_rate = 0.1
    assert widget.preset == ""
    assert widget.note == preset.note  # it says what to try
    widget.step(1)
    page.say("reset")
    page.say("reset")
    assert widget.learning_rate == 3.0


def test_a_burst_of_moves_ends_on_the_last_value(make):
    widget = make()
    page = Page(widget, awake=False)
    for seed in range(200):
        widget.seed = seed
    assert len(page.pictures) <= view.AHEAD
    page.awake = True
    page.paint()
    np.testing.assert_array_equal(page.pictures[-1]["x"], widget.picture.x)
    assert len(page.pictures) <= view.AHEAD + 1


# --------------------------------------------------------------------------- training


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


def test_running_the_cell_again_closes_the_one_before(make, monkeypatch):
    request = {"metadata": {"cellId": "c"}, "header": {"msg_id": "1"}}
    kernel = SimpleNamespace(get_parent=lambda: request)
    monkeypatch.setattr(cells, "get_ipython", lambda: SimpleNamespace(kernel=kernel))
    monkeypatch.setattr(cells, "_alive", {})
    first, second = make(), make()
    request["header"]["msg_id"] = "2"
    third = make()
    assert first.comm is None and second.comm is None
    assert third.comm is not None


# ------------------------------------------------------------------- the saved notebook


def test_a_saved_notebook_shows_a_picture_and_words(make):
    data, _ = make("blobs need only a line")._repr_mimebundle_()
    again, _ = make("blobs need only a line")._repr_mimebundle_()
    assert (
        data["text/plain"]
        == again["text/plain"]
        == (
            "Playground: blobs, 2-1 network with 3 parameters, Adam 0.03, batch 10, L2 0."
        )
    )
    assert "application/vnd.jupyter.widget-view+json" in data
    without = [re.sub('base64,[^"]*', "", d["text/html"]) for d in (data, again)]
    assert without[0] == without[1]
    assert re.search('<img alt="Playground: [^"]{100,}" width="960"', without[0])
    assert len(data["text/html"]) < 100_000


# -------------------------------------------------------------------------- the page


def test_the_front_end_is_one_module_without_imports():
    source = bundle(view.STATIC)
    files = sorted(view.STATIC.glob("*.js"))
    assert not re.search(r"^\s*import\b", source, re.M)
    assert re.findall(r"^export .*$", source, re.M) == ["export default { render };"]
    assert [f"// ---- {f.name}" in source for f in files] == [True] * len(files)
    assert "http" not in source  # nothing comes from the network
    for file in files:
        for names, other in IMPORT.findall(file.read_text()):
            offered = EXPORT.findall((view.STATIC / f"{other}.js").read_text())
            wanted = {name.strip() for name in names.strip("{}").split(",")}
            assert wanted <= set(offered), file.name


def test_every_setting_has_a_control_on_the_page(make):
    controls = (view.STATIC / "controls.js").read_text()
    found = re.findall(r'\{ name: "(\w+)", label: "[\w ]+"', controls)
    assert sorted(found) == sorted([*view.NAMES, "speed"])
    choices = make().choices
    assert {"data", "activation", "optimizer", "speed", "preset"} < set(choices)
    assert isinstance(make(), Playground)
