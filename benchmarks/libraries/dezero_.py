"""DeZero: the framework of a textbook, in NumPy, with define-by-run graphs.

It was written for NumPy 1, where a number took the precision of the array that it met.
NumPy 2 keeps that rule for Python's numbers, but DeZero makes arrays of them first and
so would go on in float64, at about half the speed. ``setup`` therefore replaces its
``as_array`` by one that makes float32, and lends NumPy its old name ``int`` while
DeZero is imported. Labels are uint8, as in its own MNIST, for wider integers, too,
would make the gradients float64. ``dezero_plain_.py`` is without these remedies. Where
a layer lacks a setting (the output's size, batch norm's epsilon), its function has it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..problems import Problem
from . import Steps

NAME = "DeZero"
PACKAGE = MODULE = "dezero"


labels = np.uint8


def setup(threads: int) -> None:
    """Import DeZero, and let it make float32 of numbers."""
    load()
    from dezero import core, functions

    def as_array(x: Any, array_module: Any = np) -> Any:
        if isinstance(x, np.generic):  # what a sum returns: it has its own precision
            return np.asarray(x)
        return np.array(x, "f") if np.isscalar(x) else x

    core.as_array = functions.as_array = as_array


def load() -> None:
    """Import DeZero under a NumPy that still has ``np.int``."""
    vars(np)["int"] = int
    import dezero  # noqa: F401

    del vars(np)["int"]


def W1(problem: Problem) -> Steps:
    """A small network on a full batch."""
    import dezero.functions as F

    model = _network(_linear(problem, 1), F.tanh, _linear(problem, 2))
    return _steps(problem, model, F.sigmoid_cross_entropy, problem.x, problem.y)


def W2(problem: Problem) -> Steps:
    """The digits network."""
    import dezero.functions as F

    model = _network(_linear(problem, 1), F.relu, _linear(problem, 2))
    return _classifier(problem, model, problem.x)


def W3(problem: Problem) -> Steps:
    """LeNet-5."""
    import dezero.functions as F

    def pool(x: Any) -> Any:
        return F.average_pooling(x, 2, 2)

    model = _network(
        *(_conv(problem, 1, pad=2), F.tanh, pool),
        *(_conv(problem, 2), F.tanh, pool),
        F.flatten,
        *(_linear(problem, 1, image=(5, 5, 16)), F.tanh),
        *(_linear(problem, 2), F.tanh),
        _linear(problem, 3),
    )
    return _classifier(problem, model, _channels_first(problem.x))


def W4(problem: Problem) -> Steps:
    """ShallowVGGNet."""
    import dezero.functions as F

    def block(number: int) -> list[Any]:
        return [_conv(problem, number, pad=1), _norm(problem, number), F.relu]

    def pool(x: Any) -> Any:
        return F.pooling(x, 2, 2)

    model = _network(
        *(*block(1), *block(2), pool),
        *(*block(3), *block(4), pool),
        F.flatten,
        *(_linear(problem, 1, image=(8, 8, 64)), _norm(problem, 5), F.relu),
        _linear(problem, 2),
    )
    return _classifier(problem, model, _channels_first(problem.x))


def W5(problem: Problem) -> Steps:
    """An LSTM that names the next sign."""
    import dezero.layers as L

    def make(inputs: int, units: int) -> Any:
        layer = L.LSTM(units, in_size=inputs)
        weights = [problem.weights[f"recurrent.{n}"] for n in _RECURRENT]
        for gate, name in enumerate("ifuo"):  # the cell's is its u
            part = slice(gate * units, (gate + 1) * units)
            kernel, recurrent, bias = (w[..., part] for w in weights)
            _set(getattr(layer, f"x2{name}"), kernel, bias)
            _set(getattr(layer, f"h2{name}"), recurrent)
        return layer

    return _recurrent(problem, make)


def W5R(problem: Problem) -> Steps:
    """The same with a simple recurrent layer."""
    import dezero.layers as L

    def make(inputs: int, units: int) -> Any:
        layer = L.RNN(units, in_size=inputs)
        kernel, recurrent, bias = (
            problem.weights[f"recurrent.{n}"] for n in _RECURRENT
        )
        _set(layer.x2h, kernel, bias)
        _set(layer.h2h, recurrent)
        return layer

    return _recurrent(problem, make)


def W6(problem: Problem) -> Steps:
    """A convolutional autoencoder."""
    import dezero.functions as F

    down = {"stride": 2, "pad": 1}
    model = _network(
        *(_conv(problem, 1, **down), F.relu),
        *(_conv(problem, 2, **down), F.relu),
        *(_deconv(problem, 3), F.relu),
        *(_deconv(problem, 4), F.sigmoid),
    )
    x, y = _channels_first(problem.x), _channels_first(problem.y)

    def loss(y: Any, target: Any) -> Any:  # its own divides by the batch alone
        return F.mean_squared_error(y, target) / target[0].size

    return _steps(problem, model, loss, x, y)


# ---------------------------------------------------------------- the parts

_RECURRENT = ("kernel", "recurrent_kernel", "bias")


def _network(*parts: Callable[..., Any]) -> Any:
    """Layers and functions, one after another."""
    from dezero import Model
    from dezero.layers import Layer

    class Network(Model):
        def __init__(self) -> None:
            super().__init__()
            for i, part in enumerate(parts):
                if isinstance(part, Layer):
                    setattr(self, f"layer{i}", part)

        def forward(self, x: Any) -> Any:
            for part in parts:
                x = part(x)
            return x

    return Network()


def _set(layer: Any, kernel: np.ndarray, bias: np.ndarray | None = None) -> Any:
    layer.W.data = np.array(kernel, order="C")
    if bias is not None:
        layer.b.data = bias.copy()
    return layer


def _channels_first(x: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2))


def _linear(problem: Problem, number: int, image: tuple[int, ...] = ()) -> Any:
    """A linear layer; with `image` (H, W, C) it reads a flattened (C, H, W)."""
    import dezero.layers as L

    kernel = problem.weights[f"dense{number}.kernel"]
    if image:
        kernel = kernel.reshape(*image, -1).transpose(2, 0, 1, 3)
        kernel = kernel.reshape(-1, kernel.shape[-1])
    ins, outs = kernel.shape
    bias = problem.weights[f"dense{number}.bias"]
    return _set(L.Linear(outs, in_size=ins), kernel, bias)


def _conv(problem: Problem, number: int, **settings: Any) -> Any:
    import dezero.layers as L

    kernel = problem.weights[f"conv{number}.kernel"].transpose(3, 2, 0, 1)
    outs, ins, size, _ = kernel.shape
    layer = L.Conv2d(outs, size, in_channels=ins, **settings)
    return _set(layer, kernel, problem.weights[f"conv{number}.bias"])


def _deconv(problem: Problem, number: int) -> Any:
    """A transposed convolution that doubles the size, with stride 2 and padding 1."""
    import dezero.functions as F
    import dezero.layers as L

    class Deconv2d(L.Deconv2d):
        def forward(self, x: Any) -> Any:
            size = tuple(2 * n for n in x.shape[2:])
            return F.deconv2d(x, self.W, self.b, self.stride, self.pad, size)

    kernel = problem.weights[f"conv{number}.kernel"].transpose(3, 2, 0, 1)
    ins, outs, size, _ = kernel.shape
    layer = Deconv2d(outs, size, stride=2, pad=1, in_channels=ins)
    return _set(layer, kernel, problem.weights[f"conv{number}.bias"])


def _norm(problem: Problem, number: int) -> Any:
    """Batch norm with the problem's momentum and epsilon instead of its own."""
    import dezero.functions as F
    import dezero.layers as L

    gamma, beta = (problem.weights[f"norm{number}.{n}"] for n in ("gamma", "beta"))

    class BatchNorm(L.BatchNorm):
        def __call__(self, x: Any) -> Any:
            moving = self.avg_mean.data, self.avg_var.data
            return F.batch_nrom(x, self.gamma, self.beta, *moving, 0.99, 1e-3)

    layer = BatchNorm()
    layer.gamma.data, layer.beta.data = gamma.copy(), beta.copy()
    layer.avg_mean.data, layer.avg_var.data = np.zeros_like(beta), np.ones_like(gamma)
    return layer


def _recurrent(problem: Problem, make: Callable[[int, int], Any]) -> Steps:
    """Its layers take one step of a sequence each; the losses of all are added."""
    import dezero.functions as F
    import dezero.layers as L
    from dezero import Model

    table = problem.weights["embedding.table"]
    steps = problem.x.shape[1]

    class Network(Model):
        def __init__(self) -> None:
            super().__init__()
            self.table = L.EmbedID(*table.shape)
            self.table.W.data = table.copy()
            units = len(problem.weights["recurrent.recurrent_kernel"])
            self.inner = make(table.shape[1], units)
            self.last = _linear(problem, 1)

        def forward(self, columns: Any) -> Any:
            self.inner.reset_state()
            return [self.last(self.inner(self.table(x))) for x in columns]

        def __call__(self, columns: Any) -> Any:
            return self.forward(columns)

    def loss(outputs: Any, columns: Any) -> Any:
        each = map(F.softmax_cross_entropy, outputs, columns)
        return sum(each, next(each)) / steps

    x = np.ascontiguousarray(problem.x.T)  # (T, N)
    y = np.ascontiguousarray(problem.y.T, labels)
    return _steps(problem, Network(), loss, list(x), list(y))


def _classifier(problem: Problem, model: Any, x: np.ndarray) -> Steps:
    import dezero.functions as F

    y = problem.y.astype(labels)
    return _steps(problem, model, F.softmax_cross_entropy, x, y)


def _steps(
    problem: Problem, model: Any, loss: Callable[..., Any], x: Any, y: Any
) -> Steps:
    """The loop of its book."""
    import dezero
    from dezero import optimizers

    settings = problem.settings
    rate = settings["learning_rate"]
    if "epsilon" in settings:
        rule = optimizers.Adam(rate, eps=settings["epsilon"])
    elif "momentum" in settings:
        rule = optimizers.MomentumSGD(rate, settings["momentum"])
    else:
        rule = optimizers.SGD(rate)
    optimizer = rule.setup(model)

    def train() -> float:
        value = loss(model(x), y)
        model.cleargrads()
        value.backward()
        optimizer.update()
        return float(value.data)

    def infer() -> Any:
        with dezero.test_mode(), dezero.no_grad():
            return model(x)

    return {"train": train, "infer": infer}
