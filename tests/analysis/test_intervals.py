"""Intervals of means: the tables' quantiles, the promised coverage, refusals."""

import numpy as np
import pytest

from dlcourse.analysis import difference_interval, mean_interval
from dlcourse.analysis.intervals import student_quantile
from dlcourse.errors import ConfigError, NonFiniteError, ShapeError


@pytest.mark.parametrize(
    ("freedom", "level", "expected"),
    [
        (1, 0.95, 12.7062),
        (2, 0.95, 4.30265),
        (4, 0.95, 2.77645),
        (9, 0.95, 2.26216),
        (9, 0.99, 3.24984),
        (4, 0.5, 0.740697),
        (1000, 0.95, 1.96234),
    ],
)
def test_quantiles_are_those_of_the_tables(freedom, level, expected):
    assert student_quantile(freedom, level) == pytest.approx(expected, rel=2e-5)


def test_an_interval_by_hand():
    found = mean_interval([1.0, 2.0, 3.0])
    assert found.mean == 2
    assert found.margin == pytest.approx(4.30265 / np.sqrt(3), rel=1e-4)
    assert (found.low, found.high) == (2 - found.margin, 2 + found.margin)
    assert found.excludes(5)
    assert not found.excludes(0)


def test_welch_by_hand():
    # u = 1/3, v = 4/3: ν = (5/3)² / (1/18 + 8/9) = 2.941
    found = difference_interval([1.0, 2.0, 3.0], [2.0, 4.0, 6.0])
    assert found.mean == -2
    assert found.margin == pytest.approx(
        student_quantile(50 / 17) * np.sqrt(5 / 3), rel=1e-6
    )


def test_95_of_100_intervals_hold_the_truth():
    rng = np.random.default_rng(0)
    held = [not mean_interval(rng.normal(7, 3, 5)).excludes(7) for _ in range(1000)]
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)
    none = [
        not difference_interval(rng.normal(0, 1, 5), rng.normal(0, 4, 8)).excludes(0)
        for _ in range(1000)
    ]
    assert np.mean(none) == pytest.approx(0.95, abs=0.02)


def test_runs_that_agree_completely():
    assert mean_interval([0.5, 0.5]).margin == 0
    assert difference_interval([0.5, 0.5], [0.25, 0.25]).excludes(0)


@pytest.mark.parametrize("values", [[1.0], 3.0, [[1.0, 2.0]], []])
def test_too_few_runs(values):
    with pytest.raises(ShapeError, match="at least two runs"):
        mean_interval(values)


def test_a_diverged_run():
    with pytest.raises(NonFiniteError, match="diverged"):
        mean_interval([1.0, np.nan])


@pytest.mark.parametrize("level", [0, 1, 95, "a"])
def test_levels(level):
    with pytest.raises(ConfigError, match="level"):
        mean_interval([1.0, 2.0], level)
