"""The GRU over whole sequences: one state, and two gates that rewrite it.

Gates lie next to each other in the kernels' last axis: z, r, h. Read ``attention.py``
next.
"""

from __future__ import annotations

from typing import Any

from ...autodiff import kernel as kernel_of
from ...backend import xp
from ...errors import ShapeError
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
    room,
    time_first,
    way_back,
)


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
    dtype = max(x.dtype, kernel.dtype)  # the wider of the two
    joined = joined_inputs(x, h0, bias, dtype)
    total = first if second is None else first + second
    gates = joined_weights(kernel, recurrent_kernel, total, (0, 1))
    gates *= 0.5  # for sigmoid(z) = tanh(z/2)/2 + 1/2
    [outer] = joined_weights(kernel, recurrent_kernel, first, (2,))
    if reset_after:  # each part of the candidate from the half it depends on
        outer, candidates = outer[units:], None  # of [1, x]
        [inner] = joined_weights(kernel[:0], recurrent_kernel, second, (2,))  # [h, 1]
    else:
        candidates = joined.copy()  # [r·h, 1, x]
    kept = steps if state.recording else 1  # who is to look at them again?
    values = xp.empty((kept, 4 if reset_after else 3, n, units), dtype)
    two = xp.empty((2, n, units), dtype)
    fresh, written = (xp.empty((n, units), dtype) for _ in range(2))
    for t in range(steps):
        before = joined[t, :, :units]
        y = values[t % kept]
        z, r, candidate = y[-3:]
        open_up(xp.tanh(xp.matmul(joined[t], gates, out=two), out=y[-3:-1]))
        if reset_after:
            xp.dot(joined[t, :, : len(inner)], inner, out=y[0])
            xp.dot(joined[t, :, units:], outer, out=fresh)
            fresh += xp.multiply(r, y[0], out=written)
        else:
            xp.multiply(r, before, out=candidates[t, :, :units])
            xp.dot(candidates[t], outer, out=fresh)
        xp.tanh(fresh, out=candidate)
        xp.subtract(before, candidate, out=written)
        written *= z
        xp.add(candidate, written, out=joined[t + 1, :, :units])
    saved = (joined, candidates, kernel, recurrent_kernel, values, bias is not None)
    return hidden_states(joined, units), saved


@gru.backward
def _(g, saved, needs, into):
    joined, candidates, w, u, values, has_bias = saved
    reset_after = candidates is None
    steps, _, n, units = values.shape
    dtype, width = values.dtype, joined.shape[2]
    ones = units + has_bias  # where h and the ones end, and x begins
    back, to_x = way_back(joined_weights(w, u, None, (2, 0, 1, 2)), units)
    back, to_x = back[:3], to_x[1:]  # h, z, r and z, r, h
    if reset_after:
        sums = (
            WeightSums(3, ones, units, dtype),
            WeightSums(3, width - units, units, dtype),
        )
    else:
        sums = WeightSums(2, width, units, dtype), WeightSums(1, width, units, dtype)
    dx = xp.empty((steps, n, len(w)), dtype) if needs[0] else None
    parts = xp.empty((3, n, units), dtype)
    carried = xp.zeros((n, units), dtype)
    for block in blocks_back(steps, n):
        y = values[block].swapaxes(0, 1)  # (3 or 4, steps, N, U)
        dhs, slopes = time_first(g, block), _slopes(y, joined[block, :, :units])
        walk = dhs, slopes.swapaxes(0, 1), *y[-3:-1]
        for dh, dz, z, r in backwards(*walk):  # dz is a factor short of it
            dh += carried
            if reset_after:
                dz *= dh
                xp.matmul(dz[:3], back, out=parts)
            else:
                dz[::2] *= dh
                through = xp.dot(dz[2], back[0], out=parts[0])  # of r·h
                dz[1] *= through
                through *= r
                xp.matmul(dz[:2], back[1:], out=parts[1:])
            xp.add.reduce(parts, 0, None, carried)
            dh *= z
            carried += dh
        if needs[0]:
            input_gradient(slopes[-3:], to_x, dx[block])
        if any(needs[2:]) and reset_after:
            sums[0].add(joined[block, :, :ones], slopes[:3])
            sums[1].add(joined[block, :, units:], slopes[1:])
        elif any(needs[2:]):
            sums[0].add(joined[block], slopes[:2])
            sums[1].add(candidates[block], slopes[2:])
    shapes = w.shape, u.shape, (2, 3 * units) if reset_after else (3 * units,)
    gradients = [
        room(slot, shape, dtype) if need else None
        for need, slot, shape in zip(needs[2:], into[2:], shapes, strict=True)
    ]
    _write(sums, units, ones, *gradients)
    dx = dx.swapaxes(0, 1) if needs[0] else None
    return dx, carried if needs[1] else None, *gradients


def _slopes(y: Any, before: Any) -> Any:
    """What the gradient of h is multiplied with for each part of z; see the reference.

    (With the reset gate before the product, that gate's is the gradient of r·h.)
    """
    z, r, candidate = y[-3:]
    slopes = xp.empty(y.shape, y.dtype)
    of_z, of_r, of_candidate = slopes[-3:]
    rest = 1 - z
    xp.multiply(candidate, candidate, out=of_candidate)
    xp.subtract(1, of_candidate, out=of_candidate)
    of_candidate *= rest
    xp.subtract(before, candidate, out=of_z)
    of_z *= z
    of_z *= rest
    xp.subtract(1, r, out=of_r)
    if len(y) == 4:
        inner, of_inner = y[0], slopes[0]
        xp.multiply(of_candidate, r, out=of_inner)
        of_r *= inner
        of_r *= of_inner
    else:
        of_r *= r
        of_r *= before
    return slopes


def _write(sums: Any, units: int, ones: int, dw: Any, du: Any, db: Any) -> None:
    """Write the sums to the gradients of kernel, recurrent kernel and bias."""
    first, second = sums
    one = ones - units
    if len(first.total) == 3:  # of [h, 1] and of [1, x]
        db = (None, None) if db is None else (db[0], db[1])
        places = [
            (first, (2, 0, 1), slice(units), du),
            (first, (2, 0, 1), slice(units, ones), db[1]),
            (second, (0, 1, 2), slice(one), db[0]),
            (second, (0, 1, 2), slice(one, None), dw),
        ]
    else:  # of [h, 1, x] and of [r·h, 1, x]
        places = [
            (each, order, rows, out)
            for each, order in ((first, (0, 1)), (second, (2,)))
            for rows, out in (
                (slice(units), du),
                (slice(units, ones), db),
                (slice(ones, None), dw),
            )
        ]
    for each, order, rows, out in places:
        if out is not None:
            each.write(rows, out, order)
