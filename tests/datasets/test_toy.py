"""The toy sets against geometry, scikit-learn, and what sliders ask of them."""

import numpy as np
import pytest
from sklearn import datasets as theirs
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from dlcourse import datasets
from dlcourse.errors import ConfigError

TOYS = sorted(datasets.toy.TOYS)
ALL = {**datasets.toy.TOYS, "pass_the_class": datasets.pass_the_class}


def distance_to_set(points, reference):
    """How far each of the points (N, 2) is from the nearest reference (M, 2)."""
    return np.linalg.norm(points[:, None] - reference[None], axis=2).min(axis=1)


def test_accuracy(classifier, name, **settings):
    """The worst of five held-out accuracies."""
    make = ALL[name]
    scores = []
    for seed in range(5):
        fitted = classifier.fit(*make(400, seed=seed, **settings))
        scores.append(fitted.score(*make(400, seed=100 + seed, **settings)))
    return min(scores), max(scores)


test_accuracy.__test__ = False  # a helper, though its name says "test"


@pytest.mark.parametrize("name", sorted(ALL))
def test_shapes_and_dtypes(name):
    x, y = ALL[name](101)
    assert x.shape == (101, 2) and x.dtype == np.float32
    assert y.shape == (101,) and y.dtype == np.int64
    assert np.isfinite(x).all()
    assert set(np.unique(y)) == {0, 1}


@pytest.mark.parametrize("name", TOYS)
def test_every_beginning_is_balanced(name):
    _, y = ALL[name](99)
    for n in range(1, 100):
        zeros = np.count_nonzero(y[:n] == 0)
        assert abs(2 * zeros - n) <= 1


@pytest.mark.parametrize("name", sorted(ALL))
def test_the_seed_decides(name):
    make = ALL[name]
    first, again, other = make(50, seed=4), make(50, seed=4), make(50, seed=5)
    assert np.array_equal(first[0], again[0]) and np.array_equal(first[1], again[1])
    assert not np.allclose(first[0], other[0])


@pytest.mark.parametrize("name", sorted(ALL))
def test_more_points_move_none(name):
    few, many = ALL[name](37, seed=2), ALL[name](80, seed=2)
    assert np.array_equal(few[0], many[0][:37])
    assert np.array_equal(few[1], many[1][:37])


@pytest.mark.parametrize("name", TOYS)
def test_noise_moves_points_in_fixed_directions(name):
    still, some, twice = (ALL[name](60, noise=s, seed=1)[0] for s in (0.0, 0.3, 0.6))
    assert np.allclose(2 * (some - still), twice - still, atol=1e-6)


@pytest.mark.parametrize("name", TOYS)
def test_noise_has_the_deviation_asked_for(name):
    still, moved = (ALL[name](20_000, noise=s)[0] for s in (0.0, 0.3))
    scatter = moved - still
    # the deviation of 40,000 normal numbers is known to 0.3 / sqrt(80,000) = 0.0011
    assert abs(scatter.std() - 0.3) < 0.005
    assert np.abs(scatter.mean(axis=0)).max() < 0.01
    assert abs(np.corrcoef(scatter.T)[0, 1]) < 0.03


@pytest.mark.parametrize("name", TOYS)
def test_one_pair_of_axes_fits_all(name):
    x, _ = ALL[name](500, noise=0.0)
    assert np.abs(x).max() <= 1.5


def test_blobs_are_gaussians_around_the_circle():
    x, y = datasets.blobs(40_000, classes=4, noise=0.2)
    for label in range(4):
        cloud = x[y == label]
        angle = 2 * np.pi * (label / 4 + 1 / 8)
        assert np.allclose(
            cloud.mean(axis=0), [np.cos(angle), np.sin(angle)], atol=0.01
        )
        assert np.allclose(np.cov(cloud.T), 0.04 * np.eye(2), atol=0.002)


def test_moons_are_scikit_learns_moved_to_the_origin():
    reference, labels = theirs.make_moons(4000, noise=None)
    x, y = datasets.moons(300, noise=0.0)
    for label in (0, 1):
        ours = x[y == label] + [0.5, 0.25]
        curve = reference[labels == label]
        assert distance_to_set(ours, curve).max() < 1e-3
        assert distance_to_set(curve, ours).max() < 0.05  # no part is missing


def test_circles_are_scikit_learns():
    reference, labels = theirs.make_circles(4000, noise=None, factor=0.4)
    x, y = datasets.circles(300, inner=0.4, noise=0.0)
    for label in (0, 1):
        ours, curve = x[y == label], reference[labels == label]
        assert distance_to_set(ours, curve).max() < 2e-3
        assert distance_to_set(curve, ours).max() < 0.06
    assert np.allclose(np.linalg.norm(x, axis=1), np.where(y == 0, 1.0, 0.4), atol=1e-6)


def test_xor_is_the_exclusive_or_of_the_signs():
    x, y = datasets.xor(400, noise=0.0)
    assert np.array_equal(y, (x[:, 0] > 0) ^ (x[:, 1] > 0))
    assert np.abs(x).min() >= 0.15 and np.abs(x).max() <= 1.0
    # |x| is uniform on [0.15, 1]: mean 0.575, deviation 0.85 / sqrt(12)
    assert abs(np.abs(x).mean() - 0.575) < 0.03
    quadrants = 2 * (x[:, 0] > 0) + (x[:, 1] > 0)
    assert np.array_equal(np.bincount(quadrants), [100] * 4)


def test_spirals_obey_their_equation():
    x, y = datasets.spirals(600, classes=3, turns=1.5, noise=0.0)
    radius = np.linalg.norm(x, axis=1)
    angle = np.arctan2(x[:, 1], x[:, 0]) / (2 * np.pi)
    excess = angle - 1.5 * radius / 1.2 - y / 3  # whole turns
    assert np.allclose(excess, np.round(excess), atol=1e-5)
    assert radius.min() + 1e-6 >= 0.1 and radius.max() <= 1.2 + 1e-6
    # arms one and the same, turned by a third: equally many points in every ring
    assert np.array_equal(np.bincount(y), [200, 200, 200])


def test_lines_fail_where_curves_succeed():
    line, kernel = LogisticRegression(), SVC(gamma=10.0, C=10.0)
    for name in ("spirals", "xor", "circles"):
        assert test_accuracy(line, name)[1] < 0.70
        assert test_accuracy(kernel, name)[0] > 0.95
    assert test_accuracy(line, "moons")[1] < 0.92
    assert test_accuracy(kernel, "moons")[0] > 0.99
    assert test_accuracy(line, "blobs")[0] > 0.99


def test_pass_the_class_is_plausible():
    x, y = datasets.pass_the_class(5000, noise=0.0)
    lectures, hours = x.T
    assert set(np.unique(lectures)) == set(range(9))
    assert hours.min() >= 0 and hours.max() <= 10
    assert np.array_equal(y, lectures + hours >= 7)
    # nine equal columns: 1 - (7 + 6 + … + 1) / 10 / 9 of the students pass
    assert abs(y.mean() - (1 - 28 / 90)) < 0.03
    near = np.linalg.norm(x - [4, 5], axis=1) <= 1
    assert near.sum() > 50 and y[near].all()


def test_pass_the_class_is_learned_by_a_line():
    low, _ = test_accuracy(LogisticRegression(), "pass_the_class")
    assert low > 0.92  # the best there is: 0.967
    x, y = datasets.pass_the_class(1000)
    fitted = LogisticRegression().fit(x, y)
    assert fitted.predict_proba([[4, 5]])[0, 1] > 0.95
    assert fitted.predict_proba([[1, 1]])[0, 1] < 0.05


def test_a_set_by_its_name():
    x, y = datasets.toy.load("circles", 30, inner=0.3, seed=2)
    expected = datasets.circles(30, inner=0.3, seed=2)
    assert np.array_equal(x, expected[0]) and np.array_equal(y, expected[1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: datasets.moons(0), "n must be a whole number >= 1, not 0"),
        (lambda: datasets.moons(2.5), "n must be a whole number"),
        (lambda: datasets.circles(-3), "n must be"),
        (lambda: datasets.xor(10, noise=-0.1), "noise must be at least 0, not -0.1"),
        (lambda: datasets.blobs(10, noise=float("nan")), "noise must be a finite"),
        (lambda: datasets.blobs(10, classes=0), "classes must be"),
        (lambda: datasets.spirals(10, turns=-1), "turns must be"),
        (lambda: datasets.circles(10, inner=1.0), "inner must be"),
        (lambda: datasets.pass_the_class(0), "n must be"),
        (lambda: datasets.pass_the_class(9, noise="much"), "noise must be a finite"),
        (lambda: datasets.moons(10, seed=-1), "seed"),
        (lambda: datasets.moons(10, seed="one"), "seed"),
        (lambda: datasets.toy.load("mons", 10), "Did you mean 'moons'"),
    ],
)
def test_impossible_settings_are_named(call, message):
    with pytest.raises(ConfigError, match=message):
        call()


def test_the_course_generator_is_left_alone():
    from dlcourse import backend

    backend.manual_seed(3)
    expected = backend.rng().random()
    backend.manual_seed(3)
    datasets.moons(100)
    datasets.digits.load_data()
    assert backend.rng().random() == expected
