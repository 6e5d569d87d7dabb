"""An adapter from ONNX nodes to `dl.ops`: the first part, element by element.

One function for each type of node; its inputs are positional (None where left out), its
attributes keywords, so that an attribute nobody thought of is an error. Tensors of
floats come as `dl.Tensor`, whole numbers and truth values as arrays. No file of the
adapter imports NumPy: what is computed is computed by `dl.ops`. Read ``onnx_moving.py``
next, then ``onnx_products.py``, ``onnx_windows.py``, ``onnx_norms.py`` and
``onnx_sequences.py``.
"""

import functools
import inspect
import math
from collections.abc import Callable
from typing import Any

import dlcourse as dl

NODES: dict[str, Callable[..., Any]] = {}


class Counted:
    """`dl.ops`, counting how often a function of it is taken."""

    def __init__(self) -> None:
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        self.calls += 1
        return getattr(dl.ops, name)


ops = Counted()


def node(*names: str) -> Callable[[Any], Any]:
    """Decorator: this function is what nodes of these types do."""

    def keep(function: Any) -> Any:
        for name in names:
            assert name not in NODES, name
            NODES[name] = function
        return function

    return keep


def run(op_type: str, inputs: list[Any], attributes: dict[str, Any], outputs: int):
    """The outputs of one node, as a tuple."""
    function = NODES[op_type]
    if "outputs" in inspect.signature(function).parameters:
        attributes = {**attributes, "outputs": outputs}
    y = function(*inputs, **attributes)
    return y if isinstance(y, tuple) else (y,)


def numbers(x: Any) -> Any:
    """Whole numbers and truth values as floats that hold them exactly."""
    return x if isinstance(x, dl.Tensor) else dl.Tensor(x, dtype="float64")


def simple(name: str, function: Callable[..., Any]) -> None:
    """A node that has no attributes."""
    node(name)(lambda *xs: function(*(numbers(x) for x in xs)))


# -------------------------------------------------------------------------- of one, two

for _node, _op in {
    **{"Abs": "abs", "Neg": "negative", "Sign": "sign", "Sqrt": "sqrt", "Exp": "exp"},
    **{"Log": "log", "Sin": "sin", "Cos": "cos", "Tanh": "tanh", "Erf": "erf"},
    **{"Sigmoid": "sigmoid", "Relu": "relu", "Softplus": "softplus"},
    **{"Softsign": "softsign", "Add": "add", "Sub": "subtract", "Mul": "multiply"},
    **{"Div": "divide", "MatMul": "matmul"},
}.items():
    simple(_node, lambda *xs, op=_op: getattr(ops, op)(*xs))

simple("Reciprocal", lambda x: ops.divide(1.0, x))
simple("Tan", lambda x: ops.divide(ops.sin(x), ops.cos(x)))
simple("Sinh", lambda x: ops.divide(ops.subtract(ops.exp(x), ops.exp(-x)), 2.0))
simple("Cosh", lambda x: ops.divide(ops.add(ops.exp(x), ops.exp(-x)), 2.0))
simple("Asinh", lambda x: ops.log(x + ops.sqrt(x * x + 1.0)))
simple("Acosh", lambda x: ops.log(x + ops.sqrt(x * x - 1.0)))
simple("Atanh", lambda x: (ops.log1p(x) - ops.log1p(-x)) / 2.0)
simple("HardSwish", lambda x: ops.multiply(x, ops.hard_sigmoid(x)))
simple("Mish", lambda x: ops.multiply(x, ops.tanh(ops.softplus(x))))
simple("PRelu", lambda x, slope: ops.where(x.data > 0, x, ops.multiply(slope, x)))

simple("Equal", lambda a, b: ops.subtract(a, b) == 0)
simple("Greater", lambda a, b: ops.subtract(a, b) > 0)
simple("GreaterOrEqual", lambda a, b: ops.subtract(a, b) >= 0)
simple("Less", lambda a, b: ops.subtract(a, b) < 0)
simple("LessOrEqual", lambda a, b: ops.subtract(a, b) <= 0)

# of many
simple("Sum", lambda *xs: functools.reduce(ops.add, xs, 0.0))
simple("Max", lambda *xs: functools.reduce(ops.maximum, xs, -math.inf))
simple("Min", lambda *xs: functools.reduce(ops.minimum, xs, math.inf))
simple("Mean", lambda *xs: ops.divide(functools.reduce(ops.add, xs, 0.0), len(xs)))


@node("Pow")
def power(x, y):
    if isinstance(x, dl.Tensor):  # the result is of the base's kind
        return ops.power(x, dl.Tensor(y, dtype=x.dtype))
    return dl.Tensor(ops.power(numbers(x), numbers(y)), dtype="int64")


@node("Where")
def where(condition, x, y):
    return ops.where(condition, numbers(x), numbers(y))


@node("Clip")
def clip(x, low=None, high=None):
    low, high = (None if b is None else b.item() for b in (low, high))
    return ops.clip(numbers(x), low, high)


@node("Binarizer")
def binarizer(x, *, threshold):
    return ops.where(x.data > threshold, 1.0, ops.multiply(x, 0.0))


# -------------------------------------------------------------------------- activations


@node("Elu")
def elu(x, *, alpha=1.0):
    return ops.elu(x, alpha=alpha)


@node("Celu")
def celu(x, *, alpha=1.0):
    return ops.multiply(alpha, ops.elu(ops.divide(x, alpha)))


@node("Selu")
def selu(x, *, alpha=None, gamma=None):
    if alpha is None and gamma is None:
        return ops.selu(x)
    return ops.multiply(gamma, ops.elu(x, alpha=alpha))


@node("LeakyRelu")
def leaky_relu(x, *, alpha=0.01):
    return ops.leaky_relu(x, negative_slope=alpha)


@node("ThresholdedRelu")
def thresholded_relu(x, *, alpha=1.0):
    return ops.where(x.data > alpha, x, 0.0)


@node("Shrink")
def shrink(x, *, bias=0.0, lambd=0.5):
    middle = ops.where(x.data > lambd, ops.subtract(x, bias), 0.0)
    return ops.where(x.data < -lambd, ops.add(x, bias), middle)


@node("HardSigmoid")
def hard_sigmoid(x, *, alpha=0.2, beta=0.5):
    return ops.clip(ops.add(ops.multiply(alpha, x), beta), 0.0, 1.0)


@node("Swish")
def swish(x, *, alpha=1.0):
    if alpha == 1.0:
        return ops.silu(x)
    return ops.multiply(x, ops.sigmoid(ops.multiply(alpha, x)))


@node("SwiGLU")
def swiglu(a, b, *, alpha=1.0):
    return ops.multiply(swish(a, alpha=alpha), b)


@node("Gelu")
def gelu(x, *, approximate="none"):
    return ops.gelu(x, approximate=approximate == "tanh")


@node("Softmax")
def softmax(x, *, axis=-1):
    return ops.softmax(x, axis=axis)


@node("LogSoftmax")
def log_softmax(x, *, axis=-1):
    return ops.log_softmax(x, axis=axis)


@node("Hardmax")
def hardmax(x, *, axis=-1):
    chosen = ops.one_hot(ops.argmax(x, axis=axis), x.shape[axis])
    return to_axis(dl.Tensor(chosen), axis)


def to_axis(x: Any, axis: int) -> Any:
    """The last axis moved to where `axis` says."""
    order = list(range(x.ndim - 1))
    order.insert(axis % x.ndim, x.ndim - 1)
    return ops.transpose(x, order)


@node("Dropout")
def dropout(x, rate=None, training=None, *, seed=0, ratio=0.5):
    rate = ratio if rate is None else rate.item()
    y = ops.dropout(x, rate, training=bool(training))
    return y, x == x.data


# --------------------------------------------------------------------------- reductions


def reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    """A node that takes axes as an input; without any it takes all, or none."""

    def reduce(x, axes=None, *, keepdims=1, noop_with_empty_axes=0):
        x = numbers(x)
        axis = None if axes is None or not len(axes) else tuple(axes.tolist())
        if axis is None and noop_with_empty_axes:
            axis = ()
        return function(x, axis=axis, keepdims=bool(keepdims))

    return reduce


node("ReduceSum")(reduction(lambda x, **how: ops.sum(x, **how)))
node("ReduceMean")(reduction(lambda x, **how: ops.mean(x, **how)))
node("ReduceMax")(reduction(lambda x, **how: ops.max(x, **how)))
node("ReduceMin")(reduction(lambda x, **how: ops.min(x, **how)))
node("ReduceProd")(reduction(lambda x, **how: ops.prod(x, **how)))
node("ReduceL1")(reduction(lambda x, **how: ops.sum(ops.abs(x), **how)))
node("ReduceL2")(reduction(lambda x, **how: ops.norm(x, **how)))
node("ReduceLogSum")(reduction(lambda x, **how: ops.log(ops.sum(x, **how))))
node("ReduceLogSumExp")(reduction(lambda x, **how: ops.logsumexp(x, **how)))
node("ReduceSumSquare")(reduction(lambda x, **how: ops.sum(ops.square(x), **how)))


@node("ArgMax")
def argmax(x, *, axis=0, keepdims=1, select_last_index=0):
    if select_last_index:
        place = x.shape[axis] - 1 - ops.argmax(ops.flip(x, axis=axis), axis=axis)
    else:
        place = ops.argmax(x, axis=axis)
    if not keepdims:
        return place
    return place.reshape(
        [1 if i == axis % x.ndim else n for i, n in enumerate(x.shape)]
    )


@node("ArgMin")
def argmin(x, **how):
    return argmax(ops.negative(x), **how)


# ------------------------------------------------------------------------------- losses


@node("SoftmaxCrossEntropyLoss")
def softmax_cross_entropy(x, labels, weights=None, *, reduction="mean", **ignore):
    logits = ops.transpose(x, (0, *range(2, x.ndim), 1))  # the classes last
    log_probabilities = to_axis(ops.log_softmax(logits), 1)
    if weights is None and not ignore:
        loss = ops.softmax_cross_entropy(logits, labels, reduction=reduction)
        return loss, log_probabilities
    known, weight = known_labels(labels, weights, **ignore)
    each = ops.softmax_cross_entropy(logits, known, reduction="none")
    return weighted(each, weight, reduction), log_probabilities


@node("NegativeLogLikelihoodLoss")
def negative_log_likelihood(x, labels, weights=None, *, reduction="mean", **ignore):
    scores = ops.transpose(x, (0, *range(2, x.ndim), 1))
    known, weight = known_labels(labels, weights, **ignore)
    picked = ops.take_along_axis(scores, known[..., None], axis=-1)
    return weighted(-ops.squeeze(picked, -1), weight, reduction)


def known_labels(labels, weights, ignore_index=None):
    """Labels that are all classes, and the weight of each: 0 for those to ignore."""
    ignored = labels == ignore_index
    known = labels * ~ignored
    weight = ops.where(ignored, 0.0, 1.0)
    if weights is not None:
        weight = ops.multiply(weight, ops.take(weights, known))
    return known, weight


def weighted(losses, weight, reduction):
    losses = ops.multiply(losses, weight)
    if reduction == "none":
        return losses
    total = ops.sum(losses)
    return total if reduction == "sum" else ops.divide(total, ops.sum(weight))
