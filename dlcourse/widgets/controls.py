"""The controls of an interactive, described and not yet built.

A file of `widgets/` says *what* can be changed (a learning rate from 0.001 to 1, on a
logarithmic scale); how that becomes something to drag is `Explorer`'s business. So
these are plain dataclasses without ipywidgets, which check the values they are given.
Read `explorer.py` next.
"""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

from ..errors import ConfigError, check_count, check_number, did_you_mean


@dataclass(frozen=True)
class Control:
    """One setting of `compute`: its name, its first value and its label."""

    name: str
    value: Any
    _: KW_ONLY
    description: str = ""
    help: str = ""

    @property
    def label(self) -> str:
        """What stands beside the control; the setting's name if nothing was said."""
        return self.description or self.name.replace("_", " ")

    def check(self, value: Any) -> Any:
        """Return `value` in the control's own type, or raise `ConfigError`."""
        return value


@dataclass(frozen=True)
class Slider(Control):
    """A number from `low` to `high`; whole if all four numbers are.

    With `log=True` equal distances are equal factors, and `step` is in decades.
    `format` is a format specification for the number shown, such as ``".2f"``.

    >>> Slider("learning_rate", 0.1, 0.001, 1, log=True).check(0.5)
    0.5
    """

    low: float = 0.0
    high: float = 1.0
    _: KW_ONLY
    step: float | None = None
    log: bool = False
    format: str | None = None

    def __post_init__(self) -> None:
        self.check(self.value)
        if self.log and self.low <= 0:
            raise ConfigError(f"{self.name}: a log slider must start above 0.")

    @property
    def whole(self) -> bool:
        """Whether only whole numbers can be chosen."""
        numbers = (self.value, self.low, self.high, self.step or 1)
        return not self.log and all(isinstance(number, int) for number in numbers)

    def check(self, value: Any) -> float | int:
        """Return `value` as an int or a float within the bounds."""
        # 0.30000000000000004 is nobody's intention, and beyond an end at 0.3.
        number = float(f"{check_number(self.name, value):.10g}")
        check_number(self.name, number, low=self.low, high=self.high)
        return check_count(self.name, number, low=self.low) if self.whole else number


@dataclass(frozen=True)
class Time(Slider):
    """A slider along which time passes: it comes with Play, Pause and Step.

    `interval` is the time between two pictures in seconds. One step moves by `step`.
    """

    _: KW_ONLY
    interval: float = 0.05


@dataclass(frozen=True)
class Choice(Control):
    """One of a few: a dropdown. `options` is a list, or a dict from label to value."""

    options: Sequence[Any] | Mapping[str, Any] = ()

    def __post_init__(self) -> None:
        self.check(self.value)

    @property
    def labelled(self) -> list[tuple[str, Any]]:
        """The options as pairs of label and value."""
        if isinstance(self.options, Mapping):
            return list(self.options.items())
        return [(str(option), option) for option in self.options]

    def check(self, value: Any) -> Any:
        """Return `value` if it is among the options."""
        for _, option in self.labelled:
            if type(option) is type(value) and option == value:
                return option
        known = [str(option) for _, option in self.labelled]
        raise ConfigError(
            f"{self.name} cannot be {value!r}. {did_you_mean(value, known)}"
        )


@dataclass(frozen=True)
class Stops(Choice):
    """A slider over the given values only, for instance those of a sweep.

    `format` makes the label of a value. A value between two stops becomes the nearest.

    >>> Stops("learning_rate", 0.1, [0.01, 0.1, 1.0]).check(0.12)
    0.1
    """

    _: KW_ONLY
    format: str = ".3g"

    @property
    def labelled(self) -> list[tuple[str, Any]]:
        """The stops as pairs of label and value."""
        return [(format(stop, self.format), stop) for stop in self.options]

    def check(self, value: Any) -> float:
        """Return the stop nearest to `value`."""
        number = check_number(
            self.name, value, low=min(self.options), high=max(self.options)
        )
        return min(self.options, key=lambda stop: abs(stop - number))


@dataclass(frozen=True)
class Toggle(Control):
    """On or off: a checkbox."""

    def check(self, value: Any) -> bool:
        """Return `value` as True or False."""
        if value not in (True, False):
            raise ConfigError(f"{self.name} must be True or False, not {value!r}.")
        return bool(value)


@dataclass(frozen=True)
class Counter(Control):
    """A button that counts its presses: "new data" is a seed that grows by one."""

    value: int = 0

    def check(self, value: Any) -> int:
        """Return `value` as a whole number."""
        return check_count(self.name, value, low=0)
