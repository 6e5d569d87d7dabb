"""The neuron: the lecture's numbers, its line, and the tables of AND, OR and XOR."""

import numpy as np
import pytest

from dlcourse import ops, widgets
from dlcourse.widgets.words import equation

LECTURE = {
    "w1": 3.0,
    "w2": -2.0,
    "b": 1.0,
    "activation": "sigmoid",
    "x1": -1.0,
    "x2": 2.0,
    "table": "none",
}


@pytest.fixture
def compute():
    return widgets.neuron()._compute


def test_the_numbers_of_the_lecture(compute):
    found = compute(**LECTURE)
    assert found.z == -6
    assert f"{found.y:.5f}" == "0.00247"
    assert equation(found.w, found.b) == "1 + 3 x₁ − 2 x₂ = 0"


def test_the_line_is_where_the_sum_is_zero(compute):
    found = compute(**LECTURE)
    assert np.allclose(found.b + found.line @ found.w, 0)


def test_weights_turn_the_line_and_the_bias_shifts_it(compute):
    def direction(line):
        return np.abs(np.diff(line, axis=0) / 100)

    before = compute(**LECTURE)
    shifted = compute(**LECTURE | {"b": 4.0})
    assert np.allclose(direction(before.line), direction(shifted.line))
    assert not np.allclose(before.line, shifted.line)
    turned = compute(**LECTURE | {"w1": 1.0})
    assert not np.allclose(direction(before.line), direction(turned.line))


def test_the_heat_map_is_the_neuron_at_every_place(compute):
    found = compute(**LECTURE | {"activation": "tanh"})
    rows, columns = found.heat.shape
    axis = np.linspace(-4, 4, columns)
    place = (20, 77)  # x₂ grows from row to row
    x = np.array([axis[place[1]], axis[place[0]]])
    assert found.heat[place] == pytest.approx(float(ops.tanh(1 + x @ found.w)))
    assert rows == columns


@pytest.mark.parametrize("name", ["AND", "OR"])
def test_a_preset_gets_all_four_points_right(name):
    found = widgets.neuron(name)
    assert found.result.right.all()
    assert "4 of 4 points" in repr(found)


def test_no_neuron_gets_xor_right(compute):
    values = np.linspace(-5, 5, 9)
    settings = LECTURE | {"table": "XOR"}
    best = max(
        compute(**settings | {"w1": w1, "w2": w2, "b": b}).right.sum()
        for w1 in values
        for w2 in values
        for b in values
    )
    assert best == 3


def test_without_weights_there_is_no_line():
    found = widgets.neuron(w1=0.0, w2=0.0)
    assert found.result.line.shape == (0, 2)
    assert "there is no line" in repr(found)


def test_pointing_at_the_plane_chooses_the_input():
    found = widgets.neuron()
    x, y = found._artists.plane.transData.transform((2.0, -3.0))
    found._view.pointer = [float(x), float(found._picture.height - y)]
    assert (found.settings["x1"], found.settings["x2"]) == (2.0, -3.0)
    assert found.result.z == 1 + 3 * 2 - 2 * -3
    found._view.pointer = [float(found._picture.width - 5), 5.0]  # beside the plane
    assert found.settings["x1"] == 2.0
    assert found.message == ""
