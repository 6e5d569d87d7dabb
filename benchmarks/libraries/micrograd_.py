"""micrograd: every number a node of its own, every sum a graph of them.

The version on PyPI knows sums, products, powers and ReLU. W1 also needs tanh and the
cross-entropy of a logit, so they are added here as the library's own operations are
written, each a single node with its derivative. Its numbers are Python's, so float64.
"""

from __future__ import annotations

import math
import sys
from typing import Any

from ..problems import Problem
from . import Steps

NAME = "micrograd"
PACKAGE = MODULE = "micrograd"
ARRAYS = False


def setup(threads: int) -> None:
    """Let its recursion go as deep as the sum over a batch is long."""
    sys.setrecursionlimit(10_000)


def W1(problem: Problem) -> Steps:
    """A small network on a full batch, one point after another."""
    from micrograd.nn import MLP

    hidden, out = (len(problem.weights[f"dense{i}.bias"]) for i in (1, 2))
    model = MLP(problem.x.shape[1], [hidden, out])
    for i, layer in enumerate(model.layers, start=1):
        kernel = problem.weights[f"dense{i}.kernel"].T.tolist()  # (out, in)
        biases = problem.weights[f"dense{i}.bias"].tolist()
        for neuron, row, bias in zip(layer.neurons, kernel, biases, strict=True):
            neuron.nonlin = False  # instead of its ReLU, the tanh below
            for weight, value in zip(neuron.w, row, strict=True):
                weight.data = value
            neuron.b.data = bias
    parameters = model.parameters()
    points, targets = problem.x.tolist(), problem.y[:, 0].tolist()
    rate = problem.settings["learning_rate"]
    first, second = model.layers

    def infer() -> Any:
        return [second([_tanh(z) for z in first(point)]) for point in points]

    def train() -> float:
        model.zero_grad()
        losses = map(_cross_entropy, infer(), targets)
        loss = sum(losses) * (1 / len(points))
        loss.backward()
        for p in parameters:
            p.data -= rate * p.grad
        return loss.data

    return {"train": train, "infer": infer}


def _tanh(z: Any) -> Any:
    from micrograd.engine import Value

    out = Value(math.tanh(z.data), (z,), "tanh")

    def _backward() -> None:
        z.grad += (1 - out.data**2) * out.grad

    out._backward = _backward
    return out


def _cross_entropy(z: Any, target: float) -> Any:
    """log(1 + eᶻ) − target·z, without overflow."""
    from micrograd.engine import Value

    value = math.log1p(math.exp(-abs(z.data))) + max(z.data, 0.0) - target * z.data
    out = Value(value, (z,), "cross-entropy")

    def _backward() -> None:
        z.grad += (0.5 * math.tanh(z.data / 2) + 0.5 - target) * out.grad

    out._backward = _backward
    return out
