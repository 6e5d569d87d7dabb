"""Loops of plain Tensors with a fault planted where we know it. See ``planted.py``."""

import numpy as np

import dlcourse as dl
from dlcourse import layers, ops, optimizers
from dlcourse.autodiff import op
from tests.planted import Planted
from tests.planted_models import LABELS, SERIES, X, Y

PLAIN: dict[str, Planted] = {}


def plain(name, op_name, cause, place=None, batch=None):
    """Decorator: a case that is watched while it runs."""

    def keep(run):
        def watched():
            with dl.detect_anomaly(), np.errstate(all="ignore"):
                run()

        PLAIN[name] = Planted(watched, op_name, place, batch, cause)
        return run

    return keep


def leaf(values):
    return dl.Tensor(np.asarray(values, "f"), requires_grad=True)


def start():
    return leaf(np.linspace(-0.5, 0.5, 4)[:, None])


def squares(w):
    return ops.mean(ops.square(ops.matmul(X, w) - Y))


# ------------------------------------------------------------------ learning rates


@plain("descent by hand", "square", "rate")
def _():
    w = start()
    for _ in range(200):
        squares(w).backward()
        w.data -= 1e8 * w.grad
        w.grad = None


@plain("a new Tensor in every step", "square", "rate")
def _():
    w = start()
    for _ in range(200):
        squares(w).backward()
        w = dl.Tensor(w.data - 1e8 * w.grad, requires_grad=True)


@plain("a watch for every step", "square", "rate")
def _():
    w = start()
    for _ in range(200):
        with dl.detect_anomaly():
            [g] = dl.grad(squares(w), w)
        w.data -= 1e8 * g.data


@plain("an optimizer by hand", "square", "rate")
def _():
    w, optimizer = start(), optimizers.SGD(1e25)
    for _ in range(5):
        [g] = dl.grad(squares(w), w)
        optimizer.apply_gradients([(g, w)])


@plain("layers by hand", "linear", "rate", "layer 'top'")
def _():
    dl.manual_seed(0)
    memory, top = layers.GRU(4, name="memory"), layers.Dense(1, name="top")
    middle, optimizer = layers.Dense(4, name="middle"), optimizers.SGD(1e30)
    for _ in range(3):
        loss = ops.mean(ops.square(top(middle(memory(SERIES)))))
        weights = [*memory.weights, *middle.weights, *top.weights]
        optimizer.apply_gradients(zip(dl.grad(loss, weights), weights, strict=True))


# ------------------------------------------------------------------ what an op is given


@plain("own cross-entropy", "log", "log of zero")
def _():
    p = ops.softmax(ops.matmul(X * 500.0, leaf(np.eye(4)[:, :2])))
    ops.mean(-ops.log(p)[np.arange(len(X)), LABELS])


@plain("almost log of zero", "log", "log of zero")
def _():
    ops.log(leaf([1e-39])).sum().backward()


@plain("a negative power", "power", "by zero")
def _():
    ops.sum(ops.abs(leaf([0.0, 2.0])) ** -2)


@plain("almost a division by zero", "divide", "by zero")
def _():
    ops.sum(1.0 / leaf([1e-25, 1.0])).backward()


@plain("exp in double precision", "exp", "exp")
def _():
    ops.exp(dl.Tensor(np.array([1.0, 710.0]), requires_grad=True))


@plain("a power that is learned", "power", "power")
def _():
    ops.abs(X) * leaf([-2.0]) ** leaf([0.5])


# ------------------------------------------------------------------ data and constants


@plain("a hole in the data", "matmul", "bad data")
def _():
    x = X.copy()
    x[3, 2] = np.nan
    ops.mean(ops.matmul(x, start()))


@plain("a hole in the targets", "subtract", "bad data")
def _():
    ops.mean(ops.square(ops.matmul(X, start()) - np.full_like(Y, np.inf)))


@plain("huge data", "square", "data")
def _():
    ops.mean(ops.square(ops.matmul(X * 1e25, start())))


@plain("a mask of infinity", "where", "constant")
def _():
    ops.softmax(ops.where(X > 0, leaf(X), -np.inf))


@plain("a huge number", "multiply", "constant")
def _():
    1e30 * (leaf(X) * 1e30)


@plain("the mean of nothing", "multiply", "constant")
def _():
    ops.mean(leaf(X)[:0])


@plain("weights without a start", "matmul", "bad weights")
def _():
    ops.mean(ops.matmul(X, leaf(np.full((4, 1), np.nan))))


@plain("huge weights", "square", "first weights")
def _():
    ops.mean(ops.square(ops.matmul(X, leaf(np.full((4, 1), 1e25)))))


# ------------------------------------------------------------------ growth, own ops


@plain("own recurrence", "matmul", "recurrence")
def _():
    h, w = dl.Tensor(X), leaf(1.2 * np.eye(4) + 0.2)
    for _ in range(300):
        h = ops.matmul(h, w)


@plain("the gradient of a recurrence", "multiply", "recurrence")
def _():
    w, h = leaf([3.0]), dl.Tensor(np.full(1, 1e-30, "f"))
    for _ in range(100):
        h = ops.where(h > 1.0, h * 1e-30, h) * w  # what grows is cut again
    (h * 1e30).sum().backward()


@plain("too many factors", "multiply", "depth")
def _():
    y = leaf(np.ones(3))
    for _ in range(5):
        y = y * 1e9


@op
def reciprocal_gap(x):
    return 1 / (x - x)


@op
def steep(x):
    return x * 1.0


steep.gradient(x=lambda g, y, x: g * np.float32(np.inf))


@plain("own op", "reciprocal_gap", "custom op")
def _():
    with np.errstate(all="ignore"):
        reciprocal_gap(leaf([1.0]))


@plain("own gradient rule", "steep", "custom rule", "layer 'own'")
def _():
    layer = layers.Activation(steep, name="own")
    layer(leaf([1.0, 2.0])).sum().backward()
