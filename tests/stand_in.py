"""A strict stand-in for CuPy: arrays that live on a pretended device.

``use_backend(stand_in.module())`` puts it behind the whole course. It computes with
NumPy, but keeps what a GPU library forbids or does otherwise:

- its array is a wrapper, no NumPy array: nothing of NumPy accepts it by accident, and
  turning it into one implicitly raises, as CuPy does;
- its functions refuse host arrays and lists, and have just the names and keywords that
  CuPy 14 has (``cupy_names.json``, written by ``tools/dump_cupy_names.py``);
- reductions return arrays without axes, never NumPy scalars; there is no object dtype;
- ``empty`` is filled with NaN, so that reading what was never written is seen;
- an index array out of range is wrapped round, not refused: CuPy looks at no index;
- what it says of wrong arguments is not what NumPy says;
- synchronizations (``bool``, ``float``, ``item``, ``get``, boolean masks) and transfers
  are counted;
- it runs out of memory, as a device does (``device/memory.py``).
"""

from __future__ import annotations

import json
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tests.device.memory import counters, pool

NAMES = json.loads(Path(__file__).with_name("cupy_names.json").read_text())
_OPERATORS = (
    "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift".split()
)


# These look at values to know the size of their result: the host waits for the device.
_WAITING = {"nonzero", "flatnonzero", "argwhere", "unique", "tolist"}
# First arguments that must be arrays of the device already, by their names in CuPy.
_ARRAYS = {"a", "x", "m", "arr", "ary", "array", "indices", "condition"}
# What stands for the library's own words in its complaints.
LIBRARY = "<the library's own words>"


class ndarray:
    """An array on the pretended device."""

    __array_ufunc__ = None
    __slots__ = ("_a",)

    def __init__(self, shape: Any, dtype: Any = float) -> None:
        self._a = np.full(shape, np.nan if np.dtype(dtype).kind == "f" else 77, dtype)

    def __getattr__(self, name: str) -> Any:
        if name not in NAMES["array"]:
            raise AttributeError(f"CuPy's array has no attribute {name!r}")
        value = getattr(self._a, name)
        return _method(self, name) if callable(value) else _wrap_shallow(value)

    @property
    def T(self) -> ndarray:
        return _wrap(self._a.T)

    @property
    def strides(self) -> tuple[int, ...]:
        return self._a.strides

    def get(self) -> np.ndarray:
        """Copy to the host."""
        counters.synchronizations += 1
        counters.to_host += 1
        return self._a.copy()

    def item(self, *index: int) -> Any:
        counters.synchronizations += 1
        return self._a.item(*index)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. Please use `.get()`."
        )

    def __array_function__(self, function: Any, *args: Any) -> Any:
        raise TypeError(f"NumPy's {function.__name__} was called on a device array")

    def __len__(self) -> int:
        return len(self._a)

    def __iter__(self) -> Any:
        return (_wrap(row) for row in self._a)

    def __bool__(self) -> bool:
        counters.synchronizations += 1
        return bool(self._a)

    def __float__(self) -> float:
        counters.synchronizations += 1
        return float(self._a)

    def __int__(self) -> int:
        counters.synchronizations += 1
        return int(self._a)

    __index__ = __int__

    def __getitem__(self, index: Any) -> ndarray:
        with _words("index"):
            return _wrap(self._a[_index(self._a, index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        with _words("index"):
            self._a[_index(self._a, index)] = _operand("__setitem__", value)

    def __repr__(self) -> str:
        counters.synchronizations += 1
        return f"device{self._a!r}"

    __hash__ = None  # type: ignore[assignment]


def _operator(name: str) -> Any:
    def method(self: ndarray, *others: Any) -> Any:
        values = [_operand(name, other) for other in others]
        with _words(name):
            return _wrap(getattr(self._a, name)(*values))

    def in_place(self: ndarray, other: Any) -> ndarray:
        with _words(name):
            result = getattr(self._a, name)(_operand(name, other))
        if result is not self._a:
            raise TypeError(f"{name} was not done in place")
        return self

    return in_place if name.startswith("__i") and name != "__invert__" else method


for _name in _OPERATORS:
    for _prefix in ("", "r", "i"):
        setattr(ndarray, f"__{_prefix}{_name}__", _operator(f"__{_prefix}{_name}__"))
for _name in ("neg", "pos", "abs", "invert", "lt", "le", "gt", "ge", "eq", "ne"):
    setattr(ndarray, f"__{_name}__", _operator(f"__{_name}__"))


def _wrap(value: Any) -> Any:
    """A NumPy result as a device array; what is no array as it is."""
    if isinstance(value, (tuple, list)):
        return type(value)(_wrap(v) for v in value)
    if not isinstance(value, (np.ndarray, np.generic)):
        return value
    array = np.asarray(value)
    if array.dtype == object:
        raise TypeError("CuPy has no object dtype")
    if array.base is None:
        pool.allocate(array)
    made = ndarray.__new__(ndarray)
    made._a = array
    return made


def _wrap_shallow(value: Any) -> Any:
    return _wrap(value) if isinstance(value, np.ndarray) else value


def _operand(name: str, value: Any) -> Any:
    """A device array's values; Python and NumPy numbers; nothing else."""
    if isinstance(value, ndarray):
        return value._a
    if isinstance(value, np.ndarray):
        raise TypeError(f"{name}: Unsupported type <class 'numpy.ndarray'>")
    if isinstance(value, (list, tuple)) and any(
        isinstance(v, (ndarray, np.ndarray)) for v in value
    ):
        return type(value)(_operand(name, v) for v in value)
    return value


def _index(a: np.ndarray, index: Any) -> Any:
    """NumPy's index for the device's; index arrays are wrapped round, as CuPy does."""
    parts = index if isinstance(index, tuple) else (index,)
    used = sum(_axes_of(part) for part in parts)
    axis, places = 0, []
    for part in parts:
        if isinstance(part, (np.ndarray, list)):
            raise TypeError("indexing by a host array or list is not allowed here")
        counters.to_device += isinstance(part, tuple)  # CuPy makes an array of it
        if isinstance(part, ndarray):
            counters.synchronizations += part._a.dtype == bool  # how many are True?
            places.append(_wrapped_round(part._a, a.shape[axis : axis + 1]))
        else:
            places.append(part)
        axis += a.ndim - used if part is Ellipsis else _axes_of(part)
    return tuple(places) if isinstance(index, tuple) else places[0]


def _axes_of(part: Any) -> int:
    """How many axes a part of an index takes up."""
    if part is None or part is Ellipsis or isinstance(part, bool):
        return 0
    return part.ndim if isinstance(part, ndarray) and part._a.dtype == bool else 1


def _wrapped_round(indices: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    return indices % size[0] if indices.dtype != bool and size and size[0] else indices


@contextmanager
def _words(name: str) -> Iterator[None]:
    """Complain in other words than NumPy's, as another library does."""
    try:
        yield
    except (ValueError, IndexError) as problem:
        raise type(problem)(LIBRARY) from None


def _method(owner: ndarray, name: str) -> Any:
    def method(*args: Any, **settings: Any) -> Any:
        args = tuple(_operand(name, a) for a in args)
        settings = {k: _operand(name, v) for k, v in settings.items()}
        counters.synchronizations += name in _WAITING
        with _words(name):
            return _wrap(getattr(owner._a, name)(*args, **settings))

    return method


def _function(name: str, known: list[str] | None) -> Any:
    def function(*args: Any, **settings: Any) -> Any:
        for keyword in settings:
            if known is not None and keyword not in known and "kwargs" not in known:
                raise TypeError(f"cupy.{name}() has no keyword {keyword!r}: {known}")
        out = settings.get("out")
        args = tuple(_operand(name, a) for a in args)
        settings = {k: _operand(name, v) for k, v in settings.items()}
        if known is not None and args and isinstance(args[0], (list, float, int)):
            arrays = isinstance(args[0], list) and any(
                isinstance(a, np.ndarray) for a in args[0]
            )
            if known[0] in _ARRAYS and not arrays:
                raise TypeError(f"cupy.{name} takes arrays, not {type(args[0])}")
        counters.synchronizations += name in _WAITING
        if name in ("take", "take_along_axis"):
            axis = settings.get("axis", args[2] if len(args) > 2 else None)
            size = (args[0].size,) if axis is None else args[0].shape[axis:][:1]
            args = (args[0], _wrapped_round(np.asarray(args[1]), size), *args[2:])
        with _words(name):
            result = _wrap(getattr(np, name)(*args, **settings))
        return result if out is None else out

    function.__name__ = name
    return function


class _Ufunc:
    """A ufunc, with the methods that CuPy's has."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._function = _function(name, None)

    def __call__(self, *args: Any, **settings: Any) -> Any:
        unknown = set(settings) - {"out", "dtype", "casting"}
        if unknown:
            raise TypeError(f"cupy.{self._name} has no keywords {unknown}")
        if not any(isinstance(a, (ndarray, np.ndarray)) for a in args):
            raise TypeError(f"cupy.{self._name} takes arrays, not {args!r}")
        return self._function(*args, **settings)

    def __getattr__(self, method: str) -> Any:
        if method not in NAMES["ufunc_methods"]:
            raise AttributeError(f"cupy.{self._name} has no {method}")

        def call(*args: Any, **settings: Any) -> Any:
            values = [_operand(method, a) for a in args]
            if method == "at":
                values[1] = _index(values[0], args[1])
            with _words(method):
                function = getattr(getattr(np, self._name), method)
                return _wrap(function(*values, **settings))

        return call


def _to_device(x: Any, dtype: Any = None, copy: bool = False) -> ndarray:
    if isinstance(x, ndarray):
        array = x._a if dtype is None else x._a.astype(dtype, copy=False)
        if array is x._a and not copy:
            return x
        return _wrap(array.copy() if copy else array)
    if not isinstance(x, (int, float, bool, np.generic)):
        counters.to_device += 1
    if isinstance(x, (list, tuple)) and any(isinstance(v, ndarray) for v in x):
        raise TypeError("asarray of a list of device arrays: use stack")
    return _wrap(np.array(x, dtype))


def module(name: str = "stand_in") -> types.ModuleType:
    """The stand-in as a module, to hand to `use_backend` or to be found as cupy."""
    made = types.ModuleType(name)
    for each, known in NAMES["functions"].items():
        if hasattr(np, each):
            setattr(made, each, _function(each, known))
    for each in NAMES["ufuncs"]:
        if hasattr(np, each):
            setattr(made, each, _Ufunc(each))
    for each in NAMES["other"]:
        value = getattr(np, each, None)
        if isinstance(value, (type, float)) or value is None:
            setattr(made, each, value)
    made.ndarray = ndarray
    runtime = types.SimpleNamespace(getDeviceCount=lambda: 1)
    made.cuda = types.SimpleNamespace(runtime=runtime)
    made.get_default_memory_pool = lambda: pool
    made.asarray = lambda a, dtype=None: _to_device(a, dtype)
    made.array = lambda a, dtype=None, copy=True: _to_device(a, dtype, True)
    made.asnumpy = lambda a: a.get()
    made.empty = lambda shape, dtype=float: _wrap(ndarray(shape, dtype)._a)
    made.empty_like = lambda a, dtype=None: _wrap(ndarray(a.shape, dtype or a.dtype)._a)
    tricks = types.SimpleNamespace(
        as_strided=lambda x, shape=None, strides=None: _wrap(
            np.lib.stride_tricks.as_strided(x._a, shape, strides)
        ),
        sliding_window_view=lambda x, window_shape, axis=None: _wrap(
            np.lib.stride_tricks.sliding_window_view(x._a, window_shape, axis)
        ),
    )
    made.lib = types.SimpleNamespace(stride_tricks=tricks)
    return made
