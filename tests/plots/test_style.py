"""The style reaches what is drawn, is left behind nowhere, and can be told apart."""

from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from dlcourse import plots
from dlcourse.plots import style


def test_the_style_ends_with_its_block():
    before = dict(mpl.rcParams)
    with plots.course_style():
        assert mpl.rcParams["lines.linewidth"] == 2.5
    _, axes = plots.subplots()
    plots.loss_curves(axes, {"loss": [2.0, 1.0]})
    assert dict(mpl.rcParams) == before


def test_subplots_and_drawings_have_the_style_whatever_is_set_around_them():
    with mpl.rc_context({"font.size": 3, "lines.linewidth": 0.1}):
        _, axes = plots.subplots()
        lines = plots.loss_curves(axes, {"loss": [2.0, 1.0]})
    assert axes.xaxis.label.get_size() == 12
    assert axes.get_facecolor()[:3] == (1, 1, 1)
    assert not axes.spines["top"].get_visible()
    assert lines["loss"].get_linewidth() == 2.5


def test_every_setting_exists():
    assert set(plots.STYLE) <= set(mpl.rcParams)


def test_no_two_of_twelve_classes_look_alike():
    looks = {tuple(style.class_look(k).values()) for k in range(12)}
    markers = {style.class_look(k)["marker"] for k in range(12)}
    assert len(looks) == len(markers) == 12


# Machado, Oliveira and Fernandes (2009), severity 1: linear RGB as seen by a dichromat
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}


@pytest.mark.parametrize("kind", BLINDNESS)
def test_colors_of_the_first_three_classes_differ_for_all_eyes(kind):
    linear = np.array([to_rgb(color) for color in plots.CLASS_COLORS[:3]]) ** 2.2
    seen = np.clip(linear @ np.transpose(BLINDNESS[kind]), 0, 1) ** (1 / 2.2)
    for one, other in combinations(seen, 2):
        assert np.linalg.norm(one - other) > 0.15


def test_training_and_validation_differ_in_color_and_in_line():
    assert style.TRAINING["color"] != style.VALIDATION["color"]
    assert style.TRAINING["linestyle"] != style.VALIDATION["linestyle"]
