"""Functions of Tensors, each with its derivative.

Every function takes Tensors, arrays, lists or numbers; without a Tensor among them, an
array comes back. Differentiable arguments are positional, settings are keywords. Here
the arithmetic and the methods of `Tensor` are attached as well.

Reading order: ``elementary.py`` (the table of derivatives), ``activations.py``,
``shaping.py``, ``products.py``, ``reductions.py``, ``composite.py``, then ``kernels/``.
"""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .activations import (
    elu,
    gelu,
    hard_sigmoid,
    leaky_relu,
    relu,
    selu,
    sigmoid,
    silu,
    softplus,
    softsign,
    tanh,
)
from .composite import dropout, logsumexp, mean, norm, std, var
from .einsum import einsum
from .elementary import (
    abs,
    add,
    clip,
    cos,
    divide,
    erf,
    exp,
    expm1,
    log,
    log1p,
    maximum,
    minimum,
    multiply,
    negative,
    power,
    sign,
    sin,
    sqrt,
    square,
    subtract,
    where,
)
from .kernels.attention import embedding, scaled_dot_product_attention
from .kernels.batch_norm import batch_norm
from .kernels.conv import conv
from .kernels.conv_transpose import conv_transpose
from .kernels.gru import gru
from .kernels.linear import linear
from .kernels.losses import (
    mean_squared_error,
    sigmoid_cross_entropy,
    softmax_cross_entropy,
)
from .kernels.lstm import lstm
from .kernels.norm import group_norm, layer_norm
from .kernels.pool import average_pool, max_pool
from .kernels.recurrent import rnn
from .kernels.softmax import log_softmax, softmax
from .labels import check_labels
from .products import matmul, tensordot
from .reductions import argmax, max, min, prod, sum
from .shaping import (
    broadcast_to,
    concatenate,
    expand_dims,
    flip,
    getitem,
    one_hot,
    pad,
    reshape,
    split,
    squeeze,
    stack,
    take,
    take_along_axis,
    transpose,
)

__all__ = [
    "abs",
    "add",
    "argmax",
    "average_pool",
    "batch_norm",
    "broadcast_to",
    "check_labels",
    "clip",
    "concatenate",
    "conv",
    "conv_transpose",
    "cos",
    "divide",
    "dropout",
    "einsum",
    "elu",
    "embedding",
    "erf",
    "exp",
    "expand_dims",
    "expm1",
    "flip",
    "gelu",
    "getitem",
    "group_norm",
    "gru",
    "hard_sigmoid",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log",
    "log1p",
    "log_softmax",
    "logsumexp",
    "lstm",
    "matmul",
    "max",
    "max_pool",
    "maximum",
    "mean",
    "mean_squared_error",
    "min",
    "minimum",
    "multiply",
    "negative",
    "norm",
    "one_hot",
    "pad",
    "power",
    "prod",
    "relu",
    "reshape",
    "rnn",
    "scaled_dot_product_attention",
    "selu",
    "sigmoid",
    "sigmoid_cross_entropy",
    "sign",
    "silu",
    "sin",
    "softmax",
    "softmax_cross_entropy",
    "softplus",
    "softsign",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "subtract",
    "sum",
    "take",
    "take_along_axis",
    "tanh",
    "tensordot",
    "transpose",
    "var",
    "where",
]


def _compare(name: str) -> Any:
    def method(self: Tensor, other: Any) -> Any:
        other = other.data if isinstance(other, Tensor) else other
        return getattr(self.data, name)(other)

    method.__name__ = name
    return method


def _reducer(function: Any) -> Any:
    """A method x.sum(axis, keepdims) of a function whose settings are keywords."""

    def method(self: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
        return function(self, axis=axis, keepdims=keepdims)

    method.__name__, method.__doc__ = function.__name__, function.__doc__
    return method


def _reshape_method(x: Tensor, *shape: Any) -> Tensor:
    """The same elements in another shape: ``x.reshape(2, -1)``."""
    one = len(shape) == 1 and not isinstance(shape[0], int)
    return reshape(x, shape[0] if one else shape)


def _transpose_method(x: Tensor, *axes: Any) -> Tensor:
    """The axes in another order: ``x.transpose(1, 0)``; reversed without arguments."""
    if len(axes) == 1 and not isinstance(axes[0], int):
        axes = axes[0]
    return transpose(x, axes or None)


_METHODS: dict[str, Any] = {
    "__add__": lambda a, b: add(a, b),
    "__radd__": lambda a, b: add(b, a),
    "__sub__": lambda a, b: subtract(a, b),
    "__rsub__": lambda a, b: subtract(b, a),
    "__mul__": lambda a, b: multiply(a, b),
    "__rmul__": lambda a, b: multiply(b, a),
    "__truediv__": lambda a, b: divide(a, b),
    "__rtruediv__": lambda a, b: divide(b, a),
    "__pow__": lambda a, b: power(a, b),
    "__rpow__": lambda a, b: power(b, a),
    "__matmul__": matmul,
    "__rmatmul__": lambda a, b: matmul(b, a),
    "__neg__": lambda a: negative(a),
    "__abs__": lambda a: abs(a),
    "__getitem__": getitem,
    "__iter__": lambda a: (getitem(a, i) for i in range(len(a))),
    "__hash__": object.__hash__,
    "T": property(lambda a: transpose(a), doc="The axes in reverse order."),
    "reshape": _reshape_method,
    "transpose": _transpose_method,
    **{f.__name__: _reducer(f) for f in (sum, max, min, mean, var, std)},
}
for _name in ("__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__ne__"):
    _METHODS[_name] = _compare(_name)
for _name, _method in _METHODS.items():
    setattr(Tensor, _name, _method)
