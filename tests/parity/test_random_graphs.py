"""A thousand random graphs, with reuse and forks, against PyTorch to 1e-10.

A graph is a list of steps; each takes earlier values (often the same twice), and the
result weighs all values that nothing else has used. Every graph is run by both, from
the same description.
"""

import numpy as np
import pytest
import torch

import dlcourse as dl
from tests.parity.judges import TorchOps, to_numpy, to_torch

pytest_plugins = ["tests.parity.counts"]

GRAPHS, AT_ONCE = 1000, 50
N = 3  # every value broadcasts against every other: axes are 1 or N

MASK = np.array([[True, False, True], [False, False, True], [True, True, False]])

# what may be done: name, how many values it takes, how it is said to a module
STEPS = [
    ("add", 2, lambda m, a, b: m.add(a, b)),
    ("subtract", 2, lambda m, a, b: m.subtract(a, b)),
    ("multiply", 2, lambda m, a, b: m.multiply(a, b)),
    ("divide", 2, lambda m, a, b: m.divide(a, m.add(m.square(b), 1.0))),
    ("maximum", 2, lambda m, a, b: m.maximum(a, m.sin(b))),
    ("matmul", 2, lambda m, a, b: m.matmul(square(m, a), square(m, b))),
    ("tanh", 1, lambda m, a: m.tanh(a)),
    ("sigmoid", 1, lambda m, a: m.sigmoid(a)),
    ("sin", 1, lambda m, a: m.sin(a)),
    ("exp", 1, lambda m, a: m.exp(m.tanh(a))),
    ("log", 1, lambda m, a: m.log(m.add(m.square(a), 0.5))),
    ("softplus", 1, lambda m, a: m.softplus(a)),
    ("gelu", 1, lambda m, a: m.gelu(a)),
    ("elu", 1, lambda m, a: m.elu(m.sin(m.multiply(a, 3.0)))),
    ("negative", 1, lambda m, a: m.negative(a)),
    ("abs", 1, lambda m, a: m.abs(a)),
    ("cos", 1, lambda m, a: m.cos(a)),
    ("sqrt", 1, lambda m, a: m.sqrt(m.add(m.square(a), 0.1))),
    ("expm1", 1, lambda m, a: m.expm1(m.sin(a))),
    ("log1p", 1, lambda m, a: m.log1p(m.square(a))),
    ("erf", 1, lambda m, a: m.erf(a)),
    ("relu", 1, lambda m, a: m.relu(a)),
    ("leaky relu", 1, lambda m, a: m.leaky_relu(a, negative_slope=0.3)),
    ("selu", 1, lambda m, a: m.selu(a)),
    ("silu", 1, lambda m, a: m.silu(a)),
    ("softsign", 1, lambda m, a: m.softsign(a)),
    ("clip", 1, lambda m, a: m.clip(a, -0.7, 0.9)),
    ("power", 2, lambda m, a, b: m.power(m.add(m.square(a), 0.5), m.sin(b))),
    ("minimum", 2, lambda m, a, b: m.minimum(a, m.cos(b))),
    ("where", 2, lambda m, a, b: m.where(MASK, square(m, a), square(m, b))),
    ("var", 1, lambda m, a: m.var(square(m, a), axis=-1, keepdims=True)),
    ("min", 1, lambda m, a: m.min(square(m, a), axis=0, keepdims=True)),
    ("prod", 1, lambda m, a: m.prod(square(m, a), axis=1, keepdims=True)),
    ("flip", 1, lambda m, a: m.flip(square(m, a), axis=0)),
    ("sum", 1, lambda m, a: m.sum(a, axis=-1, keepdims=True)),
    ("mean", 1, lambda m, a: m.mean(a, axis=0, keepdims=True)),
    ("max", 1, lambda m, a: m.max(square(m, a), axis=1, keepdims=True)),
    ("softmax", 1, lambda m, a: m.softmax(square(m, a), axis=0)),
    ("logsumexp", 1, lambda m, a: m.logsumexp(square(m, a), axis=1, keepdims=True)),
    ("transpose", 1, lambda m, a: m.transpose(square(m, a))),
    ("rows", 1, lambda m, a: m.getitem(square(m, a), [0, 0, 2])),
    ("join", 2, lambda m, a, b: m.getitem(m.stack([square(m, a), square(m, b)]), 1)),
    ("norm", 1, lambda m, a: m.norm(m.add(square(m, a), 0.1), axis=0, keepdims=True)),
    ("linear", 3, lambda m, a, b, c: m.linear(square(m, a), square(m, b), row(m, c))),
]


def square(m, a):
    """As an N × N matrix."""
    return m.broadcast_to(a, (N, N))


def row(m, a):
    """As a line of N."""
    return m.getitem(square(m, a), 0)


def draw(rng):
    """A graph: the shapes of its leaves, and steps (which, from which values)."""
    shapes = [[(N, N), (N, 1), (1, N), (N,), (1, 1)][rng.integers(5)] for _ in range(4)]
    steps = []
    for position in range(len(shapes), len(shapes) + int(rng.integers(3, 25))):
        which = int(rng.integers(len(STEPS)))
        near = rng.random(STEPS[which][1]) < 0.5  # deep, and with long forks
        low = np.where(near, max(0, position - 3), 0)
        steps.append((which, rng.integers(low, position).tolist()))
    return shapes, steps


def run(m, leaves, steps, weights):
    """The result of the graph, and how many of its values were used more than once."""
    values = list(leaves)
    used = np.zeros(len(leaves) + len(steps), int)
    for which, sources in steps:
        y = STEPS[which][2](m, *(values[i] for i in sources))
        values.append(m.multiply(m.tanh(m.multiply(y, 0.5)), 2.0))  # keep it in bounds
        np.add.at(used, sources, 1)
    total = 0.0
    for value, count, weight in zip(values, used, weights):
        if count == 0:
            total = m.sum(m.multiply(value, weight)) + total
    return total, int((used > 1).sum())


@pytest.mark.parametrize("first", range(0, GRAPHS, AT_ONCE))
def test_random_graphs(first, record_property):
    forks = 0
    for seed in range(first, first + AT_ONCE):
        rng = np.random.default_rng(seed)
        shapes, steps = draw(rng)
        arrays = [rng.normal(size=shape) for shape in shapes]
        weights = rng.uniform(0.5, 1.5, len(shapes) + len(steps)).tolist()
        ours = [dl.Tensor(x, requires_grad=True) for x in arrays]
        theirs = [to_torch(x) for x in arrays]
        y, reused = run(dl.ops, ours, steps, weights)
        z, _ = run(TorchOps, theirs, steps, weights)
        forks += reused
        close(seed, y.data, z)
        # by backward, by grad, and the slope of the slope
        y.backward()
        first_order = dl.grad(y, ours, create_graph=True)
        judged = torch.autograd.grad(z, theirs, create_graph=True, allow_unused=True)
        judged = [
            torch.zeros_like(x) if g is None else g for g, x in zip(judged, theirs)
        ]
        for x, g, right in zip(ours, first_order, judged):
            close(seed, x.grad if x.grad is not None else 0 * x.data, right)
            close(seed, g.data, right)
        squares = sum((g * g).sum() for g in first_order) + 0 * ours[0].sum()
        judged_squares = sum((g * g).sum() for g in judged) + 0 * theirs[0].sum()
        second = dl.grad(squares, ours)
        judged = torch.autograd.grad(judged_squares, theirs, allow_unused=True)
        for g, right in zip(second, judged):
            close(seed, g.data, 0 * g.data if right is None else right, 1e-8)
    assert forks > AT_ONCE
    record_property("count", ("random graphs against PyTorch", "graphs", AT_ONCE))
    record_property("count", ("values used more than once in them", "values", forks))


def close(seed, ours, theirs, tolerance=1e-10):
    np.testing.assert_allclose(
        ours,
        to_numpy(theirs),
        rtol=tolerance,
        atol=tolerance,
        err_msg=f"graph {seed}",
    )
