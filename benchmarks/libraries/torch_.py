"""PyTorch, eager, as its tutorials write it: the reference of all ratios.

Its layout is channels first, so the weights are turned around once, in the beginning.
``torch_best_.py`` has the same networks with all that PyTorch offers to be faster.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..problems import Problem
from . import Steps

NAME = "PyTorch"
PACKAGE = MODULE = "torch"


def setup(threads: int) -> None:
    """Set the number of threads."""
    import torch

    torch.set_num_threads(threads)


def setup_gpu() -> Callable[[], None]:
    """Keep products in float32: by default convolutions would round to TF32."""
    import torch

    if not torch.cuda.is_available():
        raise SystemExit("PyTorch is installed, but without support for this GPU.")
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    return torch.cuda.synchronize


def _device(problem: Problem) -> str:
    return problem.settings.get("device", "cpu")


def W1(problem: Problem, **best: Any) -> Steps:
    """A small network on a full batch."""
    from torch import nn

    model = nn.Sequential(_linear(problem, 1), nn.Tanh(), _linear(problem, 2))
    return _steps(problem, model, nn.BCEWithLogitsLoss(), _sgd, **best)


def W2(problem: Problem, **best: Any) -> Steps:
    """The digits network."""
    from torch import nn

    model = nn.Sequential(_linear(problem, 1), nn.ReLU(), _linear(problem, 2))
    return _steps(problem, model, nn.CrossEntropyLoss(), _adam, **best)


def W3(problem: Problem, **best: Any) -> Steps:
    """LeNet-5."""
    from torch import nn

    model = nn.Sequential(
        *(_conv(problem, 1, padding=2), nn.Tanh(), nn.AvgPool2d(2)),
        *(_conv(problem, 2), nn.Tanh(), nn.AvgPool2d(2)),
        nn.Flatten(),
        *(_linear(problem, 1, image=(5, 5, 16)), nn.Tanh()),
        *(_linear(problem, 2), nn.Tanh()),
        _linear(problem, 3),
    )
    return _steps(problem, model, nn.CrossEntropyLoss(), _sgd, **best)


def W4(problem: Problem, **best: Any) -> Steps:
    """ShallowVGGNet."""
    from torch import nn

    def block(number: int) -> list[Any]:
        norm = nn.BatchNorm2d(len(problem.weights[f"norm{number}.gamma"]), 1e-3, 0.01)
        return [_conv(problem, number, padding=1), norm, nn.ReLU()]

    model = nn.Sequential(
        *(*block(1), *block(2), nn.MaxPool2d(2)),
        *(*block(3), *block(4), nn.MaxPool2d(2)),
        nn.Flatten(),
        *(_linear(problem, 1, image=(8, 8, 64)), nn.BatchNorm1d(512, 1e-3, 0.01)),
        nn.ReLU(),
        _linear(problem, 2),
    )
    return _steps(problem, model, nn.CrossEntropyLoss(), _adam, **best)


def W5(problem: Problem, **best: Any) -> Steps:
    """An LSTM that names the next sign."""
    from torch import nn

    return _recurrent(problem, nn.LSTM, **best)


def W5R(problem: Problem, **best: Any) -> Steps:
    """The same with a simple recurrent layer."""
    from torch import nn

    return _recurrent(problem, nn.RNN, **best)


def W6(problem: Problem, **best: Any) -> Steps:
    """A convolutional autoencoder."""
    from torch import nn

    down = {"stride": 2, "padding": 1}
    up = {**down, "output_padding": 1, "kind": nn.ConvTranspose2d}
    model = nn.Sequential(
        *(_conv(problem, 1, **down), nn.ReLU()),
        *(_conv(problem, 2, **down), nn.ReLU()),
        *(_conv(problem, 3, **up), nn.ReLU()),
        *(_conv(problem, 4, **up), nn.Sigmoid()),
    )
    return _steps(problem, model, nn.MSELoss(), _adam, **best)


def W7(problem: Problem) -> Steps:
    """A landscape, all weight vectors in batched products."""
    import torch
    from torch.nn import functional

    arrays = (problem.x, problem.y, problem.settings["thetas"])
    x, y, thetas = (torch.from_numpy(a).to(_device(problem)) for a in arrays)
    target = y.expand(len(thetas), *y.shape)
    sizes = [value.size for value in problem.weights.values()]
    shapes = [value.shape for value in problem.weights.values()]

    def infer() -> float:
        with torch.no_grad():
            parts = [
                part.reshape(-1, *shape)
                for part, shape in zip(thetas.split(sizes, 1), shapes, strict=True)
            ]
            h = x.expand(len(thetas), *x.shape)  # (M, N, features)
            for i in range(0, len(parts), 2):
                h = torch.baddbmm(parts[i + 1][:, None], h, parts[i])
                h = torch.tanh(h) if i + 2 < len(parts) else h
            loss = functional.binary_cross_entropy_with_logits
            return loss(h, target, reduction="none").mean((1, 2)).mean().item()

    return {"infer": infer}


# ---------------------------------------------------------------- the parts


def _parameter(values: np.ndarray) -> Any:
    import torch

    return torch.nn.Parameter(torch.from_numpy(np.array(values, order="C")))


def _linear(problem: Problem, number: int, image: tuple[int, ...] = ()) -> Any:
    """A linear layer; with `image` (H, W, C) it reads a flattened (C, H, W)."""
    import torch

    kernel = problem.weights[f"dense{number}.kernel"]
    layer = torch.nn.Linear(*kernel.shape)
    if image:
        kernel = kernel.reshape(*image, -1).transpose(2, 0, 1, 3)
        kernel = kernel.reshape(-1, kernel.shape[-1])
    layer.weight = _parameter(kernel.T)
    layer.bias = _parameter(problem.weights[f"dense{number}.bias"])
    return layer


def _conv(problem: Problem, number: int, kind: Any = None, **settings: Any) -> Any:
    """A convolution, or another `kind` with a kernel (height, width, a, b)."""
    import torch

    kernel = problem.weights[f"conv{number}.kernel"].transpose(3, 2, 0, 1)
    ins, outs = kernel.shape[1::-1] if kind is None else kernel.shape[:2]
    layer = (kind or torch.nn.Conv2d)(ins, outs, kernel.shape[2], **settings)
    layer.weight = _parameter(kernel)
    layer.bias = _parameter(problem.weights[f"conv{number}.bias"])
    return layer


def _recurrent(problem: Problem, kind: Any, **best: Any) -> Steps:
    """Embedding, recurrent layer, linear layer at each step."""
    from torch import nn

    weights = problem.weights
    table, kernel = weights["embedding.table"], weights["recurrent.recurrent_kernel"]

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(*table.shape)
            self.table.weight = _parameter(table)
            self.inner = kind(table.shape[1], len(kernel), batch_first=True)
            inner = self.inner
            inner.weight_ih_l0 = _parameter(weights["recurrent.kernel"].T)
            inner.weight_hh_l0 = _parameter(kernel.T)
            inner.bias_ih_l0 = _parameter(weights["recurrent.bias"])
            # a second bias, which others do not have, would take a second step
            nn.init.zeros_(inner.bias_hh_l0).requires_grad_(False)
            self.last = _linear(problem, 1)

        def forward(self, x: Any) -> Any:
            h, _ = self.inner(self.table(x))  # (N, T, U)
            return self.last(h)

    def loss(y: Any, target: Any) -> Any:
        return nn.functional.cross_entropy(y.flatten(0, 1), target.flatten())

    return _steps(problem, Network(), loss, _adam, **best)


def _sgd(problem: Problem, parameters: Any, **more: Any) -> Any:
    import torch

    settings = problem.settings
    rate, momentum = settings["learning_rate"], settings.get("momentum", 0)
    return torch.optim.SGD(parameters, lr=rate, momentum=momentum, **more)


def _adam(problem: Problem, parameters: Any, **more: Any) -> Any:
    import torch

    rate, epsilon = problem.settings["learning_rate"], problem.settings["epsilon"]
    return torch.optim.Adam(parameters, lr=rate, eps=epsilon, **more)


def _steps(
    problem: Problem,
    model: Any,
    loss: Callable[..., Any],
    rule: Callable[..., Any],
    layout: Any = None,
    mode: Any = None,
    **settings: Any,
) -> Steps:
    """The loop of every tutorial; the rest is for ``torch_best_.py``."""
    import torch

    x, y = torch.from_numpy(problem.x), torch.from_numpy(problem.y)
    if x.ndim == 4:
        x = x.permute(0, 3, 1, 2).contiguous()
        y = y.permute(0, 3, 1, 2).contiguous() if y.ndim == 4 else y
    if layout is not None and x.ndim == 4:
        x, model = x.to(memory_format=layout), model.to(memory_format=layout)
        y = y.to(memory_format=layout) if y.ndim == 4 else y
    device, read = _device(problem), problem.settings.get("read", torch.Tensor.item)
    x, y, model = x.to(device), y.to(device), model.to(device)
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = rule(problem, parameters, **settings)
    without_graph = mode or torch.no_grad

    def train() -> Any:
        model.train()
        optimizer.zero_grad()
        value = loss(model(x), y)
        value.backward()
        optimizer.step()
        return read(value)

    def infer() -> Any:
        model.eval()
        with without_graph():
            return model(x)

    return {"train": train, "infer": infer}
