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


def way_back(weights: Any, width: int) -> Any:
    """The joined weights transposed, for the first `width` of [h, x, 1]: (G, U, width).

    An array of its own: a product with it takes 37 us, with a view of the weights 74.
    """
    return xp.ascontiguousarray(weights[:, :width].swapaxes(1, 2))


class WeightSums:
    """The gradient of the joined weights, summed up while the steps are walked back.

    dz of a few steps is kept, (G, STEPS, N, U), and gives one product when it is
    complete: it is then still in the cache. (All 64 steps of an LSTM of 128 units are
    4 MB; their one product took 0.6 ms longer.)
    """

    STEPS = 8

    def __init__(self, joined: Any, gates: int, units: int, wanted: bool) -> None:
        n, width = joined.shape[1:]
        self.joined = joined
        self.dz = xp.empty((gates, self.STEPS, n, units), joined.dtype)
        self.wanted = wanted
        if wanted:
            self.total = xp.zeros((gates, width, units), joined.dtype)
            self.part = xp.empty_like(self.total)

    def at(self, t: int) -> Any:
        """The place for dz of step t: (G, N, U)."""
        return self.dz[:, t % self.STEPS]

    def add(self, t: int) -> None:
        """Step t, and all after it, are done."""
        if t % self.STEPS or not self.wanted:
            return
        before = self.joined[t:-1][: self.STEPS]
        gates, _, _, units = self.dz.shape
        rows = self.dz[:, : len(before)].reshape(gates, -1, units)
        columns = before.reshape(-1, before.shape[2]).T
        self.total += xp.matmul(columns, rows, out=self.part)

    def split(
        self, features: int, needs: Any, into: Any, order: Sequence[int] = (0,)
    ) -> list[Any]:
        """The gradients of kernel, recurrent kernel and bias."""
        gates, _, _, units = self.dz.shape
        last, width = units + features, gates * units
        found = []
        for part, shape, need, slot in (
            (slice(units, last), (features, width), needs[0], into[0]),
            (slice(units), (units, width), needs[1], into[1]),
            (slice(last, None), (width,), needs[2], into[2]),
        ):
            y = None
            if need:
                y = xp.empty(shape, self.dz.dtype) if slot is None else slot
                columns = y.reshape(-1, gates, units)
                for k, gate in enumerate(order):
                    columns[:, gate] = self.total[k, part]
            found.append(y)
        return found


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
    dtype = max(x.dtype, kernel.dtype)  # the wider of the two
    [weights] = joined_weights(kernel, recurrent_kernel, bias)
    joined = joined_inputs(x, h0, bias, dtype)
    z = xp.empty(h0.shape, dtype)
    for t in range(x.shape[1]):
        xp.dot(joined[t], weights, out=z)
        function(z, joined[t + 1, :, :units])
    y = hidden_states(joined, units)
    return y, (joined, weights, x.shape[2], y, activation)


@rnn.backward
def _(g, saved, needs, into):
    joined, weights, features, y, activation = saved
    n, steps, units = y.shape
    slope = ACTIVATIONS[activation][1]
    width = units + features if needs[0] else units
    [back] = way_back(weights[None], width)
    sums = WeightSums(joined, 1, units, any(needs[2:]))
    dy = xp.empty((n, units), y.dtype)
    d = xp.zeros((steps + 1, n, width), y.dtype)  # of [h, x] before each step
    for t in range(steps - 1, -1, -1):
        xp.add(g[:, t], d[t + 1, :, :units], out=dy)
        [dz] = sums.at(t)
        xp.multiply(slope(y[:, t]), dy, out=dz)
        xp.dot(dz, back, out=d[t])
        sums.add(t)
    dx = d[:-1, :, units:].swapaxes(0, 1) if needs[0] else None
    dh = d[0, :, :units] if needs[1] else None
    return dx, dh, *sums.split(features, needs[2:], into[2:])
