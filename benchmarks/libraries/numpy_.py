"""Plain NumPy, as a notebook without a framework has it: one setting after another."""

from __future__ import annotations

import numpy as np

from ..problems import Problem
from . import Steps

NAME = "NumPy"
PACKAGE = MODULE = "numpy"


def setup(threads: int) -> None:
    """Nothing to do: NumPy reads the number of threads from the environment."""


def W7(problem: Problem) -> Steps:
    """A landscape: the loss at one weight vector, 1681 times."""
    x, y, thetas = problem.x, problem.y, problem.settings["thetas"]
    shapes = [value.shape for value in problem.weights.values()]
    ends = np.cumsum([value.size for value in problem.weights.values()])

    def loss(theta: np.ndarray) -> float:
        parts = np.split(theta, ends[:-1])
        weights = [p.reshape(s) for p, s in zip(parts, shapes, strict=True)]
        h = x
        for w, b in zip(weights[:-2:2], weights[1:-2:2], strict=True):
            h = np.tanh(h @ w + b)
        z = h @ weights[-2] + weights[-1]  # logits: log(1 + eᶻ) − y·z
        return float((np.logaddexp(0, z) - y * z).mean())

    def infer() -> float:
        return sum(loss(theta) for theta in thetas) / len(thetas)

    return {"infer": infer}
