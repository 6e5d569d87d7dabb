"""Explorer: from a moved control to the picture, without a browser."""

import asyncio

import pytest

from dlcourse.errors import ConfigError
from dlcourse.widgets import Explorer
from dlcourse.widgets.page import OWN

from .small import CONTROLS, Bar, Made, draw, layout, summary

# ------------------------------------------------------------------- settings


def test_it_begins_with_the_first_values():
    explorer = Made().explorer
    assert explorer.settings == {
        "height": 1,
        "rate": 0.1,
        "kind": "plain",
        "shown": True,
        "seed": 0,
        "moment": 0,
    }
    assert explorer.result == Bar(1, 0)
    assert repr(explorer) == "A bar. The bar is 1 high."


def test_a_preset_and_settings_to_begin_with():
    made = Made(preset="high", settings={"rate": 0.5})
    assert made.explorer.settings["height"] == 5
    assert made.explorer.settings["rate"] == 0.5
    assert made.widget("height").value == 5
    assert made.chooser.value == OWN


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"preset": "hihg"}, "no preset 'hihg'. Did you mean 'high'"),
        ({"settings": {"heigth": 1}}, "no setting 'heigth'. Did you mean 'height'"),
        ({"settings": {"height": 9}}, "height must be at least 0 and at most 5"),
        ({"settings": {"height": 1.5}}, "height must be a whole number"),
        ({"settings": {"height": "tall"}}, "height must be a finite number"),
        ({"settings": {"rate": float("nan")}}, "rate must be a finite number"),
        ({"settings": {"kind": "fanzy"}}, "kind cannot be 'fanzy'. Did you mean"),
        ({"settings": {"shown": "yes"}}, "shown must be True or False"),
        ({"settings": {"height": 3}}, "falls over"),
    ],
)
def test_what_cannot_be_is_an_error_of_the_call(arguments, message):
    with pytest.raises(ConfigError, match=message):
        Made(**arguments)


def test_set_moves_the_controls_and_the_picture():
    made = Made()
    before = made.explorer._view.picture
    made.explorer.set(height=2, kind="fancy")
    assert made.widget("height").value == 2
    assert made.widget("kind").value == "fancy"
    assert made.explorer._view.picture != before
    assert made.explorer._view.alt == "A bar. The bar is 2 high."
    with pytest.raises(ConfigError, match="no setting"):
        made.explorer.set(colour="red")


def test_presets_by_dropdown_and_back():
    made = Made()
    assert made.chooser.value == "low"
    made.chooser.value = "high and fast"
    assert made.explorer.settings["height"] == 5
    assert made.explorer.settings["rate"] == 1
    made.chooser.value = "high"  # what it leaves out has its first value again
    assert made.explorer.settings["rate"] == 0.1
    made.widget("height").value = 2
    assert made.chooser.value == OWN
    made.chooser.value = "high"
    made.chooser.value = OWN  # not a place to go to
    assert made.chooser.value == "high"
    made.explorer.set(preset="low", height=2)
    assert made.explorer.settings["height"] == 2


def test_reset_goes_back_to_how_the_call_began():
    made = Made(preset="high")
    made.explorer.set(height=2, shown=False)
    made.explorer.reset()
    assert made.explorer.settings["height"] == 5
    assert made.widget("shown").value is True


def test_a_button_counts():
    made = Made()
    (button,) = (
        widget
        for widget in made.explorer._page._all
        if getattr(widget, "description", "") == "New data"
    )
    button.click()
    button.click()
    assert made.explorer.result.seed == 2


def test_rounding_of_a_widget_is_not_sent_back_to_it():
    made = Made()
    slider = made.widget("rate")
    sent = []
    slider.observe(lambda change: sent.append(change["new"]), "value")
    slider.value = 10 ** (-1 / 3)  # 0.46415888336127786
    assert made.explorer.settings["rate"] == 0.4641588834
    assert sent == [10 ** (-1 / 3)]


# ------------------------------------------------------------------- errors


def test_an_error_is_shown_and_the_last_good_picture_stays():
    made = Made()
    made.explorer.set(height=2)
    picture = made.explorer._view.picture
    made.widget("height").value = 3
    assert made.explorer.message.startswith("A bar of height 3 falls over.")
    assert made.explorer._view.picture == picture
    assert made.explorer.result == Bar(2, 0)
    made.widget("height").value = 1
    assert made.explorer.message == ""


def test_an_unexpected_error_says_so():
    made = Made()
    made.explorer.set(height=4)
    message = "This should not happen: ZeroDivisionError: no reason"
    assert made.explorer.message.startswith(message)


def test_an_error_while_drawing_is_shown_too():
    def fail(line, bar):
        if bar.height == 2:
            raise ConfigError("no paint left")
        draw(line, bar)

    explorer = Explorer(
        lambda height: Bar(height, 0),
        layout,
        fail,
        summary,
        title="A bar",
        controls=CONTROLS[:1],
    )
    explorer.set(height=2)
    assert "no paint left" in explorer.message
    assert explorer.result == Bar(1, 0)


# ------------------------------------------------------------------- the page


def test_a_place_in_the_picture_becomes_settings():
    def point(line, x, y):
        return {"height": round(y / 100)} if x < 700 else {"height": 99}

    made = Made(pointer=point)
    view = made.explorer._view
    assert view.pointing
    view.pointer = [100.0, view.height - 210.0]  # the page counts downwards
    assert made.explorer.settings["height"] == 2
    view.pointer = [710.0, 0.0]
    assert "at most 5" in made.explorer.message


def test_the_saved_form_has_a_picture_with_words_and_never_changes():
    one, two = (Made().explorer._repr_mimebundle_() for _ in range(2))
    assert one["text/plain"] == "A bar. The bar is 1 high."
    assert '<img alt="A bar. The bar is 1 high." width="720"' in one["text/html"]
    assert "data:image/png;base64," in one["text/html"]
    assert "<p>The bar is 1 high.</p>" in one["text/html"]
    live = "application/vnd.jupyter.widget-view+json"
    assert one.pop(live) != two.pop(live)
    assert one == two


def test_closed_it_does_nothing_more():
    async def use():
        made = Made()
        slider = made.widget("height")
        made.explorer.play()
        made.widget("height").value = 2
        made.explorer.close()
        slider.value = 5
        await asyncio.sleep(0.03)
        assert len(made.calls) == 1
        assert made.explorer.settings["moment"] == 0
        assert slider.comm is None

    asyncio.run(use())
