"""Ops and kernels: functions of arrays that know their derivatives.

`Op.__call__` is where a graph comes from: it computes on the Tensors' arrays and leaves
a `Node` behind that remembers which op was called on which inputs. ``autodiff.py``, to
be read next, walks these nodes backwards.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import backend
from .backend import xp
from .errors import ConfigError, DeviceMemoryError, DLCourseError, ShapeError
from .modes import check_finite, state
from .tensor import Node, Tensor, new_tensor

_clock = itertools.count(1)  # every node and every write of weights gets a moment of it
next_moment = _clock.__next__


def mark_written(tensors: Sequence[Tensor]) -> None:
    """Note that these weights were changed: older graphs through them are now stale."""
    now = next_moment()
    for tensor in tensors:
        tensor._written = now


# ------------------------------------------------------------------------- ops


class Op:
    """A differentiable function of arrays: a forward function, and gradient rules."""

    def __init__(self, forward: Callable[..., Any]) -> None:
        self.forward = forward
        self.__name__ = forward.__name__
        self.__doc__ = forward.__doc__
        self.__module__ = forward.__module__
        self.__qualname__ = forward.__qualname__
        self.__wrapped__ = forward
        self.rules: dict[str, Callable[..., Any]] = {}
        self.all_rules: Callable[..., Any] | None = None
        self.keeps_origin = False  # are the inputs remembered even under no_grad()?
        self.saves = False  # does forward return (y, what backward needs)?
        # inspect.signature would say the same, but 70 ops would cost 2 ms at import
        code, defaults = forward.__code__, forward.__defaults__ or ()
        self.names = list(code.co_varnames[: code.co_argcount])
        self._known = frozenset(self.names)
        with_default = self.names[len(self.names) - len(defaults) :]
        self.defaults = dict(zip(with_default, defaults, strict=True))

    def __repr__(self) -> str:
        return f"<op {self.__name__}>"

    def __deepcopy__(self, memo: Any) -> Op:
        return self  # like a function: copying a model does not copy its ops

    def gradient(self, **rules: Callable[..., Any]) -> None:
        """Give the rules, one per differentiable argument: ``rule(g, y, *inputs)``.

        `g` is the gradient of the output `y`; the rule returns that of its argument.
        Where the argument was broadcast, the engine sums back to its shape.
        """
        unknown = set(rules) - set(self.names)
        if unknown:
            raise ConfigError(f"{self!r} has no argument {unknown}, only {self.names}.")
        self.rules.update(rules)

    def gradients(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Give one rule for all arguments: it returns a gradient for each of them."""
        self.all_rules = rule
        return rule

    def __call__(self, *args: Any, **settings: Any) -> Any:
        if settings:
            if not self._known.isdisjoint(settings):
                args = self._bind(args, settings)
            for name, value in settings.items():
                if isinstance(value, np.generic):
                    settings[name] = value.item()
        arrays = []
        any_tensor = record = odd = False
        ndarray = xp.ndarray
        for a in args:
            if isinstance(a, Tensor):
                any_tensor = True
                record = record or a.requires_grad
                arrays.append(a.data)
            else:
                odd = odd or type(a) is not ndarray or a.dtype.char not in "fd"
                arrays.append(a)
        if odd:
            arrays = self._clean(arrays)
        try:
            y = self.forward(*arrays, **settings)
        except Exception as problem:
            raise self.explained(problem, arrays) from None
        saved = None
        if self.saves:
            y, saved = y
        if type(y) is not ndarray:
            y = xp.asarray(y)
        if state.anomaly:
            check_finite(self, args, y, settings=settings)
        if not any_tensor:
            return y
        if record and state.recording:
            inputs = tuple(args) if not odd else _keep_tensors(args, arrays)
            node = Node(self, inputs, settings, y, saved, next_moment(), state.place)
            result = new_tensor(y, node, True)
        elif self.keeps_origin:
            node = Node(self, args, settings, y, saved, 0, "")
            result = new_tensor(y, node, False)
        else:
            result = new_tensor(y, None, False)
        if state.calls is not None:
            state.calls.append((self, args, arrays, settings, result))
        return result

    def explained(self, problem: Exception, arrays: list[Any]) -> Exception:
        """The course's error for what went wrong in the forward function."""
        if isinstance(problem, DLCourseError):
            return problem
        if isinstance(problem, (ValueError, IndexError)):
            return ShapeError(self._complaint(arrays, problem))
        if isinstance(problem, TypeError):
            if any(a is None or isinstance(a, str) for a in arrays):
                return ConfigError(self._complaint(arrays, problem))
            return problem
        if backend.is_out_of_memory(problem):
            backend.free_memory()
            return DeviceMemoryError(
                f"{self._complaint(arrays, problem)}\nUse smaller batches, or a "
                "smaller model."
            )
        return problem

    def _bind(self, args: Sequence[Any], settings: dict[str, Any]) -> list[Any]:
        """The arguments, with those given by name (no settings any more) in place."""
        args = list(args)
        for name in self.names[len(args) :]:
            if name in settings:
                args.append(settings.pop(name))
            elif not self._known.isdisjoint(settings):
                args.append(self.defaults.get(name))
        return args

    def _clean(self, arrays: list[Any]) -> list[Any]:
        """Make numbers, lists, integer and foreign arrays fit the float arrays beside.

        A NumPy float64 *scalar* becomes a Python number, which never widens float32.
        Arguments without a gradient rule (indices, masks, shapes) are left to the op.
        """
        flows = [self.flows(i) for i in range(len(arrays))]
        numbers = [flow and _is_number(a) for a, flow in zip(arrays, flows)]
        rest = [a for a, flow, n in zip(arrays, flows, numbers) if flow and not n]
        dtypes = [a.dtype for a in rest if _is_float_array(a)]
        if not dtypes and not any(a is not None for a in rest):  # numbers only
            dtypes = [a.dtype for a in arrays if getattr(a, "dtype", None) == "float64"]
        dtype = dtypes[0] if dtypes else backend.DEFAULT_FLOAT
        clean = []
        for a, flow, number in zip(arrays, flows, numbers):
            if number or not flow:
                host = isinstance(a, np.ndarray) and not backend.is_array(a)
                clean.append(xp.asarray(a) if host else _as_number(a))
            elif a is None:
                clean.append(None)
            elif _is_float_array(a):
                clean.append(backend.asarray(a))
            else:
                clean.append(backend.asarray(a, dtype))
        if any(numbers) and all(a is None for a in rest):
            first = numbers.index(True)  # it becomes an array, the rest follow
            clean[first] = backend.asarray(clean[first], dtype)
        return clean

    def flows(self, i: int) -> bool:
        """Does a gradient flow through argument i? (Then it must hold floats.)"""
        return self.all_rules is not None or self.names[i] in self.rules

    def _complaint(self, arrays: Sequence[Any], problem: Exception) -> str:
        shapes = ", ".join(
            str(tuple(a.shape)) if hasattr(a, "shape") else repr(a) for a in arrays
        )
        return f"{self.__name__.lstrip('_')}({shapes}): {problem}"

    # -- backward

    def pull(self, node: Node, g: Any, needs: list[bool], into: list[Any]) -> Any:
        """The gradients of the inputs as raw arrays; None where not needed."""
        values = [a.data if isinstance(a, Tensor) else a for a in node.inputs]
        return self._apply(g, node.y, values, node.settings, needs)

    def pull_graph(self, node: Node, g: Tensor, needs: list[bool]) -> Any:
        """The same gradients as Tensors that can be differentiated again."""
        y = new_tensor(node.y, node, True)
        return self._apply(g, y, node.inputs, node.settings, needs)

    def _apply(self, g: Any, y: Any, inputs: Any, settings: Any, needs: Any) -> Any:
        if self.all_rules is not None:
            return self.all_rules(g, y, *inputs, **settings)
        contributions: list[Any] = []
        for name, need in zip(self.names, needs, strict=False):
            rule = self.rules.get(name) if need else None
            contributions.append(rule and rule(g, y, *inputs, **settings))
        return contributions


class Kernel(Op):
    """A fused forward and backward pass on arrays, specified by a reference."""

    def __init__(
        self,
        forward: Callable[..., Any],
        reference: Callable[..., Any],
        constants: Sequence[str] = (),
    ) -> None:
        super().__init__(forward)
        self.reference = reference
        self.constants = tuple(constants)
        self.saves = True
        self.rules = {name: reference for name in self.names if name not in constants}

    def __repr__(self) -> str:
        return f"<kernel {self.__name__}>"

    def backward(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Give the backward pass: ``backward(g, saved, needs, into)``.

        It returns one gradient per input, None where ``needs`` says no. ``into[i]`` is
        None or an array that the gradient of input i may be written into.
        """
        self._backward = function
        return function

    def _clean(self, arrays: list[Any]) -> list[Any]:
        clean = super()._clean(arrays)
        for i, name in enumerate(self.names[: len(clean)]):
            if name in self.constants and not backend.is_array(clean[i]):
                clean[i] = xp.asarray(clean[i])  # labels keep their integer type
        dtypes = [a.dtype for a in clean if _is_float_array(a)]
        return [
            backend.asarray(a, dtypes[0]) if type(a) in (int, float) and dtypes else a
            for a in clean
        ]

    def pull(self, node: Node, g: Any, needs: list[bool], into: list[Any]) -> Any:
        return self._backward(g, node.saved, needs, into)


def op(forward: Callable[..., Any]) -> Op:
    """Decorator: make a function of arrays an `Op`; add rules with ``.gradient``."""
    return Op(forward)


def kernel(
    reference: Callable[..., Any], *, constants: Sequence[str] = ()
) -> Callable[[Callable[..., Any]], Kernel]:
    """Decorator: make ``forward(...) -> (y, saved)`` a `Kernel` with this reference.

    `constants` names the arguments (labels, indices) that are not made floats.
    """
    return lambda forward: Kernel(forward, reference, constants)


def made_by(tensor: Tensor) -> Node | None:
    """The node that made `tensor`, if it is known."""
    return tensor._node


def _is_number(a: Any) -> bool:
    return isinstance(a, (int, float, np.generic))  # np.generic: NumPy's scalars


def _is_float_array(a: Any) -> bool:
    dtype = getattr(a, "dtype", None)
    return dtype is not None and dtype in backend.FLOATS


def _as_number(a: Any) -> int | float:
    return a.item() if isinstance(a, np.generic) else a


def _keep_tensors(args: Sequence[Any], arrays: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(
        a if isinstance(a, Tensor) else array
        for a, array in zip(args, arrays, strict=True)
    )
