"""Runs as dots, their mean with its interval: the artists say what was handed in."""

import numpy as np
import pytest

from dlcourse.analysis import mean_interval
from dlcourse.errors import NonFiniteError
from dlcourse.plots.figure import subplots
from dlcourse.plots.intervals import run_intervals

RUNS = {"wide": [0.9, 0.92, 0.94], "deep": np.array([0.98, 0.99, 0.985, 0.99])}


def test_every_run_is_a_dot_and_every_mean_a_bar():
    _, axes = subplots()
    bars = run_intervals(axes, RUNS)
    assert list(bars) == ["wide", "deep"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["wide", "deep"]
    dots = [line for line in axes.lines if line.get_alpha()]
    for line, values in zip(dots, RUNS.values(), strict=True):
        np.testing.assert_allclose(line.get_xdata(), values)
    for name, values in RUNS.items():
        found = mean_interval(values)
        middle, _, (bar,) = bars[name]
        assert middle.get_xdata()[0] == pytest.approx(found.mean)
        (segment,) = bar.get_segments()
        np.testing.assert_allclose(segment[:, 0], [found.low, found.high])


def test_the_first_is_on_top_and_markers_differ():
    _, axes = subplots()
    run_intervals(axes, RUNS)
    assert axes.yaxis_inverted()
    dots = [line for line in axes.lines if line.get_alpha()]
    assert len({line.get_marker() for line in dots}) == 2


def test_a_diverged_run_is_refused():
    _, axes = subplots()
    with pytest.raises(NonFiniteError, match="diverged"):
        run_intervals(axes, {"a": [1.0, np.inf]})
