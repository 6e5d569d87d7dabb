"""PyTorch's windows, norms, recurrences and attention under the names of `dl.ops`.

Channels go first and gates are put in PyTorch's order here, on the judge's side. All
padding is done by `F.pad` before the window moves, where PyTorch has no such padding of
its own. Nothing of ours is used; `Functions` has them all.
"""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

Pairs = list[tuple[int, int]]


def each(value: Any, axes: int) -> list[int]:
    """One number for each axis of space."""
    return list(value) if isinstance(value, (tuple, list)) else [value] * axes


def channels_first(x: Any) -> Any:
    return x.movedim(-1, 1)


def channels_last(x: Any) -> Any:
    return x.movedim(1, -1)


def around(padding: Any, sizes: Any, reaches: Any, strides: Any) -> Pairs:
    """How many cells `padding` means before and after each axis."""
    if padding == "same":  # ceil(size / stride) windows, the odd cell at the end
        needed = [
            max((-(-n // s) - 1) * s + r - n, 0)
            for n, r, s in zip(sizes, reaches, strides)
        ]
        return [(total // 2, total - total // 2) for total in needed]
    if padding == "causal":
        return [(r - 1, 0) for r in reaches]
    if padding == "valid":
        return [(0, 0)] * len(sizes)
    sides = each(padding, len(sizes))
    return [side if isinstance(side, tuple) else (side, side) for side in sides]


def padded(x: Any, pairs: Pairs, value: float = 0.0) -> Any:
    """`x`, channels first, with cells around its axes of space."""
    last_first = [n for pair in reversed(pairs) for n in pair]
    return F.pad(x, last_first, value=value)


def conv(
    x: Any,
    kernel: Any,
    *,
    strides: Any = 1,
    padding: Any = "valid",
    dilation_rate: Any = 1,
    groups: int = 1,
) -> Any:
    space = x.ndim - 2
    strides, dilations = each(strides, space), each(dilation_rate, space)
    reaches = [(k - 1) * d + 1 for k, d in zip(kernel.shape, dilations)]
    x = channels_first(x)
    x = padded(x, around(padding, x.shape[2:], reaches, strides))
    w = kernel.movedim((-1, -2), (0, 1)).contiguous()  # (F, C / groups, *window)
    move = (F.conv1d, F.conv2d, F.conv3d)[space - 1]
    y = move(x, w, stride=strides, dilation=dilations, groups=groups)
    return channels_last(y)


def conv_transpose(
    x: Any,
    kernel: Any,
    *,
    strides: Any = 1,
    padding: Any = "valid",
    output_padding: Any = None,
    dilation_rate: Any = 1,
) -> Any:
    space = x.ndim - 2
    strides, dilations = each(strides, space), each(dilation_rate, space)
    reaches = [(k - 1) * d + 1 for k, d in zip(kernel.shape, dilations)]
    x = channels_first(x)
    w = kernel.movedim((-1, -2), (0, 1)).contiguous()  # (C, F, *window)
    move = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[space - 1]
    how = {"stride": strides, "dilation": dilations}
    more = each(output_padding or 0, space)
    if output_padding is not None and padding in ("valid", "same"):
        padding = [r // 2 if padding == "same" else 0 for r in reaches]
    if not isinstance(padding, str):
        pairs = around(padding, x.shape[2:], reaches, strides)
        if all(a == b for a, b in pairs):  # all of it is PyTorch's own
            cut = [a for a, _ in pairs]
            return channels_last(move(x, w, padding=cut, output_padding=more, **how))
        extra = more
    else:  # Keras's sizes: "same" gives size·stride, "valid" never less
        gaps = [r - s for r, s in zip(reaches, strides)]
        extra = [max(-gap, 0) for gap in gaps]  # a stride larger than the window
        pairs = [(0, 0)] * space
        if padding == "same":
            pairs = [(max(g, 0) // 2, max(g, 0) - max(g, 0) // 2) for g in gaps]
    y = padded(move(x, w, **how), [(0, n) for n in extra])
    ends = [n - after for n, (_, after) in zip(y.shape[2:], pairs)]
    cut = (slice(a, end) for (a, _), end in zip(pairs, ends))
    return channels_last(y[(slice(None), slice(None), *cut)])


def _pooled(x: Any, pool_size: Any, strides: Any, padding: Any) -> tuple[Any, ...]:
    space = x.ndim - 2
    window = each(pool_size, space)
    strides = window if strides is None else each(strides, space)
    x = channels_first(x)
    return x, window, strides, around(padding, x.shape[2:], window, strides)


def max_pool(
    x: Any, *, pool_size: Any, strides: Any = None, padding: Any = "valid"
) -> Any:
    x, window, strides, pairs = _pooled(x, pool_size, strides, padding)
    move = (F.max_pool1d, F.max_pool2d, F.max_pool3d)[x.ndim - 3]
    own = all(a == b <= k // 2 for (a, b), k in zip(pairs, window))
    if own:  # PyTorch pads by half a window at most
        return channels_last(move(x, window, strides, [a for a, _ in pairs]))
    return channels_last(move(padded(x, pairs, -torch.inf), window, strides))


def average_pool(
    x: Any, *, pool_size: Any, strides: Any = None, padding: Any = "valid"
) -> Any:
    x, window, strides, pairs = _pooled(x, pool_size, strides, padding)
    move = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[x.ndim - 3]
    fits = all(k <= n for k, n in zip(window, x.shape[2:]))  # it asks for this, too
    if fits and all(a == b <= k // 2 for (a, b), k in zip(pairs, window)):
        cut = [a for a, _ in pairs]
        return channels_last(move(x, window, strides, cut, count_include_pad=False))
    share = move(padded(torch.ones_like(x[:1, :1]), pairs), window, strides)
    real = share.clamp(min=1e-9)  # a window without a real cell averages to zero
    return channels_last(move(padded(x, pairs), window, strides) / real)


# ------------------------------------------------------------------------ normalization


def batch_norm(
    x: Any,
    gamma: Any,
    beta: Any,
    *,
    mean: Any = None,
    variance: Any = None,
    axis: int = -1,
    epsilon: float = 1e-3,
) -> Any:
    given = mean is not None
    moving = [torch.as_tensor(m) for m in (mean, variance)] if given else [None] * 2
    y = F.batch_norm(
        x.movedim(axis, 1), *moving, gamma, beta, training=not given, eps=epsilon
    )
    return y.movedim(1, axis)


def layer_norm(
    x: Any, gamma: Any = None, beta: Any = None, *, axis: Any = -1, epsilon=1e-3
) -> Any:
    axes = sorted(a % x.ndim for a in ((axis,) if isinstance(axis, int) else axis))
    last = list(range(x.ndim - len(axes), x.ndim))
    shape = [x.shape[a] for a in axes]
    y = F.layer_norm(x.movedim(axes, last), shape, gamma, beta, epsilon)
    return y.movedim(last, axes)


def group_norm(
    x: Any, gamma: Any = None, beta: Any = None, *, groups=32, axis=-1, epsilon=1e-3
) -> Any:
    groups = x.shape[axis] if groups == -1 else groups
    # scaled and shifted by hand: PyTorch 2.13 crashes where x needs no gradient
    y = F.group_norm(x.movedim(axis, 1), groups, None, None, epsilon).movedim(1, -1)
    y = y if gamma is None else y * gamma
    return (y if beta is None else y + beta).movedim(-1, axis)


# -------------------------------------------------------------------------- recurrences


def rnn(
    x: Any, h0: Any, kernel: Any, recurrent_kernel: Any, bias: Any, *, activation="tanh"
) -> Any:
    b = torch.zeros(len(h0[0]), dtype=x.dtype) if bias is None else bias
    if activation in ("tanh", "relu"):
        weights = (kernel.T, recurrent_kernel.T, b, torch.zeros_like(b))
        run = torch.rnn_tanh if activation == "tanh" else torch.rnn_relu
        return run(x, h0[None], weights, True, 1, 0.0, False, False, True)[0]
    function = {"sigmoid": torch.sigmoid, "linear": lambda z: z}[activation]
    h, hidden = h0, []
    for step in x.unbind(1):
        h = function(step @ kernel + h @ recurrent_kernel + b)
        hidden.append(h)
    return torch.stack(hidden, 1)


def lstm(
    x: Any, h0: Any, c0: Any, kernel: Any, recurrent_kernel: Any, bias: Any
) -> tuple[Any, Any]:
    """PyTorch's gates are i, f, g, o: the same order. It wants a second bias."""
    b = torch.zeros(kernel.shape[1], dtype=x.dtype) if bias is None else bias
    weights = (kernel.T, recurrent_kernel.T, b, torch.zeros_like(b))
    state, hidden, cells = (h0, c0), [], []
    for step in x.unbind(1):
        state = torch.lstm_cell(step, state, *weights)
        hidden.append(state[0])
        cells.append(state[1])
    return torch.stack(hidden, 1), torch.stack(cells, 1)


def gru(
    x: Any,
    h0: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any,
    *,
    reset_after: bool = True,
) -> Any:
    """PyTorch's gates are r, z, n where ours are z, r, h."""
    units = h0.shape[1]
    if reset_after:
        b = torch.zeros(2, 3 * units, dtype=x.dtype) if bias is None else bias
        order = [*range(units, 2 * units), *range(units), *range(2 * units, 3 * units)]
        weights = (kernel.T[order], recurrent_kernel.T[order], b[0][order], b[1][order])
        return torch.gru(x, h0[None], weights, True, 1, 0.0, False, False, True)[0]
    # the older form, which PyTorch has not: Cho et al. (2014), equations 5 to 8
    wz, wr, wh = kernel.chunk(3, 1)
    uz, ur, uh = recurrent_kernel.chunk(3, 1)
    bz, br, bh = (0.0, 0.0, 0.0) if bias is None else bias.chunk(3)
    h, hidden = h0, []
    for step in x.unbind(1):
        z = torch.sigmoid(step @ wz + h @ uz + bz)
        r = torch.sigmoid(step @ wr + h @ ur + br)
        h = z * h + (1 - z) * torch.tanh(step @ wh + (r * h) @ uh + bh)
        hidden.append(h)
    return torch.stack(hidden, 1)


# ---------------------------------------------------------------------------- attention


def scaled_dot_product_attention(
    q: Any, k: Any, v: Any, *, mask: Any = None, is_causal: bool = False
) -> Any:
    seen = None if mask is None else torch.as_tensor(np.asarray(mask))
    if seen is not None and is_causal:  # PyTorch takes only one of them
        past = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool).tril()
        seen, is_causal = seen & past, False
    with sdpa_kernel(SDPBackend.MATH):  # the one that can be differentiated twice
        return F.scaled_dot_product_attention(q, k, v, seen, is_causal=is_causal)


def embedding(indices: Any, table: Any) -> Any:
    return F.embedding(torch.as_tensor(np.asarray(indices, np.int64)), table)


def one_hot(labels: Any, num_classes: int) -> Any:
    labels = torch.as_tensor(np.asarray(labels, np.int64))
    return F.one_hot(labels, num_classes)


class Functions:
    """All of these, for a judge to inherit."""

    einsum = staticmethod(torch.einsum)


for _function in (
    *(conv, conv_transpose, max_pool, average_pool),
    *(batch_norm, layer_norm, group_norm, rnn, lstm, gru),
    *(scaled_dot_product_attention, embedding, one_hot),
):
    setattr(Functions, _function.__name__, staticmethod(_function))
