"""The digits are the real ones, whole, and the held-out fifth is really held out."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from dlcourse.datasets import digits
from dlcourse.errors import ConfigError


def test_nothing_is_lost_or_changed():
    (x_train, y_train), (x_test, y_test) = digits.load_data(seed=1)
    found = np.column_stack([np.vstack([x_train, x_test]) * 16, np.r_[y_train, y_test]])
    theirs = load_digits()
    expected = np.column_stack([theirs.data, theirs.target])
    assert np.array_equal(found[np.lexsort(found.T)], expected[np.lexsort(expected.T)])


def test_shapes_dtypes_and_range():
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    assert x_train.shape == (1438, 64) and x_test.shape == (359, 64)
    assert x_train.dtype == x_test.dtype == np.float32
    assert y_train.dtype == y_test.dtype == np.int64
    assert y_train.shape == (1438,) and y_test.shape == (359,)
    assert x_train.min() == 0.0 and x_train.max() == 1.0


def test_images_are_the_rows_folded():
    (flat, labels), _ = digits.load_data(seed=2)
    (images, same), _ = digits.load_data(seed=2, flatten=False)
    assert images.shape == (1438, 8, 8, 1)
    assert np.array_equal(images.reshape(-1, 64), flat)
    assert np.array_equal(labels, same)


@pytest.mark.parametrize("test_size", [0.2, 0.5, 0.07])
def test_every_digit_gives_its_share(test_size):
    (_, y_train), (_, y_test) = digits.load_data(test_size, seed=3)
    counts = np.bincount(load_digits().target)
    assert np.array_equal(np.bincount(y_train) + np.bincount(y_test), counts)
    assert np.abs(np.bincount(y_test) - test_size * counts).max() <= 1


def test_the_seed_decides_and_the_caller_may_scribble():
    (first, _), _ = digits.load_data(seed=0)
    (other, _), _ = digits.load_data(seed=1)
    assert not np.array_equal(first, other)
    kept = first.copy()
    first[:] = -1.0
    (again, _), _ = digits.load_data(seed=0)
    assert np.array_equal(again, kept)


def test_images_and_labels_belong_together():
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    fitted = LogisticRegression(max_iter=500).fit(x_train, y_train)
    assert fitted.score(x_test, y_test) > 0.94


@pytest.mark.parametrize("test_size", [0, 1, -0.1, 1.5, "a fifth", None, float("nan")])
def test_a_test_size_that_cannot_be(test_size):
    with pytest.raises(ConfigError, match="test_size must be"):
        digits.load_data(test_size)


def test_without_scikit_learn_it_says_what_to_install(monkeypatch):
    digits._images.cache_clear()
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ConfigError, match="pip install scikit-learn"):
        digits.load_data()


def test_importing_the_data_sets_imports_no_scikit_learn():
    code = "import sys, dlcourse.datasets; print('sklearn' in sys.modules)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
