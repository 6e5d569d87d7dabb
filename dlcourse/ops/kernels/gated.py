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
    WeightSums,
    check_shapes,
    hidden_states,
    joined_inputs,
    joined_weights,
    open_up,
    way_back,
)

# ------------------------------------------------------------------------------ LSTM


ORDER = (0, 1, 3, 2)  # i, f, o, c inside the kernel: the three sigmoids side by side


def lstm_reference(
    x: Any,
    h0: Any,
    c0: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any,
    *,
    cells: bool = True,
) -> Any:
    """Hidden and cell states side by side, (2, N, T, U), in elementary ops."""
    h, c = floats(h0), floats(c0)
    paths = [], []
    for t in range(x.shape[1]):
        z = matmul(getitem(x, (slice(None), t)), kernel) + matmul(h, recurrent_kernel)
        i, f, g, o = split(z if bias is None else z + bias, 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * tanh_(g)
        h = sigmoid(o) * tanh_(c)
        paths[0].append(h)
        paths[1].append(c)
    hidden, cell = (stack(path, axis=1) for path in paths)
    return stack([hidden, cell]) if cells else hidden


@kernel_of(lstm_reference)
def _lstm(x, h0, c0, kernel, recurrent_kernel, bias, *, cells=True):
    units = check_shapes("lstm", x, [h0, c0], kernel, recurrent_kernel, bias, 4)
    n, steps = x.shape[:2]
    dtype = max(x.dtype, kernel.dtype)  # the wider of the two
    weights = joined_weights(kernel, recurrent_kernel, bias, ORDER)
    weights[:3] *= 0.5  # for sigmoid(z) = tanh(z/2)/2 + 1/2: one tanh for all gates
    joined = joined_inputs(x, h0, bias, dtype)
    gates = xp.empty((steps, 4, n, units), dtype)
    cell = xp.empty((steps + 1, n, units), dtype)
    squashed = xp.empty((steps, n, units), dtype)  # tanh of the cells
    written = xp.empty((n, units), dtype)
    cell[0] = c0
    for t in range(steps):
        z = gates[t]
        xp.matmul(joined[t], weights, out=z)
        xp.tanh(z, out=z)
        open_up(z[:3])
        i, f, o, candidate = z
        c = xp.multiply(f, cell[t], out=cell[t + 1])
        c += xp.multiply(i, candidate, out=written)
        xp.multiply(o, xp.tanh(c, out=squashed[t]), out=joined[t + 1, :, :units])
    saved = (joined, kernel, recurrent_kernel, gates, cell, squashed)
    if not cells:
        return hidden_states(joined, units), saved
    y = xp.empty((2, n, steps, units), dtype)
    hidden_states(joined, units, y[0])
    y[1] = cell[1:].swapaxes(0, 1)
    return y, saved


@_lstm.backward
def _(g, saved, needs, into):
    joined, w, u, gates, cell, squashed = saved
    steps, _, n, units = gates.shape
    g_hidden, g_cell = (g, None) if g.ndim == 3 else g
    width = units + len(w) if needs[0] else units
    back = way_back(joined_weights(w, u, None, ORDER), width)
    sums = WeightSums(joined, 4, units, any(needs[3:]))
    d = xp.zeros((steps + 1, n, width), gates.dtype)  # of [h, x] before each step
    dh, dc = (xp.zeros((n, units), gates.dtype) for _ in range(2))
    slopes = xp.empty((3, n, units), gates.dtype)
    slope = xp.empty((n, units), gates.dtype)
    parts = xp.empty((4, n, width), gates.dtype)
    one = gates.dtype.type(1)
    for t in range(steps - 1, -1, -1):
        z, y = gates[t], squashed[t]
        i, f, o, candidate = z
        dz = sums.at(t)
        xp.add(g_hidden[:, t], d[t + 1, :, :units], out=dh)
        # what the cell gets: dh·o·(1 - tanh²(c)), and what it passes on to its past
        xp.multiply(y, y, out=slope)
        xp.subtract(one, slope, out=slope)
        slope *= o
        slope *= dh
        dc += slope
        if g_cell is not None:
            dc += g_cell[:, t]
        # the sigmoids' slopes s·(1 - s), and what each of them was multiplied with
        xp.subtract(one, z[:3], out=slopes)
        slopes *= z[:3]
        slopes[0] *= candidate
        slopes[1] *= cell[t]
        slopes[2] *= y
        xp.multiply(slopes[:2], dc, out=dz[:2])
        xp.multiply(slopes[2], dh, out=dz[2])
        xp.multiply(candidate, candidate, out=slope)
        xp.subtract(one, slope, out=slope)
        slope *= i
        xp.multiply(slope, dc, out=dz[3])
        dc *= f
        xp.matmul(dz, back, out=parts)
        xp.add.reduce(parts, 0, None, d[t])
        sums.add(t)
    dx = d[:-1, :, units:].swapaxes(0, 1) if needs[0] else None
    dh0 = d[0, :, :units] if needs[1] else None
    weights = sums.split(len(w), needs[3:], into[3:], ORDER)
    return dx, dh0, dc if needs[2] else None, *weights


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


def lstm_hidden(
    x: Any, h0: Any, c0: Any, kernel: Any, recurrent_kernel: Any, bias: Any
) -> Any:
    """The hidden states alone (N, T, U), for a layer whose cells nobody asks for."""
    return _lstm(x, h0, c0, kernel, recurrent_kernel, bias, cells=False)


# ------------------------------------------------------------------------------- GRU


def fast_sigmoid(z: Any) -> Any:
    """1 / (1 + e⁻ᶻ) by one tanh: exact to rounding, and it never overflows."""
    return 0.5 * xp.tanh(0.5 * z) + 0.5


def input_part(x: Any, w: Any, b: Any) -> Any:
    """x·w + b for all steps at once, time first: (T, N, gates·U)."""
    steps = xp.ascontiguousarray(x.swapaxes(0, 1))
    part = xp.matmul(steps.reshape(-1, x.shape[2]), w)
    if b is not None:
        part += b
    return part.reshape(x.shape[1], x.shape[0], w.shape[1])


def input_gradients(dz: Any, x: Any, w: Any, needs: Any) -> tuple[Any, Any, Any]:
    """From dz (T, N, G), the gradients of x, kernel and bias."""
    rows = dz.reshape(-1, dz.shape[-1])
    dx = dw = db = None
    if needs[0]:
        dx = xp.matmul(rows, w.T).reshape(*dz.shape[:2], len(w)).swapaxes(0, 1)
    if needs[1]:
        dw = xp.matmul(x.swapaxes(0, 1).reshape(-1, x.shape[2]).T, rows)
    if needs[2]:
        db = rows.sum(axis=0)
    return dx, dw, db


def states_before(states: Any, first: Any) -> Any:
    """The state before each step: (T, N, U)."""
    return xp.concatenate([first[None], states[:-1]])


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
