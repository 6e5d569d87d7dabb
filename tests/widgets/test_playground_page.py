"""The playground and its page: how it answers a control, and what it leaves behind."""

import re
from types import SimpleNamespace

import numpy as np

from dlcourse.widgets import cells
from dlcourse.widgets.playground import PRESETS, view
from dlcourse.widgets.playground.bundle import EXPORT, IMPORT, bundle

from .playground_page import Page, make

__all__ = ["make"]  # a fixture: the tests name it


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
    words = "blobs, 2-1 network with 3 parameters, Adam 0.03, batch 10, L2 0."
    assert data["text/plain"] == again["text/plain"] == f"Playground: {words}"
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
