"""Plain NumPy without a framework: what the arithmetic alone takes.

W1's step is worked out by hand, with a buffer for each value, so that nothing is left
but the calls of NumPy: the floor for everything built on it. W7 is what a notebook
would do: one setting after another.
"""

from __future__ import annotations

import numpy as np

from ..problems import Problem
from . import Steps

NAME = "NumPy"
PACKAGE = MODULE = "numpy"


def setup(threads: int) -> None:
    """Nothing to do: NumPy reads the number of threads from the environment."""


def W1(problem: Problem) -> Steps:
    """A small network's step, written out: forward, backward and update in place."""
    x, target, rate = problem.x, problem.y, problem.settings["learning_rate"]
    n, ones = len(x), np.ones(len(x), "f")
    theta = np.concatenate([value.ravel() for value in problem.weights.values()])
    slope, step = np.empty_like(theta), np.empty_like(theta)
    ends = np.cumsum([value.size for value in problem.weights.values()])[:-1]
    shapes = [value.shape for value in problem.weights.values()]
    (w1, b1, w2, b2), (dw1, db1, dw2, db2) = (
        [part.reshape(s) for part, s in zip(np.split(v, ends), shapes, strict=True)]
        for v in (theta, slope)
    )
    h, dh, lost = (np.empty((n, w1.shape[1]), "f") for _ in range(3))
    z, p, d, small = (np.empty((n, 1), "f") for _ in range(4))

    def infer() -> np.ndarray:
        np.dot(x, w1, out=h)
        np.tanh(np.add(h, b1, out=h), out=h)
        return np.add(np.dot(h, w2, out=z), b2, out=z)

    def train() -> float:
        infer()
        # loss = max(z, 0) − z·t + log(1 + e^−|z|), slope of z = sigmoid(z) − t
        np.exp(np.negative(np.abs(z, out=small), out=small), out=small)
        np.divide(np.where(z > 0, 1, small), np.add(small, 1, out=p), out=p)
        np.log1p(small, out=small)
        np.add(small, np.maximum(z, 0, out=d), out=small)
        np.subtract(small, np.multiply(z, target, out=d), out=small)
        np.multiply(np.subtract(p, target, out=d), 1 / n, out=d)
        np.dot(h.T, d, out=dw2)
        np.dot(ones, d, out=db2)
        np.dot(d, w2.T, out=dh)
        np.multiply(np.multiply(h, h, out=lost), dh, out=lost)
        np.subtract(dh, lost, out=dh)
        np.dot(x.T, dh, out=dw1)
        np.dot(ones, dh, out=db1)
        np.subtract(theta, np.multiply(slope, rate, out=step), out=theta)
        return float(np.dot(ones, small)[0]) / n

    return {"train": train, "infer": infer}


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
