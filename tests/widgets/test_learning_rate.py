"""The learning rate: the bowl with its dial, and 64 trainings to scrub through."""

import numpy as np
import pytest

from dlcourse.errors import ConfigError
from dlcourse.widgets import learning_rate, learning_rate_sweep
from dlcourse.widgets.learning_rate import (
    CONTROLS,
    FULL,
    PRESETS,
    at,
    compute,
    point_at,
)
from dlcourse.widgets.learning_rate_sweep import RATES, train
from dlcourse.widgets.surface import on_map

FIRST = {control.name: control.value for control in CONTROLS}


def tip(explorer, which):
    """Where a needle points to on the dial, as rate · curvature."""
    (_, x), (_, y) = explorer._artists.needles[which].get_data()
    return (1 - np.arctan2(y, x) / np.pi) * FULL


# --------------------------------------------------------------------- the bowl


@pytest.mark.parametrize("curvature", [1.0, 4.0, 20.0])
def test_it_explodes_exactly_beyond_the_edge(curvature):
    edge = 2 / curvature
    for factor in (0.5, 0.95, 0.999, 1.001, 1.05, 1.5):
        rate = factor * edge
        descent = compute(
            **FIRST | {"learning_rate": rate, "curvature": curvature, "step": 40}
        )
        steep = abs(descent.path[:, 1])
        assert descent.edge == pytest.approx(edge)
        assert (steep[-1] > steep[0]) == (factor > 1)


def test_a_step_multiplies_by_the_factors():
    descent = compute(**FIRST | {"learning_rate": 0.15, "step": 7})
    np.testing.assert_allclose(descent.factors, [0.85, -0.5])
    expected = [FIRST["start1"] * 0.85**7, FIRST["start2"] * (-0.5) ** 7]
    np.testing.assert_allclose(descent.path[-1], expected)
    assert len(descent.path) == len(descent.loss) == 8


def test_rings_are_where_the_loss_is_their_level():
    from dlcourse.analysis import Bowl
    from dlcourse.widgets.learning_rate import LEVELS

    descent = compute(**FIRST)
    losses = Bowl.of(descent.curvatures).loss(descent.rings)
    np.testing.assert_allclose(losses, np.repeat(LEVELS[:, None], 181, 1))


@pytest.fixture(scope="module")
def bowl():
    return learning_rate()


@pytest.mark.parametrize(
    ("preset", "words"),
    [
        ("too small", "crawls"),
        ("right", "zigzags"),
        ("too large", "explodes"),
        ("at the edge", "forever"),
        ("round bowl", "glides"),
    ],
)
def test_presets_do_what_they_are_named(bowl, preset, words):
    bowl.set(preset=preset)
    assert words in repr(bowl)


def test_a_preset_can_be_the_beginning():
    assert len(PRESETS) == 5
    assert "it explodes" in repr(learning_rate(preset="too large"))


def test_the_needles_show_rate_times_curvature(bowl):
    explorer = bowl
    explorer.set(preset="right", learning_rate=0.1, curvature=15.0)
    assert tip(explorer, 0) == pytest.approx(0.1)
    assert tip(explorer, 1) == pytest.approx(1.5)
    explorer.set(learning_rate=1.0)
    assert tip(explorer, 1) == pytest.approx(FULL)  # it stays at the end of the dial
    assert at(0) == pytest.approx(np.pi) and at(FULL) == at(99) == 0


def test_the_start_on_the_valley_floor_is_told(bowl):
    bowl.set(preset="right", learning_rate=0.5, start2=0.0)
    assert "exactly on the floor" in repr(bowl)


def test_far_away_is_still_a_picture():
    explorer = learning_rate(learning_rate=1.0, curvature=20.0)
    assert explorer._artists.gone.get_visible()
    assert "more than a million" in repr(explorer)
    assert explorer.message == ""
    explorer.reset()
    explorer.set(preset="right")
    assert not explorer._artists.gone.get_visible()


def test_pointing_at_the_map_moves_the_start(bowl):
    artists = bowl._artists
    x, y = artists.plane.transData.transform((2.0, -1.04))
    assert point_at(artists, x, y) == {"start1": 2.0, "start2": -1.0}
    x, y = artists.plane.transData.transform((4.3, -4.3))
    assert point_at(artists, x, y) == {"start1": 4.0, "start2": -4.0}
    assert point_at(artists, 750, 400) == {}  # on the dial


def test_steps_are_played():
    explorer = learning_rate(step=3)
    assert len(explorer.result.path) == 4
    explorer.step()
    assert len(explorer.result.path) == 5


@pytest.mark.parametrize("rate", [-0.1, 0.0, 5.0, float("nan"), "fast"])
def test_a_rate_that_cannot_be_is_refused(bowl, rate):
    before = bowl.settings
    with pytest.raises(ConfigError, match="learning_rate"):
        bowl.set(learning_rate=rate)
    assert bowl.settings == before
    with pytest.raises(ConfigError, match="learning_rate"):
        learning_rate(learning_rate=rate)


# ------------------------------------------------------------------- the sweep


@pytest.fixture(scope="module")
def runs():
    return train(0)


@pytest.fixture(scope="module")
def sweeper():
    return learning_rate_sweep("too small")


def test_64_rates_from_one_start(runs):
    assert runs.loss.shape == (64, 201) and runs.paths.shape == (64, 201, 2)
    np.testing.assert_allclose(runs.loss[:, 0], runs.loss[0, 0], rtol=1e-6)
    starts = runs.paths[:, 0]
    np.testing.assert_allclose(starts, np.tile(starts[0], (64, 1)), atol=1e-5)


def test_crawl_glide_explode(runs):
    last = runs.loss[:, -1]
    assert not runs.gone[: 3 * 64 // 4].any()
    assert runs.gone[-5:].all()
    best = np.where(runs.gone, np.inf, last).argmin()
    assert last[best] < 0.5 * last[0]
    assert 0.1 < RATES[best] < 0.5


def test_nobody_stays_where_it_is_too_steep(runs):
    calm = runs.calm & ~runs.gone
    assert (RATES * runs.curvature / 2)[calm].max() < 1.15
    edge_of_stability = (RATES > 0.3) & ~runs.gone
    ratios = (RATES * runs.curvature / 2)[edge_of_stability]
    assert len(ratios) >= 4 and abs(np.median(ratios) - 1) < 0.25


def test_each_start_is_trained_once(sweeper):
    before = train.cache_info().misses
    for rate in RATES[::7]:
        sweeper.set(learning_rate=float(rate))
    assert train.cache_info().misses == before


def test_scrubbing_shows_the_run(runs, sweeper):
    explorer = sweeper
    explorer.set(preset="too small")
    index = explorer.result.index
    assert RATES[index] == pytest.approx(0.01, rel=0.06)
    x, y = explorer._artists.curve.get_data()
    np.testing.assert_array_equal(y, runs.loss[index])
    np.testing.assert_array_equal(x, np.arange(201))
    path = np.array(explorer._artists.plane.path.get_data()).T
    np.testing.assert_allclose(path, on_map(runs.surface, runs.paths[index]))
    (rate,), (loss,) = explorer._artists.chosen_end.get_data()
    assert rate == RATES[index] and loss == runs.loss[index, -1]


@pytest.mark.parametrize(
    ("preset", "words"),
    [
        ("too small", "Too small"),
        ("right", "About right"),
        ("too large", "explodes"),
        ("at the edge", "At the edge"),
    ],
)
def test_presets_of_the_sweep(sweeper, preset, words):
    sweeper.set(preset=preset)
    assert words in repr(sweeper)
    assert sweeper._artists.plane.away.get_visible() == (preset == "too large")


def test_other_first_weights_are_another_landscape(runs, sweeper):
    sweeper.set(start=1)
    assert sweeper.result.runs is not runs
    assert not np.allclose(sweeper.result.runs.loss[:, 0], runs.loss[:, 0])
    assert sweeper.message == ""
