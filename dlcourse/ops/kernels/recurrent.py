"""The simple recurrent network over whole sequences, and what LSTM and GRU share.

One pass forward through time, one pass back: backpropagation through time, written out.
State, a one and input stand side by side, [h, 1, x], and so do their weights below one
another, so that a single product a step makes all of h·u + b + x·w. On the way back
only what truly depends on the step after is done step by step; all else, the slopes
first and the gradients of weights and input last, is done for some steps at once.

The reference makes a step of elementary ops and loops over it. Read ``lstm.py`` next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ...autodiff import kernel as kernel_of
from ...backend import xp
from ...errors import ConfigError, ShapeError, did_you_mean
from ...tuning import BLAS_THREADS, SMALL_PRODUCT, on_host
from ..activations import relu, sigmoid
from ..activations import tanh as tanh_
from ..products import matmul
from ..shaping import floats, getitem, stack

ACTIVATIONS: dict[str, tuple[Callable, Callable, Callable]] = {
    # name: (from z into an array, the slope from what came out, the op)
    "tanh": (lambda z, out: xp.tanh(z, out=out), lambda y: 1 - y * y, tanh_),
    "relu": (lambda z, out: xp.maximum(z, 0, out=out), lambda y: y > 0, relu),
    "sigmoid": (lambda z, out: _sigmoid(z, out), lambda y: y * (1 - y), sigmoid),
    "linear": (
        lambda z, out: xp.copyto(out, z),
        lambda y: xp.ones_like(y),
        lambda z: z,
    ),
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
# take 55 us, one of four times the width 71 us), and what follows runs along one block
# of memory.


def joined_weights(w: Any, u: Any, b: Any, order: Sequence[int] = (0,)) -> Any:
    """The weights of [h, 1, x] below one another, by gate in `order`: (G, K, U)."""
    units = len(u)
    rows = units + (b is not None)
    joined = xp.empty((len(order), rows + len(w), units), w.dtype)
    for k, gate in enumerate(order):
        columns = slice(gate * units, (gate + 1) * units)
        joined[k, :units] = u[:, columns]
        joined[k, rows:] = w[:, columns]
        if b is not None:
            joined[k, units] = b[columns]
    return joined


def joined_inputs(x: Any, h0: Any, b: Any, dtype: Any) -> Any:
    """[h, 1, x] for each step and one more, (T + 1, N, K); only h0 is known."""
    n, steps, features = x.shape
    units = h0.shape[1]
    rows = units + (b is not None)
    joined = xp.empty((steps + 1, n, rows + features), dtype)
    joined[0, :, :units] = h0
    joined[:-1, :, units:rows] = 1
    joined[:-1, :, rows:] = x.swapaxes(0, 1)
    return joined


def hidden_states(joined: Any, units: int, out: Any = None) -> Any:
    """The states behind `joined`, an array of their own: (N, T, U)."""
    _, n, _ = joined.shape
    out = xp.empty((n, len(joined) - 1, units), joined.dtype) if out is None else out
    out[...] = joined[1:, :, :units].swapaxes(0, 1)
    return out


def way_back(weights: Any, units: int) -> tuple[Any, Any]:
    """The weights of [h, x] transposed: (G, U, U) for h, and (G, U, D) for x.

    Arrays of their own: a product with one takes 37 us, with a view of the weights 74.
    """
    return tuple(
        xp.ascontiguousarray(part.swapaxes(1, 2))
        for part in (weights[:, :units], weights[:, units:])
    )


def input_gradient(dz: Any, to_x: Any, out: Any) -> None:
    """From dz (G, steps, N, U) of all gates, the gradient of x: (steps, N, D)."""
    xp.add.reduce(xp.matmul(dz, to_x[:, None]), 0, None, out)


ROWS = 256
"""Steps times samples that are walked back before their weights' gradient is summed up:
enough for a fast product, and all of it is still in the cache. (LSTM of 128 units, 64
steps: 10.5 ms backwards; with half or twice as many rows 11.0, all at once 11.8.)"""


def blocks_back(steps: int, n: int) -> Iterator[slice]:
    """The steps from the last to the first, some at a time: on a GPU all at once."""
    most = max(1, ROWS // max(1, n)) if on_host() else steps
    return (slice(max(0, end - most), end) for end in range(steps, 0, -most))


def time_first(a: Any, block: slice) -> Any:
    """Some steps of (N, T, U) as an array of their own: (steps, N, U)."""
    return a[:, block].swapaxes(0, 1).copy()


def backwards(*rows: Any) -> Iterator[tuple[Any, ...]]:
    """What belongs to each step, from the last step of a block to its first."""
    return zip(*(row[::-1] for row in rows), strict=True)


class WeightSums:
    """The gradient of joined weights (G, K, U), summed up block by block of steps."""

    def __init__(self, gates: int, width: int, units: int, dtype: Any) -> None:
        self.total = xp.zeros((gates, width, units), dtype)
        self.part = xp.empty_like(self.total)

    def add(self, inputs: Any, dz: Any) -> None:
        """Add inputsᵀ·dz of some steps: (steps, N, K) and (G, steps, N, U)."""
        gates, width, units = self.total.shape
        columns = inputs.reshape(-1, width).T
        tile = self._tile(columns.shape[1])
        dz = dz.reshape(gates, -1, units // tile, tile).swapaxes(1, 2)
        part = self.part.reshape(gates, width, -1, tile).swapaxes(1, 2)
        xp.matmul(columns, dz, out=part)
        self.total += self.part

    def _tile(self, rows: int) -> int:
        """How many columns of dz to take at once, for small products.

        256 rows of 193 by 16: 110 GFLOP/s; by all 128: 97 (a GRU: 8.0 ms, not 8.7). But
        with two threads, which share only large products, 190.
        """
        _, width, units = self.total.shape
        tile = units
        small = on_host() and BLAS_THREADS == 1
        while small and tile * rows * width > SMALL_PRODUCT:
            if tile % 32:  # 16 are a whole vector of numbers
                return units
            tile //= 2
        return tile

    def write(self, rows: slice, out: Any, order: Sequence[int] = (0,)) -> Any:
        """Write some rows to `out` (rows, gates·U), each gate to its place in order."""
        units = self.total.shape[2]
        columns = out.reshape(-1, out.shape[-1] // units, units)
        for k, gate in enumerate(order):
            columns[:, gate] = self.total[k, rows]
        return out

    def split(
        self, features: int, needs: Any, into: Any, order: Sequence[int] = (0,)
    ) -> list[Any]:
        """The gradients of kernel, recurrent kernel and bias."""
        gates, rows, units = self.total.shape
        width = gates * units
        parts = (
            (slice(rows - features, rows), (features, width)),
            (slice(units), (units, width)),
            (slice(units, units + 1), (width,)),
        )
        return [
            self.write(part, room(slot, shape, self.total.dtype), order)
            if need
            else None
            for (part, shape), need, slot in zip(parts, needs, into, strict=True)
        ]


def room(slot: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Where a gradient goes: the place it was given, or new memory."""
    return xp.empty(shape, dtype) if slot is None else slot


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
    return y, (joined, kernel, recurrent_kernel, activation)


@rnn.backward
def _(g, saved, needs, into):
    joined, w, u, activation = saved
    n, steps, units = g.shape
    dtype = joined.dtype
    slope = ACTIVATIONS[activation][1]
    back, to_x = way_back(joined_weights(w, u, None), units)
    dx = xp.empty((steps, n, len(w)), dtype) if needs[0] else None
    carried = xp.zeros((n, units), dtype)
    sums = WeightSums(1, joined.shape[2], units, dtype)
    for block in blocks_back(steps, n):
        dzs = time_first(g, block)  # what is to be them, but for a factor
        slopes = slope(joined[1:][block, :, :units])
        for dz, factor in backwards(dzs, slopes):
            dz += carried
            dz *= factor
            xp.dot(dz, back[0], out=carried)
        if needs[0]:
            input_gradient(dzs[None], to_x, dx[block])
        if any(needs[2:]):
            sums.add(joined[block], dzs[None])
    dx = dx.swapaxes(0, 1) if needs[0] else None
    return dx, carried if needs[1] else None, *sums.split(len(w), needs[2:], into[2:])
