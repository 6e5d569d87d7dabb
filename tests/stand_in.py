"""A strict stand-in for CuPy: arrays that live on a pretended device.

``use_backend(stand_in.module())`` puts it behind the whole course. It computes with
NumPy, but keeps what a GPU library forbids or does otherwise:

- its array is a wrapper, no NumPy array: nothing of NumPy accepts it by accident, and
  turning it into one implicitly raises, as CuPy does;
- its functions refuse host arrays and lists, and have just the names and keywords that
  CuPy 14 has (``cupy_names.json``, written by ``tools/dump_cupy_names.py``);
- reductions return arrays without axes, never NumPy scalars; there is no object dtype;
- ``empty`` is filled with NaN, so that reading what was never written is seen;
- synchronizations (``bool``, ``float``, ``item``, ``get``) and transfers are counted;
- after `fail_after` bytes it runs out of memory, as a device does.
"""

from __future__ import annotations

import json
import types
from pathlib import Path
from typing import Any

import numpy as np

NAMES = json.loads(Path(__file__).with_name("cupy_names.json").read_text())
_OPERATORS = (
    "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift".split()
)


class OutOfMemoryError(Exception):
    """What CuPy raises when the device is full (its class has this name)."""


class Counters:
    """What the tests ask: how often the host waited, and what crossed over."""

    def __init__(self) -> None:
        self.synchronizations = 0
        self.to_device = 0
        self.to_host = 0
        self.bytes_left: float = float("inf")

    def reset(self) -> None:
        """Begin to count anew."""
        self.__init__()  # type: ignore[misc]


counters = Counters()


def fail_after(size: float) -> None:
    """Let the device be full once `size` more bytes are allocated."""
    counters.bytes_left = size


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
        return _wrap(self._a[_index(index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        self._a[_index(index)] = _operand("__setitem__", value)

    def __repr__(self) -> str:
        counters.synchronizations += 1
        return f"device{self._a!r}"

    __hash__ = None  # type: ignore[assignment]


def _operator(name: str) -> Any:
    def method(self: ndarray, *others: Any) -> Any:
        values = [_operand(name, other) for other in others]
        return _wrap(getattr(self._a, name)(*values))

    def in_place(self: ndarray, other: Any) -> ndarray:
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
        counters.bytes_left -= array.nbytes
        if counters.bytes_left < 0:
            raise OutOfMemoryError(f"Out of memory allocating {array.nbytes} bytes")
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


def _index(index: Any) -> Any:
    if isinstance(index, tuple):
        return tuple(_index(i) for i in index)
    if isinstance(index, (np.ndarray, list)):
        raise TypeError("indexing by a host array or list is not allowed here")
    return index._a if isinstance(index, ndarray) else index


def _method(owner: ndarray, name: str) -> Any:
    def method(*args: Any, **settings: Any) -> Any:
        args = tuple(_operand(name, a) for a in args)
        settings = {k: _operand(name, v) for k, v in settings.items()}
        return _wrap(getattr(owner._a, name)(*args, **settings))

    return method


def _function(name: str, known: list[str] | None) -> Any:
    def function(*args: Any, **settings: Any) -> Any:
        for keyword in settings:
            if known is not None and keyword not in known and "kwargs" not in known:
                raise TypeError(f"cupy.{name}() has no keyword {keyword!r}: {known}")
        args = tuple(_operand(name, a) for a in args)
        settings = {k: _operand(name, v) for k, v in settings.items()}
        if known is not None and args and isinstance(args[0], (list, float, int)):
            arrays = isinstance(args[0], list) and any(
                isinstance(a, np.ndarray) for a in args[0]
            )
            if known[0] in ("a", "x", "m", "arr", "ary") and not arrays:
                raise TypeError(f"cupy.{name} takes arrays, not {type(args[0])}")
        return _wrap(getattr(np, name)(*args, **settings))

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
            values = [
                tuple(_operand(method, part) for part in a)
                if isinstance(a, tuple)
                else _operand(method, a)
                for a in args
            ]
            return _wrap(getattr(getattr(np, self._name), method)(*values, **settings))

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


def module() -> types.ModuleType:
    """The stand-in as a module to hand to `use_backend`."""
    made = types.ModuleType("stand_in")
    for name, known in NAMES["functions"].items():
        if hasattr(np, name):
            setattr(made, name, _function(name, known))
    for name in NAMES["ufuncs"]:
        if hasattr(np, name):
            setattr(made, name, _Ufunc(name))
    for name in NAMES["other"]:
        value = getattr(np, name, None)
        if isinstance(value, (type, float)) or value is None:
            setattr(made, name, value)
    made.ndarray = ndarray
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
