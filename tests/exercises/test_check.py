"""The frame of the exercises: it never raises, says what is wrong, and where."""

import functools
import warnings

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import backend
from dlcourse.exercises import neuron
from dlcourse.exercises.check import Verdict, check, expect, expect_close, expect_shape


@check("Double")
def double(function):
    expect_close(function(np.array([1.0, 2.0])), [2.0, 4.0], name="f([1, 2])")


@check("Parameters")
def parameters(answer):
    expect_close(
        answer, 401_920, "Count again.", wrong={401_408: "you forgot the 512 biases."}
    )


@check("Line")
def line(w, b):
    expect_close(w, [1.0, 2.0], name="w")
    expect_close(b, 3.0, name="b")


def test_a_right_answer():
    verdict = parameters(401_920)
    assert verdict
    assert repr(verdict) == "✓ Parameters: right."


def test_a_known_mistake_is_named():
    verdict = parameters(401_408)
    assert not verdict
    assert repr(verdict) == "✗ Parameters: 401,408: you forgot the 512 biases."


def test_an_unknown_mistake_gets_the_hint():
    assert repr(parameters(7)) == "✗ Parameters: 7 is not it. Count again."


@pytest.mark.parametrize("blank", [..., None, [1, ...], {"a": None}])
def test_a_blank_is_kindly_left_open(blank):
    verdict = parameters(blank)
    assert verdict.state == "open"
    assert repr(verdict).startswith("○ Parameters: not solved yet: ")


def test_without_an_argument_it_is_open():
    assert parameters().state == "open"
    assert "`w`" in line(..., 3).message
    assert "`b` is still None" in line([1, 2], None).message


def test_answers_may_be_named():
    assert line(b=3, w=[1, 2])


def test_too_many_or_unknown_answers():
    assert "no more" in parameters(1, 2).message
    assert "no more" in parameters(answr=1).message


def returns_nothing(x):
    x * 2


def not_written(x):
    raise NotImplementedError("your turn")


@pytest.mark.parametrize("stub", [returns_nothing, not_written, lambda x: ...])
def test_a_function_without_an_answer_is_open(stub):
    assert double(stub).state == "open"


def test_the_message_names_the_line_that_failed():
    def broken(x):
        return x / undefined_name  # noqa: F821

    verdict = double(broken)
    assert verdict.state == "wrong"
    assert "NameError: name 'undefined_name' is not defined" in verdict.message
    assert "return x / undefined_name" in verdict.message


def test_an_error_of_the_course_is_told_in_its_own_words():
    def mismatch(x):
        return dl.ops.matmul(np.ones((2, 3)), np.ones((2, 3)))

    message = double(mismatch).message
    assert "(2, 3)" in message
    assert "return dl.ops.matmul" in message  # the student's line, not the course's


def test_a_failure_outside_the_students_code_has_no_line():
    message = neuron.neuron(functools.partial(np.linalg.inv)).message
    assert "your code stops with" in message
    assert "in line" not in message


def test_an_interrupt_is_not_swallowed():
    def stopped(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        double(stopped)


def test_a_function_may_not_change_its_input():
    def in_place(x):
        x *= 2
        return x

    assert "changes the array" in double(in_place).message


def test_a_nan_in_the_given_array_is_no_change():
    @check("Missing")
    def missing(function):
        expect(function(np.array([np.nan])) == 1, "no")

    assert missing(lambda x: len(x))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("401920", "is text"),
        (len, "this is a function"),
        ({1: 2}, "a dict was handed in"),
        ([[1], [1, 2]], "numbers are expected"),
        ([401_920], "an array of shape (1,) was handed in, but a single number"),
        (float("inf"), "inf is not it"),
        (dl.Tensor(3.5), "3.5 is not it"),
    ],
)
def test_what_is_not_a_number(answer, words):
    verdict = parameters(answer)
    assert verdict.state == "wrong"
    assert words in verdict.message


@pytest.mark.parametrize(
    ("condition", "holds"),
    [(True, True), ([], False), (np.array([True, False]), False), (np.ones(3), True)],
)
def test_expect(condition, holds):
    @check("Condition")
    def condition_holds(answer):
        expect(condition, "no")

    assert bool(condition_holds(1)) is holds


def test_the_worst_element_of_an_array_is_named():
    assert "w: element 1 is 2.5 and should be 2" in line([1, 2.5], 3).message
    assert "element 0 is nan" in line([np.nan, 2], 3).message
    assert "shape (3,)" in line([1, 2, 3], 3).message


def test_shapes():
    @check("Shape")
    def shape(answer):
        expect_shape(answer, (2, 3), "Transpose?")

    assert shape(np.zeros((2, 3)))
    assert shape(dl.Tensor(np.zeros((2, 3))))
    assert shape(np.zeros((3, 2))).message == (
        "the shape is (3, 2), but (2, 3) is expected. Transpose?"
    )


def test_a_callable_is_asked_for_by_its_annotation():
    @check("Function")
    def function(answer: "Callable") -> None:  # noqa: F821
        expect(answer() == 1, "no")

    assert "the function itself, not 1" in function(1).message
    assert function(lambda: 1)


def test_a_check_is_seeded_and_leaves_the_notebook_alone():
    drawn = []

    @check("Random")
    def random(answer):
        drawn.append(backend.rng().random())

    dl.manual_seed(5)
    expected = backend.make_rng(5).random()
    random(1)
    random(1)
    assert drawn[0] == drawn[1]
    assert backend.rng().random() == expected


def test_warnings_of_the_answer_do_not_litter_the_notebook():
    def warns(x):
        warnings.warn("look", stacklevel=1)
        return np.log(np.zeros(2)) * 0 + x * 2

    with warnings.catch_warnings(record=True) as caught:
        double(warns)
    assert not caught


def test_html_says_the_same_and_escapes():
    verdict = Verdict("<b>", "wrong", "`x` < 2\nin line 1")
    page = verdict._repr_html_()
    assert "✗ &lt;b&gt;" in page
    assert "<code>x</code> &lt; 2<br>in line 1" in page


def test_a_check_keeps_its_name_and_words():
    assert neuron.and_gate.__name__ == "and_gate"
    assert "z > 0 at (1, 1)" in neuron.and_gate.__doc__
