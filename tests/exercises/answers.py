"""The table of answers that every exercise is tested with: right, wrong and blank ones.

A test file of an exercise holds a `TABLE` of `Answers` and one line:

    test_right, test_wrong, test_blank, test_table = held_against(neuron, TABLE)
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pytest

from dlcourse.exercises.check import Verdict


@dataclass(frozen=True)
class Answers:
    """What the check of one exercise must accept and must not.

    An answer is what a student hands in; for a check of several parameters, a tuple of
    them. `wrong` pairs an answer with words that its verdict must contain; `blank` is
    the notebook's stub (besides ``...`` and None, which are always tried).
    """

    check: Callable[..., Verdict]
    right: list[Any]
    wrong: list[tuple[Any, str]]
    blank: list[Any] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.check.__name__

    def judge(self, answer: Any) -> Verdict:
        several = len(inspect.signature(self.check).parameters) > 1
        return self.check(*answer) if several else self.check(answer)


def held_against(exercises: ModuleType, table: list[Answers]) -> tuple[Callable, ...]:
    """The tests that hold a module's checks against their table."""

    def rows(kind: str) -> Any:
        params = [
            pytest.param(each, answer, id=f"{each.name}-{number}")
            for each in table
            for number, answer in enumerate(getattr(each, kind))
        ]
        return pytest.mark.parametrize(("each", "answer"), params)

    @rows("right")
    def test_right(each, answer):
        verdict = each.judge(answer)
        assert verdict.state == "right", verdict
        assert verdict == each.judge(answer)  # seeded: the same words every time

    @rows("wrong")
    def test_wrong(each, answer):
        answer, words = answer
        verdict = each.judge(answer)
        assert verdict.state == "wrong", verdict
        assert words in verdict.message

    @pytest.mark.parametrize("each", table, ids=lambda each: each.name)
    def test_blank(each):
        several = len(inspect.signature(each.check).parameters)
        blanks = [(...,) * several, (None,) * several] if several > 1 else [..., None]
        for answer in [*blanks, *each.blank]:
            verdict = each.judge(answer)
            assert verdict.state == "open", (answer, verdict)

    def test_table():
        checks = {
            name
            for name, thing in vars(exercises).items()
            if hasattr(thing, "__wrapped__") and thing.__module__ == exercises.__name__
        }
        assert checks == {each.name for each in table}
        for each in table:
            assert len(each.right) >= 2, f"{each.name}: two different right answers"
            assert len(each.wrong) >= 5, f"{each.name}: five wrong answers"
            assert all(len(words) > 3 for _, words in each.wrong), each.name

    return test_right, test_wrong, test_blank, test_table
