"""Which loss, metrics, targets and weights belong to which output of a network.

As in Keras each may be given as a list in the order of the outputs or as a dict by
their names, and for a network with one output just as it is. Here they become one loss
(a `JointLoss` for several outputs), lists of metrics, and lists of arrays. Read
``training.py`` next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .. import losses, metrics
from ..backend import xp
from ..errors import ConfigError, check_number, did_you_mean
from ..losses.joint import JointLoss, outputs_of
from ..metrics.composed import OfLoss, OfOutput
from ..tensor import Tensor
from . import data


def is_several(y: Any) -> bool:
    """Is this a collection of outputs? (A dict that describes a loss is none.)"""
    return isinstance(y, (list, tuple)) or (
        isinstance(y, Mapping) and "class_name" not in y
    )


def names_in(y: Any) -> list[str]:
    """The names of what a network gave (or of losses): keys, or output_1, output_2 …"""
    if isinstance(y, Mapping) and is_several(y):
        return [str(name) for name in y]
    if is_several(y):
        return [f"output_{k + 1}" for k in range(len(y))]
    return ["output"]


def unique(names: Sequence[str]) -> list[str]:
    """The names, the second of the same kind with a number: mae, mae_1."""
    found: list[str] = []
    for name in names:
        same = sum(1 for before in names[: len(found)] if before == name)
        found.append(f"{name}_{same}" if same else name)
    return found


def spread(
    what: str, given: Any, names: Sequence[str], *, partly: bool = False
) -> list[Any]:
    """A list with an entry for each output, of a list or of a dict by names."""
    if isinstance(given, Mapping):
        for name in given:
            if name not in names:
                raise ConfigError(
                    f"{what}: there is no output {name!r}. {did_you_mean(name, names)}"
                )
        missing = [name for name in names if name not in given]
        if missing and not partly:
            raise ConfigError(
                f"{what} says nothing of output {missing[0]!r}; None means none."
            )
        return [given.get(name) for name in names]
    if len(given) != len(names):
        raise ConfigError(
            f"{what} must have an entry for each of the outputs ({', '.join(names)}), "
            f"but it has {len(given)}."
        )
    return list(given)


# ---------------------------------------------------------------------------- compile


def assign_loss(
    loss: Any, weights: Any, names: Sequence[str], several: bool, partly: bool
) -> tuple[Any, float | None]:
    """One loss for all outputs together, and the factor of a single output's loss.

    With `partly`, outputs that a dict leaves out have no loss, as in Keras where the
    model gives a dict itself.
    """
    if loss is None:
        return None, None
    parts = [loss] * len(names)
    if is_several(loss):
        parts = spread("loss", loss, names, partly=partly)
    parts = [None if part is None else losses.get(part) for part in parts]
    if all(part is None for part in parts):
        raise ConfigError("loss gives no output a loss: there is nothing to train.")
    factors = [None] * len(names)
    if is_several(weights):
        factors = spread("loss_weights", weights, names, partly=partly)
    elif weights is not None and several:
        raise ConfigError(
            "loss_weights must be a list or a dict with a number for each of the "
            f"outputs ({', '.join(names)}), not {weights!r}."
        )
    elif weights is not None:
        factors = [weights]
    factors = [None if f is None else check_number("loss_weights", f) for f in factors]
    if not several:
        return parts[0], factors[0]
    return JointLoss(parts, names, [1.0 if f is None else f for f in factors]), None


def assign_metrics(
    wanted: Any, names: Sequence[str], parts: Sequence[Any]
) -> list[list[Any]]:
    """A list of metrics for each output, each a name or object that exists."""
    if not wanted:
        return [[] for _ in names]
    if len(names) == 1:
        is_dict = isinstance(wanted, Mapping) and is_several(wanted)
        given = spread("metrics", wanted, names) if is_dict else wanted
        each = [_flat(given)]
    elif is_several(wanted):
        each = [_flat(one) for one in spread("metrics", wanted, names, partly=True)]
    else:
        raise ConfigError(
            "metrics must be a list or a dict with an entry for each of the outputs "
            f"({', '.join(names)}), not {wanted!r}."
        )
    for part, some in zip(parts, each, strict=True):
        for metric in some:
            metrics.get(metric, loss=part, output_shape=(None, 1))
    return each


def _flat(wanted: Any) -> list[Any]:
    if wanted is None:
        return []
    if not isinstance(wanted, (list, tuple)):
        return [wanted]
    return [metric for some in wanted for metric in _flat(some)]


def make_metrics(
    wanted: Sequence[Sequence[Any]], loss: Any, y: Any, first: Any
) -> list[Any]:
    """The metrics, made for these targets and the prediction of the first sample.

    Their order is that in which Keras returns values: the losses of several outputs,
    then the metrics (those of several outputs by the alphabet).
    """
    joint = isinstance(loss, JointLoss)
    parts, targets = (loss.parts, y) if joint else ([loss], [y])
    found: list[list[Any]] = [
        [
            metrics.get(
                metric,
                loss=part,
                output_shape=tuple(pred.shape),
                target_shape=None if true is None else tuple(true.shape),
            )
            for metric in some
        ]
        for some, part, true, pred in zip(
            wanted, parts, targets, outputs_of(first), strict=True
        )
    ]
    several = len(parts) > 1
    places = [(k, metric) for k, some in enumerate(found) for metric in some]
    names = unique(
        [f"{loss.names[k]}_{m.name}" if several else m.name for k, m in places]
    )
    if not joint:
        for (_, metric), name in zip(places, names, strict=True):
            metric.name = name
        return found[0]
    looking = [OfOutput(m, k, n) for (k, m), n in zip(places, names, strict=True)]
    if not several:
        return looking
    used = [k for k, part in enumerate(parts) if part is not None]
    addends = [OfLoss(loss, k, f"{loss.names[k]}_loss") for k in used]
    return [
        *(addends if len(used) > 1 else []),
        *sorted(looking, key=lambda metric: metric.name),
    ]


# ------------------------------------------------------------------------------- data


def split_targets(
    y: Any, loss: JointLoss, wanted: Sequence[Any], name: str, x: Any
) -> list[Any]:
    """The targets of each output, checked for size; None where nobody asks for them."""
    used = [k for k, part in enumerate(loss.parts) if part is not None]
    if is_several(y) and (isinstance(y, Mapping) or len(y) != len(used)):
        each = spread(name, y, loss.names, partly=True)
    elif len(used) == 1 or is_several(y):  # one for each output that has a loss
        short = list(y) if is_several(y) else [y]
        each = [None] * len(loss.parts)
        for k, target in zip(used, short, strict=True):
            each[k] = target
    else:
        raise ConfigError(
            f"{name} must be a list or a dict of arrays, with targets for each of the "
            f"outputs ({', '.join(loss.names)})."
        )
    for k, output in enumerate(loss.names):
        if loss.parts[k] is None and not wanted[k]:
            each[k] = None
            continue
        place = f"{name} of output {output!r}"
        if each[k] is None:
            raise ConfigError(f"{place} is missing.")
        each[k] = data.as_targets(each[k], place)
        data.check_finite(place, each[k])
        data.check_same_size(x, each[k], place)
    return each


def split_weights(weight: Any, loss: JointLoss, dtype: str, x: Any) -> Any:
    """The sample weights of each output: its own, or the same for all."""
    if weight is None:
        return None
    own = isinstance(weight, Mapping) or (
        isinstance(weight, (list, tuple))
        and any(one is None or data.shape_of(one) for one in weight)
    )
    if own:
        each = spread("sample_weight", weight, loss.names, partly=True)
    else:
        each = [weight] * len(loss.parts)
    return [
        None if one is None or part is None else data.as_weights(one, dtype, x)
        for one, part in zip(each, loss.parts, strict=True)
    ]


def likeness(first: Any, n: int) -> Any:
    """A prediction for n samples that takes no memory, from that for the first."""
    if is_several(first):
        return [likeness(one, n) for one in outputs_of(first)]
    found = Tensor(np.zeros((), first.dtype))
    found.data = xp.broadcast_to(found.data, (n, *first.shape[1:]))
    return found


def arrays(y_pred: Any) -> Any:
    """The arrays of one output, or of each in a list."""
    if isinstance(y_pred, Tensor):
        return y_pred.data
    return [one.data for one in outputs_of(y_pred)]
