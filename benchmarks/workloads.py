"""What is timed: for each workload, the same computation in each library.

A workload is a class; ``data()`` makes what all libraries share, and each method named
like a library returns ``{"train": step, "infer": step}`` (or others): functions without
arguments. ``train`` returns the loss *before* its update, so that the first steps of
all libraries can be compared.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

Steps = dict[str, Callable[[], Any]]


def _mlp_weights(sizes: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    weights = []
    for a, b in itertools.pairwise(sizes):
        bound = np.sqrt(6 / (a + b))
        weights += [rng.uniform(-bound, bound, (a, b)).astype("f"), np.zeros(b, "f")]
    return weights


def _dlcourse_mlp(sizes: tuple[int, ...], hidden: str, last: str) -> Any:
    import dlcourse as dl

    layers = [dl.layers.Dense(n, hidden) for n in sizes[1:-1]]
    model = dl.Sequential(
        [dl.Input(shape=(sizes[0],)), *layers, dl.layers.Dense(sizes[-1], last)]
    )
    model.set_weights(_mlp_weights(sizes))
    return model


def _torch_mlp(sizes: tuple[int, ...], hidden: Any) -> Any:
    import torch

    layers: list[Any] = []
    weights = _mlp_weights(sizes)
    for i, (a, b) in enumerate(itertools.pairwise(sizes)):
        layer = torch.nn.Linear(a, b)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weights[2 * i].T.copy()))
            layer.bias.copy_(torch.from_numpy(weights[2 * i + 1]))
        layers.append(layer)
        if i < len(sizes) - 2:
            layers.append(hidden())
    return torch.nn.Sequential(*layers)


def _torch_steps(model: Any, loss: Any, optimizer: Any, x: Any, y: Any) -> Steps:
    import torch

    def train() -> float:
        optimizer.zero_grad(set_to_none=True)
        value = loss(model(x), y)
        value.backward()
        optimizer.step()
        return value.item()

    def infer() -> Any:
        with torch.no_grad():
            return model(x)

    return {"train": train, "infer": infer}


def _dlcourse_steps(model: Any, x: Any, y: Any) -> Steps:
    import dlcourse as dl

    theta = model._pack()
    x, y, _ = model._prepare(x, y, None)

    def train() -> float:
        return float(model._step(theta, x, y, None)[0])

    def infer() -> Any:
        with dl.no_grad():
            return model(x)

    return {"train": train, "infer": infer}


class W1:
    """2-16-1 tanh, binary cross-entropy, full batch of 200, SGD."""

    sizes = (2, 16, 1)

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Two features and an exclusive-or of their signs."""
        x = np.random.default_rng(1).normal(size=(200, 2)).astype("f")
        return x, (x[:, :1] * x[:, 1:] > 0).astype("f")

    def dlcourse(self) -> Steps:
        """The bare step, and ``fit`` (W10) of 50 epochs as one."""
        import dlcourse as dl

        x, y = self.data()
        model = _dlcourse_mlp(self.sizes, "tanh", "sigmoid")
        model.compile(dl.optimizers.SGD(0.1), "binary_crossentropy")
        twin = _dlcourse_mlp(self.sizes, "tanh", "sigmoid")
        twin.compile(dl.optimizers.SGD(0.1), "binary_crossentropy")

        def fit() -> None:
            twin.fit(x, y, batch_size=200, epochs=50, verbose=0)

        return {**_dlcourse_steps(model, x, y), "fit of 50 steps": fit}

    def torch(self) -> Steps:
        """PyTorch, eager."""
        import torch

        x, y = (torch.from_numpy(a) for a in self.data())
        model = _torch_mlp(self.sizes, torch.nn.Tanh)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        loss = torch.nn.BCEWithLogitsLoss()
        steps = _torch_steps(model, loss, optimizer, x, y)
        twin = _torch_mlp(self.sizes, torch.nn.Tanh)
        second = torch.optim.SGD(twin.parameters(), lr=0.1)
        train = _torch_steps(twin, loss, second, x, y)["train"]

        def fit() -> None:
            for _ in range(50):
                train()

        return {**steps, "fit of 50 steps": fit}


class W2:
    """784-512-10, softmax cross-entropy, batch of 128, Adam."""

    sizes = (784, 512, 10)

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Random images and labels: the arithmetic is the same."""
        rng = np.random.default_rng(1)
        return rng.random((128, 784), dtype="f"), rng.integers(0, 10, 128)

    def dlcourse(self) -> Steps:
        """The bare step."""
        import dlcourse as dl

        model = _dlcourse_mlp(self.sizes, "relu", "softmax")
        model.compile(
            dl.optimizers.Adam(1e-3, epsilon=1e-8), "sparse_categorical_crossentropy"
        )
        return _dlcourse_steps(model, *self.data())

    def torch(self) -> Steps:
        """PyTorch, eager."""
        import torch

        x, y = (torch.from_numpy(a) for a in self.data())
        model = _torch_mlp(self.sizes, torch.nn.ReLU)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        return _torch_steps(model, torch.nn.CrossEntropyLoss(), optimizer, x, y)


class W7:
    """The loss of 2-16-16-1 on 200 points at the 41 × 41 points of a landscape."""

    sizes = (2, 16, 16, 1)

    def data(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The points, and 1,681 weight vectors on a plane."""
        x, y = W1().data()
        start = np.concatenate([w.reshape(-1) for w in _mlp_weights(self.sizes)])
        first, second = np.random.default_rng(2).normal(size=(2, len(start)))
        ticks = np.linspace(-1, 1, 41)
        a, b = (m.reshape(-1, 1) for m in np.meshgrid(ticks, ticks))
        return x, y, (start + a * first + b * second).astype("f")

    def dlcourse(self) -> Steps:
        """All at once."""
        import dlcourse as dl

        x, y, thetas = self.data()
        model = _dlcourse_mlp(self.sizes, "tanh", "sigmoid")
        loss = "binary_crossentropy"
        return {
            "infer": lambda: float(
                dl.models.losses_at(model, thetas, x, y, loss).mean(dtype="d")
            )
        }

    def torch(self) -> Steps:
        """All at once, with batched products, in eager PyTorch."""
        import torch

        x, y, thetas = (torch.from_numpy(a) for a in self.data())
        target = y.expand(len(thetas), *y.shape)

        def infer() -> float:
            with torch.no_grad():
                h, start = x.expand(len(thetas), *x.shape), 0
                for i, (a, b) in enumerate(
                    zip(self.sizes[:-1], self.sizes[1:], strict=True)
                ):
                    w = thetas[:, start : start + a * b].reshape(-1, a, b)
                    bias = thetas[:, None, start + a * b : start + a * b + b]
                    start += a * b + b
                    h = torch.baddbmm(bias, h, w)
                    h = torch.tanh(h) if i < 2 else h
                loss = torch.nn.functional.binary_cross_entropy_with_logits
                each = loss(h, target, reduction="none").mean((1, 2))
                return each.double().mean().item()

        return {"infer": infer}


class W9:
    """64 learning rates of W1, 200 steps: at once against one after another."""

    def dlcourse(self) -> Steps:
        """The sweep, and eight single trainings with ``fit``."""
        import dlcourse as dl

        x, y = W1().data()
        model = _dlcourse_mlp(W1.sizes, "tanh", "sigmoid")
        rates = np.geomspace(0.001, 30, 64)
        loss = "binary_crossentropy"

        def together() -> None:
            dl.models.sweep(model, x, y, loss=loss, learning_rate=rates, steps=200)

        def one() -> None:
            model.compile(dl.optimizers.SGD(0.1), loss)
            model.fit(x, y, batch_size=200, epochs=200, verbose=0)

        return {"64 at once": together, "one of 64": one}


WORKLOADS = {cls.__name__: cls for cls in (W1, W2, W7, W9)}
