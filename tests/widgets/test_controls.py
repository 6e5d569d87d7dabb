"""Described controls and settings: what they take, and what they refuse."""

import pytest

from dlcourse.errors import ConfigError
from dlcourse.widgets import Choice, Counter, Slider, Stops, Toggle
from dlcourse.widgets.settings import Settings


def test_a_slider_of_whole_numbers_gives_whole_numbers():
    slider = Slider("layers", 1, 1, 10)
    assert slider.whole
    assert slider.check(3.0) == 3
    assert type(slider.check(3.0)) is int
    with pytest.raises(ConfigError, match="whole number"):
        slider.check(2.5)


def test_a_slider_of_negative_whole_numbers():
    assert Slider("shift", 0, -5, 5).check(-5) == -5


def test_a_slider_rounds_what_floats_cannot_say():
    slider = Slider("rate", 0.1, 0.001, 0.3, log=True)
    assert slider.check(0.1 + 0.2) == 0.3  # 0.30000000000000004 lies beyond the end
    with pytest.raises(ConfigError, match="at most 0.3"):
        slider.check(0.31)


def test_a_log_slider_cannot_begin_at_zero():
    with pytest.raises(ConfigError, match="above 0"):
        Slider("rate", 0.1, 0, 1, log=True)


def test_a_first_value_must_fit():
    with pytest.raises(ConfigError, match="at most 1"):
        Slider("rate", 2.0, 0.0, 1.0)
    with pytest.raises(ConfigError, match="Did you mean 'relu'"):
        Choice("activation", "rulu", ["relu", "tanh"])


def test_stops_take_the_nearest():
    stops = Stops("rate", 1.0, [0.1, 1.0, 10.0], format=".1f")
    assert stops.labelled == [("0.1", 0.1), ("1.0", 1.0), ("10.0", 10.0)]
    assert stops.check(0.3) == 0.1
    assert stops.check(10) == 10.0
    with pytest.raises(ConfigError, match="at most 10"):
        stops.check(11)


def test_a_choice_tells_true_from_one():
    choice = Choice("noise", 1, {"none": 0, "some": 1})
    assert choice.labelled == [("none", 0), ("some", 1)]
    assert choice.check(0) == 0
    with pytest.raises(ConfigError, match="cannot be True"):
        choice.check(True)


def test_a_toggle_and_a_counter():
    assert Toggle("shown", True).check(0) is False
    assert Counter("seed").check(7) == 7
    with pytest.raises(ConfigError, match="seed must be a whole number"):
        Counter("seed").check(-1)


def test_a_label_is_the_name_unless_something_was_said():
    assert Slider("learning_rate", 0.1, 0, 1).label == "learning rate"
    assert Slider("w", 0.1, 0, 1, description="Weight").label == "Weight"


def test_a_preset_that_cannot_be_is_found_at_once():
    with pytest.raises(ConfigError, match="height must be at least 0 and at most 5"):
        Settings("A bar", [Slider("height", 1, 0, 5)], {"huge": {"height": 50}})
    with pytest.raises(ConfigError, match="'A bar' has no setting 'size'"):
        Settings("A bar", [Slider("height", 1, 0, 5)], {"huge": {"size": 5}})
