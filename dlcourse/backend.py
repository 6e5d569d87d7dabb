"""The array library behind everything: NumPy, or CuPy by changing one line.

This is the only file that names CuPy. The rest of the package writes ``from .backend
import xp`` and uses ``xp`` as if it were NumPy. ``xp`` is a module object whose
*contents* are exchanged by `use_backend`, so an import made once stays valid and a use
costs one dictionary look-up.

Random numbers are always drawn on the host from the course's own generator (`rng`), so
both libraries start from the same weights, the same batches and the same dropout masks.
Read ``autodiff.py`` next.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType, TracebackType
from typing import Any

import numpy as np

from .errors import (
    BackendError,
    ConfigError,
    DeviceMemoryError,
    DLCourseError,
    LabelError,
    did_you_mean,
)

xp = ModuleType("dlcourse.xp", "The array library in use; see use_backend.")

_NOT_NUMBERS = "Numbers are needed, but this has dtype {}; convert it first."
FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
DEFAULT_FLOAT = np.dtype(np.float32)

_current: tuple[str, ModuleType | None] = ("", None)
_generator: np.random.Generator | None = None  # made when it is first asked for


# ---------------------------------------------------------------- choosing one


class _Chosen:
    """What `use_backend` returns: in a ``with`` block it restores the old backend."""

    def __init__(self, previous: tuple[str, ModuleType | None]) -> None:
        self._previous = previous

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _install(*self._previous)


def use_backend(name: str | ModuleType) -> _Chosen:
    """Choose the array library: ``"numpy"``, ``"cupy"``, ``"auto"`` or a module.

    ``"auto"`` takes CuPy where a GPU answers and says so in one line where it falls
    back to NumPy. A module with NumPy's names may be given too. Used as ``with
    use_backend(...):`` the choice ends with the block. Tensors made before stay with
    the library they were made in.

    Raises `BackendError` when CuPy is asked for and there is no CuPy or no GPU.

    >>> with use_backend("numpy"):
    ...     get_backend()
    'numpy'
    """
    previous = _current
    if not isinstance(name, str):
        missing = [
            key for key in ("ndarray", "asarray", "tanh") if not hasattr(name, key)
        ]
        if missing:
            raise BackendError(
                f"A backend is a name or a module with NumPy's names, not {name!r}."
            )
        _install(getattr(name, "__name__", type(name).__name__), name)
    elif name == "numpy":
        _install("numpy", np)
    elif name == "cupy":
        _install("cupy", _import_cupy())
    elif name == "auto":
        try:
            _install("cupy", _import_cupy())
        except BackendError as problem:
            print(f"Using NumPy: {str(problem).splitlines()[0]}")
            _install("numpy", np)
    else:
        hint = did_you_mean(name, ("numpy", "cupy", "auto"))
        raise BackendError(f"There is no backend {name!r}. {hint}")
    return _Chosen(previous)


def get_backend() -> str:
    """The name of the array library in use, e.g. ``"numpy"``."""
    return _current[0]


def _install(name: str, module: Any) -> None:
    global _current
    contents = {key: value for key, value in vars(module).items() if key[:2] != "__"}
    names = vars(xp)
    for key in [key for key in names if key[:2] != "__" or key == "__getattr__"]:
        del names[key]
    names.update(contents)
    # whatever the module makes on demand is still found, by asking it
    names["__getattr__"] = lambda key: getattr(module, key)
    _current = (name, module)


def _import_cupy() -> ModuleType:
    try:
        cupy = importlib.import_module("cupy")
    except ImportError:
        raise BackendError(
            "CuPy is not installed, so there is no GPU backend.\n"
            'Install the one for your CUDA: pip install "dlcourse[gpu-cuda12]" or '
            '"dlcourse[gpu-cuda13]"; or stay with use_backend("numpy").'
        ) from None
    try:
        devices = cupy.cuda.runtime.getDeviceCount()
    except Exception as problem:
        raise BackendError(
            f"CuPy is installed but finds no usable GPU ({problem}).\n"
            'Check the driver with nvidia-smi, or stay with use_backend("numpy").'
        ) from None
    if devices == 0:
        raise BackendError(
            "CuPy is installed but this machine has no GPU.\n"
            'Stay with use_backend("numpy").'
        )
    return cupy


# -------------------------------------------------------- crossing the boundary


def is_array(x: object) -> bool:
    """Is `x` an array of the library in use?"""
    return isinstance(x, xp.ndarray)


def asarray(x: Any, dtype: Any = None) -> Any:
    """`x` as an array of the library in use; floats stay floats, the rest float32.

    NumPy float32 and float64 arrays keep their type unless `dtype` says otherwise.
    """
    if not isinstance(x, xp.ndarray):
        x = _from_host(x, dtype or DEFAULT_FLOAT)
    elif x.dtype.kind not in "fiub":
        raise ConfigError(_NOT_NUMBERS.format(x.dtype))
    if dtype is None:
        dtype = x.dtype if x.dtype in FLOATS else DEFAULT_FLOAT
    return x if x.dtype == dtype else x.astype(dtype)


def asindices(x: Any) -> Any:
    """`x` as an integer (or boolean) array of the library in use."""
    if not isinstance(x, xp.ndarray):
        x = _from_host(x, np.float64)
    if x.dtype.kind in "iub":
        return x
    wrong = (xp.floor(x) != x) | ~xp.isfinite(x)
    if bool(wrong.any()):
        raise LabelError(f"Indices must be whole numbers, not {float(x[wrong][0])}.")
    return x.astype(np.int64)


def _from_host(x: Any, dtype: Any) -> Any:
    """Arrays of the library in use; Python's own numbers and lists become `dtype`."""
    host = x
    if not isinstance(x, (np.ndarray, np.generic)):
        try:
            host = np.asarray(x)
        except ValueError as problem:
            raise ConfigError(f"This is not an array of numbers: {problem}.") from None
        if host.dtype == np.float64 and not hasattr(x, "dtype"):
            host = host.astype(dtype)
    if host.dtype.kind not in "fiub":
        raise ConfigError(_NOT_NUMBERS.format(host.dtype))
    return xp.asarray(host)


def to_numpy(x: Any) -> np.ndarray:
    """Copy `x` (a Tensor, an array of any backend, a list) to a NumPy array.

    The one door through which values leave the device. A NumPy array is returned as it
    is, without a copy.
    """
    x = x.data if hasattr(x, "requires_grad") else x
    if isinstance(x, np.ndarray):
        return x
    get = getattr(x, "get", None)  # CuPy's word for copying to the host
    return np.asarray(get() if callable(get) and hasattr(x, "dtype") else x)


# ------------------------------------------------------------- random numbers


def manual_seed(seed: int) -> None:
    """Start the course's random numbers anew: weights, batches, dropout, noise."""
    global _generator
    _generator = make_rng(seed)


def rng() -> np.random.Generator:
    """The course's own generator (on the host, whatever the backend)."""
    global _generator
    if _generator is None:
        _generator = np.random.default_rng(0)
    return _generator


@contextmanager
def using_rng(generator: np.random.Generator) -> Iterator[None]:
    """Let `generator` be the course's generator for the length of a ``with`` block."""
    global _generator
    before, _generator = _generator, generator
    try:
        yield
    finally:
        _generator = before


def make_rng(seed: Any) -> np.random.Generator:
    """A generator of its own for a whole-number `seed`, else the course's."""
    if seed is None:
        return rng()
    if isinstance(seed, np.random.Generator):
        return seed
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise ConfigError(
            f"A seed is a whole number of at least 0, or None; not {seed!r}."
        ) from None


# ------------------------------------------------- what the libraries spell apart


def erf(x: Any) -> Any:
    """The error function, 2/√π ∫₀ˣ exp(−t²) dt, to 1e-15 in float64.

    NumPy has none. Below |x| = 2 the Maclaurin series of erf(x)·exp(x²) is summed
    (all its terms are positive, so nothing cancels); beyond, Lentz's continued fraction
    of erfc (Abramowitz and Stegun 7.1.6 and 7.1.14).
    """
    size = xp.abs(x).astype(np.float64)
    near = xp.minimum(size, 2.0)
    squared = 2.0 * near * near
    term = near
    series = near
    for n in range(1, 40):
        term = term * squared / (2 * n + 1)
        series = series + term
    inner = (2.0 / math.sqrt(math.pi)) * xp.exp(-near * near) * series
    far = xp.clip(size, 2.0, 7.0)
    fraction = far
    for n in range(60, 0, -1):
        fraction = far + (n / 2.0) / fraction
    outer = 1.0 - xp.exp(-far * far) / (math.sqrt(math.pi) * fraction)
    return (xp.sign(x) * xp.where(size < 2.0, inner, outer)).astype(x.dtype)


def add_at(target: Any, where: Any, values: Any) -> None:
    """Add `values` into `target[where]`, counting repeated places every time."""
    xp.add.at(target, where, values)


def is_out_of_memory(problem: BaseException) -> bool:
    """Is this how the library says that memory has run out?"""
    return isinstance(problem, MemoryError) or (
        type(problem).__name__ == "OutOfMemoryError"
    )


def free_memory() -> None:
    """Give cached device memory back (CuPy keeps what arrays have left)."""
    pool = getattr(xp, "get_default_memory_pool", None)
    if pool is not None:
        pool().free_all_blocks()


@contextmanager
def guarding_memory(doing: str) -> Iterator[None]:
    """Turn the library's "out of memory" into ours, and give the memory back.

    What the frames of the error hold is let go first: a notebook keeps its last error.
    """
    try:
        yield
    except Exception as problem:
        if not is_out_of_memory(problem):
            raise
        import traceback  # 0.4 ms of a start, needed by hardly anybody

        error: BaseException | None = problem
        while error is not None:
            traceback.clear_frames(error.__traceback__)
            error = error.__context__
        free_memory()
        if isinstance(problem, DLCourseError):
            raise
        raise DeviceMemoryError(
            f"{doing}: {problem}\nUse smaller batches, or a smaller model."
        ) from None


_install("numpy", np)
