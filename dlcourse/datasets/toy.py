"""Data sets that fit on one picture, so that a student sees what a network is asked.

The two-dimensional sets lie around the origin within about [-1.5, 1.5] on both axes,
and only the noise leads farther out: one pair of axes fits them all. They are made for
sliders:

- the same seed gives the same points, moved in the same directions, while `noise`
  grows;
- a larger `n` *adds* points to those already there, and moves none.

Points come with the classes in turn (0, 1, 0, 1 …), so any first part of them is
balanced. Read ``curves.py`` next.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..backend import make_rng
from ..errors import ConfigError, check_count, check_number, did_you_mean

Points = tuple[np.ndarray, np.ndarray]

GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0


# ------------------------------------------------------------ two classes or more


def blobs(
    n: int = 200, classes: int = 2, *, noise: float = 0.25, seed: int = 0
) -> Points:
    """Round clouds of points, one per class, centered on the unit circle.

    Class k is Gaussian about (cos φ, sin φ), φ = 2π (k / classes + 1/8); `noise` is its
    standard deviation along each axis. With few classes a straight line parts two of
    them.

    Returns x (n, 2) float32 and y (n,) int64. Raises `ConfigError` for settings that
    cannot be.

    >>> x, y = blobs(6, classes=3, noise=0.0)
    >>> y
    array([0, 1, 2, 0, 1, 2])
    """
    _, scatter = two_generators(seed)
    y = _classes_in_turn(n, classes)
    return _finish(_polar(1.0, y / classes + 0.125), y, noise, scatter)


def moons(n: int = 200, *, noise: float = 0.1, seed: int = 0) -> Points:
    """Two half circles that reach into each other; no straight line parts them.

    With t in [0, π], class 0 is (cos t - 1/2, sin t - 1/4) and class 1 is (1/2 - cos t,
    1/4 - sin t): one is the other, turned by half a turn about the origin. `noise` is
    the standard deviation added to each coordinate.

    Returns x (n, 2) float32 and y (n,) int64. Raises `ConfigError` for settings that
    cannot be.
    """
    place, scatter = two_generators(seed)
    y = _classes_in_turn(n, 2)
    upper = _polar(1.0, _evenly_in_each_class(y, 2, place) / 2) - [0.5, 0.25]
    side = np.where(y == 0, 1.0, -1.0)[:, None]  # (N, 1)
    return _finish(side * upper, y, noise, scatter)


def circles(
    n: int = 200, *, inner: float = 0.5, noise: float = 0.1, seed: int = 0
) -> Points:
    """A small circle inside a large one: class 1 has radius `inner`, class 0 radius 1.

    No line parts them in the plane, but one does once x₁² + x₂² is a third feature.
    `noise` is the standard deviation added to each coordinate; 0 < `inner` < 1.

    Returns x (n, 2) float32 and y (n,) int64. Raises `ConfigError` for settings that
    cannot be.
    """
    check_number("inner", inner, low=0, high=1, open_low=True, open_high=True)
    place, scatter = two_generators(seed)
    y = _classes_in_turn(n, 2)
    radius = np.where(y == 0, 1.0, inner)
    x = _polar(radius, _evenly_in_each_class(y, 2, place))
    return _finish(x, y, noise, scatter)


def xor(n: int = 200, *, noise: float = 0.1, seed: int = 0) -> Points:
    """Four squares of points; the class is 1 where the signs of x₁ and x₂ differ.

    Before the noise, both |x₁| and |x₂| are uniform on [0.15, 1], so a cross-shaped gap
    keeps the classes apart; `noise` is the standard deviation added to each coordinate.
    This is the exclusive or that a single perceptron cannot learn (Minsky and Papert,
    1969).

    Returns x (n, 2) float32 and y (n,) int64. Raises `ConfigError` for settings that
    cannot be.

    >>> x, y = xor(4, noise=0.0)
    >>> bool(((x[:, 0] * x[:, 1] < 0) == (y == 1)).all())
    True
    """
    place, scatter = two_generators(seed)
    quadrant = _classes_in_turn(n, 4)  # counterclockwise from upper right
    signs = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])[quadrant]
    x = signs * place.uniform(0.15, 1.0, size=signs.shape)
    return _finish(x, quadrant % 2, noise, scatter)


def spirals(
    n: int = 200,
    classes: int = 2,
    *,
    turns: float = 1.5,
    noise: float = 0.04,
    seed: int = 0,
) -> Points:
    """Spiral arms wound around each other, one per class: hard without hidden layers.

    Arm k is r (cos φ, sin φ), with the radius r running from 0.1 to 1.2 and the angle
    φ = 2π (turns · r / 1.2 + k / classes), an Archimedean spiral. `noise` is the
    standard deviation added to each coordinate.

    Returns x (n, 2) float32 and y (n,) int64. Raises `ConfigError` for settings that
    cannot be.
    """
    check_number("turns", turns, low=0)
    place, scatter = two_generators(seed)
    y = _classes_in_turn(n, classes)
    along = _evenly_in_each_class(y, classes, place)
    # outer windings are longer: the root spreads the points evenly along the arm
    radius = 0.1 + 1.1 * np.sqrt(along)
    x = _polar(radius, turns * radius / 1.2 + y / classes)
    return _finish(x, y, noise, scatter)


TOYS: dict[str, Callable[..., Points]] = {
    "blobs": blobs,
    "moons": moons,
    "circles": circles,
    "xor": xor,
    "spirals": spirals,
}


def load(name: str, n: int = 200, **settings: float) -> Points:
    """The toy set called `name`, for a drop-down list; `settings` go to its function.

    Raises `ConfigError` for an unknown name, with the nearest right one.

    >>> x, y = load("moons", 100, noise=0.2, seed=3)
    >>> x.shape
    (100, 2)
    """
    if name not in TOYS:
        hint = did_you_mean(name, TOYS)
        raise ConfigError(f"There is no toy data set {name!r}. {hint}")
    return TOYS[name](n, **settings)


# ----------------------------------------------------------- will I pass this class?

LECTURES = 8  # given in the course
PROJECT_HOURS = 10.0  # the most anyone works on the project
ENOUGH = 7.0  # lectures plus hours that it takes to pass


def pass_the_class(n: int = 200, *, noise: float = 0.5, seed: int = 0) -> Points:
    """Will I pass this class? Lectures attended and hours worked, and who passed.

    x[:, 0] counts lectures attended, whole numbers 0 … 8; x[:, 1] is the time spent on
    the project in hours, 0 … 10; both uniform. y is 1 for the students who passed,
    those with

        lectures + hours + noise · luck ≥ 7,    luck ~ N(0, 1).

    With the default noise a student like (4, 5) passes in all but one of 30,000 cases,
    and a straight line predicts about 97 in 100 results.

    Returns x (n, 2) float32 and y (n,) int64. Raises `ConfigError` for settings that
    cannot be.
    """
    n = check_count("n", n)
    noise = check_number("noise", noise, low=0)
    place, scatter = two_generators(seed)
    share = place.random((n, 2))
    lectures = np.floor(share[:, 0] * (LECTURES + 1))
    hours = share[:, 1] * PROJECT_HOURS
    luck = scatter.standard_normal(n)
    y = lectures + hours + noise * luck >= ENOUGH
    x = np.stack([lectures, hours], axis=1)
    return x.astype(np.float32), y.astype(np.int64)


# ---------------------------------------------------------------------------- shared


def two_generators(seed: int) -> list[np.random.Generator]:
    """One generator for places and one for noise: neither disturbs the other."""
    return make_rng(seed).spawn(2)


def _classes_in_turn(n: int, classes: int) -> np.ndarray:
    return np.arange(check_count("n", n)) % check_count("classes", classes)


def _evenly_in_each_class(
    y: np.ndarray, classes: int, place: np.random.Generator
) -> np.ndarray:
    """Numbers in [0, 1) that cover it evenly for every class and every n.

    Steps of the golden ratio, wrapped around, always fall into the largest gaps left;
    so a point more never moves another, as it would with n equal distances.
    """
    start = place.random(classes)[y]
    return (start + GOLDEN * (np.arange(len(y)) // classes)) % 1.0


def _polar(radius: np.ndarray | float, turn: np.ndarray) -> np.ndarray:
    """Points (N, 2) at `radius`, after so many whole turns from the first axis."""
    angle = 2.0 * np.pi * turn
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _finish(
    x: np.ndarray, y: np.ndarray, noise: float, scatter: np.random.Generator
) -> Points:
    amount = check_number("noise", noise, low=0)
    x = x + amount * scatter.standard_normal(x.shape)
    return x.astype(np.float32), y.astype(np.int64)
