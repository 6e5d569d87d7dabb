"""The LSTM over whole sequences: a cell that is written, kept and read through gates.

Gates lie next to each other in the last axis of the kernels: i, f, c, o. Read
``gru.py`` next.
"""

from __future__ import annotations

from typing import Any

from ...autodiff import kernel as kernel_of
from ...backend import xp
from ...modes import state
from ..activations import sigmoid
from ..activations import tanh as tanh_
from ..products import matmul
from ..shaping import floats, getitem, split, stack
from .recurrent import (
    WeightSums,
    backwards,
    blocks_back,
    check_shapes,
    hidden_states,
    input_gradient,
    joined_inputs,
    joined_weights,
    open_up,
    time_first,
    way_back,
)

ORDER = (2, 0, 1, 3)
"""The order inside the kernel: c, i, f, o. What is a sigmoid lies side by side, and so
does what the cell's gradient flows into; tanh(cell) joins them in front."""


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
    weights[1:] *= 0.5  # for sigmoid(z) = tanh(z/2)/2 + 1/2: one tanh for all gates
    joined = joined_inputs(x, h0, bias, dtype)
    kept = steps if cells or state.recording else 1  # who is to look at them again?
    values = xp.empty((kept, 5, n, units), dtype)  # tanh(c), then the gates in ORDER
    cell = xp.empty((kept + 1, n, units), dtype)
    z, written = xp.empty((4, n, units), dtype), xp.empty((n, units), dtype)
    cell[0] = c0
    for t in range(steps):
        squashed, candidate, i, f, o = y = values[t % kept]
        xp.tanh(xp.matmul(joined[t], weights, out=z), out=y[1:])
        open_up(y[2:])
        c = xp.multiply(f, cell[t % (kept + 1)], out=cell[(t + 1) % (kept + 1)])
        c += xp.multiply(i, candidate, out=written)
        xp.tanh(c, out=squashed)
        xp.multiply(o, squashed, out=joined[t + 1, :, :units])
    saved = (joined, kernel, recurrent_kernel, values, cell)
    if not cells:
        return hidden_states(joined, units), saved
    y = xp.empty((2, n, steps, units), dtype)
    hidden_states(joined, units, y[0])
    y[1] = cell[1:].swapaxes(0, 1)
    return y, saved


@_lstm.backward
def _(g, saved, needs, into):
    joined, w, u, values, cell = saved
    steps, _, n, units = values.shape
    dtype = values.dtype
    g_hidden, g_cell = (g, None) if g.ndim == 3 else g
    back, to_x = way_back(joined_weights(w, u, None, ORDER), units)
    parts = xp.empty((4, n, units), dtype)
    dx = xp.empty((steps, n, len(w)), dtype) if needs[0] else None
    dc, carried = (xp.zeros((n, units), dtype) for _ in range(2))
    sums = WeightSums(4, joined.shape[2], units, dtype)
    for block in blocks_back(steps, n):
        y = values[block].swapaxes(0, 1)  # (5, steps, N, U)
        dhs, slopes = time_first(g_hidden, block), _slopes(y, cell[block])
        walk = range(steps)[block], dhs, slopes.swapaxes(0, 1), y[3]
        for t, dh, dz, f in backwards(*walk):  # dz is a factor short of it
            through, of_c, of_o = dz[0], dz[1:4], dz[4]
            dh += carried
            through *= dh
            dc += through
            if g_cell is not None:
                dc += g_cell[:, t]
            of_c *= dc
            of_o *= dh
            xp.matmul(dz[1:], back, out=parts)
            xp.add.reduce(parts, 0, None, carried)
            dc *= f
        if needs[0]:
            input_gradient(slopes[1:], to_x, dx[block])
        if any(needs[3:]):
            sums.add(joined[block], slopes[1:])
    dx = dx.swapaxes(0, 1) if needs[0] else None
    weights = sums.split(len(w), needs[3:], into[3:], ORDER)
    return dx, carried if needs[1] else None, dc if needs[2] else None, *weights


def _slopes(y: Any, before: Any) -> Any:
    """What the gradients of h (first and last) or c are multiplied with, (5, T, N, U).

    A slope of its own, s·(1 − s) or 1 − y², times what each value was multiplied with.
    """
    squashed, candidate, i, _, o = y
    slopes = xp.multiply(y, y, out=xp.empty(y.shape, y.dtype))
    xp.subtract(1, slopes[:2], out=slopes[:2])
    xp.subtract(y[2:], slopes[2:], out=slopes[2:])
    for slope, other in zip(slopes, (o, i, candidate, before, squashed), strict=True):
        slope *= other
    return slopes


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
