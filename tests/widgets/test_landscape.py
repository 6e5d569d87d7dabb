"""The landscape widget: slices, the walk through them, and what is said of it."""

import numpy as np
import pytest

from dlcourse.errors import ConfigError
from dlcourse.models import losses_at
from dlcourse.widgets import landscape
from dlcourse.widgets.landscape import (
    DIRECTIONS,
    OPTIMIZERS,
    PRESETS,
    RATES,
    problem,
    train,
)
from dlcourse.widgets.landscape_view import EVERY, STEPS, VIEWS, point_at
from dlcourse.widgets.surface import on_map


@pytest.fixture(scope="module")
def explorer():
    return landscape()


def test_the_walk_is_the_training(explorer):
    explorer.set(preset="the path")
    walk = explorer.result
    model, x, y = problem()
    path = train("SGD", 0)[RATES.index(1.0)]
    assert len(path) == STEPS // EVERY + 1 == len(walk.surface.path)
    expected = losses_at(model, path, x, y[:, None])
    np.testing.assert_allclose(walk.surface.path_loss, expected, rtol=1e-5)
    np.testing.assert_allclose(walk.surface.origin, path[-1])


def test_the_slice_of_the_path_explains_it_and_a_random_one_does_not(explorer):
    explorer.set(preset="the path")
    walk = explorer.result
    assert walk.surface.explained > 0.9
    # the slice nearly tells the truth about the loss on the way
    assert abs(np.log(walk.map_loss / walk.surface.path_loss))[5:].max() < 0.2
    explorer.set(preset="random slice")
    walk = explorer.result
    assert walk.surface.explained < 0.02
    assert abs(np.log(walk.map_loss / walk.surface.path_loss)).max() > 2
    assert f"{100 * walk.surface.explained:.2g} %" in (
        explorer._artists.plane.share.get_text()
    )


def test_the_network_at_the_dot(explorer):
    accuracy = []
    for step in (0, 60, STEPS):
        explorer.set(preset="the path", step=step)
        walk = explorer.result
        accuracy.append(walk.accuracy)
        assert walk.answers.shape == (51, 51)
        assert 0 <= walk.answers.min() < walk.answers.max() <= 1
    assert accuracy[0] < 0.9 < accuracy[1] < accuracy[2]
    x, y = explorer._artists.plane.now.get_data()
    origin = on_map(walk.surface, np.zeros(2))
    np.testing.assert_allclose([x[0], y[0]], origin, atol=1e-5)


def test_only_another_slice_is_drawn_anew(explorer, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "dlcourse.widgets.landscape_view.move_surface",
        lambda view, surface: drawn.append(surface),
    )
    explorer.set(preset="random slice", step=10)
    before = len(drawn)
    explorer.set(step=20)
    assert len(drawn) == before
    assert len(explorer._artists.plane.behind.get_xdata()) == 20 // EVERY + 1
    explorer.set(zoom=2.0)
    assert drawn[-1] is explorer.result.surface


def test_the_map_and_the_path_have_one_scale(explorer):
    explorer.set(preset="the path", step=0)
    surface = explorer.result.surface
    corners = np.array(
        [[a[i] for a in (surface.alphas, surface.betas)] for i in (0, -1)]
    )
    np.testing.assert_allclose(on_map(surface, corners), [[-1, -1], [1, 1]])
    x, y = explorer._artists.plane.now.get_data()
    expected = on_map(surface, surface.path[0])
    np.testing.assert_allclose([x[0], y[0]], expected)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("directions", DIRECTIONS.values())
@pytest.mark.parametrize("view", VIEWS)
def test_every_choice_is_a_picture(explorer, optimizer, directions, view):
    explorer.set(optimizer=optimizer, directions=directions, view=view, step=100)
    assert explorer.message == ""
    side = view == VIEWS[1]
    assert explorer._artists.hill.axes.get_visible() == side
    assert explorer._artists.plane.now.get_visible() != side
    assert optimizer in repr(explorer)


@pytest.mark.parametrize("rate", RATES)
def test_every_rate_is_a_picture(explorer, rate):
    explorer.set(preset="the path", learning_rate=rate)
    assert explorer.message == ""
    assert f"learning rate {rate:g}" in repr(explorer)


def test_presets_work_and_differ(explorer):
    seen = set()
    for preset in PRESETS:
        explorer.set(preset=preset)
        assert explorer.message == ""
        seen.add(repr(explorer))
    assert len(seen) == len(PRESETS) == 6


def test_pointing_at_the_path_goes_to_that_step(explorer):
    explorer.set(preset="the path")
    view = explorer._artists.plane
    place = explorer.result.surface.path[30]
    x, y = view.axes.transData.transform(on_map(explorer.result.surface, place))
    assert point_at(explorer._artists, x, y) == {"step": 30 * EVERY}
    assert point_at(explorer._artists, 1, 1) == {}  # beside the map
    explorer.set(view=VIEWS[1])
    assert point_at(explorer._artists, x, y) == {}  # there is no map now


def test_all_rates_are_trained_at_once_and_once(explorer):
    train("SGD", 0)
    before = train.cache_info().misses
    for rate in RATES:
        explorer.set(preset="the path", learning_rate=rate)
    assert train.cache_info().misses == before


def test_an_unknown_choice_is_named():
    with pytest.raises(ConfigError, match="pca"):
        landscape(directions="pac")
    with pytest.raises(ConfigError, match="the path"):
        landscape("the pass")
