"""The simple recurrent network over whole sequences, and what LSTM and GRU share.

One pass forward through time, one pass back: backpropagation through time, written out.
The input's part of all steps is one matrix product before the loop, the weights'
gradients are one product after it, so only what truly depends on the step before is
left inside.

The reference makes a step of elementary ops and loops over it. Read ``gated.py`` next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...autodiff import kernel as kernel_of
from ...backend import xp
from ...errors import ConfigError, ShapeError, did_you_mean
from ..activations import relu, sigmoid
from ..activations import tanh as tanh_
from ..products import matmul
from ..shaping import floats, getitem, stack

ACTIVATIONS: dict[str, tuple[Callable, Callable, Callable]] = {
    # name: (on arrays, its slope from its own output, the op)
    "tanh": (lambda z: xp.tanh(z), lambda y: 1 - y * y, tanh_),
    "relu": (lambda z: xp.maximum(z, 0), lambda y: (y > 0).astype(y.dtype), relu),
    "sigmoid": (lambda z: fast_sigmoid(z), lambda y: y * (1 - y), sigmoid),
    "linear": (lambda z: z, lambda y: xp.ones_like(y), lambda z: z),
}


def fast_sigmoid(z: Any) -> Any:
    """1 / (1 + e⁻ᶻ) by one tanh: exact to rounding, and it never overflows."""
    return 0.5 * xp.tanh(0.5 * z) + 0.5


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
    return units


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
    check_shapes("rnn", x, [h0], kernel, recurrent_kernel, bias, 1)
    function = ACTIVATIONS[activation][0]
    hidden = input_part(x, kernel, bias)
    h = h0
    for z in hidden:  # each step's pre-activation becomes its state, in place
        z += xp.dot(h, recurrent_kernel)
        z[...] = function(z)
        h = z
    saved = (x, h0, kernel, recurrent_kernel, hidden, activation)
    return hidden.swapaxes(0, 1), saved


@rnn.backward
def _(g, saved, needs, into):
    x, h0, w, u, hidden, activation = saved
    slope = ACTIVATIONS[activation][1]
    dz = g.swapaxes(0, 1).copy()
    for t in range(len(dz) - 1, -1, -1):
        dz[t] *= slope(hidden[t])
        if t:
            dz[t - 1] += xp.dot(dz[t], u.T)
    dx, dw, db = input_gradients(dz, x, w, (needs[0], needs[2], needs[4]))
    dh0 = xp.dot(dz[0], u.T) if needs[1] else None
    du = None
    if needs[3]:
        before = states_before(hidden, h0).reshape(-1, u.shape[0])
        du = xp.matmul(before.T, dz.reshape(-1, u.shape[1]))
    return dx, dh0, dw, du, db
