"""How sure a mean of a few runs is: Student's intervals, before anybody says "better".

A network trained with another seed is another network. Five trainings give five
accuracies, and their mean would have come out differently with five other seeds. An
interval says by how much: of intervals made like this, 95 in 100 hold the mean of all
seeds there are. "A is better than B" may be said once the interval of the *difference*
leaves out 0. Source: Student (1908), "The probable error of a mean"; Welch (1947).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..backend import to_numpy
from ..errors import NonFiniteError, ShapeError, check_number


@dataclass(frozen=True)
class Interval:
    """A mean and how far the truth may be from it: from `low` to `high`."""

    mean: float
    low: float
    high: float

    @property
    def margin(self) -> float:
        """Half of the width: what stands behind the ±."""
        return 0.5 * (self.high - self.low)

    def excludes(self, value: float) -> bool:
        """Does `value` lie outside?"""
        return not self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.mean:.3g} ± {self.margin:.2g}"


def mean_interval(values: Any, level: float = 0.95) -> Interval:
    """The mean of R runs `values` (R,), R ≥ 2, with its interval of confidence.

    mean ± t · s / √R, with the runs' standard deviation s (divided by R − 1) and
    Student's quantile t for R − 1 degrees of freedom.

    Raises `ShapeError` for fewer than two runs, `NonFiniteError` for one that diverged.

    >>> print(mean_interval([0.96, 0.97, 0.98, 0.97, 0.96]))
    0.968 ± 0.01
    """
    values = _runs(values)
    error = values.std(ddof=1) / np.sqrt(len(values))
    return _around(values.mean(), error, len(values) - 1, level)


def difference_interval(one: Any, other: Any, level: float = 0.95) -> Interval:
    """The interval of mean(one) − mean(other), of runs (R,) and (S,) with own seeds.

    The two may scatter differently (Welch): the degrees of freedom ν are

        ν = (u + v)² / (u² / (R − 1) + v² / (S − 1)),    u = s₁² / R,    v = s₂² / S.

    Raises as `mean_interval`.

    >>> deep, wide = [0.99, 0.98, 0.99], [0.92, 0.95, 0.90]
    >>> difference_interval(deep, wide).excludes(0)
    True
    """
    one, other = _runs(one), _runs(other)
    u, v = one.var(ddof=1) / len(one), other.var(ddof=1) / len(other)
    freedom = min(len(one), len(other)) - 1.0
    if u + v > 0:
        freedom = (u + v) ** 2 / (u**2 / (len(one) - 1) + v**2 / (len(other) - 1))
    return _around(one.mean() - other.mean(), np.sqrt(u + v), freedom, level)


def student_quantile(freedom: float, level: float = 0.95) -> float:
    """The t for which Student's distribution has a share `level` within [−t, t].

    With t = √ν tan φ its density becomes cos^(ν−1) φ on [0, π/2), which is summed up.

    >>> round(student_quantile(4), 3)
    2.776
    """
    freedom = check_number("freedom", freedom, low=1)
    level = check_number("level", level, low=0, high=1, open_low=True, open_high=True)
    # most of the mass lies within a few 1/√ν: there the steps are small
    phi = 0.5 * np.pi * np.linspace(0.0, 1.0, 8_001) ** 2
    density = np.cos(phi) ** (freedom - 1.0)
    pieces = 0.5 * (density[1:] + density[:-1]) * np.diff(phi)
    mass = np.concatenate([[0.0], np.cumsum(pieces)])
    return float(np.sqrt(freedom) * np.tan(np.interp(level, mass / mass[-1], phi)))


def _runs(values: Any) -> np.ndarray:
    values = to_numpy(values).astype(float)
    if values.ndim != 1 or len(values) < 2:
        raise ShapeError(
            f"An interval needs one number from each of at least two runs, (R,); this "
            f"has shape {values.shape}."
        )
    if not np.isfinite(values).all():
        raise NonFiniteError(
            "One of the runs is not finite: it diverged, and a mean would hide it."
        )
    return values


def _around(mean: float, error: float, freedom: float, level: float) -> Interval:
    margin = float(student_quantile(freedom, level) * error)
    return Interval(float(mean), float(mean) - margin, float(mean) + margin)
