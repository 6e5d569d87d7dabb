"""Class labels: taken as whole numbers, checked before they index anything."""

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import ops
from dlcourse.errors import LabelError, ShapeError

GOOD = {
    "list": [2, 0],
    "int64": np.array([2, 0]),
    "int32": np.array([2, 0], np.int32),
    "uint8": np.array([2, 0], np.uint8),
    "whole floats": np.array([2.0, 0.0]),
}
# three classes: what is wrong, and the words the message must hold
BAD = {
    "too large": ([0, 3], "0 … 2", "3 at position 1"),
    "negative": ([0, 1, -1], "0 … 2", "-1 at position 2"),
    "fraction": ([0.5, 1.0], "whole", "0.5 at position 0"),
    "NaN": ([1.0, float("nan")], "whole", "nan at position 1"),
    "infinity": ([float("inf"), 0.0], "inf", "position 0"),
    "in a grid": ([[0, 1], [2, 7]], "0 … 2", "7 at position (1, 1)"),
}


@pytest.mark.parametrize("labels", GOOD.values(), ids=GOOD)
def test_one_hot(labels):
    y = ops.one_hot(labels, 3)
    np.testing.assert_array_equal(y, [[0, 0, 1], [1, 0, 0]])
    assert type(y) is np.ndarray and y.dtype == "float32"


def test_one_hot_keeps_the_axes():
    assert ops.one_hot(np.zeros((2, 5), int), 4).shape == (2, 5, 4)
    assert ops.one_hot(1, 4).tolist() == [0, 1, 0, 0]
    assert ops.one_hot(np.zeros(0, int), 4).shape == (0, 4)


@pytest.mark.parametrize("labels", GOOD.values(), ids=GOOD)
def test_cross_entropy_takes_them(labels):
    logits = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]])
    y = ops.softmax_cross_entropy(logits, labels, reduction="none")
    expected = [np.log(1 + np.exp(-1) + np.exp(-2)), np.log(3)]
    np.testing.assert_allclose(y, expected, rtol=1e-12)


def uses(labels):
    """Everything that looks labels up."""
    logits = np.zeros((*np.shape(labels), 3))
    sparse = dl.losses.SparseCategoricalCrossentropy()
    yield lambda: ops.one_hot(labels, 3)
    yield lambda: ops.check_labels("test", labels, 3)
    yield lambda: ops.softmax_cross_entropy(logits, labels)
    yield lambda: sparse(np.array(labels), logits + 1 / 3)


@pytest.mark.parametrize("labels, span, place", BAD.values(), ids=BAD)
def test_wrong_labels_are_named(labels, span, place):
    for use in uses(labels):
        with pytest.raises(LabelError) as caught:
            use()
        assert span in str(caught.value) and place in str(caught.value)
        assert isinstance(caught.value, (dl.errors.DLCourseError, ValueError))


@pytest.mark.parametrize("shape", [(2, 1), (3,), (2, 3, 1), ()])
def test_labels_that_do_not_fit_the_logits(shape):
    with pytest.raises(ShapeError) as caught:
        ops.softmax_cross_entropy(np.zeros((2, 3)), np.zeros(shape, int))
    assert "(2, 3)" in str(caught.value) and str(shape) in str(caught.value)
