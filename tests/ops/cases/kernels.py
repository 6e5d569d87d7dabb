"""Rows for the kernels: convolution, pooling, normalization, sequences, attention.

The references are the definitions, cell by cell and step by step, in plain NumPy.
"""

import itertools
from typing import Any

import numpy as np

from .case import does, row

# ----------------------------------------------------------------- sliding windows


def pads(sizes: Any, window: Any, strides: Any, padding: Any, dilation: Any) -> list:
    """The (before, after) of each axis of space."""
    if not isinstance(padding, str):
        return [(p, p) if isinstance(p, int) else p for p in padding]
    pairs = []
    for n, w, s, d in zip(sizes, window, strides, dilation, strict=True):
        reach = (w - 1) * d + 1
        total = max((-(-n // s) - 1) * s + reach - n, 0) if padding == "same" else 0
        if padding == "causal":
            pairs.append((reach - 1, 0))
        else:
            pairs.append((total // 2, total - total // 2))
    return pairs


def cells(x: Any, window: Any, strides: Any, padding: Any, dilation: Any, fill: float):
    """Yield (cell of the window, the values it meets at every place)."""
    pairs = pads(x.shape[1:-1], window, strides, padding, dilation)
    x = np.pad(x, [(0, 0), *pairs, (0, 0)], constant_values=fill)
    for cell in itertools.product(*(range(w) for w in window)):
        index: list[Any] = [slice(None)]
        for k, w, s, d, n in zip(
            cell, window, strides, dilation, x.shape[1:-1], strict=True
        ):
            places = (n - ((w - 1) * d + 1)) // s + 1
            index.append(slice(k * d, k * d + (places - 1) * s + 1, s))
        yield cell, x[tuple(index)]


def conv(x, kernel, *, strides, padding, dilation_rate, groups):
    window = kernel.shape[:-2]
    total: Any = 0.0
    for cell, met in cells(x, window, strides, padding, dilation_rate, 0.0):
        parts = zip(
            np.split(met, groups, axis=-1),
            np.split(kernel[cell], groups, axis=-1),
            strict=True,
        )
        total = total + np.concatenate([m @ w for m, w in parts], axis=-1)
    return total


for shape, kernel, how in (
    ((2, 6, 3), (2, 3, 4), {}),
    ((2, 6, 2), (3, 2, 3), {"padding": "causal", "dilation_rate": (2,)}),
    ((2, 5, 7, 2), (3, 2, 2, 3), {"strides": (2, 3), "padding": "same"}),
    ((1, 6, 5, 4), (2, 3, 2, 6), {"groups": 2, "dilation_rate": (2, 1)}),
    ((2, 4, 5, 3), (2, 2, 1, 3), {"groups": 3, "padding": "same"}),
    ((1, 5, 4, 2), (3, 3, 2, 2), {"padding": ((1, 0), (2, 1)), "strides": (2, 1)}),
    ((1, 3, 4, 3, 2), (2, 2, 1, 2, 2), {"strides": (1, 2, 1)}),
    ((2, 1, 1, 1), (1, 1, 1, 1), {}),
):
    ones = (1,) * (len(shape) - 2)
    full = {"strides": ones, "padding": "valid", "dilation_rate": ones, "groups": 1}
    reference = lambda x, w, how={**full, **how}: conv(x, w, **how)  # noqa: E731
    row("conv", shape, kernel, reference=reference, note=f"{shape}", **how)


def conv_transpose(x, kernel, *, strides, cut, out, gap=1):
    """Every input cell paints the kernel; `cut` cells are lost in front."""
    n, *sizes, _ = x.shape
    reach = [(w - 1) * gap + 1 for w in kernel.shape[:-2]]
    lengths = [(s - 1) * t + r for s, t, r in zip(sizes, strides, reach, strict=True)]
    room = [max(a, c + o) for a, c, o in zip(lengths, cut, out, strict=True)]
    y = np.zeros((n, *room, kernel.shape[-2]), x.dtype)
    for place in itertools.product(*(range(s) for s in sizes)):
        starts = [p * t for p, t in zip(place, strides, strict=True)]
        index = tuple(slice(a, a + r, gap) for a, r in zip(starts, reach, strict=True))
        y[(slice(None), *index)] += np.einsum(
            "nc,...fc->n...f", x[(slice(None), *place)], kernel
        )
    kept = (slice(c, c + o) for c, o in zip(cut, out, strict=True))
    return y[(slice(None), *kept)]


for shape, kernel, how, cut, out in (
    ((2, 3, 2), (3, 4, 2), {}, (0,), (5,)),
    ((2, 3, 2), (2, 3, 2), {"strides": 3}, (0,), (9,)),
    (
        (1, 3, 2, 2),
        (3, 2, 3, 2),
        {"strides": (2, 1), "padding": "same"},
        (0, 0),
        (6, 2),
    ),
    ((1, 3, 3, 2), (3, 3, 1, 2), {"strides": 2, "padding": 1}, (1, 1), (5, 5)),
    (
        (1, 3, 3, 1),
        (3, 3, 2, 1),
        {"strides": 2, "padding": 1, "output_padding": 1},
        (1, 1),
        (6, 6),
    ),
    ((2, 1, 2, 2), (1, 1, 3, 2), {}, (0, 0), (1, 2)),
    ((1, 2, 2, 3, 2), (2, 1, 2, 1, 2), {"strides": (1, 2, 1)}, (0, 0, 0), (3, 4, 4)),
):
    strides = how.get("strides", 1)
    steps = strides if isinstance(strides, tuple) else (strides,) * (len(shape) - 2)
    more = {"strides": steps, "cut": cut, "out": out}
    reference = lambda x, w, more=more: conv_transpose(x, w, **more)  # noqa: E731
    row("conv_transpose", shape, kernel, reference=reference, note=f"{shape}", **how)


def pooled(x, kind, pool_size, strides, padding):
    ones = (1,) * len(pool_size)
    settings = (pool_size, strides, padding, ones)
    if kind == "max_pool":
        return np.max([met for _, met in cells(x, *settings, -np.inf)], axis=0)
    total = sum(met for _, met in cells(x, *settings, 0.0))
    return total / sum(met for _, met in cells(np.ones_like(x), *settings, 0.0))


for kind in ("max_pool", "average_pool"):
    for shape, size, strides, padding in (
        ((2, 6, 3), (2,), None, "valid"),
        ((2, 5, 6, 2), (2, 3), (2, 1), "same"),
        ((1, 5, 5, 2), (3, 3), (2, 2), ((1, 1), (0, 1))),
        ((1, 4, 3, 4, 2), (2, 1, 2), None, "valid"),
        ((1, 6, 7, 2), (3, 3), None, "valid"),  # side by side, more than two cells
    ):
        full = (kind, size, strides or size, padding)
        reference = lambda x, full=full: pooled(x, *full)  # noqa: E731
        how = {"pool_size": size, "strides": strides, "padding": padding}
        row(kind, shape, reference=reference, **how)

# -------------------------------------------------------------------- normalization


def normalized(x, axes, epsilon=1e-3):
    mean = x.mean(axis=axes, keepdims=True)
    return (x - mean) / np.sqrt(x.var(axis=axes, keepdims=True) + epsilon)


row(
    "batch_norm",
    *((6, 3), (3,), (3,)),
    reference=lambda x, g, b: normalized(x, (0,)) * g + b,
)
row(
    "batch_norm",
    *((4, 3, 2), (3,), (3,)),
    axis=1,
    epsilon=0.1,
    reference=lambda x, g, b: normalized(x, (0, 2), 0.1) * g[:, None] + b[:, None],
)
row(
    "layer_norm",
    *((4, 5), (5,), (5,)),
    reference=lambda x, g, b: normalized(x, (1,)) * g + b,
)
row("layer_norm", (4, 3, 2), axis=(1, 2), reference=lambda x: normalized(x, (1, 2)))


def group_norm(x, g, b):
    parts = x.reshape(*x.shape[:-1], 2, -1)
    return normalized(parts, (1, 3)).reshape(x.shape) * g + b


row("group_norm", (3, 4, 6), (6,), (6,), groups=2, reference=group_norm)

# ------------------------------------------------------------------------ sequences


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def rnn(x, h, w, u, b, activation=np.tanh):
    path = []
    for t in range(x.shape[1]):
        h = activation(x[:, t] @ w + h @ u + b)
        path.append(h)
    return np.stack(path, axis=1)


def lstm(x, h, c, w, u, b):
    hidden, memory = [], []
    for t in range(x.shape[1]):
        i, f, g, o = np.split(x[:, t] @ w + h @ u + b, 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        hidden.append(h)
        memory.append(c)
    return np.stack(hidden, axis=1) + 2 * np.stack(memory, axis=1)


def gru(x, h, w, u, b):
    path = []
    for t in range(x.shape[1]):
        az, ar, ah = np.split(x[:, t] @ w + b[0], 3, axis=-1)
        bz, br, bh = np.split(h @ u + b[1], 3, axis=-1)
        z, r = sigmoid(az + bz), sigmoid(ar + br)
        h = z * h + (1 - z) * np.tanh(ah + r * bh)
        path.append(h)
    return np.stack(path, axis=1)


def gru_before(x, h, w, u, b):
    path = []
    uz, ur, uh = np.split(u, 3, axis=-1)
    for t in range(x.shape[1]):
        az, ar, ah = np.split(x[:, t] @ w + b, 3, axis=-1)
        z, r = sigmoid(az + h @ uz), sigmoid(ar + h @ ur)
        h = z * h + (1 - z) * np.tanh(ah + (r * h) @ uh)
        path.append(h)
    return np.stack(path, axis=1)


row("rnn", (2, 4, 3), (2, 2), (3, 2), (2, 2), (2,), reference=rnn, span=(-1.0, 1.0))
row(
    "rnn",
    *((2, 4, 3), (2, 2), (3, 2), (2, 2), (2,)),
    activation="sigmoid",
    reference=lambda *xs: rnn(*xs, sigmoid),
)
does(
    "lstm",
    "hidden and cell",
    lambda module, *xs: (lambda h, c: h + 2 * c)(*module.lstm(*xs)),
    *((2, 2, 4), (2, 3), (2, 3), (4, 12), (3, 12), (12,)),
    reference=lstm,
)
row(
    "gru",
    *((2, 2, 4), (2, 3), (4, 9), (3, 9), (2, 9)),
    reference=gru,
    span=(-1.0, 1.0),
)
row(
    "gru",
    *((4, 2, 3), (4, 2), (3, 6), (2, 6), (6,)),
    reset_after=False,
    reference=gru_before,
    span=(-1.0, 1.0),
)

# ------------------------------------------------------------------------ attention


def attention(q, k, v, seen=None):
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    if seen is not None:
        scores = np.where(seen, scores, -np.inf)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True) @ v


row(
    "scaled_dot_product_attention",
    *((2, 3, 4), (2, 5, 4), (2, 5, 3)),
    reference=attention,
)
row(
    "scaled_dot_product_attention",
    *((2, 2, 3, 4), (2, 2, 3, 4), (2, 2, 3, 3)),
    is_causal=True,
    reference=lambda q, k, v: attention(q, k, v, np.tri(3, dtype=bool)),
)

# --------------------------------------------------------------------------- einsum

for letters, *shapes in (
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("bij,bkj->bik", (2, 3, 4), (2, 5, 4)),
    ("...ij,...jk", (2, 3, 4), (4, 5)),
    ("i,j->ij", (2,), (3,)),
    ("ij->j", (2, 3)),
    ("ijk->kij", (2, 3, 4)),
    ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)),
    ("ij,ij->", (2, 3), (2, 3)),
    ("aij,ajk->aik", (1, 2, 3), (4, 3, 2)),  # a size of one stands for more
    ("ij,ij->i", (2, 3), (2, 1)),
    ("ab,bc->ac", (2, 1), (3, 4)),
):
    call = lambda module, *xs, letters=letters: module.einsum(letters, *xs)  # noqa: E731
    does("einsum", letters, call, *shapes)

does(
    "embedding",
    "an index twice",
    lambda module, table: module.embedding([[0, 2], [2, 1]], table),
    (3, 4),
    reference=lambda table: table[np.array([[0, 2], [2, 1]])],
)
