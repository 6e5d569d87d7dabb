"""Many networks trained at once: a learning rate, a seed or a penalty for each.

Tiny networks are bound by Python's overhead, not by arithmetic. Giving θ a leading axis
of length R trains R of them for little more than the price of one, so a slider can
scrub through trainings that were all done before, and "better" comes with an interval.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import backend, losses, ops, optimizers
from ..backend import xp
from ..errors import ConfigError, ShapeError, check_count, check_number
from ..modes import no_grad
from . import data
from .flat import Theta

CHUNK = 32  # networks evaluated together: their hidden layers stay in the cache


@dataclass(frozen=True)
class Sweep:
    """R trainings of one architecture, recorded at K moments.

    `loss` (R, K) and `val_loss` (R, K) or None; `steps` (K,) the step numbers; `theta`
    (R, K, P) the weights; `settings` what each run was given. A run that diverged has
    infinite or NaN losses.
    """

    runs: int
    steps: np.ndarray
    loss: np.ndarray
    val_loss: np.ndarray | None
    theta: np.ndarray
    settings: dict[str, np.ndarray]


@backend.guarding_memory("sweep")
def sweep(
    model: Any,
    x: Any,
    y: Any,
    *,
    loss: Any,
    optimizer: Any = "sgd",
    learning_rate: Any = 0.1,
    momentum: Any = 0.0,
    l2: Any = 0.0,
    seeds: Any = 0,
    steps: int = 200,
    batch_size: int | None = None,
    validation_data: Any = None,
    record_every: int = 1,
) -> Sweep:
    """Train R networks of the architecture of `model` at once; `model` is unchanged.

    Any of `learning_rate`, `momentum`, `l2` and `seeds` may be a sequence of length R.
    A seed fixes a run's first weights and its batches; one seed is shared by all runs,
    and None starts every run from the weights `model` has now. `batch_size` None means
    the whole data at each step. `l2` penalizes kernels, not biases: l2·Σw².

    Losses are recorded without penalties every `record_every` steps, before the step's
    update, and after the last one.
    The model may hold dense, activation and dropout layers (and flatten in front).

    Raises `ConfigError` for sequences of different lengths or rates that cannot be.
    """
    given = {
        "learning_rate": _column("learning_rate", learning_rate, low=0),
        "momentum": _column("momentum", momentum, low=0, high=1),
        "l2": _column("l2", l2, low=0),
    }
    seed_list = list(seeds) if isinstance(seeds, (Sequence, np.ndarray)) else [seeds]
    if not seed_list:
        raise ConfigError("seeds is empty; give a number, None, or one seed a run.")
    lengths = {len(value) for value in (*given.values(), seed_list)} - {1}
    if len(lengths) > 1:
        raise ConfigError(f"The sequences have different lengths: {sorted(lengths)}.")
    runs = lengths.pop() if lengths else 1
    steps = check_count("steps", steps)
    record_every = check_count("record_every", record_every)
    loss = losses.get(loss)
    x, targets = _samples(model, x, y, loss, runs)
    validation = None
    if validation_data is not None:
        validation = _samples(model, *validation_data, loss, runs)
    twin = copy.deepcopy(model)
    twin.checks_inputs = False  # every run may have a batch of its own
    theta = Theta(twin.trainable_weights, runs)
    _start(twin, theta, seed_list)
    step_rule = _optimizer(optimizer, given, theta, runs)
    penalty = theta.kernel_mask() * (2 * _rows(given["l2"], runs, theta))
    penalized = bool((given["l2"] > 0).any())
    feed = _feed(x, targets, batch_size, seed_list, runs)

    kept = [*range(0, steps, record_every), steps]
    curve = np.empty((runs, len(kept)), np.float32)
    val_curve = None if validation is None else np.empty_like(curve)
    path = np.empty((runs, len(kept), theta.size), np.float32)
    k = 0
    with np.errstate(all="ignore"), backend.using_rng(backend.make_rng(seed_list[0])):
        for step in range(steps + 1):
            keep = step == kept[k]
            last = step == steps
            xb, yb = (x, targets) if last else next(feed)
            if keep:
                path[:, k] = backend.to_numpy(theta.vector)
                if validation is not None:
                    val_curve[:, k] = _losses(twin, loss, *validation)
            if last:
                curve[:, k] = _losses(twin, loss, x, targets)
                break
            theta.forget_gradients()
            values = loss.per_sample(yb, twin(xb, training=True))  # (R, N)
            if values.ndim > 2:
                values = values.reshape(runs, -1)
            ones = ops.mean(values, axis=-1)  # (R,): a loss for each run
            ones.backward(xp.ones(runs, theta.vector.dtype))
            for term in theta.penalties():  # the model's own regularizers
                term.backward()
            theta.complete_gradients()
            if keep:
                curve[:, k] = backend.to_numpy(ones.data)
                k += 1
            if penalized:
                theta.gradient += penalty * theta.vector
            step_rule.apply(
                [theta.vector],
                [theta.gradient],
                parts=theta.parts,
                runs=True,
            )
            theta.written()
    settings = {
        **{name: np.broadcast_to(value, (runs,)) for name, value in given.items()},
        "seed": np.array([seed_list[r % len(seed_list)] for r in range(runs)]),
    }
    return Sweep(runs, np.array(kept), curve, val_curve, path, settings)


def losses_at(model: Any, thetas: Any, x: Any, y: Any, loss: Any = None) -> np.ndarray:
    """The loss of M weight vectors `thetas` (M, P) in one batched evaluation: (M,).

    `model` gives the architecture and is unchanged; `loss` defaults to the one it was
    compiled with.
    """
    loss = losses.get(model.loss if loss is None else loss)
    x, targets = _samples(model, x, y, loss, 1)
    results = [
        _losses(twin, loss, x, xp.broadcast_to(targets, (runs, *targets.shape[1:])))
        for twin, runs in _at(model, thetas)
    ]
    return np.concatenate(results)


def predictions_at(model: Any, thetas: Any, x: Any) -> np.ndarray:
    """The outputs (M, N, …) for `x` with each of M weight vectors `thetas` (M, P)."""
    x = data.as_inputs(x, model.dtype)
    results = []
    for twin, _ in _at(model, thetas):
        with no_grad():
            results.append(backend.to_numpy(twin(x, training=False)).copy())
    return np.concatenate(results)


def _at(model: Any, thetas: Any) -> Any:
    """A twin of the model, holding one chunk of the weight vectors after the other."""
    model._pack()
    twin = copy.deepcopy(model)
    thetas = backend.asarray(thetas, model.dtype)
    size = sum(weight.size for weight in twin.trainable_weights)
    if thetas.ndim != 2 or thetas.shape[1] != size:
        raise ShapeError(f"thetas must be (M, {size}), not {thetas.shape}.")
    weights = twin.trainable_weights
    shapes = [weight.shape for weight in weights]
    with np.errstate(all="ignore"):
        for start in range(0, len(thetas), CHUNK):
            piece = thetas[start : start + CHUNK]
            column = 0
            for weight, shape in zip(weights, shapes, strict=True):
                count = int(np.prod(shape))
                part = piece[:, column : column + count]
                weight.data = part.reshape(len(piece), *shape)
                column += count
            yield twin, len(piece)


def _losses(twin: Any, loss: Any, x: Any, targets: Any) -> np.ndarray:
    with no_grad():
        values = loss.per_sample(targets, twin(x, training=False))
    return backend.to_numpy(values.data.reshape(len(targets), -1).mean(axis=-1))


def _samples(model: Any, x: Any, y: Any, loss: Any, runs: int) -> tuple[Any, Any]:
    """x (N, …) as it is, and targets (R, N, …) that share one memory."""
    x = data.as_inputs(x, model.dtype)
    if not model.built:
        model._build_once(tuple(x.shape))
    with no_grad():
        prediction = model(x)
    targets = loss.prepare(xp.asarray(backend.to_numpy(y)), prediction)
    return x, xp.broadcast_to(targets, (runs, *targets.shape))


def _feed(x: Any, targets: Any, batch_size: int | None, seeds: list, runs: int) -> Any:
    """The batches: (x, y) for each step; every seed has its own order."""
    n = len(x)
    if batch_size is None or batch_size >= n:
        while True:
            yield x, targets
    check_count("batch_size", batch_size)
    rngs = [backend.make_rng(None if s is None else (int(s), 1)) for s in seeds]
    each = xp.arange(runs)[:, None]
    while True:
        orders = [rng.permutation(n) for rng in rngs]
        for start in range(0, n - batch_size + 1, batch_size):
            index = xp.asarray(
                np.stack([o[start : start + batch_size] for o in orders])
            )
            if len(seeds) == 1:
                yield x[index[0]], targets[:, index[0]]
            else:
                yield x[index], targets[each, index]


def _start(twin: Any, theta: Theta, seeds: list) -> None:
    """Draw the first weights of each run from its seed (None keeps the model's)."""
    for row, seed in enumerate(seeds):
        if seed is None:
            continue
        rng = backend.make_rng(seed)
        for weight in theta.weights:
            drawn = weight.initializer(weight.shape[1:], rng=rng)
            where = slice(None) if len(seeds) == 1 else row
            weight.data[where] = backend.asarray(drawn, weight.dtype)


def _optimizer(optimizer: Any, given: dict, theta: Theta, runs: int) -> Any:
    rule = copy.deepcopy(optimizers.get(optimizer))
    rule.learning_rate = _rows(given["learning_rate"], runs, theta)
    if (given["momentum"] > 0).any():
        if not isinstance(rule, optimizers.SGD):
            raise ConfigError(f"momentum= is for SGD; {rule.name} has its own.")
        rule.momentum = _rows(given["momentum"], runs, theta)
    return rule


def _rows(values: np.ndarray, runs: int, theta: Theta) -> Any:
    column = np.broadcast_to(values, (runs,))[:, None]
    return backend.asarray(np.ascontiguousarray(column), theta.vector.dtype)


def _column(name: str, value: Any, **limits: Any) -> np.ndarray:
    values = np.atleast_1d(np.asarray(value))
    if values.ndim != 1 or len(values) == 0:
        raise ConfigError(f"{name} must be a number or a flat sequence of numbers.")
    return np.array(
        [check_number(name, v, **limits) for v in values.tolist()], np.float32
    )
