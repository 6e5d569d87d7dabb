"""Shapes and settings that cannot be: an error of ours that names the op and them."""

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import ops
from dlcourse.errors import DLCourseError, ShapeError


def ones(*shape):
    return np.ones(shape, "float32")


# what is called, and words its message must hold
SHAPES = {
    "add": (lambda: ops.add(ones(2, 3), ones(2)), ["add", "(2, 3)", "(2,)"]),
    "operator": (lambda: dl.Tensor(ones(2, 3)) * ones(4), ["multiply", "(4,)"]),
    "maximum": (lambda: ops.maximum(ones(2), ones(3)), ["maximum", "(2,)", "(3,)"]),
    "where": (lambda: ops.where(ones(2) > 0, ones(3), 0.0), ["where", "(2,)", "(3,)"]),
    "matmul": (lambda: ops.matmul(ones(2, 3), ones(2, 3)), ["(2, 3)", "3", "2"]),
    "matmul, number": (lambda: ops.matmul(ones(2), 2.0), ["matmul"]),
    "matmul, stacks": (lambda: ops.matmul(ones(2, 3, 4), ones(3, 4, 5)), ["matmul"]),
    "tensordot": (lambda: ops.tensordot(ones(2, 3), ones(3, 2)), ["tensordot"]),
    "tensordot axes": (
        lambda: ops.tensordot(ones(2, 3), ones(2, 4), axes=1),
        ["tensordot", "(2, 3)", "(2, 4)"],
    ),
    "linear": (lambda: ops.linear(ones(5, 3), ones(2, 4)), ["linear", "(5, 3)"]),
    "linear, bias": (
        lambda: ops.linear(ones(5, 3), ones(3, 4), ones(5)),
        ["linear", "(5,)", "(4,)"],
    ),
    "linear, column": (lambda: ops.linear(ones(5, 3), ones(3, 4), ones(4, 1)), []),
    "reshape": (lambda: ops.reshape(ones(2, 3), (4, 2)), ["reshape", "(2, 3)"]),
    "transpose": (lambda: ops.transpose(ones(2, 3), (0, 0)), ["transpose"]),
    "transpose rank": (lambda: ops.transpose(ones(2, 3), (0, 1, 2)), ["transpose"]),
    "broadcast_to": (lambda: ops.broadcast_to(ones(2), (3,)), ["broadcast_to"]),
    "expand_dims": (lambda: ops.expand_dims(ones(2), 3), ["expand_dims", "3"]),
    "squeeze": (lambda: ops.squeeze(ones(2, 1), axis=0), ["squeeze", "(2, 1)"]),
    "squeeze axis": (lambda: ops.squeeze(ones(1, 2), axis=2), ["squeeze", "2"]),
    "concatenate": (lambda: ops.concatenate([ones(2, 3), ones(2, 4)]), ["concatenate"]),
    "concatenate none": (lambda: ops.concatenate([]), ["concatenate"]),
    "stack": (lambda: ops.stack([ones(2), ones(3)]), ["stack", "(2,)", "(3,)"]),
    "stack none": (lambda: ops.stack([]), ["stack"]),
    "split": (lambda: ops.split(ones(5), 2), ["split", "5", "2"]),
    "split axis": (lambda: ops.split(ones(4), 2, axis=1), ["split", "1"]),
    "take axis": (lambda: ops.take(ones(2, 3), [0], axis=2), ["take", "2"]),
    "take_along_axis axis": (
        lambda: ops.take_along_axis(ones(2, 3), np.zeros((2, 3), int), axis=2),
        ["take_along_axis", "2"],
    ),
    "tensordot axis": (
        lambda: ops.tensordot(ones(2, 3), ones(2, 3), axes=([2], [0])),
        ["tensordot", "2"],
    ),
    "flip axis": (lambda: ops.flip(ones(2), axis=1), ["flip", "1"]),
    "stack axis": (lambda: ops.stack([ones(2)], axis=2), ["2"]),
    "concatenate axis": (lambda: ops.concatenate([ones(2)], axis=1), ["concatenate"]),
    "sum axis": (lambda: ops.sum(ones(2), axis=1), ["sum", "1"]),
    "mean axis": (lambda: ops.mean(ones(2), axis=1), ["1"]),
    "max of nothing": (lambda: ops.max(ones(0)), ["max", "(0,)"]),
    "softmax axis": (lambda: ops.softmax(ones(2), axis=1), ["softmax", "1"]),
    "argmax axis": (lambda: ops.argmax(ones(2), axis=1), ["argmax", "1"]),
    "index": (lambda: dl.Tensor(ones(2))[2], ["2"]),
    "indices": (lambda: ops.take(ones(2), [0, 5]), ["5"]),
    "too many indices": (lambda: dl.Tensor(ones(2))[0, 0], []),
    "mask": (lambda: dl.Tensor(ones(2))[np.array([True, False, True])], []),
    "take_along_axis": (
        lambda: ops.take_along_axis(ones(2, 3), [0], axis=1),
        ["take_along_axis", "(1,)", "(2, 3)"],
    ),
    "sigmoid_cross_entropy": (
        lambda: ops.sigmoid_cross_entropy(ones(3), ones(3, 1)),
        ["sigmoid_cross_entropy", "(3,)", "(3, 1)"],
    ),
    "softmax_cross_entropy": (
        lambda: ops.softmax_cross_entropy(ones(3, 4), ones(3, 5)),
        ["softmax_cross_entropy", "(3, 4)", "(3, 5)"],
    ),
}
SETTINGS = {
    "reduction": (
        lambda: ops.sigmoid_cross_entropy(ones(2), ones(2), reduction="meen"),
        ["meen", "'mean'"],
    ),
    "text": (lambda: ops.tanh("half"), []),
    "None": (lambda: ops.add(ones(2), None), ["add"]),
    "ragged": (lambda: ops.tanh([[1.0], [1.0, 2.0]]), []),
    "objects": (lambda: ops.tanh(np.array([None, 1.0])), ["object"]),
    "complex": (lambda: ops.tanh(np.array([1j])), ["complex"]),
    "fractional index": (lambda: ops.take(ones(2), [0.5]), ["0.5"]),
    "NaN index": (lambda: dl.Tensor(ones(2))[[float("nan")]], ["nan"]),
    "pad mode": (lambda: ops.pad(ones(2), 1, mode="constnat"), ["constnat"]),
    "negative pad": (lambda: ops.pad(ones(2), -1), ["pad", "-1"]),
}


@pytest.mark.parametrize("call, words", SHAPES.values(), ids=SHAPES)
def test_shapes_that_do_not_fit(call, words):
    with pytest.raises(ShapeError) as caught:
        call()
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("call, words", SETTINGS.values(), ids=SETTINGS)
def test_arguments_that_cannot_be(call, words):
    with pytest.raises(DLCourseError) as caught:
        call()
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_a_gradient_that_does_not_exist_is_refused_before_it_is_wrong():
    x = dl.Tensor(np.arange(4.0), requires_grad=True)
    with pytest.raises(DLCourseError, match="reflect"):
        ops.pad(x, 1, mode="reflect").sum().backward()


def test_an_unknown_setting_is_a_type_error():
    """As in any Python function: the name of the op and of the setting are said."""
    with pytest.raises(TypeError, match=r"relu.*slope"):
        ops.relu(ones(2), slope=1.0)
