"""Exercises of notebook 07: predict the edge, walk downhill, choose a learning rate.

The two functions that students hand in are run on landscapes they have not seen. Read
``check.py`` for the frame, ``dlcourse/analysis/stability.py`` for the bowls.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import backend
from ..analysis import Bowl
from ..datasets import regression_curve
from ..layers import Dense, Input
from ..models import Sequential, sweep
from .check import as_numbers, check, expect, expect_close, expect_shape


@check("The edge")
def edge(answer: Any) -> str:
    """2/λmax for J(a, b) = ½(3a² + 2ab + 3b²), whose curvatures are 2 and 4."""
    expect_close(
        answer,
        0.5,
        "Write J as ½ θᵀHθ; the largest eigenvalue of H counts, and 2 divided by it.",
        wrong={
            4: "that is the largest curvature; the edge is 2 divided by it.",
            1: "that is 2/2, the edge of the flattest direction; take the steepest.",
            0.25: "1/λ leads to the floor in one step; the edge is twice that.",
            2 / 3: "3 is the curvature along the axes; the steepest way is diagonal.",
            1 / 3: "that is 2/(2 + 4), the rate that converges fastest.",
            2: "that is the flattest curvature. Which one is the steepest?",
            8: "2 divided by the largest curvature, not 2 times.",
        },
        rtol=1e-3,
    )
    return "the curvatures are 2 and 4, so beyond 2/4 the steepest direction explodes."


@check("Your gradient descent")
def descend(function: Callable[..., Any]) -> str:
    """descend(gradient, start, learning_rate, steps): all places, the start first."""
    bowl = Bowl.of([1.0, 4.0], 30)
    start, rate, steps = np.array([3.0, 1.0]), 0.3, 5
    right = bowl.descend(start, rate, steps)  # (6, 2)

    def gradient(theta: Any) -> np.ndarray:
        return bowl.hessian @ np.asarray(theta, float)

    path = as_numbers(function(gradient, start.copy(), rate, steps))
    expect(
        path.shape != start.shape,
        "that is one place; hand back all of them, one in each row.",
    )
    expect(
        path.shape != (steps, 2),
        f"{steps} steps visit {steps + 1} places: the start is the first row.",
    )
    expect_shape(path, (steps + 1, 2), f"{steps} steps in a plane.")
    expect(
        np.ptp(path, axis=0).max() > 0,
        "all rows are the same: is it one array, changed in place and stored again and "
        "again? `theta = theta - …` makes a new one.",
    )
    expect_close(path[0], start, "The first row is the start itself.", name="row 0")
    line = start - rate * np.arange(steps + 1)[:, None] * gradient(start)
    for wrong, why in (
        (line, "you ask for the gradient once; it is another one at each place."),
        (climb(bowl, start, rate, steps), "you climb. The gradient points uphill."),
        (bowl.descend(start, 1.0, steps), "the learning rate is missing."),
    ):
        expect(not np.allclose(path, wrong), why)
    expect_close(path, right, "θ ← θ - rate · gradient(θ), again and again.")

    other = np.array([0.5, -1.0, 2.0])
    path = function(np.sinh, other.copy(), 0.2, 3)
    theta, expected = other, [other]
    for _ in range(3):
        theta = theta - 0.2 * np.sinh(theta)
        expected.append(theta)
    expect_close(path, expected, name="three weights, J = Σ cosh θ, 3 steps")
    return "it takes the right steps, in two dimensions and in three."


def climb(bowl: Bowl, start: np.ndarray, rate: float, steps: int) -> np.ndarray:
    """The path (steps + 1, D) of somebody who forgot the minus."""
    return Bowl(-bowl.hessian).descend(start, rate, steps)


@check("Your learning-rate finder")
def find_rate(function: Callable[..., Any]) -> str:
    """find_rate(rates, losses): the rate to train with, after short trainings.

    It must not diverge, and must go down at least a third as far (on a log scale) as
    the best one.
    """
    for name, rates, losses in [*bowls(), network()]:
        found = as_numbers(function(rates.copy(), losses.copy()))
        expect(
            found.shape == (),
            f"one rate is asked for, but your function returned an array of shape "
            f"{found.shape}.",
        )
        rate = float(found)
        if rate.is_integer() and 0 <= rate < len(rates) and rate not in rates:
            near = f"{rates[int(rate)]:.3g}"
            expect(False, f"is {rate:.0f} the place of the rate? Return it: {near}.")
        expect(
            np.isfinite(rate) and rate > 0,
            f"{rate:g} is no rate to train with.",
        )
        i = int(abs(np.log(rates / rate)).argmin())
        first, last = losses[i, 0], losses[i, -1]
        best = np.nanmin(losses[:, -1])
        what = f"{name}: your function chooses {rate:.3g}"
        expect(
            not np.isnan(last),
            f"{what}, and that run ended with NaN. For np.argmin a NaN is the smallest "
            f"of all numbers; np.nanargmin passes over it.",
        )
        expect(last < first, f"{what}, and that run exploded: its loss rose.")
        expect(
            np.log(first / last) > np.log(first / best) / 3,
            f"{what}. It works, but it crawls: the loss went from {first:.2g} to "
            f"{last:.2g}, and another rate made it {best:.2g} in the same time.",
        )
    return "flat bowls, steep bowls and a network: each time a rate that learns."


def bowls() -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Short trainings on bowls of any scale: name, rates (R,), losses (R, K)."""
    rng = backend.rng()
    found = []
    for scale in (1.0, 1e-3, 1e3, 20.0):
        bowl = Bowl.of([scale, 8 * scale])
        rates = rng.permutation(np.geomspace(0.002, 20, 50)) * bowl.edge()
        losses = np.stack(
            [bowl.loss(bowl.descend([2.0, 1.0], rate, 60)) for rate in rates]
        )
        losses[losses > 1e30] = np.nan
        found.append((f"a bowl of curvature {8 * scale:g}", rates, losses))
    return found


def network() -> tuple[str, np.ndarray, np.ndarray]:
    """Short trainings of a small network: name, rates (R,), losses (R, K)."""
    x, y = regression_curve("sine", 60, noise=0.05)
    model = Sequential([Input(shape=(1,)), Dense(12, "tanh"), Dense(1)])
    rates = np.geomspace(3e-4, 30, 40)
    run = sweep(model, x, y, loss="mse", learning_rate=rates, steps=80, seeds=1)
    return "a network", rates, run.loss.astype(float)
