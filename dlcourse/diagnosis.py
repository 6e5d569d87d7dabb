"""Why a number is no longer finite: the evidence, and the cause it speaks for.

`detect_anomaly` finds the op. Its own inputs show a logarithm of zero or a division by
zero. Where numbers simply became too large, the graph leads back to what they were made
of (``origin.py``). Read ``autodiff.py`` next.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from .backend import xp
from .origin import (
    Leaf,
    describe,
    is_weight,
    largest,
    leaves,
    origin,
    source_of,
    values_of,
)
from .tensor import raw

BESIDE = 2.0  # powers of ten too large from which something is worth a remark
SOLID = 1e15  # below, no single op overflows
MANY = 10  # uses of one weight in one pass from which it is a recurrence

# ------------------------------------------------------- what one op has been asked for


def _log(x: Any) -> str | None:
    if (x < 0).any():
        return f"the logarithm of a negative number ({_most(-x, -1)})"
    if (x == 0).any():
        return "log of zero"
    return None


def _log1p(x: Any) -> str | None:
    if (x < -1).any():
        return f"the logarithm of a negative number (log1p of {_most(-x, -1)})"
    return "log of zero (log1p of -1)" if (x == -1).any() else None


def _divide(x1: Any, x2: Any) -> str | None:
    zero = x2 == 0
    if not zero.any():
        return None
    return "0/0, a division of zero by zero" if (x1[zero] == 0).any() else _BY_ZERO


def _sqrt(x: Any) -> str | None:
    if (x < 0).any():
        return f"the square root of a negative number ({_most(-x, -1)})"
    return None


def _power(x1: Any, x2: Any) -> str | None:
    if ((x1 == 0) & (x2 < 0)).any():
        return f"{_BY_ZERO} (zero to a negative power)"
    negative = (x1 < 0) & (x2 != xp.floor(x2))
    if negative.any():
        return (
            f"a negative number ({_most(-x1[negative], -1)}) to the power of a fraction"
        )
    return None


def _exp(x: Any) -> str | None:
    limit = math.log(float(xp.finfo(x.dtype).max))
    if not (x > limit).any():
        return None
    return (
        f"overflow of exp: exp({_most(x)}) does not fit {x.dtype}, which ends at "
        f"exp({limit:.1f})"
    )


def _sqrt_slope(x: Any) -> str | None:
    return "the slope of sqrt at zero is infinite" if (x == 0).any() else None


def _power_slope(x1: Any, x2: Any) -> str | None:
    steep = (x1 == 0) & (x2 < 1)
    if not steep.any():
        return None
    return f"the slope of x**{_most(x2[steep])} at zero is infinite"


def _log_slope(x: Any) -> str | None:
    small = float(xp.abs(x).min())
    if small > 1e-20:
        return None
    return f"log of zero, or almost ({small:.3g}): its slope 1/x is infinite there"


def _log1p_slope(x: Any) -> str | None:
    return _log_slope(1 + x)


def _divide_slope(x1: Any, x2: Any) -> str | None:
    small = float(xp.abs(x2).min())
    if small > 1e-15:
        return None
    return f"a division by zero, or almost ({small:.3g})"


_BY_ZERO = "division by zero"
_FORWARD: dict[str, Callable[..., str | None]] = {
    "log": _log,
    "log1p": _log1p,
    "divide": _divide,
    "sqrt": _sqrt,
    "power": _power,
    "exp": _exp,
    "expm1": _exp,
}
_BACKWARD: dict[str, Callable[..., str | None]] = {
    "sqrt": _sqrt_slope,
    "power": _power_slope,
    "log": _log_slope,
    "log1p": _log1p_slope,
    "divide": _divide_slope,
    "exp": _exp,
}
_ADVICE = {
    "log": "add a small epsilon, or compute the loss from logits",
    "log1p": "keep its input above -1",
    "divide": "add a small epsilon to the divisor",
    "sqrt": "add a small epsilon under the root",
    "power": "keep its base above zero, e.g. by a small epsilon",
    "exp": "take the largest input out first (as softmax does), or bound it",
    "expm1": "take the largest input out first, or bound it",
}
_NORMALIZING = ("batch_norm", "layer_norm")
_RECURRENT = ("rnn", "lstm", "gru")


def _most(x: Any, sign: int = 1) -> str:
    return f"{sign * float(x.max()):.3g}"


def _at(bad: Any, inputs: Sequence[Any]) -> list[Any]:
    """Of each input the elements that made the bad ones, if it is element by element.

    >>> import numpy as np
    >>> _at(np.array([False, True]), [np.array([3.0, 4.0]), 5.0])
    [array([4.]), array([5.])]
    """
    arrays = xp.broadcast_arrays(*(xp.asarray(values_of(a)) for a in inputs))
    return [a[bad] if a.shape == bad.shape else a for a in arrays]


def _own_cause(
    op: Any, inputs: Sequence[Any], bad: Any, settings: dict, tests: dict
) -> str | None:
    """What this op does wrong with such inputs, with advice, if it is that."""
    name = op.__name__.strip("_")
    test = tests.get(name) if _is_ours(op) else None
    if test is not None:
        words = test(*_at(bad, inputs))
        return f"{words}; {_ADVICE[name]}" if words else None
    if name in _NORMALIZING and settings.get("epsilon") == 0 and _top(inputs) < SOLID:
        return (
            "0/0 in a normalization: with epsilon=0 it divides by a variance that is "
            "zero (or almost); give it an epsilon such as 1e-3"
        )
    return None


def _is_ours(op: Any) -> bool:
    return op.__module__.partition(".")[0] == __name__.partition(".")[0]


# -------------------------------------------------------------------------- the verdict


def cause_forward(
    op: Any,
    inputs: Sequence[Any],
    y: Any,
    *,
    place: str,
    settings: dict[str, Any],
    firsts: dict[Any, float],
    recorded: bool,
) -> str:
    """The likely cause of a bad output `y`, in words."""
    for i, a in enumerate(inputs):
        if not is_finite(a):
            return _cause_of_input(i, a, place, firsts)
    own = _own_cause(op, inputs, ~xp.isfinite(raw(y)), settings, _FORWARD)
    found = leaves(inputs, place, recorded)
    return _verdict(op, own, found, firsts, inputs, "values")


def cause_backward(
    op: Any, node: Any, g: Any, c: Any, outputs: Sequence[Any], firsts: dict
) -> str:
    """The likely cause of a bad gradient `c` that `op` made of `g`, in words."""
    inputs = getattr(node, "inputs", ())
    own = None
    if inputs and is_finite(g):  # sums of gradients are not checked where they are made
        own = _own_cause(op, inputs, ~xp.isfinite(raw(c)), node.settings, _BACKWARD)
    found = leaves(outputs, "")
    return _verdict(op, own, found, firsts, [*inputs, g], "gradients")


def _verdict(
    op: Any,
    own: str | None,
    found: list[Leaf],
    firsts: dict[Any, float],
    inputs: Sequence[Any],
    what: str,
) -> str:
    """First the op's own fault; else what made the numbers large, or how they grew."""
    top = _top(inputs)
    numbers = [a for a in inputs if isinstance(a, (int, float)) and abs(a) > SOLID]
    number = numbers[0] if numbers else None
    root = origin(found, firsts)
    if own is not None:
        if root is None or ("overflow" not in own and root.excess < BESIDE):
            return own
        return f"{own}. Behind it: {root.words}"
    if not _is_ours(op) and top < SOLID:
        part = "formula" if what == "values" else "gradient rule"
        return (
            f"the {part} of the custom op {op.__name__!r}: what came in is finite and "
            f"at most {top:.3g}"
        )
    if number is not None and root is None:
        return f"the number {number:.3g} in the code is far too large"
    overflow = f"The {what} overflow: the largest that came in is {top:.3g}"
    return f"{root.words if root else _growth(op, found, what)}. {overflow}"


def _growth(op: Any, found: list[Leaf], what: str) -> str:
    """Neither weights nor data are large: the numbers grew on their way."""
    most = max((leaf.uses for leaf in found if leaf.is_weight), default=0)
    if op.__name__ in _RECURRENT or most >= MANY:
        return (
            f"exploding {what} of a recurrence: every step multiplies by the same "
            "weights; start with smaller or orthogonal ones, use tanh or an LSTM, or "
            "clip the gradients (clipnorm=1)"
        )
    return (
        f"{what} that explode from op to op; normalize them, start with smaller "
        "weights, or try a smaller learning rate"
    )


def _cause_of_input(i: int, a: Any, place: str, firsts: dict) -> str:
    """Why an input was not finite before any checked op saw it."""
    value = raw(a)
    if isinstance(value, float):
        return (
            f"the number {value} in the code (the mean of nothing is nan); use a large "
            "finite one, such as -1e9 to mask with"
        )
    if getattr(a, "_node", None) is not None:
        return (
            f"{a._node.op.__name__}, which made input {i} while nothing was watched; "
            "put all of the computation inside detect_anomaly()"
        )
    if is_weight(a):
        leaf = Leaf(a, place, True, 1)
        root = origin([leaf], firsts)
        return (
            root.words
            if root
            else (
                f"{describe(leaf)} was not finite when first seen: look at its initial "
                "values, at weights that were loaded, and at the data"
            )
        )
    return (
        f"the {source_of(place)}: input {i} was not finite already; find NaN and "
        "infinite numbers with numpy.isfinite"
    )


def is_finite(a: Any) -> bool:
    """Finite, or nothing that could be otherwise."""
    a = values_of(a)
    if isinstance(a, float):
        return math.isfinite(a)
    if getattr(a, "dtype", None) is None or a.dtype.kind != "f":
        return True
    return bool(xp.isfinite(a).all())


def _top(values: Sequence[Any]) -> float:
    return max((s for s in map(largest, values) if math.isfinite(s)), default=0.0)
