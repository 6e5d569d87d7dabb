"""`Tensor`: an array that may remember how it was made.

Arithmetic and methods such as ``x + y``, ``x[0]`` and ``x.sum()`` are attached by
``ops/__init__.py``, where the functions behind them live. Read ``modes.py`` next, then
``autodiff.py``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import backend
from .errors import ConfigError, ShapeError


class Node:
    """One step of a computation: which op made a value, and from what."""

    __slots__ = ("inputs", "op", "order", "place", "saved", "settings", "y")

    def __init__(
        self,
        op: Any,
        inputs: tuple[Any, ...],
        settings: dict[str, Any],
        y: Any,
        saved: Any,
        order: int,
        place: str,
    ) -> None:
        self.op = op
        self.inputs = inputs  # Tensors, and plain arrays or numbers as they are
        self.settings = settings
        self.y = y  # the output's array; never the output Tensor: no cycles
        self.saved = saved  # what a kernel keeps for its backward pass
        self.order = order  # creation order, which is topological order
        self.place = place  # the layer it was made in, for messages

    def __repr__(self) -> str:
        return f"<node {self.order} {self.op.__name__}>"


class Tensor:
    """An array with a gradient: ``Tensor(data, requires_grad=False, dtype=None)``.

    Parameters: `data` is a number, a list, an array or another Tensor. Numbers and
    lists become float32; NumPy float32 and float64 arrays keep their type, other arrays
    become float32 unless `dtype` says otherwise. An array that already has the right
    type is not copied.

    ``.data`` is the plain array, ``.grad`` the gradient (a plain array of the same
    shape) or None.

    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    array([2., 4.], dtype=float32)
    """

    __slots__ = (
        "__weakref__",
        "_node",
        "_slot",
        "_written",
        "data",
        "grad",
        "requires_grad",
    )
    __array_ufunc__ = None  # so that `array * tensor` comes to the Tensor

    def __init__(self, data: Any, requires_grad: bool = False, dtype: Any = None):
        data = data.data if isinstance(data, Tensor) else data
        if dtype is not None:
            dtype = np.dtype(dtype)
            if dtype.kind in "iub":
                if requires_grad:
                    raise ConfigError(
                        f"A Tensor of {dtype} has no gradient; use floats."
                    )
                data = backend.asindices(data).astype(dtype)
            else:
                data = backend.asarray(data, dtype)
        else:
            data = backend.asarray(data)
        self.data = data
        self.requires_grad = bool(requires_grad)
        self.grad = None
        self._node = None  # how it was made, if that is known; None for a leaf
        self._written = 0  # when it was last changed by an optimizer
        self._slot = None  # where its gradient shall be written, if anywhere

    @property
    def shape(self) -> tuple[int, ...]:
        """The size of each axis."""
        return self.data.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.data.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.data.size

    @property
    def dtype(self) -> Any:
        """The type of the elements: float32 or float64."""
        return self.data.dtype

    def detach(self) -> Tensor:
        """The same values, cut off from the graph."""
        return new_tensor(self.data, None, False)

    def numpy(self) -> np.ndarray:
        """The values as a NumPy array, copied from the device if there is one."""
        return backend.to_numpy(self.data)

    def item(self) -> float:
        """The single value as a Python number."""
        if self.data.size != 1:
            raise ShapeError(
                f"item() needs one element, but the shape is {self.shape}."
            )
        return self.data.item()

    def __float__(self) -> float:
        return float(self.item())

    def __format__(self, form: str) -> str:
        return format(self.item(), form) if form else str(self)

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        return bool(self.item())

    def __len__(self) -> int:
        if self.data.ndim == 0:
            raise TypeError("a Tensor without axes has no length")
        return self.data.shape[0]

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        values = self.numpy()
        if dtype is not None and values.dtype != dtype:
            return values.astype(dtype)
        return values.copy() if copy else values

    def __repr__(self) -> str:
        values = np.array2string(
            self.numpy(), precision=4, separator=", ", prefix=" " * 7
        )
        extra = "" if self.dtype == backend.DEFAULT_FLOAT else f", dtype={self.dtype}"
        if self.requires_grad:
            extra += ", requires_grad=True"
        return f"Tensor({values}{extra})"


def new_tensor(data: Any, node: Node | None, requires_grad: bool) -> Tensor:
    """Wrap an op's result without looking at it (the fast way in)."""
    tensor = Tensor.__new__(Tensor)
    tensor.data = data
    tensor.requires_grad = requires_grad
    tensor.grad = None
    tensor._node = node
    tensor._written = 0
    tensor._slot = None
    return tensor


def raw(x: Any) -> Any:
    """The plain array of a Tensor; anything else as it is."""
    return x.data if isinstance(x, Tensor) else x
