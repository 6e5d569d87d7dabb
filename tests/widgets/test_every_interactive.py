"""What holds for every interactive made with `Explorer`, whatever it is about."""

import dataclasses
import inspect
from typing import get_type_hints

import numpy as np
import pytest

from dlcourse import widgets
from dlcourse.widgets import Counter, Explorer, Slider, Stops, Toggle

NAMES = [
    name
    for name in widgets.__all__
    if name.islower()
    and get_type_hints(getattr(widgets, name)).get("return") is Explorer
]


@pytest.fixture(scope="module", params=NAMES)
def make(request):
    return getattr(widgets, request.param)


@pytest.fixture(scope="module")
def explorer(make):
    return make()


def pixels(explorer):
    return np.array(explorer._picture.image())


def other_value(control):
    """A value the control can have, other than its first."""
    if isinstance(control, Toggle):
        return not control.value
    if isinstance(control, Counter):
        return control.value + 1
    if isinstance(control, Slider):
        near = 0.75 * control.value + 0.25 * control.low
        far = 0.75 * control.value + 0.25 * control.high
        value = near if control.value > control.low else far
        if not control.whole:
            return value
        step = 1 if control.value == control.low else -1
        return control.value + step if round(value) == control.value else round(value)
    options = [option for _, option in control.labelled if option != control.value]
    return options[len(options) // 2 if isinstance(control, Stops) else 0]


def test_a_result_is_a_frozen_dataclass(explorer):
    result = explorer.result
    assert dataclasses.is_dataclass(result)
    field = dataclasses.fields(result)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(result, field, None)


def test_the_summary_is_a_sentence(explorer):
    summary = explorer._view.summary
    assert summary.endswith(".")
    assert 20 < len(summary) < 500


def test_every_control_has_a_label(explorer):
    labels = [control.label for control in explorer._settings.controls.values()]
    assert all(label.strip() for label in labels)
    assert len(set(labels)) == len(labels)


def test_every_control_changes_the_picture(explorer):
    trains = inspect.isgeneratorfunction(explorer._compute)
    controls = list(explorer._settings.controls.values())
    for control in controls[:2] if trains else controls:  # a training takes its time
        before = pixels(explorer)
        explorer.set(**{control.name: other_value(control)})
        assert explorer.message == ""
        assert (pixels(explorer) != before).any(), f"{control.name} changes nothing"


def test_a_picture_depends_on_the_settings_alone(explorer, make):
    """However one came there: nothing stays behind from the pictures before."""
    presets = list(explorer._settings.presets)
    for preset in (presets[0], presets[-1], presets[len(presets) // 2]):
        explorer.set(preset=preset)
        assert explorer.message == ""
    fresh = make(preset)
    assert repr(explorer) == repr(fresh)
    differing = (pixels(explorer) != pixels(fresh)).any(-1).mean()
    assert differing < 1e-3, f"{preset}: {differing:.1%} of the pixels differ"


def test_an_unknown_setting_and_preset_are_named(make):
    with pytest.raises(ValueError, match="'no such preset'"):
        make("no such preset")
    with pytest.raises(ValueError, match="'no_such_setting'"):
        make(no_such_setting=1)
