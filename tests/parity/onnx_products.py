"""The adapter's third part: products of matrices, running sums, waves."""

import math
from typing import Any

import dlcourse as dl
from tests.parity.onnx_adapter import node, numbers, ops, to_axis


@node("Gemm")
def gemm(a, b, c=None, *, alpha=1.0, beta=1.0, transA=0, transB=0):
    a = ops.transpose(a) if transA else a
    b = ops.transpose(b) if transB else b
    y = ops.multiply(alpha, ops.linear(a, b))
    return y if c is None else ops.add(y, ops.multiply(beta, c))


@node("Einsum")
def einsum(*xs, equation):
    return ops.einsum(equation, *xs)


def running(x: Any, axis: Any, exclusive: int, reverse: int) -> tuple[Any, Any]:
    """`x` with the axis last, and which of its entries each running one has seen."""
    x, n = numbers(x), numbers(x).shape[int(axis)]
    order = [i for i in range(x.ndim) if i != int(axis) % x.ndim]
    x = ops.transpose(x, (*order, int(axis) % x.ndim))
    seen = [
        [(i > j if reverse else i < j) or (i == j and not exclusive) for i in range(n)]
        for j in range(n)
    ]
    return x, dl.Tensor(seen, dtype="float64")


@node("CumSum")
def cumsum(x, axis, *, exclusive=0, reverse=0):
    line, seen = running(x, axis, exclusive, reverse)
    return to_axis(ops.matmul(line, ops.transpose(seen)), int(axis))


@node("CumProd")
def cumprod(x, axis, *, exclusive=0, reverse=0):
    line, seen = running(x, axis, exclusive, reverse)
    factors = ops.where(seen.data > 0, ops.expand_dims(line, -2), 1.0)
    return to_axis(ops.prod(factors, axis=-1), int(axis))


# -------------------------------------------------------------------------------- waves


def counting(n: int) -> Any:
    """0, 1, … as floats."""
    return dl.Tensor([float(i) for i in range(n)]).data


def wave_window(size: Any, periodic: int, shares: tuple[float, ...]) -> Any:
    n = int(size)
    turns = ops.divide(dl.Tensor(counting(n)), float(n if periodic else n - 1))
    y = shares[0]
    for i, share in enumerate(shares[1:], 1):
        y = ops.add(share * ops.cos(turns * (2 * math.pi * i)), y)
    return y


for _name, _shares in {
    "HannWindow": (0.5, -0.5),
    "HammingWindow": (25 / 46, -21 / 46),
    "BlackmanWindow": (0.42, -0.5, 0.08),
}.items():
    node(_name)(
        lambda size, *, periodic=1, shares=_shares: wave_window(size, periodic, shares)
    )


@node("DFT")
def fourier(x, length=None, axis=None, *, inverse=0, onesided=0, **old):
    """Products with cosines and sines: (…, n, …, 1 or 2) to (…, k, …, 2 or 1)."""
    dtype, x = x.dtype, dl.Tensor(x, dtype="float64")  # the cases want exact zeros
    axis = int(axis) if axis is not None else old.get("axis", 1)
    assert length is None
    last_but_one = [i for i in range(x.ndim - 1) if i != axis % x.ndim]
    x = ops.transpose(x, (*last_but_one, axis % x.ndim, x.ndim - 1))
    real, imaginary = x[..., 0], x[..., 1] if x.shape[-1] == 2 else 0.0 * x[..., 0]
    size = x.shape[-2]
    n = 2 * (size - 1) if inverse and onesided else size
    out = n // 2 + 1 if onesided and not inverse else n
    sign = 1.0 if inverse else -1.0
    places = [[j * k % n / n for k in range(out)] for j in range(size)]
    turns = dl.Tensor(places, dtype="float64")
    cos, sin = (f(turns * (2 * math.pi)) for f in (ops.cos, ops.sin))
    if inverse and onesided:  # the other half mirrors this one
        twice = [[2.0 if 0 < j < n - j else 1.0] for j in range(size)]
        twice = dl.Tensor(twice, dtype="float64")
        cos, sin = cos * twice, sin * twice
    parts = [ops.matmul(real, cos) - sign * ops.matmul(imaginary, sin)]
    if not (inverse and onesided):
        parts.append(ops.matmul(imaginary, cos) + sign * ops.matmul(real, sin))
    y = ops.stack(parts, axis=-1) * (1.0 / n if inverse else 1.0)
    order = list(range(y.ndim - 2))
    order.insert(axis % x.ndim, y.ndim - 2)
    return dl.Tensor(ops.transpose(y, (*order, y.ndim - 1)), dtype=dtype)
