"""Whole-number class labels, checked: the same error on every backend.

An index out of range is silently wrapped round by some array libraries, so the range is
looked at before a label is used.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import backend
from ..backend import xp
from ..errors import LabelError


def check_labels(name: str, labels: Any, num_classes: int) -> Any:
    """Return `labels` as an integer array, all in 0 … num_classes − 1.

    Floats are taken if they hold whole numbers. Raises `LabelError` naming the first
    wrong label and its place.
    """
    if not backend.is_array(labels) or labels.dtype.kind not in "iu":
        values = backend.asarray(labels)
        wrong = (xp.floor(values) != values) | ~xp.isfinite(values)
        if bool(wrong.any()):
            raise LabelError(
                f"{name}: labels must be whole numbers (class indices), but there is "
                f"{_first(wrong, values)}."
            )
        labels = values.astype("int64")
    if labels.size:
        wrong = (labels < 0) | (labels >= num_classes)
        if bool(wrong.any()):  # the one moment a step that a device is waited for
            raise LabelError(
                f"{name}: labels must lie in 0 … {num_classes - 1} ({num_classes} "
                f"classes), but there is {_first(wrong, labels)}."
            )
    return labels


def _first(wrong: Any, values: Any) -> str:
    place = int(xp.argmax(wrong))
    where = tuple(int(i) for i in np.unravel_index(place, values.shape))
    shown = where[0] if len(where) == 1 else where
    return f"{values.reshape(-1)[place].item()} at position {shown}"
