"""What is handed to ``fit``, checked and brought into shape before training begins.

Everything that can be wrong with the data is found here, so that an error never leaves
a half-trained model behind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .. import backend
from ..backend import xp
from ..errors import ConfigError, NonFiniteError, ShapeError, did_you_mean
from ..tensor import raw


def as_inputs(x: Any, dtype: str, name: str = "x", *, indices: Any = False) -> Any:
    """`x` (an array, or a list of arrays) on the device, finite, not empty.

    `indices` says of all, or of each array in a list, if whole numbers stay so.
    """
    each = indices if isinstance(indices, list) else [indices]
    if isinstance(x, (list, tuple)) and x and all(hasattr(part, "shape") for part in x):
        parts = [
            as_inputs(part, dtype, f"{name}[{i}]", indices=each[min(i, len(each) - 1)])
            for i, part in enumerate(x)
        ]
        sizes = {len(part) for part in parts}
        if len(sizes) > 1:
            raise ShapeError(f"The parts of {name} have different lengths: {sizes}.")
        return parts if len(parts) > 1 else parts[0]
    x, indices = raw(x), each[0]
    whole = getattr(x, "dtype", None) is not None and x.dtype.kind in "iu"
    array = x if indices and whole else as_numbers(x, name, dtype)
    if array.ndim == 0:
        raise ShapeError(f"{name} must have a batch axis, but it is one number.")
    if len(array) == 0:
        raise ConfigError(f"{name} is empty: there is nothing to compute on.")
    check_finite(name, array)
    return backend.asindices(array) if indices and whole else array


def by_name(x: Any, names: list[str]) -> Any:
    """The parts of a dict {input: array} as a list in the order of the inputs."""
    if not isinstance(x, Mapping):
        return x
    for name in x:
        if name not in names:
            raise ConfigError(
                f"There is no input {name!r}. {did_you_mean(str(name), names)}"
            )
    for name in names:
        if name not in x:
            raise ConfigError(f"The data have nothing for input {name!r}.")
    return [np.asarray(x[n]) if isinstance(x[n], list) else x[n] for n in names]


def as_numbers(x: Any, name: str, dtype: Any = None) -> Any:
    """`x` as an array of numbers, or `ConfigError` saying that `name` holds none."""
    if x is None:
        raise ConfigError(f"{name} is None; an array of numbers is needed.")
    try:
        with np.errstate(over="ignore"):  # too large for float32: infinite, found later
            return backend.asarray(raw(x), dtype)
    except ConfigError as problem:
        raise ConfigError(f"{name}: {problem}") from None


def as_targets(y: Any, name: str) -> Any:
    """`y` on the device, whole numbers as they are: one target for each sample."""
    given = raw(y)
    host = given if hasattr(given, "dtype") else np.asarray(given)
    whole = host.dtype.kind in "iub"
    array = xp.asarray(host) if whole else as_numbers(given, name)
    if array.ndim == 0:
        raise ConfigError(f"{name} must hold one target for each sample.")
    return array


def as_target(y: Any, name: str, x: Any) -> Any:
    """The checked targets of a network with one output: y (N, …), or [y] or {…: y}."""
    if isinstance(y, (list, tuple, Mapping)) and len(y) == 1:
        [only] = y.values() if isinstance(y, Mapping) else y
        shape = shape_of(only)
        if shape and (isinstance(y, Mapping) or shape[0] == size_of(x) > 1):
            y = only
    y = as_targets(y, name)
    check_finite(name, y)
    check_same_size(x, y, name)
    return y


def as_weights(weight: Any, dtype: str, x: Any) -> Any:
    """The checked weights of samples (N,), or of the steps in them (N, T)."""
    if weight is None:
        return None
    weight = as_numbers(weight, "sample_weight", dtype)
    weight = weight.reshape(1) if weight.ndim == 0 else weight
    check_same_size(x, weight, "sample_weight")
    check_finite("sample_weight", weight)
    return weight


def check_finite(name: str, array: Any) -> None:
    """Raise `NonFiniteError` naming the first NaN or infinity in the data."""
    if array.dtype.kind != "f":
        return
    fine = backend.to_numpy(xp.isfinite(array))
    if not fine.all():
        place = tuple(int(i) for i in np.argwhere(~fine)[0])
        value = backend.to_numpy(array[place]).item()
        raise NonFiniteError(
            f"{name} has {int((~fine).sum())} values that are NaN or infinite, the "
            f"first ({value}) at {list(place)}. Remove or replace them, e.g. with "
            "numpy.nan_to_num."
        )


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of an array of any library, or of a list."""
    return tuple(x.shape) if hasattr(x, "shape") else np.shape(x)


def size_of(x: Any) -> int:
    """The number of samples."""
    return len(x[0]) if isinstance(x, list) else len(x)


def pick(x: Any, index: Any) -> Any:
    """The samples at `index`, of one array or of each in a list."""
    if x is None:
        return None
    return [pick(part, index) for part in x] if isinstance(x, list) else x[index]


def check_same_size(x: Any, y: Any, name: str = "y") -> None:
    """Raise `ShapeError` unless x and y have as many samples."""
    if size_of(x) != size_of(y):
        raise ShapeError(
            f"x has {size_of(x)} samples, but {name} has {size_of(y)}; there must be "
            "one target for each sample."
        )


def shuffled(n: int, batch_size: int, rng: np.random.Generator | None) -> Any:
    """A random order of the samples; None without `rng`, or with one batch only.

    The mean over a batch that holds everything does not depend on the order, and
    nothing has to be copied.
    """
    return None if rng is None or batch_size >= n else rng.permutation(n)


def batches(
    n: int, batch_size: int, order: Any = None, first: int = 0
) -> Iterator[tuple[Any, int]]:
    """(index, size) of each batch from number `first` on, in the given order."""
    for start in range(first * batch_size, n, batch_size):
        stop = min(n, start + batch_size)
        index = slice(start, stop)
        yield index if order is None else xp.asarray(order[index]), stop - start


def weights_by_class(
    y: Any, class_weight: Mapping[int, float] | None, are_labels: bool = False
) -> Any:
    """A weight for each sample, from the weight of its class.

    With `are_labels` y holds classes in all its axes; else the last one is one-hot.
    """
    if class_weight is None:
        return None
    if not isinstance(class_weight, Mapping):
        raise ConfigError(
            f"class_weight must be a dict {{class: weight}}, not {class_weight!r}."
        )
    labels = backend.to_numpy(raw(y))
    if labels.ndim > 1 and not are_labels:
        labels = labels.argmax(-1) if labels.shape[-1] > 1 else labels[..., 0]
    weights = [class_weight.get(int(k), 1.0) for k in labels.ravel()]
    return np.array(weights, np.float32).reshape(labels.shape)


def split_off(x: Any, y: Any, weight: Any, share: float) -> tuple[Any, Any]:
    """The first part for training and the last `share` for validation, unshuffled."""
    if not isinstance(share, (int, float)) or not 0 < share < 1:
        raise ConfigError(f"validation_split must lie between 0 and 1, not {share!r}.")
    n = size_of(x)
    cut = int(n * (1 - share))
    if cut == 0 or cut == n:
        raise ConfigError(
            f"validation_split={share} of {n} samples leaves one part empty."
        )
    first, last = slice(None, cut), slice(cut, None)
    return (
        (pick(x, first), pick(y, first), pick(weight, first)),
        (pick(x, last), pick(y, last), pick(weight, last)),
    )
