"""Recurrent networks with gates: LSTM and GRU over whole sequences.

Gates lie next to each other in the kernels' last axis: LSTM i, f, c, o; GRU z, r, h.
Read ``attention.py`` next.
"""

from __future__ import annotations

from typing import Any

from ...autodiff import kernel as kernel_of
from ...backend import xp
from ...errors import ShapeError
from ..activations import sigmoid
from ..activations import tanh as tanh_
from ..products import matmul
from ..shaping import floats, getitem, split, stack
from .recurrent import (
    check_shapes,
    fast_sigmoid,
    input_gradients,
    input_part,
    states_before,
)

# ------------------------------------------------------------------------------ LSTM


def lstm_reference(
    x: Any, h0: Any, c0: Any, kernel: Any, recurrent_kernel: Any, bias: Any
) -> Any:
    """Hidden and cell states side by side, (2, N, T, U), in elementary ops."""
    h, c = floats(h0), floats(c0)
    hidden, cells = [], []
    for t in range(x.shape[1]):
        z = matmul(getitem(x, (slice(None), t)), kernel) + matmul(h, recurrent_kernel)
        i, f, g, o = split(z if bias is None else z + bias, 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * tanh_(g)
        h = sigmoid(o) * tanh_(c)
        hidden.append(h)
        cells.append(c)
    return stack([stack(hidden, axis=1), stack(cells, axis=1)])


@kernel_of(lstm_reference)
def _lstm(x, h0, c0, kernel, recurrent_kernel, bias):
    units = check_shapes("lstm", x, [h0, c0], kernel, recurrent_kernel, bias, 4)
    n, steps = x.shape[:2]
    gates = input_part(x, kernel, bias).reshape(steps, n, 4, units)
    y = xp.empty((2, steps, n, units), gates.dtype)
    squashed = xp.empty((steps, n, units), gates.dtype)  # tanh of the cells
    h, c = h0, c0
    for t in range(steps):
        z = gates[t]
        z += xp.dot(h, recurrent_kernel).reshape(z.shape)
        # one tanh for all four: sigmoid(z) is tanh(z/2)/2 + 1/2
        halves = z[:, (0, 1, 3)] * 0.5
        z[:, 2] = xp.tanh(z[:, 2])
        z[:, (0, 1, 3)] = xp.tanh(halves) * 0.5 + 0.5
        cell = xp.multiply(z[:, 1], c, out=y[1, t])
        cell += z[:, 0] * z[:, 2]
        xp.tanh(cell, out=squashed[t])
        h = xp.multiply(z[:, 3], squashed[t], out=y[0, t])
        c = cell
    saved = (x, h0, c0, kernel, recurrent_kernel, gates, y, squashed)
    return xp.moveaxis(y, 1, 2), saved


@_lstm.backward
def _(g, saved, needs, into):
    x, h0, c0, w, u, gates, y, squashed = saved
    steps, n, _, units = gates.shape
    dz = xp.empty_like(gates)
    dh, dc = xp.zeros_like(h0), xp.zeros_like(c0)
    for t in range(steps - 1, -1, -1):
        i, f, c, o = (gates[t][:, k] for k in range(4))
        before = y[1, t - 1] if t else c0
        dh = dh + g[0, :, t]
        dc = dc + g[1, :, t] + dh * o * (1 - squashed[t] * squashed[t])
        step = dz[t]
        step[:, 0] = dc * c * i * (1 - i)
        step[:, 1] = dc * before * f * (1 - f)
        step[:, 2] = dc * i * (1 - c * c)
        step[:, 3] = dh * squashed[t] * o * (1 - o)
        dh = xp.dot(step.reshape(n, 4 * units), u.T)
        dc = dc * f
    flat = dz.reshape(steps, n, 4 * units)
    dx, dw, db = input_gradients(flat, x, w, (needs[0], needs[3], needs[5]))
    du = None
    if needs[4]:
        before = states_before(y[0], h0).reshape(-1, units)
        du = xp.matmul(before.T, flat.reshape(-1, 4 * units))
    return dx, dh if needs[1] else None, dc if needs[2] else None, dw, du, db


def lstm(
    x: Any, h0: Any, c0: Any, kernel: Any, recurrent_kernel: Any, bias: Any
) -> tuple[Any, Any]:
    """Long short-term memory: a cell that is written, kept and read through gates.

    c ← f·c + i·tanh(z_c), h ← o·tanh(c) with gates i, f, o = sigmoid(z). Shapes: x (N,
    T, D), h0 and c0 (N, U), kernel (D, 4U), recurrent_kernel (U, 4U), bias (4U,) or
    None, gates in the order i, f, c, o. Returns (hidden, cell), both (N, T, U).
    Source: Hochreiter and Schmidhuber (1997), Gers et al. (2000).
    """
    both = _lstm(x, h0, c0, kernel, recurrent_kernel, bias)
    return getitem(both, 0), getitem(both, 1)


# ------------------------------------------------------------------------------- GRU


def _gru_biases(bias: Any, reset_after: bool, units: int) -> tuple[Any, Any]:
    if bias is None:
        return None, None
    expected = (2, 3 * units) if reset_after else (3 * units,)
    if tuple(bias.shape) != expected:
        raise ShapeError(
            f"gru: with reset_after={reset_after} the bias must be {expected}, not "
            f"{tuple(bias.shape)}."
        )
    return (getitem(bias, 0), getitem(bias, 1)) if reset_after else (bias, None)


def gru_reference(
    x: Any,
    h0: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any,
    *,
    reset_after: bool = True,
) -> Any:
    """z, r = sigmoid(…), h ← z·h + (1 − z)·tanh(…), in elementary ops."""
    h, hidden = floats(h0), []
    units = h.shape[-1]
    first, second = _gru_biases(bias, reset_after, units)
    uz, ur, uh = split(recurrent_kernel, 3, axis=-1)
    for t in range(x.shape[1]):
        a = matmul(getitem(x, (slice(None), t)), kernel)
        az, ar, ah = split(a if first is None else a + first, 3, axis=-1)
        if reset_after:
            b = matmul(h, recurrent_kernel)
            bz, br, bh = split(b if second is None else b + second, 3, axis=-1)
            z, r = sigmoid(az + bz), sigmoid(ar + br)
            candidate = tanh_(ah + r * bh)
        else:
            z = sigmoid(az + matmul(h, uz))
            r = sigmoid(ar + matmul(h, ur))
            candidate = tanh_(ah + matmul(r * h, uh))
        h = z * h + (1 - z) * candidate
        hidden.append(h)
    return stack(hidden, axis=1)


@kernel_of(gru_reference)
def gru(x, h0, kernel, recurrent_kernel, bias, *, reset_after=True):
    """Gated recurrent unit: h ← z·h + (1 − z)·candidate, with a gate to forget.

    Shapes: x (N, T, D), h0 (N, U), kernel (D, 3U), recurrent_kernel (U, 3U), gates in
    the order z, r, h; bias (2, 3U) with `reset_after` (the reset gate multiplies after
    the product, as cuDNN does), (3U,) without, or None. Returns all hidden states
    (N, T, U). Source: Cho et al. (2014).
    """
    units = check_shapes("gru", x, [h0], kernel, recurrent_kernel, bias, 3)
    first, second = _gru_biases(bias, reset_after, units)
    n, steps = x.shape[:2]
    gates = input_part(x, kernel, first).reshape(steps, n, 3, units)
    inner = xp.empty((steps, n, units), gates.dtype)  # what the reset gate multiplies
    y = xp.empty((steps, n, units), gates.dtype)
    h, u = h0, recurrent_kernel
    for t in range(steps):
        a = gates[t]
        if reset_after:
            b = xp.dot(h, u)
            b = (b if second is None else b + second).reshape(n, 3, units)
            a[:, :2] = fast_sigmoid(a[:, :2] + b[:, :2])
            inner[t] = b[:, 2]
            a[:, 2] = xp.tanh(a[:, 2] + a[:, 1] * inner[t])
        else:
            b = xp.dot(h, u[:, : 2 * units]).reshape(n, 2, units)
            a[:, :2] = fast_sigmoid(a[:, :2] + b)
            inner[t] = h
            a[:, 2] = xp.tanh(a[:, 2] + xp.dot(a[:, 1] * h, u[:, 2 * units :]))
        h = y[t] = a[:, 2] + a[:, 0] * (h - a[:, 2])
    saved = (x, h0, kernel, u, gates, inner, y, reset_after, bias is not None)
    return y.swapaxes(0, 1), saved


@gru.backward
def _(g, saved, needs, into):
    x, h0, w, u, gates, inner, y, reset_after, has_bias = saved
    steps, n, _, units = gates.shape
    da = xp.empty_like(gates)  # gradient of the input's part
    db = xp.empty_like(gates)  # gradient of the recurrent part
    uh = u[:, 2 * units :]
    dh = xp.zeros_like(h0)
    for t in range(steps - 1, -1, -1):
        z, r, candidate = (gates[t][:, k] for k in range(3))
        before = y[t - 1] if t else h0
        dh = dh + g[:, t]
        a, b = da[t], db[t]
        a[:, 0] = dh * (before - candidate) * z * (1 - z)
        a[:, 2] = dh * (1 - z) * (1 - candidate * candidate)
        if reset_after:
            a[:, 1] = a[:, 2] * inner[t] * r * (1 - r)
            b[:, :2] = a[:, :2]
            b[:, 2] = a[:, 2] * r
            dh = dh * z + xp.dot(b.reshape(n, 3 * units), u.T)
        else:
            through = xp.dot(a[:, 2], uh.T)
            a[:, 1] = through * before * r * (1 - r)
            b[...] = a
            back = xp.dot(a[:, :2].reshape(n, 2 * units), u[:, : 2 * units].T)
            dh = dh * z + through * r + back
    flat = da.reshape(steps, n, 3 * units)
    dx, dw, dbias = input_gradients(flat, x, w, (needs[0], needs[2], has_bias))
    rows = db.reshape(-1, 3 * units)
    du = None
    if needs[3]:
        before = states_before(y, h0).reshape(-1, units)
        if reset_after:
            du = xp.matmul(before.T, rows)
        else:
            reset = gates[:, :, 1].reshape(-1, units) * before
            two = xp.matmul(before.T, rows[:, : 2 * units])
            du = xp.concatenate([two, xp.matmul(reset.T, rows[:, 2 * units :])], axis=1)
    if needs[4] and reset_after and has_bias:
        dbias = xp.stack([dbias, rows.sum(axis=0)])
    return dx, dh if needs[1] else None, dw, du, dbias if needs[4] else None
