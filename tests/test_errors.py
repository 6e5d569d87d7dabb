"""The family of errors: every one ours, every one also the built-in that fits."""

import numpy as np
import pytest

from dlcourse import errors
from dlcourse.errors import check_count, check_number, did_you_mean

FAMILY = {
    "ShapeError": ValueError,
    "LabelError": ValueError,
    "NonFiniteError": ArithmeticError,
    "InPlaceError": RuntimeError,
    "FileFormatError": ValueError,
    "ChecksumError": ValueError,
    "BackendError": RuntimeError,
    "DeviceMemoryError": MemoryError,
    "ConfigError": ValueError,
    "NotReadyError": RuntimeError,
}


def test_every_error_is_of_the_family():
    found = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, Exception)
        if not issubclass(value, Warning)
    }
    assert found == {*FAMILY, "DLCourseError"}


@pytest.mark.parametrize("name, builtin", FAMILY.items())
def test_each_is_also_a_builtin(name, builtin):
    error = getattr(errors, name)
    assert issubclass(error, errors.DLCourseError) and issubclass(error, builtin)
    assert "said" in str(error("said"))


def test_a_place_may_be_added():
    problem = errors.ShapeError("wrong shape").add_place("layer 'a'").add_place("fit")
    assert str(problem) == "wrong shape\n  in layer 'a'\n  in fit"
    assert str(errors.ShapeError().add_place("fit")).strip() == "in fit"


NEAREST = {
    "rulu": "'relu'",
    "RELU": "'relu'",
    "sigmoyd": "'sigmoid'",
    "tahn": "'tanh'",
}


@pytest.mark.parametrize("name, right", NEAREST.items())
def test_the_nearest_right_name(name, right):
    message = did_you_mean(name, ["tanh", "relu", "sigmoid"])
    assert message.startswith(f"Did you mean {right}?")
    assert message.endswith("Known: relu, sigmoid, tanh.")


def test_nothing_near_is_not_guessed():
    assert did_you_mean("xyz", ["tanh", "relu"]) == "Known: relu, tanh."
    assert did_you_mean(None, ["tanh"]) == "Known: tanh."


@pytest.mark.parametrize("value", [0.5, 1, np.float32(0.5), np.array(0.5), np.int64(1)])
def test_numbers(value):
    number = check_number("rate", value, low=0, high=1)
    assert isinstance(number, float) and number == float(value)


NO_NUMBER = [None, "0.5", "", b"1", True, float("nan"), float("inf"), [0.5], {}, 1j]


@pytest.mark.parametrize("value", NO_NUMBER, ids=repr)
def test_what_is_no_number(value):
    with pytest.raises(errors.ConfigError, match=r"rate must be a finite number"):
        check_number("rate", value)


def test_the_range_is_told():
    for value, how, words in (
        (-1, {"low": 0}, "at least 0"),
        (0, {"low": 0, "open_low": True}, "more than 0"),
        (2, {"high": 1}, "at most 1"),
        (1, {"low": 0, "high": 1, "open_high": True}, "at least 0 and less than 1"),
    ):
        with pytest.raises(errors.ConfigError, match=f"rate must be {words}, not"):
            check_number("rate", value, **how)


@pytest.mark.parametrize("value", [3, 3.0, np.int64(3), np.float64(3)])
def test_counts(value):
    count = check_count("units", value)
    assert isinstance(count, int) and count == 3


NO_COUNT = [0, -1, 2.5, None, "3", True, float("nan"), float("inf"), [3]]


@pytest.mark.parametrize("value", NO_COUNT, ids=repr)
def test_what_is_no_count(value):
    with pytest.raises(errors.ConfigError, match="units must be a whole number >= 1"):
        check_count("units", value)
