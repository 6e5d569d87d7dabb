"""Parting a data set into what is learned from and what is only looked at.

A network is judged on samples it has never met. `split` sets them aside; `standardize`
prepares both sides with numbers taken from the training side alone, because a mean that
has seen the test set is a small way of cheating. Read ``digits.py`` next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..backend import make_rng, to_numpy
from ..errors import ConfigError, NonFiniteError, ShapeError, check_number


def split(
    x: Any,
    y: Any,
    fractions: Sequence[float] = (0.8, 0.2),
    *,
    stratify: bool = False,
    seed: int = 0,
) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Shuffle the N samples and deal them into disjoint parts, one per fraction.

    x (N, …) and y (N, …) stay in step. What is left when the fractions sum to less than
    1 is dropped. With ``stratify=True``, y (N,) holds class labels, and each part gets
    its fraction of *every class*, to within one sample.

    Returns one pair (x, y) per fraction. Raises `ShapeError` when x and y differ in
    length, and `ConfigError` for an empty data set, for fractions that are not above 0
    or sum to more than 1, and where a part would be empty.

    >>> x, y = np.arange(10.0).reshape(10, 1), np.arange(10) % 2
    >>> (x_train, y_train), (x_test, y_test) = split(x, y, stratify=True)
    >>> x_train.shape, x_test.shape, np.bincount(y_test)
    ((8, 1), (2, 1), array([1, 1]))
    """
    x, y = to_numpy(x), to_numpy(y)
    if x.ndim == 0 or y.ndim == 0 or len(x) != len(y):
        raise ShapeError(
            f"split needs as many samples in x as in y, but x is {x.shape} and y is "
            f"{y.shape}."
        )
    if len(x) == 0:
        raise ConfigError("The data set is empty: there is nothing to split.")
    bounds = _check_fractions(fractions)
    if stratify and y.ndim != 1:
        raise ConfigError(
            f"stratify=True needs one class label per sample, y of shape (N,), not "
            f"{y.shape}. Use stratify=False, or labels instead of one-hot vectors."
        )

    rng = make_rng(seed)
    shuffled = rng.permutation(len(x))
    groups = [shuffled]
    if stratify:
        groups = [shuffled[y[shuffled] == label] for label in np.unique(y)]
    parts: list[list[np.ndarray]] = [[] for _ in bounds]
    carry = 0.5
    for group in groups:
        # One shift for all cuts keeps each part within one sample of its share; handing
        # on the fraction that was cut off keeps the first part's total exact as well.
        cuts = np.floor(bounds * len(group) + carry + 1e-9).astype(int)
        carry += bounds[0] * len(group) - cuts[0]
        for part, begin, end in zip(parts, [0, *cuts[:-1]], cuts, strict=True):
            part.append(group[begin:end])

    pairs = []
    for place, part in enumerate(parts):
        chosen = rng.permutation(np.concatenate(part))
        if len(chosen) == 0:
            raise ConfigError(
                f"Part {place} of the split would be empty: {len(x)} samples are too "
                f"few for fractions {tuple(fractions)}."
            )
        pairs.append((x[chosen], y[chosen]))
    return tuple(pairs)


def standardize(train: Any, *others: Any) -> Any:
    """Shift and scale each feature to mean 0 and standard deviation 1 on `train`.

    z = (x - μ) / σ, with μ and σ of each feature taken over the samples of `train`
    alone and used for the `others` too. A feature that never changes on `train` (σ = 0)
    is only shifted. float64 stays float64; everything else becomes float32.

    train (N, …) and others (M, …) share the shape of a sample. Returns one array if
    given one, else a tuple of as many as given. Raises `NonFiniteError` for a NaN or an
    infinity, `ShapeError` for differing features, `ConfigError` for an empty `train`.

    >>> standardize([[1.0], [3.0]], [[5.0]])
    (array([[-1.],
           [ 1.]], dtype=float32), array([[3.]], dtype=float32))
    """
    given = [to_numpy(array) for array in (train, *others)]
    first = given[0]
    if first.ndim == 0 or len(first) == 0:
        raise ConfigError("The training data is empty: it has no mean to subtract.")
    for place, array in enumerate(given):
        name = "the training data" if place == 0 else f"data set {place} after it"
        if array.ndim == 0 or array.shape[1:] != first.shape[1:]:
            raise ShapeError(
                f"The training data has features of shape {first.shape[1:]}, but "
                f"{name} has shape {array.shape}."
            )
        if array.dtype.kind not in "fiub":
            raise ConfigError(
                f"standardize needs numbers, but {name} has dtype {array.dtype}."
            )
        bad = np.argwhere(~np.isfinite(array))
        if len(bad):
            where = tuple(int(index) for index in bad[0])
            raise NonFiniteError(
                f"standardize found {array[where]} in {name} at index {where} "
                f"({len(bad)} such values). Remove or replace them first."
            )
    mean = first.mean(axis=0, dtype=np.float64)
    scale = first.std(axis=0, dtype=np.float64)
    # a constant's computed deviation is rounding error, not a scale
    flat = scale <= 1e-12 * np.maximum(np.abs(mean), 1e-300)
    scale = np.where(flat, 1.0, scale)
    results = []
    for array, original in zip(given, (train, *others), strict=True):
        wide = getattr(original, "dtype", None) == np.float64
        scaled = (array - mean) / scale
        results.append(scaled.astype(np.float64 if wide else np.float32))
    return tuple(results) if others else results[0]


def _check_fractions(fractions: Sequence[float]) -> np.ndarray:
    """The fractions' running sums, each the place where a part ends."""
    if np.ndim(fractions) != 1:
        raise ConfigError(
            f"fractions lists the size of every part, e.g. (0.8, 0.2); it cannot be "
            f"{fractions!r}."
        )
    values = [
        check_number("each fraction", value, low=0, high=1, open_low=True)
        for value in fractions
    ]
    if not values:
        raise ConfigError("split needs at least one fraction.")
    bounds = np.cumsum(values)
    if bounds[-1] > 1.0 + 1e-9:
        raise ConfigError(
            f"The fractions {tuple(fractions)} sum to {bounds[-1]:g}; they may sum to "
            f"at most 1."
        )
    return bounds
