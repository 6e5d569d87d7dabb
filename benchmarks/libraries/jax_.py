"""JAX: the whole step compiled by ``jit``, which may overwrite the old parameters.

Plain ``jax.numpy`` and ``jax.lax``, with images channels last. XLA has threads of its
own; how many is read from the environment when JAX is first imported.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

from ..problems import Problem
from . import Steps

NAME = "JAX, jit"
PACKAGE = MODULE = "jax"


def setup(threads: int) -> None:
    """Before JAX is imported: how many threads, and the CPU where there is more."""
    flags = [os.environ.get("XLA_FLAGS", "")]
    if threads == 1:
        flags.append("--xla_cpu_multi_thread_eigen=false")
    os.environ["XLA_FLAGS"] = " ".join(flags)
    os.environ["NPROC"] = str(threads)  # of XLA's pool
    os.environ["JAX_PLATFORMS"] = "cpu"
    # a caller that waits for each result anyway is served in half the time (W1)
    os.environ["JAX_CPU_ENABLE_ASYNC_DISPATCH"] = "false"


def W1(problem: Problem) -> Steps:
    """A small network on a full batch."""
    import jax
    import jax.numpy as jnp

    def forward(weights: list[Any], x: Any) -> Any:
        w1, b1, w2, b2 = weights
        return jnp.tanh(x @ w1 + b1) @ w2 + b2

    def loss(z: Any, y: Any) -> Any:
        return jnp.mean(jax.nn.softplus(z) - y * z)

    return _steps(problem, forward, loss)


def W2(problem: Problem) -> Steps:
    """The digits network."""
    import jax

    def forward(weights: list[Any], x: Any) -> Any:
        w1, b1, w2, b2 = weights
        return jax.nn.relu(x @ w1 + b1) @ w2 + b2

    return _steps(problem, forward, _cross_entropy)


def W3(problem: Problem) -> Steps:
    """LeNet-5."""
    import jax.numpy as jnp

    def forward(weights: list[Any], x: Any) -> Any:
        w1, b1, w2, b2, w3, b3, w4, b4, w5, b5 = weights
        h = _pool(jnp.tanh(_conv(x, w1, "SAME") + b1))
        h = _pool(jnp.tanh(_conv(h, w2, "VALID") + b2))
        h = h.reshape(len(h), -1)
        h = jnp.tanh(h @ w3 + b3)
        h = jnp.tanh(h @ w4 + b4)
        return h @ w5 + b5

    return _steps(problem, forward, _cross_entropy)


def W7(problem: Problem) -> Steps:
    """A landscape: one loss, mapped over all weight vectors by ``vmap``."""
    import jax
    import jax.numpy as jnp

    shapes = [value.shape for value in problem.weights.values()]
    ends = [0]
    for value in problem.weights.values():
        ends.append(ends[-1] + value.size)
    arrays = (problem.settings["thetas"], problem.x, problem.y)
    thetas, x, y = (jnp.asarray(a) for a in arrays)

    def loss(theta: Any, x: Any, y: Any) -> Any:
        parts = [
            theta[a:b].reshape(shape)
            for a, b, shape in zip(ends[:-1], ends[1:], shapes, strict=True)
        ]
        w1, b1, w2, b2, w3, b3 = parts
        h = jnp.tanh(jnp.tanh(x @ w1 + b1) @ w2 + b2)
        z = h @ w3 + b3
        return jnp.mean(jax.nn.softplus(z) - y * z)

    losses = jax.jit(jax.vmap(loss, (0, None, None)))

    def infer() -> float:
        return float(losses(thetas, x, y).mean())

    return {"infer": infer}


# ---------------------------------------------------------------- the parts


def _conv(x: Any, kernel: Any, padding: str) -> Any:
    from jax import lax

    layout = ("NHWC", "HWIO", "NHWC")
    strides = (1, 1)
    return lax.conv_general_dilated(
        x, kernel, strides, padding, dimension_numbers=layout
    )


def _pool(x: Any) -> Any:
    n, h, w, c = x.shape
    return x.reshape(n, h // 2, 2, w // 2, 2, c).mean((2, 4))


def _cross_entropy(z: Any, y: Any) -> Any:
    import jax
    import jax.numpy as jnp

    logs = jax.nn.log_softmax(z)
    return -jnp.mean(jnp.take_along_axis(logs, y[..., None], axis=-1))


def _steps(
    problem: Problem, forward: Callable[..., Any], loss: Callable[..., Any]
) -> Steps:
    """The step of its tutorials: a pure function of the parameters and of the state."""
    import jax
    import jax.numpy as jnp

    start, update = _rule(problem)
    weights = [jnp.array(value) for value in problem.weights.values()]
    state = start(weights)
    x, y = jnp.asarray(problem.x), jnp.asarray(problem.y)

    @partial(jax.jit, donate_argnums=(0, 1))
    def step(weights: Any, state: Any, x: Any, y: Any) -> Any:
        def of_weights(weights: Any) -> Any:
            return loss(forward(weights, x), y)

        value, gradients = jax.value_and_grad(of_weights)(weights)
        return (*update(weights, gradients, state), value)

    predict = jax.jit(forward)

    def train() -> float:
        nonlocal weights, state
        weights, state, value = step(weights, state, x, y)
        return float(value)

    def infer() -> Any:
        return predict(weights, x).block_until_ready()

    return {"train": train, "infer": infer}


def _rule(problem: Problem) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """SGD, with momentum where the problem has it, or Adam: its state, its update."""
    import jax
    import jax.numpy as jnp

    settings = problem.settings
    rate, momentum = settings["learning_rate"], settings.get("momentum", 0.0)

    def sgd(weights: Any, gradients: Any, state: Any) -> Any:
        return jax.tree.map(lambda w, g: w - rate * g, weights, gradients), state

    def with_momentum(weights: Any, gradients: Any, state: Any) -> Any:
        state = jax.tree.map(lambda v, g: momentum * v + g, state, gradients)
        return jax.tree.map(lambda w, v: w - rate * v, weights, state), state

    def adam(weights: Any, gradients: Any, state: Any) -> Any:
        times, first, second = state
        times = times + 1
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradients)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradients)
        step = rate / (1 - 0.9**times)
        scale = 1 / jnp.sqrt(1 - 0.999**times)

        def each(w: Any, m: Any, v: Any) -> Any:
            return w - step * m / (jnp.sqrt(v) * scale + settings["epsilon"])

        return jax.tree.map(each, weights, first, second), (times, first, second)

    def zeros(weights: Any) -> Any:
        return jax.tree.map(jnp.zeros_like, weights)

    if "epsilon" in settings:
        return lambda w: (jnp.zeros((), "f"), zeros(w), zeros(w)), adam
    return (zeros, with_momentum) if momentum else (lambda w: (), sgd)
