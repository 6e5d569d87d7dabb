"""Overfitting: what each preset promises holds, on its own points and on others."""

import numpy as np
import pytest

from dlcourse import backend
from dlcourse.analysis.fitting import Fitting, Stop, early_stop, network
from dlcourse.errors import ConfigError
from dlcourse.widgets import overfitting
from dlcourse.widgets.overfitting import (
    CONTROLS,
    PRESETS,
    compute,
    fitting,
    look,
    point_at,
)
from dlcourse.widgets.overfitting_view import APART, CEILING, FLOOR, STEPS, short

FIRST = {control.name: control.value for control in CONTROLS}
SETTINGS = ("layers", "width", "points", "noise", "l2", "dropout", "data")
OTHERS = [1]  # another draw of the points


def last(**settings):
    """The final result for these settings."""
    *_, fit = compute(**FIRST | settings)
    return fit


# ---------------------------------------------------------------- is it true?


@pytest.mark.parametrize(
    ("preset", "verdict"),
    [
        ("overfit", "over"),
        ("underfit", "under"),
        ("just right", "good"),
        ("rescued by L2", "good"),
        ("rescued by dropout", "good"),
        ("stopped early", "good"),
        ("more data", "good"),
    ],
)
def test_presets_show_what_they_say(preset, verdict):
    assert last(**PRESETS[preset]).verdict == verdict


def test_all_presets_are_tested():
    assert len(PRESETS) == 7


@pytest.mark.parametrize("data", [0, *OTHERS])
def test_capacity_lowers_the_training_error_and_turns_the_test_error(data):
    fits = [last(data=data, **PRESETS[p]) for p in ("underfit", "just right")]
    fits.append(last(data=data))
    training = [fit.at("training") for fit in fits]
    test = [fit.at("test") for fit in fits]
    assert training == sorted(training, reverse=True)
    assert test[1] < 0.6 * test[0] and test[1] < 0.75 * test[2]
    assert fits[0].verdict == "under" and fits[2].verdict == "over"
    assert fits[2].gap > 3 * fits[1].gap > 0


@pytest.mark.parametrize("data", [0, *OTHERS])
@pytest.mark.parametrize("rescue", ["rescued by L2", "stopped early"])
def test_a_rescue_raises_the_training_error_and_lowers_the_test_error(data, rescue):
    lost, rescued = last(data=data), last(data=data, **PRESETS[rescue])
    assert rescued.at("training") > 1.5 * lost.at("training")
    assert rescued.at("test") < 0.75 * lost.at("test")


def test_the_errors_are_what_they_are_called():
    training = fitting(**{k: FIRST[k] for k in SETTINGS})
    while not training.done:
        training.advance()
    predict = training.model.predict
    error = np.mean((predict(training.x) - training.y) ** 2)
    assert training.training[-1] == pytest.approx(error)
    assert np.all(training.test >= training.noise**2)
    # the expectation over new points, against a hundred thousand of them
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (100_000, 1))
    y = np.sin(np.pi * x) + 0.3 * rng.standard_normal(x.shape)
    error = np.mean((predict(x, batch_size=len(x)) - y) ** 2)
    assert training.test[-1] == pytest.approx(error, rel=0.02)


def test_only_the_points_are_new_when_new_points_are_asked_for():
    one, other = (Fitting(data=data, steps=10) for data in (0, 1))
    np.testing.assert_array_equal(one.curves[0], other.curves[0])
    assert not np.array_equal(one.x, other.x)


def test_more_points_are_added_and_none_is_moved():
    few, many = (Fitting(points=points, steps=10) for points in (10, 40))
    np.testing.assert_array_equal(few.x, many.x[:10])
    np.testing.assert_array_equal(few.y, many.y[:10])


def test_l2_and_dropout_reach_the_network():
    kinds = [type(layer).__name__ for layer in network(2, 8, 0.1, 0.5).layers]
    assert kinds == ["Dense", "Dropout", "Dense", "Dropout", "Dense"]
    sizes = []
    for l2 in (0.0, 0.01, 0.1):
        training = Fitting(layers=1, width=8, l2=l2, steps=300)
        while not training.done:
            training.advance()
        theta = backend.to_numpy(training.model.theta)
        sizes.append(np.linalg.norm(theta))
    assert sizes[0] > 1.1 * sizes[1] > 1.5 * sizes[2]


# ---------------------------------------------------------------- stopping early


@pytest.mark.parametrize(
    ("losses", "patience", "stop"),
    [
        ([3, 2, 1, 2, 3, 4], 2, Stop(2, 4)),
        ([3, 2, 1, 2, 3, 4], 3, Stop(2, 5)),
        ([3, 2, 1, 2, 3, 4], 9, Stop(2, None)),
        ([3, 2, 1, 2, 0, 4, 4], 2, Stop(4, 6)),
        ([5, 4, 3, 2, 1], 1, Stop(4, None)),
        ([1, 1, 1], 2, Stop(0, 2)),
    ],
)
def test_patience_counts_from_the_best(losses, patience, stop):
    assert early_stop(losses, patience) == stop


def test_after_the_stop_the_best_weights_are_shown():
    fit = last(patience=200)
    moments = list(fit.steps)
    best = int(np.argmin(fit.errors["validation"][: fit.stop.last + 1]))
    assert fit.stop.best == fit.shown == best
    assert moments[fit.stop.last] - moments[best] == 200
    training = fitting(**{k: FIRST[k] for k in SETTINGS})
    np.testing.assert_array_equal(fit.curve, training.curves[best])
    np.testing.assert_array_equal(fit.unstopped, training.curves[-1])


def test_before_the_stop_nothing_is_restored():
    fit = last(patience=200, step=50)
    assert fit.steps[fit.shown] == 50
    assert fit.unstopped is None


# ---------------------------------------------------------------- the interactive


def test_a_training_is_shown_in_stages_and_gone_on_with():
    settings = FIRST | {"width": 6, "data": 77}
    generator = compute(**settings)
    for _ in range(5):
        fit = next(generator)
    assert len(fit.steps) == 5 and fit.steps[fit.shown] == 40
    generator.close()
    again = next(compute(**settings))
    assert len(again.steps) == 5, "the training was begun again"
    *_, end = compute(**settings)
    assert end.steps[-1] == STEPS


def test_stages_do_not_change_the_end():
    settings = {"layers": 1, "width": 4, "steps": 100}
    whole, halves = Fitting(**settings, every=100), Fitting(**settings, every=10)
    for training in (whole, halves):
        while not training.done:
            training.advance()
    np.testing.assert_array_equal(whole.curves[-1], halves.curves[-1])


def test_looking_back_needs_no_training():
    explorer = overfitting("just right")
    explorer.set(step=100)
    assert explorer.result.steps[explorer.result.shown] == 100
    assert "step 100:" in repr(explorer)
    assert len(explorer.result.steps) == STEPS // 10 + 1


def test_the_picture_shows_the_result():
    explorer = overfitting("stopped early")
    fit, artists = explorer.result, explorer._artists
    np.testing.assert_allclose(artists.network.get_ydata(), fit.curve)
    np.testing.assert_allclose(artists.points.get_ydata(), fit.y[:, 0])
    (x,), (y,) = artists.dots["test"].get_data()
    assert (x, y) == (fit.steps[fit.shown], pytest.approx(fit.at("test")))
    assert artists.stop[0].get_xdata()[0] == fit.steps[fit.stop.last]
    assert artists.best[0].get_xdata()[0] == fit.steps[fit.stop.best]
    assert artists.lines["validation"].get_visible()
    explorer.set(patience=0)
    assert not artists.lines["validation"].get_visible()
    assert not artists.stop[0].get_visible()
    assert np.isnan(artists.ghost.get_ydata()).all()


@pytest.mark.parametrize(
    "settings",
    [{}, {"noise": 0.0, "points": 200}, {"patience": 50}, {"points": 5, "layers": 3}],
)
def test_names_stay_inside_and_apart(settings):
    explorer = overfitting("just right", step=200, **settings)
    names = [n for n in explorer._artists.names.values() if n.get_visible()]
    span = np.log(CEILING / FLOOR)
    heights = sorted(np.log(name.get_position()[1] / FLOOR) / span for name in names)
    assert heights[0] > 0 and heights[-1] < 1
    assert np.all(np.diff(heights) >= APART - 1e-9)


def test_pointing_at_the_errors_looks_at_that_step():
    artists = overfitting("underfit", step=0)._artists
    x, y = artists.errors.transData.transform((301, 0.1))
    assert point_at(artists, x, y) == {"step": 300}
    assert point_at(artists, 1, 1) == {}


def test_no_noise_nothing_to_overfit():
    fit = last(noise=0.0, layers=2, width=16)
    assert fit.verdict == "good"
    assert fit.at("test") < 0.001
    assert "<0.001" in repr(overfitting(noise=0.0, layers=2, width=16))


def test_settings_that_cannot_be_are_refused():
    with pytest.raises(ConfigError, match="layers"):
        overfitting(layers=4)
    with pytest.raises(ConfigError, match="dropout"):
        overfitting(dropout=1.0)
    with pytest.raises(ConfigError, match="rescued by L2"):
        overfitting("rescued by L1")


def test_errors_are_short():
    assert [short(v) for v in (0.0994, 0.5, 12.3, -0.02)] == [
        "0.099",
        "0.50",
        "12.3",
        "−0.020",
    ]


def test_looking_at_a_moment_that_is_not_there_yet_shows_the_newest():
    training = Fitting(layers=1, width=2, data=5, steps=100)
    training.advance()
    fit = look(training, patience=0, step=STEPS)
    assert (fit.shown, fit.looked_at) == (1, 10)
