"""Rows of the table: linear maps, normalization, recurrences, attention, losses."""

from typing import Any

import numpy as np

from tests.parity.torch_judge import Case, row

Rng = np.random.Generator


def some_shape(rng: Rng, least: int, most: int, largest: int = 5) -> tuple[int, ...]:
    axes = rng.integers(least, most + 1)
    return tuple(rng.integers(1, largest + 1, axes).tolist())


@row("linear", 200)
def linear(rng: Rng) -> Case:
    front = some_shape(rng, 0, 3)
    n, units = rng.integers(1, 6, 2)
    inputs = [rng.normal(size=(*front, n)), rng.normal(size=(n, units))]
    if rng.random() < 0.8:
        inputs.append(rng.normal(size=units))
    return Case(lambda m, *xs: m.linear(*xs), inputs, f"{inputs[0].shape} to {units}")


@row("linear of many networks", 150)
def linear_runs(rng: Rng) -> Case:
    runs, n, inner, units = rng.integers(1, 5, 4)
    x = rng.normal(size=(n, inner) if rng.random() < 0.4 else (runs, n, inner))
    inputs = [x, rng.normal(size=(runs, inner, units))]
    if rng.random() < 0.7:
        inputs.append(rng.normal(size=(runs, units)))
    return Case(lambda m, *xs: m.linear(*xs), inputs, f"{x.shape} to {units}")


# ------------------------------------------------------------------------ normalization


def optional_line(rng: Rng, shape: Any) -> tuple[list[np.ndarray], Any]:
    """A gamma, a beta, both or neither, and how they are handed over."""
    which = [rng.random() < 0.7, rng.random() < 0.7]
    arrays = [rng.normal(size=shape) for there in which if there]

    def named(values: Any) -> dict[str, Any]:
        names = [n for n, there in zip(("gamma", "beta"), which) if there]
        return dict(zip(names, values))

    return arrays, named


def some_epsilon(rng: Rng) -> dict[str, float]:
    return {"epsilon": float(rng.choice([1e-5, 0.1]))} if rng.random() < 0.5 else {}


@row("batch_norm", 300)
def batch_norm(rng: Rng) -> Case:
    x = rng.normal(2.0, 3.0, size=(rng.integers(2, 6), *some_shape(rng, 1, 4, 4)))
    how: dict[str, Any] = some_epsilon(rng)
    if rng.random() < 0.4:
        how["axis"] = int(rng.integers(1, x.ndim))
    channels = x.shape[how.get("axis", -1)]
    if rng.random() < 0.3:
        how["mean"] = rng.normal(size=channels)
        how["variance"] = rng.uniform(0.1, 2.0, channels)
    inputs = [x, rng.normal(size=channels), rng.normal(size=channels)]
    return Case(lambda m, *xs: m.batch_norm(*xs, **how), inputs, f"{x.shape}, {how}")


@row("layer_norm", 300)
def layer_norm(rng: Rng) -> Case:
    x = rng.normal(2.0, 3.0, size=some_shape(rng, 1, 4))
    how: dict[str, Any] = some_epsilon(rng)
    axes = [x.ndim - 1]
    if rng.random() < 0.6:
        count = rng.integers(1, x.ndim + 1)
        axes = sorted(rng.permutation(x.ndim)[:count].tolist())
        shifted = [a - x.ndim if rng.random() < 0.4 else a for a in axes]
        how["axis"] = shifted[0] if len(axes) == 1 else tuple(shifted)
    lines, named = optional_line(rng, [x.shape[a] for a in axes])
    return Case(
        lambda m, x, *rest: m.layer_norm(x, **named(rest), **how),
        [x, *lines],
        f"{x.shape}, {how}, {len(lines)} lines",
    )


@row("group_norm", 300)
def group_norm(rng: Rng) -> Case:
    groups = int(rng.integers(1, 4))
    channels = groups * int(rng.integers(1, 4))
    shape = [int(rng.integers(2, 5)), channels, *some_shape(rng, 1, 3, 4)]
    how: dict[str, Any] = {"groups": groups, **some_epsilon(rng)}
    which = rng.random()
    if which < 0.2:
        how["groups"] = -1
    elif which < 0.3:  # as many as there are without a word
        shape[1] = channels = 32 * int(rng.integers(1, 3))
        del how["groups"]
    axis = int(rng.choice([1, len(shape) - 1]))
    shape[1], shape[axis] = shape[axis], shape[1]
    if axis != len(shape) - 1 or rng.random() < 0.5:
        how["axis"] = axis
    x = rng.normal(-1.0, 2.0, size=shape)
    lines, named = optional_line(rng, channels)
    return Case(
        lambda m, x, *rest: m.group_norm(x, **named(rest), **how),
        [x, *lines],
        f"{x.shape}, {how}, {len(lines)} lines",
    )


# -------------------------------------------------------------------------- recurrences


def recurrence(rng: Rng, gates: int, states: int, bias: Any = None) -> list[Any]:
    """x, the states, both kernels, and sometimes a bias (of shape `bias`)."""
    n, steps, features, units = rng.integers(1, 5, 4).tolist()
    inputs = [rng.normal(size=(n, steps, features))]
    inputs += [rng.normal(size=(n, units)) for _ in range(states)]
    inputs += [rng.normal(size=(features, gates * units))]
    inputs += [rng.normal(size=(units, gates * units))]
    if rng.random() < 0.8:
        inputs.append(rng.normal(size=(*(bias or ()), gates * units)))
    return inputs


def without_bias(xs: Any, count: int) -> tuple[Any, ...]:
    return xs if len(xs) == count else (*xs, None)


@row("rnn", 300)
def rnn(rng: Rng) -> Case:
    inputs = recurrence(rng, 1, 1)
    how = {"activation": str(rng.choice(["tanh", "relu", "sigmoid", "linear"]))}
    how = {} if rng.random() < 0.2 else how
    note = f"{[x.shape for x in inputs]}, {how}"
    return Case(lambda m, *xs: m.rnn(*without_bias(xs, 5), **how), inputs, note)


@row("lstm", 300)
def lstm(rng: Rng) -> Case:
    inputs = recurrence(rng, 4, 2)
    which = rng.choice(["hidden", "cells", "both"])  # a state nobody uses is no error

    def call(m: Any, *xs: Any) -> Any:
        hidden, cells = m.lstm(*without_bias(xs, 6))
        return {"hidden": hidden, "cells": cells, "both": (hidden, cells)}[which]

    return Case(call, inputs, f"{[x.shape for x in inputs]}, {which}")


@row("gru", 300, True)
@row("gru reset before", 300, False)
def gru(rng: Rng, reset_after: bool) -> Case:
    inputs = recurrence(rng, 3, 1, bias=(2,) if reset_after else ())
    how = {} if reset_after and rng.random() < 0.5 else {"reset_after": reset_after}
    note = f"{[x.shape for x in inputs]}, {how}"
    return Case(lambda m, *xs: m.gru(*without_bias(xs, 5), **how), inputs, note)


# ------------------------------------------------------------- attention and embedding


@row("scaled_dot_product_attention", 400)
def attention(rng: Rng) -> Case:
    front = some_shape(rng, 0, 2, 3)
    steps, keys, inner, outer = rng.integers(1, 6, 4).tolist()
    how: dict[str, Any] = {}
    if rng.random() < 0.5:
        how["is_causal"] = bool(rng.random() < 0.8)
    if rng.random() < 0.6:
        lines = [n if rng.random() < 0.6 else 1 for n in front]
        lines = lines[int(rng.integers(0, len(lines) + 1)) :]
        mask = rng.random((*lines, steps, keys)) < 0.6
        mask[..., 0] = True  # whoever sees nothing has no average
        how["mask"] = mask
    size = 3 * rng.random()
    inputs = [
        rng.normal(scale=size, size=(*front, steps, inner)),
        rng.normal(scale=size, size=(*front, keys, inner)),
        rng.normal(size=(*front, keys, outer)),
    ]
    note = f"{[x.shape for x in inputs]}, {how}"
    call = lambda m, *xs: m.scaled_dot_product_attention(*xs, **how)  # noqa: E731
    return Case(call, inputs, note)


@row("embedding", 150)
def embedding(rng: Rng) -> Case:
    table = rng.normal(size=rng.integers(1, 7, 2))
    indices = rng.integers(0, len(table), some_shape(rng, 0, 3))
    return Case(lambda m, table: m.embedding(indices, table), [table], f"{indices}")


@row("one_hot", 50)
def one_hot(rng: Rng) -> Case:
    classes = int(rng.integers(1, 7))
    labels = rng.integers(0, classes, some_shape(rng, 0, 3))
    return Case(lambda m: m.one_hot(labels, classes), [], f"{labels}", slopes=False)


# ------------------------------------------------------------------- softmax and losses


def some_logits(rng: Rng, least: int = 1) -> np.ndarray:
    scale = rng.choice([1.0, 5.0, 300.0, 10_000.0], p=[0.5, 0.3, 0.1, 0.1])
    return rng.normal(scale=scale, size=some_shape(rng, least, 4))


@row("softmax", 150, "softmax")
@row("log_softmax", 150, "log_softmax")
def softmax(rng: Rng, op: str) -> Case:
    x = some_logits(rng)
    how = {"axis": int(rng.integers(-x.ndim, x.ndim))} if rng.random() < 0.7 else {}
    return Case(lambda m, x: getattr(m, op)(x, **how), [x], f"{x.shape}, {how}")


def some_reduction(rng: Rng) -> dict[str, str]:
    which = str(rng.choice(["mean", "sum", "none"]))
    return {} if which == "mean" and rng.random() < 0.5 else {"reduction": which}


@row("softmax_cross_entropy labels", 200)
def labelled(rng: Rng) -> Case:
    logits = some_logits(rng)
    labels = rng.integers(0, logits.shape[-1], logits.shape[:-1])
    how = some_reduction(rng)
    call = lambda m, z: m.softmax_cross_entropy(z, labels, **how)  # noqa: E731
    return Case(call, [logits], f"{logits.shape}, {how}")


@row("softmax_cross_entropy distributions", 200)
def distributed(rng: Rng) -> Case:
    logits = some_logits(rng)
    labels = rng.dirichlet(np.ones(logits.shape[-1]), logits.shape[:-1])
    if rng.random() < 0.3:  # any weights will do
        labels = rng.uniform(0.0, 2.0, logits.shape)
    how = some_reduction(rng)
    call = lambda m, z, t: m.softmax_cross_entropy(z, t, **how)  # noqa: E731
    return Case(call, [logits, labels], f"{logits.shape}, {how}")


@row("mean_squared_error", 60)
def squared(rng: Rng) -> Case:
    y = some_logits(rng, 0)
    call = lambda m, y, t: m.mean_squared_error(y, t)  # noqa: E731
    return Case(call, [y, rng.normal(size=y.shape)], f"{y.shape}")


@row("sigmoid_cross_entropy", 200)
def binary(rng: Rng) -> Case:
    logits = some_logits(rng, 0)
    targets = rng.uniform(size=logits.shape)
    if rng.random() < 0.3:
        targets = np.round(targets)
    how = some_reduction(rng)
    call = lambda m, z, t: m.sigmoid_cross_entropy(z, t, **how)  # noqa: E731
    return Case(call, [logits, targets], f"{logits.shape}, {how}")
