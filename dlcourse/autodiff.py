"""Automatic differentiation: the derivative stands beside the function.

A `Tensor` is an array that may remember how it was made. An *op* is a function of
arrays with one gradient rule for each differentiable argument::

    @op
    def tanh(x):
        return xp.tanh(x)

    tanh.gradient(x=lambda g, y, x: g * (1 - y * y))

Called on Tensors, the op computes on their arrays and leaves a `Node` behind: which op,
which inputs. `Tensor.backward` walks the nodes from the newest to the oldest (creation
order *is* topological order, so no recursion is needed) and hands each rule the
gradient ``g`` of the node's output. In ``backward()`` a rule receives raw arrays and
runs at array speed. In ``grad(..., create_graph=True)`` the same rule receives Tensors,
so that what it computes can be differentiated again.

A *kernel* is an op whose forward and backward pass are each written by hand for speed.
It names a *reference* made of ops, which is its specification, and is what the engine
differentiates when a higher order is asked for.

A node never holds its own output Tensor: there are no reference cycles, and a graph
disappears with the last Tensor that needs it. Read ``ops/elementary.py`` next.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Any

import numpy as np

from . import backend
from .backend import xp
from .errors import ConfigError, DLCourseError, InPlaceError, ShapeError
from .modes import check_finite, state
from .tensor import Node, Tensor, new_tensor

__all__ = ["Kernel", "Op", "Tensor", "backward", "grad", "kernel", "op"]

_clock = itertools.count(1)  # every node and every write of weights gets a moment of it


def mark_written(tensors: Sequence[Tensor]) -> None:
    """Note that these weights were changed: older graphs through them are now stale."""
    now = next(_clock)
    for tensor in tensors:
        tensor._written = now


# ------------------------------------------------------------------------- ops


class Op:
    """A differentiable function of arrays: a forward function and its gradient rules."""

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
        positional = (
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            inspect.Parameter.POSITIONAL_ONLY,
        )
        parameters = inspect.signature(forward).parameters.values()
        self.names = [p.name for p in parameters if p.kind in positional]
        self.variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)

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
            arrays = self._clean(arrays, args)
        y, saved = self._run(arrays, settings)
        if not any_tensor:
            return y
        if not (record and state.recording):
            tensor = new_tensor(y, None)
            if self.keeps_origin:
                tensor._origin = Node(self, args, settings, y, None, 0, "")
            return tensor
        inputs = args if not odd else _keep_tensors(args, arrays)
        node = Node(self, inputs, settings, y, saved, next(_clock), state.place)
        return new_tensor(y, node)

    def _run(self, arrays: list[Any], settings: dict[str, Any]) -> tuple[Any, Any]:
        try:
            y, saved = self._compute(arrays, settings)
        except DLCourseError:
            raise
        except (ValueError, IndexError) as problem:
            raise ShapeError(self._complaint(arrays, problem)) from None
        except TypeError as problem:
            if any(a is None or isinstance(a, str) for a in arrays):
                raise ConfigError(self._complaint(arrays, problem)) from None
            raise
        if state.anomaly:
            check_finite(self, arrays, y)
        return y, saved

    def _compute(self, arrays: list[Any], settings: dict[str, Any]) -> tuple[Any, Any]:
        y = self.forward(*arrays, **settings)
        return (y if type(y) is xp.ndarray else xp.asarray(y)), None

    def _clean(self, arrays: list[Any], args: Sequence[Any]) -> list[Any]:
        """Make numbers, lists, integer and foreign arrays fit the float arrays beside.

        A NumPy float64 *scalar* becomes a Python number, which never widens float32.
        Arguments without a gradient rule (indices, masks) are left to the op.
        """
        names = itertools.chain(self.names, itertools.repeat(None))
        every = self.all_rules is not None
        flows = [every or n in self.rules for n, _ in zip(names, arrays, strict=False)]
        dtypes = [
            a.dtype
            for a, flow in zip(arrays, flows, strict=True)
            if flow and getattr(a, "ndim", -1) >= 0 and not _is_number(a)
        ]
        floats = [dtype for dtype in dtypes if dtype in backend.FLOATS]
        dtype = floats[0] if floats else backend.DEFAULT_FLOAT
        clean = []
        for a, flow in zip(arrays, flows, strict=True):
            if not flow or a is None:
                clean.append(a)
            elif _is_number(a):
                clean.append(_as_number(a))
            elif getattr(a, "dtype", None) in backend.FLOATS:
                clean.append(backend.asarray(a))
            else:
                clean.append(backend.asarray(a, dtype))
        if not dtypes:  # numbers only: the first becomes an array, the rest follow
            first = next((i for i, a in enumerate(clean) if _is_number(a)), None)
            if first is not None:
                clean[first] = backend.asarray(clean[first], dtype)
        return clean

    def _complaint(self, arrays: Sequence[Any], problem: Exception) -> str:
        shapes = ", ".join(
            str(tuple(a.shape)) if hasattr(a, "shape") else repr(a) for a in arrays
        )
        return f"{self.__name__}({shapes}): {problem}"

    # -- backward

    def pull(self, node: Node, g: Any, needs: list[bool], into: list[Any]) -> Any:
        """The gradients of the inputs as raw arrays; None where not needed."""
        values = [a.data if isinstance(a, Tensor) else a for a in node.inputs]
        return self._apply(g, node.y, values, node.settings, needs)

    def pull_graph(self, node: Node, g: Tensor, needs: list[bool]) -> Any:
        """The same gradients as Tensors that can be differentiated again."""
        y = new_tensor(node.y, node)
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

    def _clean(self, arrays: list[Any], args: Sequence[Any]) -> list[Any]:
        clean = super()._clean(arrays, args)
        for i, name in enumerate(self.names[: len(clean)]):
            if name in self.constants and not backend.is_array(clean[i]):
                clean[i] = xp.asarray(clean[i])  # labels keep their integer type
        return clean

    def _compute(self, arrays: list[Any], settings: dict[str, Any]) -> tuple[Any, Any]:
        y, saved = self.forward(*arrays, **settings)
        return (y if type(y) is xp.ndarray else xp.asarray(y)), saved

    def pull(self, node: Node, g: Any, needs: list[bool], into: list[Any]) -> Any:
        return self._backward(g, node.saved, needs, into)

    def pull_graph(self, node: Node, g: Tensor, needs: list[bool]) -> Any:
        # stand-ins for the inputs, so that the reference's graph ends at this node
        inputs = [
            identity(a) if n else a for a, n in zip(node.inputs, needs, strict=True)
        ]
        y = self.reference(*inputs, **node.settings)
        wanted = [a for a, need in zip(inputs, needs, strict=True) if need]
        found = iter(_gradients([y], [g], wanted, create_graph=True))
        return [next(found) if need else None for need in needs]


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
    return tensor._node or tensor._origin


def _is_number(a: Any) -> bool:
    return isinstance(a, (int, float, np.generic))  # np.generic: NumPy's scalars


def _as_number(a: Any) -> int | float:
    return a.item() if isinstance(a, np.generic) else a


def _keep_tensors(args: Sequence[Any], arrays: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(
        a if isinstance(a, Tensor) else array
        for a, array in zip(args, arrays, strict=True)
    )


# -------------------------------------------------------------- the backward walk


def backward(output: Tensor, g: Any = None) -> None:
    """Add the gradient of `output` to ``.grad`` of every leaf it was made from.

    `g` is the gradient of `output` itself, shaped like it; a scalar needs none.

    Raises `ShapeError` if `output` is no scalar and `g` is missing or of another shape,
    `InPlaceError` if weights were written since the graph was recorded.
    """
    if not output.requires_grad:
        raise DLCourseError(
            "backward() on a Tensor that does not depend on any Tensor with "
            "requires_grad=True (or was made under no_grad())."
        )
    if g is None and output.data.size != 1:
        raise ShapeError(
            f"backward() needs a scalar, but this has shape {output.shape}. Take a "
            "mean() or sum() first, or pass the gradient g of this shape."
        )
    _walk([output], [_seed(output, g)], None, False)


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    create_graph: bool = False,
) -> list[Tensor]:
    """The gradients of `outputs` (summed) for each of `inputs`, as a list of Tensors.

    Inputs may be leaves or anything computed on the way. An input that the outputs do
    not depend on gets zeros. ``.grad`` is left alone. With `create_graph` the gradients
    can themselves be differentiated:

    >>> x = Tensor(2.0, requires_grad=True)
    >>> [slope] = grad(x**3, x, create_graph=True)
    >>> [curvature] = grad(slope, x)
    >>> slope.item(), curvature.item()
    (12.0, 12.0)
    """
    outputs = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    inputs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    for i, x in enumerate(inputs):
        if not isinstance(x, Tensor) or not x.requires_grad:
            raise DLCourseError(
                f"grad: input {i} does not require a gradient. Make it with "
                "Tensor(..., requires_grad=True) before computing the outputs."
            )
    live = [y for y in outputs if isinstance(y, Tensor) and y.requires_grad]
    seeds = [_seed(y, xp.ones_like(y.data)) for y in live]
    if create_graph:
        seeds = [new_tensor(seed, None) for seed in seeds]
    return _gradients(live, seeds, inputs, create_graph)


def _seed(output: Tensor, g: Any) -> Any:
    if g is None:
        return xp.ones_like(output.data)
    g = backend.asarray(g.data if isinstance(g, Tensor) else g, output.dtype)
    if g.shape != output.shape:
        raise ShapeError(
            f"The gradient has shape {g.shape}, but the output has {output.shape}."
        )
    return g


def _gradients(outputs: Any, seeds: Any, inputs: Any, create_graph: bool) -> Any:
    targets = {_key(x): None for x in inputs}
    if create_graph:
        with state.set(recording=True):
            _walk(outputs, seeds, targets, True)
    else:
        _walk(outputs, seeds, targets, False)
    results = []
    for x in inputs:
        g = targets[_key(x)]
        if g is None:
            g = xp.zeros_like(x.data)
        results.append(g if isinstance(g, Tensor) else new_tensor(g, None))
    return results


def _key(x: Tensor) -> Any:
    """What a gradient belongs to: the node that made x, or x itself if it is a leaf."""
    return x if x._node is None else x._node


def _walk(
    outputs: Sequence[Tensor],
    seeds: Sequence[Any],
    targets: dict[Any, Any] | None,
    create_graph: bool,
) -> None:
    """Carry gradients from `outputs` down to the leaves, newest node first.

    Without `targets`, leaves collect theirs in ``.grad``; with it, the gradients of
    just those nodes and leaves are put into it, and nothing older is visited.
    """
    pending: dict[Node, Any] = {}
    owned: set[Node] = set()
    heap: list[tuple[int, Node]] = []
    oldest = 0
    if targets and all(isinstance(key, Node) for key in targets):
        oldest = min(key.order for key in targets)

    def give(tensor: Tensor, g: Any) -> None:
        node = tensor._node
        if node is None:
            _collect(tensor, g, targets, create_graph)
        elif node not in pending:
            pending[node] = g
            heappush(heap, (-node.order, node))
        elif create_graph or node not in owned:
            pending[node] = pending[node] + g  # the first one may be shared: keep it
            owned.add(node)
        else:
            pending[node] += g

    for tensor, g in zip(outputs, seeds, strict=True):
        give(tensor, g)
    while heap:
        node = heappop(heap)[1]
        g = pending.pop(node)
        if targets is not None and node in targets:
            targets[node] = g
        if node.order <= oldest:
            continue
        inputs = node.inputs
        needs, into = [], []
        for a in inputs:
            need = isinstance(a, Tensor) and a.requires_grad
            needs.append(need)
            into.append(a._slot if need and targets is None else None)
            if need and a._written > node.order:
                raise InPlaceError(
                    f"The weights of {node.op.__name__}{_place(node)} were written "
                    "after this graph was recorded, so its gradients would be wrong. "
                    "Run the forward pass again before backward()."
                )
        if create_graph:
            contributions = node.op.pull_graph(node, g, needs)
        else:
            contributions = node.op.pull(node, g, needs, into)
        for a, c, need in zip(inputs, contributions, needs, strict=False):
            if not need or c is None:
                continue
            if c.shape != a.data.shape:
                c = sum_to(c, shape=a.data.shape)
            if c.dtype != a.data.dtype:
                c = cast(c, dtype=a.data.dtype)
            if state.anomaly:
                check_finite(node.op, [g], c, node.place, backward=True)
            give(a, c)


def _place(node: Node) -> str:
    return f" in {node.place}" if node.place else ""


def _collect(tensor: Tensor, g: Any, targets: Any, create_graph: bool) -> None:
    """A gradient has reached a leaf."""
    if targets is not None:
        if tensor in targets:
            first = targets[tensor]
            targets[tensor] = g if first is None else first + g
        return
    slot = tensor._slot
    if tensor.grad is None:
        if slot is None:
            tensor.grad = xp.array(g)  # a copy: g may be shared or a view
        else:
            if g is not slot:
                slot[...] = g
            tensor.grad = slot
    else:
        tensor.grad += g


Tensor.backward = backward  # type: ignore[attr-defined]


# ----------------------------------------------- the four ops the engine itself needs


@op
def identity(x):
    """The same values."""
    return x


identity.gradient(x=lambda g, y, x: g)


@op
def cast(x, *, dtype):
    """The same values in another float type."""
    return x.astype(dtype)


cast.gradient(x=lambda g, y, x, dtype: cast(g, dtype=x.dtype))


@op
def broadcast_to(x, *, shape):
    """Repeat `x` along axes of size one (or new ones in front) to fill `shape`."""
    return xp.broadcast_to(x, shape)


broadcast_to.gradient(x=lambda g, y, x, shape: sum_to(g, shape=x.shape))


@op
def sum_to(x, *, shape):
    """Sum `x` down to `shape`: what broadcasting does, backwards."""
    extra = x.ndim - len(shape)
    axes = tuple(range(extra)) + tuple(
        extra + i for i, n in enumerate(shape) if n == 1 and x.shape[extra + i] != 1
    )
    return x.sum(axis=axes, keepdims=True).reshape(shape) if axes else x


sum_to.gradient(x=lambda g, y, x, shape: broadcast_to(g, shape=x.shape))
