"""What is timed: data, first weights and settings that all libraries share.

A problem belongs to a workload, W1 … W9, which names the function in each file of
``libraries/`` that turns a problem into steps. A size series, such as "width=256", is a
workload at another size, so a library reads all sizes from the arrays, never from this
page. Everything is float32 or integer NumPy, in this layout: images (N, H, W, C), dense
kernels (in, out), convolution kernels (height, width, in, out), transposed ones
(height, width, out, in), the LSTM's gates i, f, c, o. Read ``libraries/dlcourse_.py``
next.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Weights = dict[str, np.ndarray]


@dataclass(frozen=True)
class Problem:
    """One computation that every library does.

    `weights` are in the order in which the layers use them; `flops` counts the products
    of matrices in one training step, two operations for each multiply-add: forward, the
    weights' gradients, and the inputs' gradients of all layers but the first.
    """

    name: str
    workload: str
    doc: str
    x: np.ndarray
    y: np.ndarray
    weights: Weights
    flops: int
    settings: dict[str, Any] = field(default_factory=dict)


# So small an epsilon that it does not matter on which side of the bias correction a
# library adds it: all of them take the same steps.
ADAM = {"learning_rate": 1e-3, "epsilon": 1e-10}


def w1() -> Problem:
    """2-16-1 tanh, binary cross-entropy of logits, full batch of 200, SGD."""
    x = _rng("data").normal(size=(200, 2)).astype("f")
    y = (x[:, :1] * x[:, 1:] > 0).astype("f")  # (200, 1)
    settings = {"learning_rate": 0.1, "fit_steps": 50}
    return _problem(
        "W1", w1, x, y, _dense(2, 16, 1), _dense_flops(200, 2, 16, 1), settings
    )


def w2(width: int = 512, batch: int = 128) -> Problem:
    """784-512-10 ReLU, softmax cross-entropy, batch of 128, Adam."""
    rng = _rng("data")
    x, y = _inputs(rng, batch, 784), rng.integers(0, 10, batch)
    flops = _dense_flops(batch, 784, width, 10)
    settings = {**ADAM, "fit_steps": 20}
    return _problem("W2", w2, x, y, _dense(784, width, 10), flops, settings)


def w3() -> Problem:
    """LeNet-5 (tanh, average pooling), 28×28×1, batch of 64, SGD with momentum.

    5×5 convolution to 6 channels, padded by 2; pool by 2; 5×5 convolution to 16; pool;
    flatten (H, W, C); dense 120, 84, 10; softmax cross-entropy.
    """
    rng = _rng("data")
    x, y = _inputs(rng, 64, 28, 28, 1), rng.integers(0, 10, 64)
    weights = {
        **_conv(1, (5, 5, 1, 6)),
        **_conv(2, (5, 5, 6, 16)),
        **_dense(400, 120, 84, 10),
    }
    places = (64 * 28 * 28, 64 * 10 * 10)
    flops = _conv_flops(weights, places) + _dense_flops(
        64, 400, 120, 84, 10, first=False
    )
    return _problem(
        "W3", w3, x, y, weights, flops, {"learning_rate": 0.01, "momentum": 0.9}
    )


def w4() -> Problem:
    """ShallowVGGNet without dropout, 32×32×3, batch of 32, Adam.

    Convolutions 3×3, "same", to 32, 32, 64 and 64 channels, each with its bias, batch
    norm (epsilon 1e-3, momentum 0.99) and ReLU; max pooling by 2 after the second and
    the fourth; flatten (H, W, C); dense 512, batch norm, ReLU; dense 10; softmax
    cross-entropy. Moving means begin at 0, moving variances at 1.
    """
    rng = _rng("data")
    x, y = _inputs(rng, 32, 32, 32, 3), rng.integers(0, 10, 32)
    weights: Weights = {}
    for i, (a, b) in enumerate([(3, 32), (32, 32), (32, 64), (64, 64)], start=1):
        weights |= {**_conv(i, (3, 3, a, b)), **_norm(i, b)}
    head = _dense(4096, 512, 10)
    names = list(head)
    weights |= {n: head[n] for n in names[:2]} | _norm(5, 512)
    weights |= {n: head[n] for n in names[2:]}
    places = (32 * 32 * 32, 32 * 32 * 32, 32 * 16 * 16, 32 * 16 * 16)
    flops = _conv_flops(weights, places) + _dense_flops(32, 4096, 512, 10, first=False)
    return _problem("W4", w4, x, y, weights, flops, {**ADAM, "learning_rate": 1e-4})


def w5(sequence: int = 64) -> Problem:
    """LSTM of 128 over 64 steps, vocabulary of 64, batch of 32, Adam.

    x (N, T) is embedded in 64 numbers; the LSTM starts from zeros and has one bias;
    dense 64 at each step; softmax cross-entropy, the mean over all N·T places.
    """
    return _recurrent("W5", w5, 4, sequence)


def w5r() -> Problem:
    """Simple recurrent network (tanh) instead of the LSTM; the rest as in W5."""
    return _recurrent("W5R", w5r, 1, 64)


def w6(image: int = 28, batch: int = 64) -> Problem:
    """Convolutional autoencoder on 28×28×1, batch of 64, Adam.

    Convolutions 3×3 with stride 2 to 16 and 32 channels, padded by 1 on each side;
    transposed ones, the adjoints of the same padding, to 16 and 1, each doubling the
    size; ReLU between, sigmoid at the end; mean squared error to x.
    (Padding by 1 at an even size is "same" with the padding at the other end: a library
    that has only that may flip x, y and the kernels.)
    """
    x = _rng("data").random((batch, image, image, 1), "f")
    weights = {
        **_conv(1, (3, 3, 1, 16)),
        **_conv(2, (3, 3, 16, 32)),
        **_conv(3, (3, 3, 16, 32), transposed=True),
        **_conv(4, (3, 3, 1, 16), transposed=True),
    }
    half, quarter = batch * (image // 2) ** 2, batch * (image // 4) ** 2
    # a transposed convolution meets its kernel at the places of its input
    flops = _conv_flops(weights, (half, quarter, quarter, half))
    return _problem("W6", w6, x, x, weights, flops, dict(ADAM))


def w7() -> Problem:
    """The loss of 2-16-16-1 at 41 × 41 weight vectors at once (NumPy: one by one).

    `settings["thetas"]` (1681, P) holds the weights, flat, in the order of `weights`.
    Hidden layers are tanh, the loss is binary cross-entropy on 200 points; "infer"
    returns the mean of the 1681 losses.
    """
    base = w1()
    weights = _dense(2, 16, 16, 1)
    origin = np.concatenate([value.ravel() for value in weights.values()])
    directions = _rng("directions").normal(size=(2, origin.size)).astype("f") / 4
    line = np.linspace(-1, 1, 41, dtype="f")
    a, b = (part.reshape(-1, 1) for part in np.meshgrid(line, line))
    thetas = origin + a * directions[0] + b * directions[1]
    places = len(thetas) * len(base.x)
    flops = 2 * places * (2 * 16 + 16 * 16 + 16)
    settings = {"thetas": thetas, "tanhs": places * (16 + 16)}
    return _problem("W7", w7, base.x, base.y, weights, flops, settings)


def w9(runs: int = 64) -> Problem:
    """64 learning rates of W1, 200 steps each: all at once, or one after another.

    Every step is a whole training of all runs from the same weights; it returns the
    mean of the last losses.
    """
    base = w1()
    settings = {
        "learning_rates": np.geomspace(0.001, 3, runs).astype("f"),
        "steps": 200,
    }
    flops = 200 * runs * base.flops
    return _problem("W9", w9, base.x, base.y, base.weights, flops, settings)


PROBLEMS: dict[str, Callable[..., Problem]] = {
    "W1": w1,
    "W2": w2,
    "W3": w3,
    "W4": w4,
    "W5": w5,
    "W5R": w5r,
    "W6": w6,
    "W7": w7,
    "W9": w9,
}
# Those whose training step is mostly products of matrices.
BY_PRODUCTS = ("W2", "W3", "W4", "W5", "W5R", "W6")
# Cost against size: what is doubled four times, in which workload.
SERIES: dict[str, tuple[Callable[[int], Problem], tuple[int, ...]]] = {
    "width": (lambda n: w2(width=n), (64, 128, 256, 512, 1024)),
    "batch": (lambda n: w2(batch=n), (16, 32, 64, 128, 256)),
    "image": (lambda n: w6(image=n, batch=16), (8, 16, 32, 64, 128)),
    "sequence": (lambda n: w5(sequence=n), (16, 32, 64, 128, 256)),
    "runs": (lambda n: w9(runs=n), (8, 16, 32, 64, 128)),
}


def problem(name: str) -> Problem:
    """The problem of that name: "W3", or a size such as "width=256"."""
    if name in PROBLEMS:
        return PROBLEMS[name]()
    series, equals, size = name.partition("=")
    if equals and series in SERIES and size.isdigit():
        made = SERIES[series][0](int(size))
        return Problem(**{**vars(made), "name": name})
    known = ", ".join([*PROBLEMS, *(f"{each}=…" for each in SERIES)])
    raise SystemExit(f"There is no workload {name!r}; known: {known}.")


# ---------------------------------------------------------------- the parts


def _problem(name: str, made_by: Callable[..., Problem], *parts: Any) -> Problem:
    """With the first line of what `made_by` says of itself."""
    return Problem(name, name, (made_by.__doc__ or "").partition("\n")[0], *parts)


def _rng(purpose: str) -> np.random.Generator:
    """Random numbers that are the same in each process, other ones for each purpose."""
    return np.random.default_rng([ord(letter) for letter in purpose])


def _inputs(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Inputs around zero.

    Were all above it, some ReLU units would never be active, and Adam's averages of
    their gradients, zero but for the past, would end as denormal numbers, which
    processors are slow with.
    """
    return rng.standard_normal(shape, "f")


def _glorot(shape: tuple[int, ...], purpose: str) -> np.ndarray:
    field = int(np.prod(shape[:-2]))
    bound = np.sqrt(6 / (field * (shape[-2] + shape[-1])))
    return _rng(purpose).uniform(-bound, bound, shape).astype("f")


def _dense(*sizes: int) -> Weights:
    weights: Weights = {}
    for i, shape in enumerate(itertools.pairwise(sizes), start=1):
        weights[f"dense{i}.kernel"] = _glorot(shape, f"dense{i}")
        weights[f"dense{i}.bias"] = np.zeros(shape[1], "f")
    return weights


def _conv(number: int, shape: tuple[int, ...], transposed: bool = False) -> Weights:
    outs = shape[-2] if transposed else shape[-1]
    return {
        f"conv{number}.kernel": _glorot(shape, f"conv{number}"),
        f"conv{number}.bias": np.zeros(outs, "f"),
    }


def _norm(number: int, channels: int) -> Weights:
    return {
        f"norm{number}.gamma": np.ones(channels, "f"),
        f"norm{number}.beta": np.zeros(channels, "f"),
    }


def _recurrent(
    name: str, made_by: Callable[..., Problem], gates: int, steps: int
) -> Problem:
    batch, vocabulary, units = 32, 64, 128
    rng = _rng("data")
    x, y = (rng.integers(0, vocabulary, (batch, steps)) for _ in range(2))
    bias = np.zeros(gates * units, "f")
    if gates == 4:
        bias[units : 2 * units] = 1  # the forget gate's
    weights = {
        "embedding.table": _rng("table").normal(size=(vocabulary, 64)).astype("f") / 2,
        "recurrent.kernel": _glorot((64, gates * units), "kernel"),
        "recurrent.recurrent_kernel": _glorot((units, gates * units), "recurrent"),
        "recurrent.bias": bias,
        **_dense(units, vocabulary),
    }
    multiplied = gates * units * (64 + units) + units * vocabulary
    flops = 3 * 2 * batch * steps * multiplied
    return _problem(name, made_by, x, y, weights, flops, dict(ADAM))


def _dense_flops(rows: int, *sizes: int, first: bool = True) -> int:
    """Of dense layers; the first of a network needs no gradient of its input."""
    each = [a * b for a, b in itertools.pairwise(sizes)]
    return 2 * rows * (3 * sum(each) - (each[0] if first else 0))


def _conv_flops(weights: Weights, places: tuple[int, ...]) -> int:
    """Of convolutions whose kernels meet the images at that many places."""
    kernels = [w for w in weights.values() if w.ndim == 4]
    each = [2 * n * k.size for n, k in zip(places, kernels, strict=True)]
    return 3 * sum(each) - each[0]
