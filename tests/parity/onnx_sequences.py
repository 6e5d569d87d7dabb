"""The adapter's last part: recurrences and attention."""

import math
from typing import Any

import dlcourse as dl
from tests.parity.onnx_adapter import node, numbers, ops
from tests.parity.onnx_products import counting

# -------------------------------------------------------------------------- recurrences


def both_directions(
    one: Any, x: Any, w: Any, r: Any, b: Any, states: Any, hidden_size: int, how: Any
) -> tuple[Any, ...]:
    """Run `one` forward, in reverse, or both; (Y, last states) as ONNX lays them out.

    `one` takes (N, T, D) and its weights as `dl.ops` has them, and returns sequences
    (N, T, U), one for each state.
    """
    direction, batch_first = how.get("direction", "forward"), how.get("layout", 0)
    x = x if batch_first else ops.transpose(x, (1, 0, 2))
    reverses = {"forward": [False], "reverse": [True]}.get(direction, [False, True])
    sequences, lasts = [], []
    for i, reverse in enumerate(reverses):
        own = [_state(s, i, x, hidden_size, batch_first) for s in states]
        line = ops.flip(x, axis=1) if reverse else x
        bias = None if b is None else ops.split(b[i], 2)
        found = one(line, own, ops.transpose(w[i]), ops.transpose(r[i]), bias)
        lasts.append([sequence[:, -1] for sequence in found])
        sequences.append(ops.flip(found[0], axis=1) if reverse else found[0])
    axis = 1 if batch_first else 0
    y = ops.stack(sequences)  # (directions, N, T, U)
    y = ops.transpose(y, (1, 2, 0, 3) if batch_first else (2, 0, 1, 3))
    return y, *(ops.stack(list(last), axis=axis) for last in zip(*lasts))


def _state(state: Any, i: int, x: Any, units: int, batch_first: int) -> Any:
    if state is None:
        return dl.Tensor([[0.0] * units] * x.shape[0])
    return state[:, i] if batch_first else state[i]


@node("RNN")
def rnn(x, w, r, b=None, lengths=None, h0=None, *, hidden_size, **how):
    def one(x, states, kernel, recurrent_kernel, bias):
        bias = None if bias is None else ops.add(*bias)
        return [ops.rnn(x, *states, kernel, recurrent_kernel, bias)]

    return both_directions(one, x, w, r, b, [h0], hidden_size, how)


@node("GRU")
def gru(x, w, r, b=None, lengths=None, h0=None, *, hidden_size, **how):
    assert not how.pop("linear_before_reset", 0)

    def one(x, states, kernel, recurrent_kernel, bias):
        bias = None if bias is None else ops.add(*bias)
        return [ops.gru(x, *states, kernel, recurrent_kernel, bias, reset_after=False)]

    return both_directions(one, x, w, r, b, [h0], hidden_size, how)


@node("LSTM")
def lstm(
    x,
    w,
    r,
    b=None,
    lengths=None,
    h0=None,
    c0=None,
    peepholes=None,
    *,
    hidden_size,
    **how,
):
    assert lengths is None or set(lengths.tolist()) == {x.shape[0]}

    def ours(gates):  # i, o, f, c to i, f, c, o
        i, o, f, c = ops.split(gates, 4, axis=-1)
        return ops.concatenate([i, f, c, o], axis=-1)

    def one(x, states, kernel, recurrent_kernel, bias):
        bias = None if bias is None else ours(ops.add(*bias))
        kernels = ours(kernel), ours(recurrent_kernel)
        if peepholes is None:
            return ops.lstm(x, *states, *kernels, bias)
        return peeping(x, *states, *kernels, bias, *ops.split(peepholes[0], 3))

    return both_directions(one, x, w, r, b, [h0, c0], hidden_size, how)


def peeping(x, h, c, kernel, recurrent_kernel, bias, of_i, of_o, of_f):
    """An LSTM whose gates see the cell: Gers et al. (2002), in elementary ops."""
    hidden, cells = [], []
    for t in range(x.shape[1]):
        z = ops.linear(x[:, t], kernel, bias) + ops.matmul(h, recurrent_kernel)
        i, f, new, o = ops.split(z, 4, axis=-1)
        kept = ops.sigmoid(f + of_f * c) * c
        c = kept + ops.sigmoid(i + of_i * c) * ops.tanh(new)
        h = ops.sigmoid(o + of_o * c) * ops.tanh(c)
        hidden.append(h)
        cells.append(c)
    return ops.stack(hidden, axis=1), ops.stack(cells, axis=1)


# ---------------------------------------------------------------------------- attention


def heads_first(x: Any, heads: int | None) -> Any:
    """(N, T, heads·D) to (N, heads, T, D); what has four axes as it is."""
    if x.ndim == 4:
        return x
    y = ops.reshape(x, (*x.shape[:2], heads, x.shape[2] // heads))
    return ops.transpose(y, (0, 2, 1, 3))


def heads_together(y: Any, ndim: int) -> Any:
    if ndim == 4:
        return y
    y = ops.transpose(y, (0, 2, 1, 3))
    return ops.reshape(y, (*y.shape[:2], -1))


def repeated(x: Any, heads: int) -> Any:
    """Each head of `x` as often as it is shared."""
    times = heads // x.shape[1]
    places = [i // times for i in range(heads)]
    return x if times == 1 else ops.take(x, places, axis=1)


@node("Attention", "FlexAttention")
def attention(
    q,
    k,
    v,
    mask=None,
    past_key=None,
    past_value=None,
    lengths=None,
    *,
    scale=None,
    is_causal=0,
    q_num_heads=None,
    kv_num_heads=None,
    softcap=0.0,
    qk_matmul_output_mode=0,
    softmax_precision=None,
    left_window_size=-1,
    right_window_size=-1,
    outputs=1,
):
    ndim = q.ndim
    q = heads_first(q, q_num_heads)
    k, v = heads_first(k, kv_num_heads), heads_first(v, kv_num_heads)
    if past_key is not None:
        k = ops.concatenate([past_key, k], axis=2)
        v = ops.concatenate([past_value, v], axis=2)
    present = k, v
    k, v = repeated(k, q.shape[1]), repeated(v, q.shape[1])
    rows, columns = q.shape[2], k.shape[2]

    # where a query stands among the keys, and which keys it may see from there
    first = 0 if past_key is None else past_key.shape[2]
    if past_key is None and lengths is not None:
        first = (lengths - rows).reshape(-1, 1, 1, 1)
    ahead = counting(columns) - (counting(rows)[:, None] + first)
    seen = []
    if is_causal:
        seen.append(ahead <= 0)
    if left_window_size >= 0:
        seen.append(-ahead <= left_window_size)
    if right_window_size >= 0:
        seen.append(ahead <= right_window_size)
    if lengths is not None:
        seen.append(counting(columns) < lengths.reshape(-1, 1, 1, 1))
    bias = None
    if mask is not None:
        none = 0.0 if not isinstance(mask, dl.Tensor) else -math.inf
        values = numbers(mask)
        gaps = [(0, 0)] * (mask.ndim - 1) + [(0, columns - mask.shape[-1])]
        values = ops.pad(values, gaps, constant_values=none)
        if isinstance(mask, dl.Tensor):
            bias = values
        else:
            seen.append(values.data > 0)

    size = 1 / math.sqrt(q.shape[-1])
    scale = size if scale is None else scale
    if bias is None and not softcap and outputs < 4:  # what dl.ops has in one piece
        only_causal = is_causal and len(seen) == 1 and past_key is None
        how = {"is_causal": True} if only_causal else {}
        if seen and not only_causal:
            how["mask"] = together(seen)
        q = q if scale == size else ops.multiply(q, scale / size)
        y = ops.scaled_dot_product_attention(q, k, v, **how)
        return heads_together(y, ndim), *present

    scores = ops.multiply(ops.matmul(q, ops.transpose(k, (0, 1, 3, 2))), scale)
    steps = [scores]
    if softcap:
        scores = ops.multiply(softcap, ops.tanh(ops.divide(scores, softcap)))
    steps.append(scores)
    if bias is not None:
        scores = ops.add(scores, bias)
    if seen:
        scores = ops.where(together(seen), scores, -math.inf)
    weights = ops.softmax(scores)
    steps += [scores, weights]
    shown = steps[1 if qk_matmul_output_mode == 0 else qk_matmul_output_mode]
    return heads_together(ops.matmul(weights, v), ndim), *present, shown


def together(masks: list[Any]) -> Any:
    """All of these conditions at once."""
    both = masks[0]
    for mask in masks[1:]:
        both = both & mask
    return both


@node("LinearAttention")
def linear_attention(
    q,
    k,
    v,
    state=None,
    decay=None,
    beta=None,
    *,
    q_num_heads,
    kv_num_heads,
    scale=0.0,
    update_rule="gated_delta",
):
    """A state (N, heads, D, E) that forgets, corrects itself, and is read by q."""
    q, k, v = (
        heads_first(x, n)
        for x, n in ((q, q_num_heads), (k, kv_num_heads), (v, kv_num_heads))
    )
    _, heads, steps, inner = k.shape
    if state is None:
        state = ops.einsum("nhd,nhe->nhde", k[:, :, 0], v[:, :, 0]) * 0.0
    if decay is not None:
        decay = heads_first(decay, heads)
    outputs = []
    for t in range(steps):
        key, value = k[:, :, t], v[:, :, t]
        if "gated" in update_rule:
            state = ops.multiply(state, ops.exp(ops.expand_dims(decay[:, :, t], -1)))
        if "delta" in update_rule:
            known = ops.einsum("nhde,nhd->nhe", state, key)
            value = ops.expand_dims(beta[:, t], -1) * (value - known)
        state = ops.add(state, ops.einsum("nhd,nhe->nhde", key, value))
        read = repeated(state, q_num_heads)
        outputs.append(ops.einsum("nhd,nhde->nhe", q[:, :, t], read))
    y = ops.multiply(ops.stack(outputs, axis=2), scale or 1 / math.sqrt(inner))
    return heads_together(y, 3), state


@node("RotaryEmbedding")
def rotary_embedding(
    x, cos, sin, places=None, *, interleaved=0, rotary_embedding_dim=0, num_heads=None
):
    ndim = x.ndim
    x = heads_first(x, num_heads)  # (N, heads, T, D)
    turned = rotary_embedding_dim or x.shape[-1]
    if places is not None:
        cos, sin = ops.take(cos, places, axis=0), ops.take(sin, places, axis=0)
    cos, sin = ops.expand_dims(cos, 1), ops.expand_dims(sin, 1)
    front, rest = ops.split(x, [turned], axis=-1)
    if interleaved:
        a, b = front[..., 0::2], front[..., 1::2]
    else:
        a, b = ops.split(front, 2, axis=-1)
    pair = [cos * a - sin * b, sin * a + cos * b]
    if interleaved:
        front = ops.reshape(ops.stack(pair, axis=-1), front.shape)
    else:
        front = ops.concatenate(pair, axis=-1)
    return heads_together(ops.concatenate([front, rest], axis=-1), ndim)
