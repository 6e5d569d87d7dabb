"""Attention: every position looks at all others and takes a weighted average.

The weights are softmax(q·kᵀ/√D): how well a query fits each key.
"""

from __future__ import annotations

import math
from typing import Any

from ... import backend
from ...backend import xp
from ...errors import ShapeError
from ...tensor import raw
from ..elementary import where
from ..products import matmul, swap_last
from ..shaping import floats
from .softmax import softmax

FAR_BELOW = -1e9  # a score that softmax turns into exactly 0 in float32 and float64


def attention_weights(q: Any, k: Any, mask: Any = None, is_causal: bool = False) -> Any:
    """softmax(q·kᵀ/√D) over the keys: (…, T, S)."""
    scores = matmul(q, swap_last(k)) * (1 / math.sqrt(q.shape[-1]))
    seen = None if mask is None else xp.asarray(raw(mask)) != 0
    if is_causal:
        rows, columns = scores.shape[-2:]
        past = xp.arange(columns)[None, :] <= xp.arange(rows)[:, None]
        seen = past if seen is None else seen & past
    if seen is not None:
        scores = where(xp.broadcast_to(seen, scores.shape), scores, FAR_BELOW)
    return softmax(scores)


def scaled_dot_product_attention(
    q: Any, k: Any, v: Any, *, mask: Any = None, is_causal: bool = False
) -> Any:
    """softmax(q·kᵀ/√D)·v: for each query the average of the values its keys point at.

    Shapes: q (…, T, D), k (…, S, D), v (…, S, E), the result (…, T, E), heads before
    the time axis. `mask` (…, T, S) is True where a key may be seen; `is_causal` shows
    each position itself and the past only. Source: Vaswani et al. (2017).
    """
    q, k, v = floats(q), floats(k), floats(v)
    if q.shape[-1] != k.shape[-1] or k.shape[-2] != v.shape[-2]:
        raise ShapeError(
            f"scaled_dot_product_attention: q {tuple(q.shape)}, k {tuple(k.shape)} and "
            f"v {tuple(v.shape)} must be (…, T, D), (…, S, D) and (…, S, E)."
        )
    return matmul(attention_weights(q, k, mask, is_causal), v)


def embedding(indices: Any, table: Any) -> Any:
    """The table's row for each whole number: (…,) and (V, D) give (…, D).

    Raises `LabelError` for an index outside 0 … V − 1. The gradient adds up where an
    index occurs more than once.
    """
    from ..labels import check_labels
    from ..shaping import getitem

    table = floats(table)
    values = raw(indices)
    whole = values if hasattr(values, "dtype") else backend.asindices(values)
    return getitem(table, check_labels("embedding", whole, table.shape[0]))
