"""The frame of every exercise: a check that tells a student *what* is wrong.

A check is an ordinary function that takes the student's answer, looks at it with
`expect` and `expect_close`, and may return a word of praise. The decorator `check`
makes of it something a notebook can call safely: whatever the student hands in, a blank
stub, a string, a function that divides by zero, what comes back is a `Verdict` to read,
never an exception. Read ``neuron.py`` next, the first exercises.

>>> @check("Parameters of 2-128-1")
... def parameters(answer):
...     expect_close(answer, 513, wrong={512: "You forgot the output's bias."})
...     return "384 in the hidden layer, 129 in the output."
>>> parameters(...)
○ Parameters of 2-128-1: not solved yet: replace the dots by your answer.
>>> parameters(512)
✗ Parameters of 2-128-1: 512: You forgot the output's bias.
>>> parameters(513)
✓ Parameters of 2-128-1: 384 in the hidden layer, 129 in the output.
"""

from __future__ import annotations

import functools
import html
import inspect
import linecache
import re
import sysconfig
import traceback
import types
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import backend
from ..errors import DLCourseError

SEED = 2026  # of the random numbers drawn while a check runs
MARKS = {"right": "✓", "wrong": "✗", "open": "○"}
COLORS = {"right": "#009E73", "wrong": "#D55E00", "open": "#0072B2"}
FUNCTIONS = (
    types.FunctionType,
    types.MethodType,
    types.BuiltinFunctionType,
    functools.partial,
    np.ufunc,
)

# Code that is not the student's: the course, Python and what is installed with it.
NOT_THEIRS = tuple(
    str(Path(folder).resolve())
    for folder in (
        Path(__file__).parent.parent,
        *(sysconfig.get_path(kind) for kind in ("stdlib", "purelib", "platlib")),
    )
)


@dataclass(frozen=True, repr=False)
class Verdict:
    """What a check found: `state` is "right", "wrong" or "open" (not solved yet).

    It is true only if the answer is right, and shows itself in a notebook.
    """

    title: str
    state: str
    message: str

    def __bool__(self) -> bool:
        return self.state == "right"

    def __repr__(self) -> str:
        return f"{MARKS[self.state]} {self.title}: {self.message}"

    def _repr_html_(self) -> str:
        message = html.escape(self.message).replace("\n", "<br>")
        message = re.sub("`([^`]+)`", r"<code>\1</code>", message)
        return (
            f'<div style="border-left: 6px solid {COLORS[self.state]}; '
            f'padding: 2px 10px"><b>{MARKS[self.state]} {html.escape(self.title)}</b>: '
            f"{message}</div>"
        )


class Mistake(Exception):
    """The answer is wrong, and this is why. Raised by `expect` and its kind."""


class Unsolved(Exception):
    """There is no answer yet."""


# ---------------------------------------------------------------- to declare a check


def check(title: str) -> Callable[[Callable[..., str | None]], Callable[..., Verdict]]:
    """Make a check, safe to call in a notebook, of a function of the student's answers.

    The function gets one answer per parameter, calls `expect`, `expect_close` … on it,
    and returns a sentence for the student who got it right (or None). Around it:

    - an answer that is missing, None, ``...`` or holds one of these is "not solved
      yet"; where a parameter is annotated as `Callable`, only a function will do;
    - a function handed in gets copies of its arrays and may not change them; one that
      returns nothing or raises NotImplementedError is "not solved yet" as well;
    - any other exception is shown with the student's own line that raised it;
    - random numbers come from the course's generator with one seed, and the notebook's
      own random state is left as it was.
    """

    def decorate(function: Callable[..., str | None]) -> Callable[..., Verdict]:
        parameters = inspect.signature(function).parameters
        names = list(parameters)

        @functools.wraps(function)
        def judge(*answers: Any, **named: Any) -> Verdict:
            try:
                given = dict(zip(names, answers)) | named
                if len(answers) > len(names) or set(given) - set(names):
                    raise Mistake(f"the check takes {_listed(names)}, no more.")
                for name in names:
                    answer = given.get(name, ...)
                    _expect_solved(answer, name, alone=len(names) == 1)
                    if "Callable" in str(parameters[name].annotation):
                        expect(
                            callable(answer),
                            f"hand in the function itself, not {answer!r}.",
                        )
                praise = _run(function, [_guarded(given[name]) for name in names])
                return Verdict(title, "right", praise or "right.")
            except Unsolved as reason:
                return Verdict(title, "open", f"not solved yet: {reason}")
            except Mistake as reason:
                return Verdict(title, "wrong", str(reason))

        return judge

    return decorate


def expect(condition: Any, message: str) -> None:
    """Go on if the condition holds, else tell the student `message`.

    >>> expect(2 > 3, "2 is not more than 3.")
    Traceback (most recent call last):
    dlcourse.exercises.check.Mistake: 2 is not more than 3.
    """
    arrays = hasattr(condition, "shape")  # of an array, all must be true
    if not (backend.to_numpy(condition).all() if arrays else condition):
        raise Mistake(message)


def expect_close(
    answer: Any,
    expected: Any,
    hint: str = "",
    *,
    wrong: Mapping[float, str] | None = None,
    rtol: float = 1e-5,
    atol: float = 1e-8,
    name: str = "",
) -> None:
    """Go on if numbers or arrays agree; else say what is wrong with the answer.

    `answer` may be a number, a list, an array or a Tensor, and must have the shape of
    `expected`. `wrong` maps the number a typical mistake leads to, to what to tell the
    student who made it; `hint` is told to everybody else. `name` says what is compared,
    where it is not simply the answer.
    """
    array = as_numbers(answer, name)
    expected = np.asarray(expected, dtype=float)
    prefix = f"{name}: " if name else ""
    if array.shape != expected.shape:
        raise Mistake(
            f"{prefix}{_kind(array.shape)} was handed in, "
            f"but {_kind(expected.shape)} is expected. {hint}".rstrip()
        )
    if np.allclose(array, expected, rtol=rtol, atol=atol):
        return
    if array.ndim == 0:
        for value, why in (wrong or {}).items():
            if np.isclose(array, value, rtol=rtol, atol=atol):
                raise Mistake(f"{prefix}{_number(array)}: {why}")
        raise Mistake(f"{prefix}{_number(array)} is not it. {hint}".rstrip())
    error = np.where(np.isfinite(array), np.abs(array - expected), np.inf)
    place = tuple(int(i) for i in np.unravel_index(error.argmax(), error.shape))
    where = place[0] if len(place) == 1 else place
    raise Mistake(
        f"{prefix}element {where} is {_number(array[place])} "
        f"and should be {_number(expected[place])}. {hint}".rstrip()
    )


def expect_shape(answer: Any, shape: tuple[int, ...], hint: str = "") -> None:
    """Go on if the answer is an array of this shape, else say both shapes."""
    found = as_numbers(answer).shape
    expect(
        found == shape,
        f"the shape is {found}, but {shape} is expected. {hint}".rstrip(),
    )


def as_numbers(answer: Any, name: str = "") -> np.ndarray:
    """The answer as a float array; words, ragged lists … are refused kindly."""
    _expect_solved(answer, name or "the answer", alone=not name)
    prefix = f"{name}: " if name else ""
    if isinstance(answer, (str, bytes)):
        raise Mistake(f"{prefix}{answer!r} is text; a number is expected.")
    if callable(answer) and not hasattr(answer, "shape"):
        raise Mistake(f"{prefix}this is a function; what it returns is expected.")
    try:
        return backend.to_numpy(answer).astype(float)
    except (TypeError, ValueError):
        kind = type(answer).__name__
        raise Mistake(
            f"{prefix}a {kind} was handed in; numbers are expected."
        ) from None


# ---------------------------------------------------------------- around a check


def _run(function: Callable[..., str | None], answers: list[Any]) -> str | None:
    """Run a check; every exception that the answers cause becomes a `Mistake`."""
    try:
        with (
            warnings.catch_warnings(),
            np.errstate(all="ignore"),
            backend.using_rng(backend.make_rng(SEED)),
        ):
            warnings.simplefilter("ignore")
            return function(*answers)
    except (Mistake, Unsolved):
        raise
    except NotImplementedError:
        raise Unsolved("it raises NotImplementedError; write your own lines.") from None
    except Exception as error:
        name = type(error).__name__
        told = str(error) if isinstance(error, DLCourseError) else f"{name}: {error}"
        raise Mistake(f"your code stops with {told}{_their_line(error)}") from None


def _their_line(error: Exception) -> str:
    """Where in the student's own code an exception came from, if it did."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        theirs = not str(Path(frame.filename).resolve()).startswith(NOT_THEIRS)
        if theirs and linecache.getline(frame.filename, frame.lineno or 0):
            return f"\nin line {frame.lineno} of your cell: {frame.line}"
    return ""


def _guarded(answer: Any) -> Any:
    """A student's function, watched at each call; anything else as it is."""
    if not isinstance(answer, FUNCTIONS):
        return answer

    @functools.wraps(answer, updated=())
    def call(*values: Any, **named: Any) -> Any:
        copies = [v.copy() if isinstance(v, np.ndarray) else v for v in values]
        result = answer(*copies, **named)
        if result is None:
            raise Unsolved("the function returns nothing. Is a `return` missing?")
        if _is_blank(result):
            raise Unsolved("replace the dots in the function by your own lines.")
        for before, after in zip(values, copies):
            if isinstance(before, np.ndarray):
                expect(
                    np.array_equal(before, after, equal_nan=before.dtype.kind == "f"),
                    "your function changes the array it is given. Make a new one: "
                    "`x = x + 1` instead of `x += 1`.",
                )
        return result

    return call


def _expect_solved(answer: Any, name: str, *, alone: bool) -> None:
    if _is_blank(answer):
        dots = "the dots" if alone else f"the dots in `{name}`"
        empty = "the answer" if alone else f"`{name}`"
        raise Unsolved(
            f"{empty} is still None."
            if answer is None
            else f"replace {dots} by your answer."
        )


def _is_blank(answer: Any) -> bool:
    """None, the dots, or a list, tuple or dictionary with one of these inside."""
    if isinstance(answer, dict):
        answer = list(answer.values())
    if isinstance(answer, (list, tuple)):
        return any(_is_blank(each) for each in answer)
    return answer is None or answer is ...


def _kind(shape: tuple[int, ...]) -> str:
    return f"an array of shape {shape}" if shape else "a single number"


def _number(value: Any) -> str:
    """A number as one reads it: 401,408, -6, 0.00247."""
    value = float(value)
    if value.is_integer() and abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def _listed(names: list[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)
