"""Curves of a training: the right numbers at the right epochs, and bad ends told."""

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import plots
from dlcourse.errors import ConfigError, ShapeError


@pytest.fixture
def axes():
    return plots.subplots()[1]


def words_on(axes):
    return [text.get_text() for text in axes.texts]


def test_curves_of_a_real_training(axes):
    x, y = dl.datasets.moons(60)
    model = dl.Sequential([dl.Input((2,)), dl.layers.Dense(1, activation="sigmoid")])
    model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
    y = y[:, None]
    history = model.fit(x, y, epochs=4, validation_data=(x, y), verbose=0)
    lines = plots.loss_curves(axes, history)
    assert list(lines) == ["loss", "val_loss"]
    for key, line in lines.items():
        assert np.array_equal(line.get_xdata(), [1, 2, 3, 4])
        assert np.allclose(line.get_ydata(), history.history[key])
    assert lines["loss"].get_linestyle() != lines["val_loss"].get_linestyle()
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["training", "validation"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "loss")
    assert axes.get_ylim()[0] == 0


def test_a_training_that_went_on_keeps_its_epochs(axes):
    class History:
        history = {"loss": [3.0, 2.0]}
        epoch = [10, 11]

    lines = plots.loss_curves(axes, History())
    assert np.array_equal(lines["loss"].get_xdata(), [11, 12])
    assert axes.get_legend() is None  # one curve needs no legend


def test_another_metric_and_a_logarithmic_axis(axes):
    record = {"loss": [1.0, 0.1], "root_error": [0.5, 0.7]}
    lines = plots.loss_curves(axes, record, metric="root_error", log=True)
    assert np.array_equal(lines["root_error"].get_ydata(), [0.5, 0.7])
    assert axes.get_yscale() == "log"
    assert axes.get_ylabel() == "root error"


def test_the_curve_ends_where_the_loss_is_not_finite(axes):
    record = {"loss": [1.0, 9.0, np.inf, np.nan], "val_loss": [1.0, np.nan, 1.0, 1.0]}
    lines = plots.loss_curves(axes, record)
    assert np.isnan(lines["loss"].get_ydata()).tolist() == [False, False, True, True]
    assert words_on(axes) == ["not finite from epoch 3 on"]


def test_one_epoch_is_a_point(axes):
    lines = plots.loss_curves(axes, {"loss": [1.0]})
    assert lines["loss"].get_marker() == "o"


def test_an_unknown_metric(axes):
    with pytest.raises(ConfigError, match="Did you mean 'accuracy'"):
        plots.loss_curves(axes, {"loss": [1.0], "accuracy": [1.0]}, metric="acuracy")
    assert not axes.lines


def edges(band):
    """The lower and the upper edge of a band, over the steps 0, 1 …"""
    points = band.get_paths()[0].vertices
    steps = np.unique(points[:, 0])
    columns = [points[points[:, 0] == step, 1] for step in steps]
    return [c.min() for c in columns], [c.max() for c in columns]


@pytest.mark.parametrize("runs", [1, 4, 5])
def test_the_band_holds_all_runs_and_the_line_is_their_median(axes, runs):
    values = np.random.default_rng(0).normal(size=(runs, 3))
    line, band = plots.run_band(axes, np.arange(3), values)
    assert np.allclose(line.get_ydata(), np.median(values, axis=0))
    low, high = edges(band)
    assert np.allclose(low, values.min(axis=0))
    assert np.allclose(high, values.max(axis=0))


def test_diverged_runs_are_counted_not_hidden(axes):
    values = np.array([[1.0, 1.0], [2.0, np.nan], [3.0, np.inf], [4.0, 5.0]])
    line, band = plots.run_band(axes, np.arange(2), values, label="SGD")
    assert line.get_label() == "SGD (2 of 4 runs diverged)"
    assert line.get_ydata()[0] == 2.5
    # of 1, 5, ∞, ∞ the median lies between 5 and ∞: there is no such number
    assert np.isnan(line.get_ydata()[1])
    assert edges(band) == ([1.0, 1.0], [4.0, 5.0])


def test_runs_that_all_diverged_leave_a_gap(axes):
    line, _ = plots.run_band(axes, np.arange(2), [[1.0, np.nan], [2.0, np.inf]])
    assert np.isnan(line.get_ydata()).tolist() == [False, True]


@pytest.mark.parametrize("values", [np.zeros(3), np.zeros((2, 4)), np.zeros((0, 3))])
def test_a_band_that_cannot_be(axes, values):
    with pytest.raises(ShapeError, match="run_band draws values"):
        plots.run_band(axes, np.arange(3), values)
