"""Rows of the table: ops that move elements about."""

from typing import Any

import numpy as np

from tests.parity.torch_judge import Case, row
from tests.parity.torch_layers import some_shape

Rng = np.random.Generator


def some_x(rng: Rng, least: int = 0, most: int = 4) -> np.ndarray:
    return rng.normal(size=some_shape(rng, least, most))


def some_axis(rng: Rng, ndim: int) -> int:
    return int(rng.integers(-ndim, ndim))


@row("reshape", 80)
def reshape(rng: Rng) -> Case:
    x = some_x(rng)
    shape = rng.permutation([*x.shape, 1])
    if rng.random() < 0.5:
        shape[rng.integers(len(shape))] = -1
    how = tuple(shape.tolist())
    return Case(lambda m, x: m.reshape(x, how), [x], f"{x.shape} to {how}")


@row("transpose", 80)
def transpose(rng: Rng) -> Case:
    x = some_x(rng, 1)
    axes = [a - x.ndim if rng.random() < 0.3 else a for a in rng.permutation(x.ndim)]
    order = None if rng.random() < 0.2 else tuple(int(a) for a in axes)
    return Case(lambda m, x: m.transpose(x, order), [x], f"{x.shape}, {order}")


@row("broadcast_to", 80)
def broadcast_to(rng: Rng) -> Case:
    shape = some_shape(rng, 0, 4)
    ones = [1 if rng.random() < 0.4 else n for n in shape]
    x = rng.normal(size=ones[rng.integers(0, len(ones) + 1) :])
    return Case(lambda m, x: m.broadcast_to(x, shape), [x], f"{x.shape} to {shape}")


@row("expand_dims", 60)
def expand_dims(rng: Rng) -> Case:
    x = some_x(rng)
    axis = some_axis(rng, x.ndim + 1)
    return Case(lambda m, x: m.expand_dims(x, axis), [x], f"{x.shape}, {axis}")


@row("squeeze", 60)
def squeeze(rng: Rng) -> Case:
    shape = list(some_shape(rng, 0, 3))
    shape.insert(rng.integers(0, len(shape) + 1), 1)
    x = rng.normal(size=shape)
    ones = [i for i, n in enumerate(shape) if n == 1]
    if rng.random() < 0.4:
        return Case(lambda m, x: m.squeeze(x), [x], f"{shape}")
    axis = int(rng.choice(ones)) - len(shape) * int(rng.random() < 0.5)
    return Case(lambda m, x: m.squeeze(x, axis), [x], f"{shape}, {axis}")


@row("flip", 80)
def flip(rng: Rng) -> Case:
    x = some_x(rng, 1)
    axes = tuple(rng.permutation(x.ndim)[: rng.integers(1, x.ndim + 1)].tolist())
    axis: Any = None if rng.random() < 0.2 else axes if len(axes) > 1 else axes[0]
    return Case(lambda m, x: m.flip(x, axis=axis), [x], f"{x.shape}, {axis}")


@row("concatenate", 80)
def concatenate(rng: Rng) -> Case:
    shape = list(some_shape(rng, 1, 4))
    axis = some_axis(rng, len(shape))
    inputs = []
    for _ in range(rng.integers(1, 5)):
        shape[axis] = int(rng.integers(0, 4))
        inputs.append(rng.normal(size=shape))
    note = f"{[x.shape for x in inputs]}, {axis}"
    return Case(lambda m, *xs: m.concatenate(xs, axis=axis), inputs, note)


@row("stack", 60)
def stack(rng: Rng) -> Case:
    shape = some_shape(rng, 0, 3)
    inputs = [rng.normal(size=shape) for _ in range(rng.integers(1, 5))]
    axis = some_axis(rng, len(shape) + 1)
    return Case(lambda m, *xs: m.stack(xs, axis=axis), inputs, f"{shape}, {axis}")


@row("split", 100)
def split(rng: Rng) -> Case:
    """Into a number of sections, or at places; one piece may be left unused."""
    shape = list(some_shape(rng, 1, 4))
    axis = some_axis(rng, len(shape))
    sections = int(rng.integers(1, 4))
    shape[axis] = n = sections * int(rng.integers(1, 4))
    x = rng.normal(size=shape)
    where: Any = sections
    if rng.random() < 0.5:
        where = np.sort(rng.integers(0, n + 1, rng.integers(0, 4))).tolist()
    keep = slice(int(rng.random() < 0.3), None)
    note = f"{shape}, {where}, {axis}"

    def call(m: Any, x: Any) -> Any:
        pieces = m.split(x, where, axis=axis)
        return pieces[keep] if len(pieces) > 1 else pieces

    return Case(call, [x], note)


@row("pad", 100)
def pad(rng: Rng) -> Case:
    x = some_x(rng, 1)
    which = rng.integers(3)
    width: Any = int(rng.integers(0, 3))
    if which == 1:
        width = tuple(rng.integers(0, 3, 2).tolist())
    elif which == 2:
        width = tuple(tuple(pair) for pair in rng.integers(0, 3, (x.ndim, 2)).tolist())
    how = {"constant_values": float(rng.normal())} if rng.random() < 0.5 else {}
    return Case(lambda m, x: m.pad(x, width, **how), [x], f"{x.shape}, {width}, {how}")


# ------------------------------------------------------------------------------ indices


def one_index(rng: Rng, n: int, places: tuple[int, ...]) -> Any:
    """An index of an axis of n: a number, a slice, or an array of `places`."""
    kind = rng.integers(5)
    if kind == 0:
        return int(rng.integers(-n, n))
    if kind == 1:
        return rng.integers(-n, n, places)
    if kind == 2:
        return slice(None)
    ends = [int(e) if rng.random() < 0.7 else None for e in rng.integers(-n, n + 1, 2)]
    return slice(*ends, int(rng.choice([-2, -1, 1, 2, 3])))


@row("getitem", 400)
def getitem(rng: Rng) -> Case:
    x = some_x(rng, 1)
    kind = rng.random()
    index: Any
    if kind < 0.1:
        index = rng.random(x.shape) < 0.5
    elif kind < 0.2:
        index = rng.random(x.shape[0]) < 0.5
    elif kind < 0.3:
        index = rng.integers(-len(x), len(x), rng.integers(0, 5)).tolist()
    else:
        places = some_shape(rng, 0, 2, 3)
        count = int(rng.integers(1, x.ndim + 1))
        index = [one_index(rng, n, places) for n in x.shape[:count]]
        if rng.random() < 0.2:
            index.insert(int(rng.integers(0, len(index) + 1)), None)
        if rng.random() < 0.2:
            index.append(Ellipsis)
        index = tuple(index) if len(index) > 1 or rng.random() < 0.5 else index[0]
    return Case(lambda m, x: m.getitem(x, index), [x], f"{x.shape}, {index}")


@row("take", 120)
def take(rng: Rng) -> Case:
    x = some_x(rng, 1)
    axis = None if rng.random() < 0.3 else some_axis(rng, x.ndim)
    n = x.size if axis is None else x.shape[axis]
    indices = rng.integers(-n, n, some_shape(rng, 0, 2))
    note = f"{x.shape}, {indices}, {axis}"
    return Case(lambda m, x: m.take(x, indices, axis=axis), [x], note)


@row("take_along_axis", 120)
def take_along_axis(rng: Rng) -> Case:
    x = some_x(rng, 1)
    axis = some_axis(rng, x.ndim)
    shape = [1 if rng.random() < 0.2 else n for n in x.shape]
    shape[axis] = int(rng.integers(1, 5))
    n = x.shape[axis]
    indices = rng.integers(-n, n, shape)
    note = f"{x.shape}, {shape}, {axis}"
    return Case(lambda m, x: m.take_along_axis(x, indices, axis=axis), [x], note)
