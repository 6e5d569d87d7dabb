"""Shapes and settings that cannot be: an error of ours that names the op and them."""

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import ops
from dlcourse.errors import DLCourseError
from tests.bad_input_cases import OPS, ones


@pytest.mark.parametrize("call, told", OPS.values(), ids=OPS)
def test_what_cannot_be_is_refused(call, told):
    error, words = told
    with pytest.raises(error) as caught:
        call()
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert isinstance(caught.value, DLCourseError)
    assert isinstance(caught.value, ValueError)


def test_a_gradient_that_does_not_exist_is_refused_before_it_is_wrong():
    x = dl.Tensor(np.arange(4.0), requires_grad=True)
    with pytest.raises(DLCourseError, match="reflect"):
        ops.pad(x, 1, mode="reflect").sum().backward()


def test_an_unknown_setting_is_a_type_error():
    """As in any Python function: the name of the op and of the setting are said."""
    with pytest.raises(TypeError, match=r"relu.*slope"):
        ops.relu(ones(2), slope=1.0)
