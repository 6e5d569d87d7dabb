"""Every error the course raises on purpose, in one small family tree.

A message here is written for a student: it names *what* was wrong (the operation, the
layer, the shapes), and says *what to do*. Each class also descends from the built-in
exception that fits, so ``except ValueError`` keeps working. Read ``backend.py`` next.
"""

from collections.abc import Iterable


class DLCourseError(Exception):
    """The parent of every error that dlcourse raises on purpose."""

    def add_place(self, place: str) -> "DLCourseError":
        """Say where it happened, e.g. in which layer; outer callers may add more."""
        message = str(self.args[0]) if self.args else ""
        self.args = (f"{message}\n  in {place}", *self.args[1:])
        return self


class ShapeError(DLCourseError, ValueError):
    """Arrays whose shapes do not fit together."""


class LabelError(DLCourseError, ValueError):
    """Labels out of range, or of a kind the loss cannot use."""


class NonFiniteError(DLCourseError, ArithmeticError):
    """A NaN or an infinity where a number was needed."""


class InPlaceError(DLCourseError, RuntimeError):
    """Weights were written between a graph's forward and backward pass."""


class FileFormatError(DLCourseError, ValueError):
    """A file that is not what its name or header promises."""


class ChecksumError(DLCourseError, ValueError):
    """A file whose SHA-256 is not the expected one."""


class BackendError(DLCourseError, RuntimeError):
    """An array library that is missing, or cannot do what was asked."""


class DeviceMemoryError(DLCourseError, MemoryError):
    """The accelerator ran out of memory."""


class ConfigError(DLCourseError, ValueError):
    """A setting that does not exist or has a value it cannot have."""


class NotReadyError(DLCourseError, RuntimeError):
    """A step left out: ``fit`` before ``compile``, weights before ``build`` …"""


class TrainingModeWarning(UserWarning):
    """A layer ran in its training mode although nothing was being trained."""


def did_you_mean(name: object, choices: Iterable[str]) -> str:
    """The end of a message about an unknown name: the nearest right one, or all.

    >>> did_you_mean("rulu", ["relu", "tanh"])
    "Did you mean 'relu'? Known: relu, tanh."
    """
    from difflib import get_close_matches  # only in trouble: imports stay quick

    known = sorted(choices)
    near = get_close_matches(str(name).lower(), known, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    return f"{hint}Known: {', '.join(known)}."


def check_number(
    name: str,
    value: object,
    *,
    low: float | None = None,
    high: float | None = None,
    open_low: bool = False,
    open_high: bool = False,
) -> float:
    """Return `value` as a float, or raise `ConfigError` naming it and its range.

    >>> check_number("rate", 0.5, low=0, high=1)
    0.5
    """
    number = None
    if not isinstance(value, (str, bytes, bool)):
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            number = None
    if number is None or number != number or number in (float("inf"), float("-inf")):
        raise ConfigError(f"{name} must be a finite number, not {value!r}.")
    too_low = low is not None and (number < low or (open_low and number == low))
    too_high = high is not None and (number > high or (open_high and number == high))
    if too_low or too_high:
        left = "" if low is None else f"{'more than' if open_low else 'at least'} {low}"
        right = (
            "" if high is None else f"{'less than' if open_high else 'at most'} {high}"
        )
        span = " and ".join(part for part in (left, right) if part)
        raise ConfigError(f"{name} must be {span}, not {value!r}.")
    return number


def check_count(name: str, value: object, *, low: int = 1) -> int:
    """Return `value` as an int of at least `low`, or raise `ConfigError`."""
    try:
        whole = not isinstance(value, bool) and int(value) == value  # type: ignore
    except (TypeError, ValueError, OverflowError):
        whole = False
    if not whole or int(value) < low:  # type: ignore[call-overload]
        raise ConfigError(f"{name} must be a whole number >= {low}, not {value!r}.")
    return int(value)  # type: ignore[call-overload]
