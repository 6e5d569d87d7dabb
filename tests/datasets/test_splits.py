"""Splits that lose, repeat and mix up nothing; standardizing that never looks ahead."""

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from dlcourse import datasets
from dlcourse.errors import ConfigError, NonFiniteError, ShapeError


def numbered(n):
    """Samples that are their own numbers, and labels that tell if x and y part ways."""
    return np.arange(n, dtype=np.float32)[:, None], np.arange(n) * 10


@pytest.mark.parametrize("fractions", [(0.8, 0.2), (0.6, 0.2, 0.2), (1.0,), (0.7, 0.3)])
@pytest.mark.parametrize("n", [10, 97])
def test_parts_are_disjoint_and_complete(fractions, n):
    x, y = numbered(n)
    parts = datasets.split(x, y, fractions, seed=3)
    together = np.concatenate([part for part, _ in parts])[:, 0]
    assert np.array_equal(np.sort(together), np.arange(n))
    for (part_x, part_y), fraction in zip(parts, fractions, strict=True):
        assert abs(len(part_x) - fraction * n) <= 1
        assert np.array_equal(part_x[:, 0] * 10, part_y)
        assert part_x.dtype == np.float32


def test_what_no_fraction_claims_is_dropped():
    (x, _), (other, _) = datasets.split(*numbered(100), (0.5, 0.1))
    assert len(x) == 50 and len(other) == 10
    assert not set(x[:, 0]) & set(other[:, 0])


def test_the_seed_decides_and_nothing_is_changed_in_place():
    x, y = numbered(50)
    first = datasets.split(x, y, seed=1)[0][0]
    again = datasets.split(x, y, seed=1)[0][0]
    other = datasets.split(x, y, seed=2)[0][0]
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    first[:] = -1
    assert np.array_equal(x[:, 0], np.arange(50))


@pytest.mark.parametrize("fractions", [(0.8, 0.2), (0.5, 0.3, 0.2), (0.7, 0.15, 0.15)])
@pytest.mark.parametrize("seed", range(5))
def test_each_class_gives_its_share_to_within_one_sample(fractions, seed):
    rng = np.random.default_rng(seed)
    y = rng.choice(7, size=403, p=[0.4, 0.2, 0.15, 0.1, 0.1, 0.03, 0.02])
    x = np.arange(403)[:, None]
    parts = datasets.split(x, y, fractions, stratify=True, seed=seed)
    assert sum(len(part) for part, _ in parts) == 403
    assert len(np.unique(np.concatenate([part for part, _ in parts]))) == 403
    for (part_x, part_y), fraction in zip(parts, fractions, strict=True):
        assert np.array_equal(y[part_x[:, 0]], part_y)
        share = np.bincount(part_y, minlength=7)
        assert np.abs(share - fraction * np.bincount(y)).max() <= 1 + 1e-9
    assert abs(len(parts[0][0]) - fractions[0] * 403) <= 0.5 + 1e-9


def test_stratified_parts_come_in_mixed_order():
    y = np.repeat([0, 1], 100)
    (_, part), _ = datasets.split(y[:, None], y, stratify=True)
    changes = np.count_nonzero(np.diff(part))
    assert 50 < changes < 110  # one change would be one class after the other


def test_labels_may_be_words():
    x, y = np.arange(20)[:, None], np.array(["cat", "dog"] * 10)
    _, (_, held_out) = datasets.split(x, y, stratify=True)
    assert sorted(held_out) == ["cat", "cat", "dog", "dog"]


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"fractions": (0.8, 0.3)}, ConfigError, "sum to 1.1"),
        ({"fractions": (0.8, 0.0)}, ConfigError, "each fraction must be more than 0"),
        ({"fractions": (1.2, -0.2)}, ConfigError, "each fraction must be"),
        ({"fractions": ()}, ConfigError, "at least one fraction"),
        ({"fractions": 0.2}, ConfigError, r"lists the size of every part"),
        ({"fractions": None}, ConfigError, r"lists the size of every part"),
        (
            {"fractions": (0.99, 0.01)},
            ConfigError,
            "Part 1 .* would be empty",
        ),
        ({"y": np.arange(9)}, ShapeError, r"x is \(10, 1\) and y is \(9,\)"),
        ({"y": np.eye(10), "stratify": True}, ConfigError, "one-hot"),
        ({"x": np.zeros((0, 2)), "y": np.zeros(0)}, ConfigError, "empty"),
        ({"x": 3.0}, ShapeError, r"x is \(\)"),
        ({"seed": -1}, ConfigError, "seed"),
    ],
)
def test_a_split_that_cannot_be_says_why(settings, error, message):
    x, y = numbered(10)
    with pytest.raises(error, match=message):
        datasets.split(**{"x": x, "y": y, **settings})


def test_standardize_agrees_with_scikit_learn():
    rng = np.random.default_rng(0)
    train = rng.normal([3, -100], [0.1, 20], size=(60, 2))
    test = rng.normal([0, 0], [1, 1], size=(20, 2))
    scaler = StandardScaler().fit(train)
    ours, ours_too = datasets.standardize(train, test)
    assert ours.dtype == np.float64
    assert np.allclose(ours, scaler.transform(train), atol=1e-12)
    assert np.allclose(ours_too, scaler.transform(test), atol=1e-10)
    narrow = datasets.standardize(train.astype(np.float32))
    assert narrow.dtype == np.float32
    assert np.allclose(narrow.mean(axis=0), 0, atol=1e-5)
    assert np.allclose(narrow.std(axis=0), 1, atol=1e-5)


def test_standardize_keeps_images_and_leaves_constants():
    images = np.random.default_rng(0).normal(size=(10, 4, 4, 1)).astype(np.float32)
    images[:, 0, 0, 0] = 0.1  # whose computed mean is a bit off 0.1
    result = datasets.standardize(images)
    assert result.shape == images.shape
    assert np.allclose(result[:, 0, 0, 0], 0, atol=1e-6)
    assert np.isfinite(result).all()
    whole = datasets.standardize([[4], [4], [4]])
    assert whole.dtype == np.float32 and np.array_equal(whole, np.zeros((3, 1)))


def test_standardize_does_not_look_at_the_others():
    train, test = np.array([[0.0], [2.0]]), np.array([[1e6]])
    alone = datasets.standardize(train)
    assert np.array_equal(datasets.standardize(train, test)[0], alone)
    assert np.array_equal(train, [[0.0], [2.0]])


@pytest.mark.parametrize(
    ("arrays", "error", "message"),
    [
        (
            [[[1.0, np.nan]]],
            NonFiniteError,
            r"nan in the training .* \(0, 1\)",
        ),
        ([[[1.0]], [[0.0], [-np.inf]]], NonFiniteError, r"data set 1 .* \(1, 0\)"),
        ([np.zeros((0, 3))], ConfigError, "empty"),
        ([3.0], ConfigError, "empty"),
        ([[[1.0, 2.0]], [[1.0]]], ShapeError, r"features of shape \(2,\)"),
        ([[["a"]]], ConfigError, "needs numbers"),
    ],
)
def test_standardize_names_what_it_cannot_use(arrays, error, message):
    with pytest.raises(error, match=message):
        datasets.standardize(*arrays)
