"""HIPS autograd: NumPy functions as they are, and a gradient of any of them.

It has no layers, so the networks are written out, as in its examples, and the updates
too, in place. Convolution is its own ``autograd.scipy.signal.convolve``, which turns
kernels around. Some of its gradients, of ``maximum`` or ``logaddexp`` of two arrays,
are float64 whatever they are given; the formulas here are those that stay in float32,
and the faster ones: a loss with one-hot labels, whose products cost less than an index.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..problems import Problem
from . import Steps

NAME = "HIPS autograd"
PACKAGE = MODULE = "autograd"


def setup(threads: int) -> None:
    """Nothing to do: NumPy reads the number of threads from the environment."""


def W1(problem: Problem) -> Steps:
    """A small network on a full batch."""
    import autograd.numpy as anp

    sign = 1 - 2 * problem.y

    def forward(weights: list[Any], x: Any) -> Any:
        w1, b1, w2, b2 = weights
        return anp.dot(anp.tanh(anp.dot(x, w1) + b1), w2) + b2

    def loss(z: Any) -> Any:  # -log σ(z) at label 1, -log σ(-z) at 0
        return anp.sum(anp.logaddexp(0.0, sign * z)) / len(sign)

    return _steps(problem, _copies(problem), forward, loss, problem.x)


def W2(problem: Problem) -> Steps:
    """The digits network."""
    import autograd.numpy as anp

    def forward(weights: list[Any], x: Any) -> Any:
        w1, b1, w2, b2 = weights
        h = anp.dot(x, w1) + b1
        return anp.dot(h * (h > 0), w2) + b2

    loss = _cross_entropy(problem, "dense2.bias")
    return _steps(problem, _copies(problem), forward, loss, problem.x)


def W3(problem: Problem) -> Steps:
    """LeNet-5."""
    import autograd.numpy as anp
    from autograd.scipy.signal import convolve

    def conv(x: Any, kernel: Any, bias: Any) -> Any:
        """x (N, C, H, W), kernel (C, K, height, width), bias (K, 1, 1)."""
        axes = {"axes": ([2, 3], [2, 3]), "dot_axes": ([1], [0])}
        return convolve(x, kernel, mode="valid", **axes) + bias

    def pool(x: Any) -> Any:
        n, c, h, w = x.shape
        return anp.mean(anp.reshape(x, (n, c, h // 2, 2, w // 2, 2)), axis=(3, 5))

    def forward(weights: list[Any], x: Any) -> Any:
        w1, b1, w2, b2, w3, b3, w4, b4, w5, b5 = weights
        x = np.pad(x, ((0, 0), (0, 0), (2, 2), (2, 2)))
        h = pool(anp.tanh(conv(x, w1, b1)))
        h = pool(anp.tanh(conv(h, w2, b2)))
        h = anp.reshape(h, (len(x), -1))
        h = anp.tanh(anp.dot(h, w3) + b3)
        h = anp.tanh(anp.dot(h, w4) + b4)
        return anp.dot(h, w5) + b5

    weights = _copies(problem)
    for i in (0, 2):
        turned = weights[i][::-1, ::-1].transpose(2, 3, 0, 1)
        weights[i], weights[i + 1] = turned.copy(), weights[i + 1][:, None, None]
    flat = weights[4].reshape(5, 5, 16, -1).transpose(2, 0, 1, 3)
    weights[4] = flat.reshape(weights[4].shape)  # reads a flattened (C, H, W)
    loss = _cross_entropy(problem, "dense3.bias")
    x = np.ascontiguousarray(problem.x.transpose(0, 3, 1, 2))
    return _steps(problem, weights, forward, loss, x)


def W5(problem: Problem) -> Steps:
    """An LSTM that names the next sign."""
    import autograd.numpy as anp

    def cell(z: Any, state: tuple[Any, Any]) -> tuple[Any, Any]:
        h, c = state
        i, f, u, o = anp.split(z, 4, axis=1)
        c = _sigmoid(f) * c + _sigmoid(i) * anp.tanh(u)
        h = _sigmoid(o) * anp.tanh(c)
        return h, c

    return _recurrent(problem, cell)


def W5R(problem: Problem) -> Steps:
    """The same with a simple recurrent layer."""
    import autograd.numpy as anp

    def cell(z: Any, state: tuple[Any, ...]) -> tuple[Any, ...]:
        return (anp.tanh(z), *state[1:])

    return _recurrent(problem, cell)


# ---------------------------------------------------------------- the parts


def _copies(problem: Problem) -> list[Any]:
    return [value.copy() for value in problem.weights.values()]


def _sigmoid(z: Any) -> Any:
    import autograd.numpy as anp

    return 0.5 * (anp.tanh(0.5 * z) + 1.0)


def _cross_entropy(problem: Problem, last: str) -> Callable[[Any], Any]:
    """Softmax cross-entropy, the mean over all rows of the logits."""
    import autograd.numpy as anp
    from autograd.tracer import getval

    classes = len(problem.weights[last])
    hot = np.eye(classes, dtype="f")[problem.y.T.ravel()]  # time first, where there is

    def loss(z: Any) -> Any:
        z = z - getval(z).max(axis=1, keepdims=True)  # its gradient is zero
        normalizers = anp.log(anp.sum(anp.exp(z), axis=1))
        return (anp.sum(normalizers) - anp.sum(z * hot)) / len(hot)

    return loss


def _recurrent(problem: Problem, cell: Callable[..., Any]) -> Steps:
    """Embedding and input product for all steps at once, then step after step."""
    import autograd.numpy as anp

    vocabulary = len(problem.weights["embedding.table"])
    units = len(problem.weights["recurrent.recurrent_kernel"])
    batch, times = problem.x.shape
    hot = np.eye(vocabulary, dtype="f")

    def forward(weights: list[Any], x: Any) -> Any:
        table, kernel, recurrent, bias, w, b = weights
        inputs = anp.dot(anp.dot(hot[x.ravel()], table), kernel) + bias  # (T·N, 4U)
        state = (np.zeros((batch, units), "f"),) * 2
        outputs = []
        for z in anp.split(inputs, times):
            state = cell(z + anp.dot(state[0], recurrent), state)
            outputs.append(state[0])
        return anp.dot(anp.concatenate(outputs), w) + b  # (T·N, vocabulary)

    loss = _cross_entropy(problem, "dense1.bias")
    x = np.ascontiguousarray(problem.x.T)  # (T, N)
    return _steps(problem, _copies(problem), forward, loss, x)


def _steps(
    problem: Problem,
    weights: list[Any],
    forward: Callable[[list[Any], Any], Any],
    loss: Callable[[Any], Any],
    x: np.ndarray,
) -> Steps:
    from autograd import value_and_grad

    differentiate = value_and_grad(lambda weights: loss(forward(weights, x)))
    update = _rule(problem, weights)

    def train() -> float:
        value, gradients = differentiate(weights)
        update(gradients)
        return float(value)

    def infer() -> Any:
        return forward(weights, x)

    return {"train": train, "infer": infer}


def _rule(problem: Problem, weights: list[Any]) -> Callable[[list[Any]], None]:
    """SGD, with momentum where the problem has it, or Adam."""
    settings = problem.settings
    rate, momentum = settings["learning_rate"], settings.get("momentum", 0.0)
    first, second = ([np.zeros_like(w) for w in weights] for _ in range(2))
    times = 0

    def sgd(gradients: list[Any]) -> None:
        for w, g in zip(weights, gradients, strict=True):
            g *= rate
            w -= g

    def with_momentum(gradients: list[Any]) -> None:
        for w, g, v in zip(weights, gradients, first, strict=True):
            v *= momentum
            v += g
            w -= rate * v

    def adam(gradients: list[Any]) -> None:
        nonlocal times
        times += 1
        scale = 1 / np.sqrt(1 - 0.999**times)
        step = rate / (1 - 0.9**times)
        for w, g, m, v in zip(weights, gradients, first, second, strict=True):
            m += (g - m) * np.float32(0.1)
            g *= g
            g -= v
            g *= 0.001
            v += g
            root = np.sqrt(v)
            root *= scale
            root += settings["epsilon"]
            np.divide(m, root, out=root)
            root *= step
            w -= root

    if "epsilon" in settings:
        return adam
    return with_momentum if momentum else sgd
