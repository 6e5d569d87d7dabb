"""The simple recurrent network over whole sequences, and what LSTM and GRU share.

One pass forward through time, one pass back: backpropagation through time, written out.
State, input and a one stand side by side, [h, x, 1], and so do their weights below one
another, so that a single product a step makes all of h·u + x·w + b. The gradient of all
these weights is one product after the loop, and only what truly depends on the step
before is left inside.

The reference makes a step of elementary ops and loops over it. Read ``gated.py`` next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...autodiff import kernel as kernel_of
from ...backend import xp
from ...errors import ConfigError, ShapeError, did_you_mean
from ..activations import relu, sigmoid
from ..activations import tanh as tanh_
from ..products import matmul
from ..shaping import floats, getitem, stack

ACTIVATIONS: dict[str, tuple[Callable, Callable, Callable]] = {
    # name: (from z into an array, the slope from what came out, the op)
    "tanh": (lambda z, out: xp.tanh(z, out=out), lambda y: 1 - y * y, tanh_),
    "relu": (lambda z, out: xp.maximum(z, 0, out=out), lambda y: y > 0, relu),
    "sigmoid": (lambda z, out: _sigmoid(z, out), lambda y: y * (1 - y), sigmoid),
    "linear": (lambda z, out: xp.copyto(out, z), lambda y: 1, lambda z: z),
}


def _sigmoid(z: Any, out: Any) -> None:
    z *= 0.5
    open_up(xp.tanh(z, out=out))


def open_up(s: Any) -> Any:
    """sigmoid(z) in place from tanh(z/2): one tanh for all, and it never overflows."""
    half = s.dtype.type(0.5)  # of the array's type: a Python number costs 0.5 us more
    s *= half
    s += half
    return s


def check_shapes(
    name: str, x: Any, states: list[Any], w: Any, u: Any, b: Any, gates: int
) -> int:
    """The number of units, or `ShapeError` naming the shapes that do not fit."""
    units = u.shape[0] if u.ndim == 2 else -1
    fits = (
        x.ndim == 3
        and w.ndim == 2
        and w.shape == (x.shape[2], gates * units)
        and u.shape == (units, gates * units)
        and all(s.shape == (x.shape[0], units) for s in states)
    )
    if not fits:
        shapes = ", ".join(str(s.shape) for s in states)
        raise ShapeError(
            f"{name}: x {x.shape}, states {shapes}, kernel {w.shape}, recurrent kernel "
            f"{u.shape} do not fit; they must be (N, T, D), (N, U), (D, {gates}U), "
            f"(U, {gates}U)."
        )
    if x.shape[1] == 0:
        raise ShapeError(f"{name}: x {x.shape} has no steps; the sequences are empty.")
    return units


# Arrays lie step by step and, within a step, gate by gate: (T, G, N, U). A product of
# (N, K)·(K, U) for each gate has at most 10⁶ multiplications at the course's sizes; so
# many OpenBLAS does without packing the factors first (N = 32, K = 193, U = 128: four
# take 55 us, one of four times the width 71 us).


def joined_weights(w: Any, u: Any, b: Any, order: Sequence[int] = (0,)) -> Any:
    """The weights of [h, x, 1] below one another, by gate in `order`: (G, K, U)."""
    units = len(u)
    rows = units + len(w)
    joined = xp.empty((len(order), rows + (b is not None), units), w.dtype)
    for k, gate in enumerate(order):
        columns = slice(gate * units, (gate + 1) * units)
        joined[k, :units] = u[:, columns]
        joined[k, units:rows] = w[:, columns]
        if b is not None:
            joined[k, rows] = b[columns]
    return joined


def joined_inputs(x: Any, h0: Any, b: Any, dtype: Any) -> Any:
    """[h, x, 1] for each step and one more, (T + 1, N, K); only h0 is known."""
    n, steps, features = x.shape
    units = h0.shape[1]
    joined = xp.empty((steps + 1, n, units + features + (b is not None)), dtype)
    joined[0, :, :units] = h0
    joined[:-1, :, units : units + features] = x.swapaxes(0, 1)
    if b is not None:
        joined[:-1, :, -1] = 1
    return joined


def hidden_states(joined: Any, units: int, out: Any = None) -> Any:
    """The states behind `joined`, an array of their own: (N, T, U)."""
    _, n, _ = joined.shape
    out = xp.empty((n, len(joined) - 1, units), joined.dtype) if out is None else out
    out[...] = joined[1:, :, :units].swapaxes(0, 1)
    return out


def joined_gradients(
    dz: Any, joined: Any, w: Any, needs: Any, into: Any, order: Sequence[int] = (0,)
) -> list[Any]:
    """The gradients of x, kernel, recurrent kernel and bias from dz (G, T, N, U).

    `needs` and `into` speak of these four; `w` is the kernel.
    """
    gates, steps, n, units = dz.shape
    features = len(w)
    rows = dz.reshape(gates, steps * n, units)
    dx = None
    if needs[0]:
        by_gate = w.reshape(features, gates, units).transpose(1, 2, 0)
        by_gate = xp.stack([by_gate[gate] for gate in order])
        dx = xp.matmul(rows, by_gate).sum(axis=0)
        dx = dx.reshape(steps, n, features).swapaxes(0, 1)
    if not any(needs[1:]):
        return [dx, None, None, None]
    d = xp.matmul(joined[:-1].reshape(steps * n, -1).T, rows)  # (G, K, U)
    found = [dx]
    for first, last, need, slot in (
        (units, units + features, needs[1], into[1]),
        (0, units, needs[2], into[2]),
        (units + features, None, needs[3], into[3]),
    ):
        found.append(_side_by_side(d[:, first:last], order, slot) if need else None)
    if needs[3]:
        found[3] = found[3].reshape(-1) if into[3] is None else into[3]
    return found


def _side_by_side(d: Any, order: Sequence[int], out: Any) -> Any:
    """Gates from an axis of their own to the columns: (G, rows, U) -> (rows, G·U)."""
    gates, rows, units = d.shape
    y = xp.empty((rows, gates * units), d.dtype) if out is None else out
    columns = y.reshape(rows, gates, units)
    for k, gate in enumerate(order):
        columns[:, gate] = d[k]
    return y


# ----------------------------------------------------------------------- simple RNN


def rnn_reference(
    x: Any, h0: Any, kernel: Any, recurrent_kernel: Any, bias: Any, *, activation="tanh"
) -> Any:
    """h ← f(x·w + h·u + b), step by step, in elementary ops."""
    function = ACTIVATIONS[activation][2]
    h, hidden = floats(h0), []
    for t in range(x.shape[1]):
        z = matmul(getitem(x, (slice(None), t)), kernel) + matmul(h, recurrent_kernel)
        h = function(z if bias is None else z + bias)
        hidden.append(h)
    return stack(hidden, axis=1)


@kernel_of(rnn_reference)
def rnn(x, h0, kernel, recurrent_kernel, bias, *, activation="tanh"):
    """The simple recurrent layer: h ← activation(x·kernel + h·recurrent_kernel + bias).

    Shapes: x (N, T, D), h0 (N, U), kernel (D, U), recurrent_kernel (U, U), bias (U,) or
    None; the result holds all hidden states (N, T, U). `activation` is "tanh", "relu",
    "sigmoid" or "linear". Lecture "recurrent networks": U, W and V there.
    """
    if activation not in ACTIVATIONS:
        raise ConfigError(
            f"rnn knows no activation {activation!r}. "
            + did_you_mean(activation, ACTIVATIONS)
        )
    units = check_shapes("rnn", x, [h0], kernel, recurrent_kernel, bias, 1)
    function = ACTIVATIONS[activation][0]
    dtype = xp.result_type(x.dtype, kernel.dtype)
    [weights] = joined_weights(kernel, recurrent_kernel, bias)
    joined = joined_inputs(x, h0, bias, dtype)
    z = xp.empty(h0.shape, dtype)
    for t in range(x.shape[1]):
        xp.dot(joined[t], weights, out=z)
        function(z, joined[t + 1, :, :units])
    y = hidden_states(joined, units)
    return y, (joined, kernel, recurrent_kernel, y, activation)


@rnn.backward
def _(g, saved, needs, into):
    joined, w, u, y, activation = saved
    n, steps, units = y.shape
    slope = ACTIVATIONS[activation][1]
    dz = xp.empty((steps, n, units), y.dtype)
    back = xp.ascontiguousarray(u.T)  # a product with it takes 9 us, with a view 18
    dh = xp.zeros((n, units), y.dtype)
    for t in range(steps - 1, -1, -1):
        dh += g[:, t]
        xp.multiply(slope(y[:, t]), dh, out=dz[t])
        xp.dot(dz[t], back, out=dh)
    dx, dw, du, db = joined_gradients(
        dz[None], joined, w, (needs[0], *needs[2:]), (None, *into[2:])
    )
    return dx, dh if needs[1] else None, dw, du, db
