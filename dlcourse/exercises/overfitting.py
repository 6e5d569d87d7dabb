"""Exercises of notebook 10: dropout by hand, early stopping, a verdict of five seeds.

The two functions that students write are tried on prepared lists, each of which finds
out one typical mistake, and then on random ones. Read ``check.py`` for the frame.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .. import backend
from ..analysis.fitting import early_stop
from .check import as_numbers, check, expect, expect_close

# losses, patience, (best, last); typical wrong pairs, and what to tell about them
TRAININGS: tuple[tuple[list[float], int, tuple[int, int], Mapping], ...] = (
    (
        [5.0, 4.0, 3.0, 4.0, 5.0, 6.0, 7.0],
        2,
        (2, 4),
        {
            (4, 2): "The two have changed places; hand back `best, last`.",
            (3, 5): "Count epochs from 0, as Python does.",
            (3, 4): "`best` is the epoch with the least loss, not its loss.",
            (2, 3): "It stops at the first epoch without improvement. Patience 2 "
            "allows one more.",
            (2, 5): "One epoch too late: with patience 2 the second epoch without "
            "improvement is the last.",
            (2, 6): "It never stops.",
            (2, 2): "`last` is the last epoch that was *trained*: to know that epoch "
            "2 was the best, two more were needed.",
        },
    ),
    (
        [4.0, 3.0, 2.0, 1.0],
        2,
        (3, 3),
        {
            (2, 3): "The last epoch was better than all before it, and was not seen.",
        },
    ),
    (
        [5.0, 4.0, 4.5, 3.0, 3.5, 2.0, 2.5, 2.6, 9.0, 9.0],
        2,
        (5, 7),
        {
            (3, 4): "After each improvement, patience begins anew; yours adds up all "
            "epochs that were no better.",
        },
    ),
    (
        [5.0, 3.0, 4.0, 3.5, 3.2, 3.1, 3.05, 3.01],
        3,
        (1, 4),
        {
            (1, 7): "Compare with the best loss so far, not with that of the epoch "
            "before: a loss that falls again may still be no record.",
            (7, 7): "Compare with the best loss so far, not with that of the epoch "
            "before: a loss that falls again may still be no record.",
        },
    ),
    (
        [5.0, 3.0, 4.0, 4.5, 1.0],
        2,
        (1, 3),
        {
            (4, 3): "It knows the future: the loss of 1 would only come at epoch 4, "
            "but epoch 3 is the last that is trained.",
            (4, 4): "It waits for a loss of 1 that is never reached: patience ends at "
            "epoch 3.",
        },
    ),
    (
        [2.0, 1.0, 1.0, 1.0, 1.0],
        2,
        (1, 3),
        {
            (4, 4): "An equal loss is no improvement: compare with `<`, not `<=`.",
            (3, 3): "An equal loss is no improvement: compare with `<`, not `<=`.",
        },
    ),
)

# errors of five runs of A and of B, the verdict, and what to tell who misses it
CONTESTS: tuple[tuple[list[float], list[float], str, str], ...] = (
    (
        [0.10, 0.11, 0.12, 0.11, 0.10],
        [0.30, 0.35, 0.31, 0.40, 0.33],
        "A",
        "These are errors: the smaller the better. Every run of A beats all of B.",
    ),
    (
        [0.30, 0.35, 0.31, 0.40, 0.33],
        [0.10, 0.11, 0.12, 0.11, 0.10],
        "B",
        "Every run of B has a smaller error than every run of A.",
    ),
    (
        [0.10, 0.20, 0.15, 0.30, 0.12],
        [0.14, 0.22, 0.13, 0.33, 0.20],
        "cannot say",
        "The means differ, 0.174 and 0.204, but so do the runs of either, by more than "
        "that: the interval of the difference holds 0.",
    ),
    (
        [0.05, 0.30, 0.31, 0.29, 0.30],
        [0.20, 0.20, 0.21, 0.19, 0.20],
        "cannot say",
        "One run of A is the best of all, and its others are the worst: five runs are "
        "judged together, by the interval of the difference of their means.",
    ),
    (
        [0.100, 0.101, 0.099, 0.100, 0.100],
        [0.104, 0.105, 0.103, 0.104, 0.105],
        "A",
        "A difference may be small and yet sure: here it is four times as large as "
        "the runs scatter. What counts is its interval, not its size.",
    ),
    (
        [0.10, 0.12, 0.14, 0.16, 0.18],
        [0.17, 0.19, 0.21, 0.23, 0.25],
        "A",
        "The *runs* of A and B overlap, but the *means* are known better than single "
        "runs, by √5: divide by the number of runs under the root. And look at the "
        "interval of the difference, not at two intervals that touch.",
    ),
)
VERDICTS = ("A", "B", "cannot say")


@check("Dropout by hand")
def dropout_by_hand(answer: Any) -> str:
    """What is sent on in training by a neuron whose output is 3, at rate 0.25."""
    expect_close(
        answer,
        4,
        "What is kept is divided by the share that is kept.",
        wrong={
            3: "that is what it sends on when the network is *used*. In training the "
            "neurons that are kept must make up for those that are silent.",
            0: "that is a neuron that was dropped; this one is kept.",
            2.25: "that is the average without any scaling, 0.75·3: too small by a "
            "quarter, which is what the scaling is there to mend.",
            12: "3 / 0.25: divide by the share that is *kept*.",
            0.75: "that is the share that is kept. What happens to the 3?",
            4 / 3: "that is the factor. What happens to the 3?",
            3.75: "3·1.25 is close. But kept are 3 of 4, so each must count 4/3 times.",
        },
    )
    return "3 / (1 − 0.25) = 4, in three of four steps; 0 in the fourth: 3 on average."


@check("Early stopping")
def early_stopping(function: Callable[..., Any]) -> str:
    """early_stopping(losses, patience): (best, last), epochs counted from 0."""
    for losses, patience, expected, wrong in TRAININGS:
        pair = _pair(function, losses, patience)
        where = f"losses {_plain(losses)} with patience {patience}: "
        expect(
            pair == expected,
            f"{where}yours says {_told(pair)}. "
            + wrong.get(pair, f"Right is {_told(expected)}."),
        )
    rng = backend.rng()
    for _ in range(30):
        losses = rng.integers(1, 30, size=rng.integers(3, 15)).astype(float).tolist()
        patience = int(rng.integers(1, 5))
        stop = early_stop(losses, patience)
        expected = (stop.best, len(losses) - 1 if stop.last is None else stop.last)
        pair = _pair(function, losses, patience)
        expect(
            pair == expected,
            f"losses {_plain(losses)} with patience {patience}: yours says "
            f"{_told(pair)}. Right is {_told(expected)}.",
        )
    return "it stops where dl.callbacks.EarlyStopping does, in 36 trainings."


@check("A verdict of five seeds")
def verdict(function: Callable[..., Any]) -> str:
    """verdict(a, b) of test errors (R,) each: "A", "B" or "cannot say"."""
    for a, b, expected, why in CONTESTS:
        answer = function(np.array(a), np.array(b))
        expect(
            isinstance(answer, str) and answer in VERDICTS,
            f'hand back one of "A", "B" and "cannot say", not {answer!r}.',
        )
        expect(
            answer == expected,
            f"A = {_plain(a)}, B = {_plain(b)}: yours says {answer!r}. {why}",
        )
    rng = backend.rng()
    for runs in (3, 20):
        a, b = 0.2 + 0.01 * rng.standard_normal((2, runs))
        answer = function(a, b + 0.1)
        expect(
            answer == "A",
            f"it should work for any number of runs. With {runs} of each, B worse by "
            f"ten times their scatter, yours says {answer!r}.",
        )
    return "it tells sure from likely, and small from doubtful."


def _pair(function: Callable[..., Any], losses: list[float], patience: int) -> Any:
    """What a student's rule says of these losses, as two whole numbers."""
    answer = function(list(losses), patience)
    numbers = as_numbers(answer)
    expect(
        numbers.shape == (2,),
        "hand back two numbers, `return best, last`; yours hands back "
        f"{'one' if numbers.ndim == 0 else 'an array of shape ' + str(numbers.shape)}.",
    )
    expect(
        numbers == np.round(numbers),
        f"epochs are whole numbers, but yours says {_told(numbers)}.",
    )
    return tuple(int(n) for n in numbers)


def _plain(values: list[float]) -> str:
    return "[" + ", ".join(f"{value:g}" for value in values) + "]"


def _told(pair: Any) -> str:
    best, last = pair
    return f"best {best:g}, last {last:g}"
