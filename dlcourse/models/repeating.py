"""A training step's forward pass, recorded once in `fit` and then only run again.

On a small network most of a step is Python: layers look at shapes, ops look for
Tensors, a graph is built. From one batch to the next all of that comes out the same. So
the first batch of a size is *recorded*: which op was called, on what, and what came of
it. Every further batch of that size runs down this list, putting new arrays into the
Tensors and nodes of the old graph, and backpropagation then walks it as ever. A step of
2-16-1 on 200 points takes two thirds of the time. (TensorFlow's ``function`` and CUDA's
graphs repeat steps for the same reason.)

What is recorded must be all that happens: so only layers whose call is nothing but ops
on their input and weights are repeated; no randomness, no running means, no class of
somebody else's. And wherever an op is given an array of unknown origin, nothing is
repeated; nor while callbacks that are not the course's own are called between steps,
for they may change anything. Read ``training.py`` next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..backend import xp
from ..layers.base import Weight
from ..losses.base import FunctionLoss
from ..losses.joint import JointLoss
from ..modes import state
from ..op import next_moment
from ..tensor import Tensor

REPEATED = frozenset(
    (
        "InputLayer Dense Activation Flatten Reshape Permute Embedding Conv1D "
        "Conv2D Conv3D Conv2DTranspose MaxPooling1D MaxPooling2D MaxPooling3D "
        "AveragePooling1D AveragePooling2D AveragePooling3D GlobalAveragePooling2D "
        "GlobalMaxPooling2D UpSampling2D ZeroPadding2D DepthwiseConv2D Add Average "
        "Concatenate Maximum Multiply Subtract LayerNormalization ReLU LeakyReLU "
        "ELU PReLU Softmax"
    ).split()
)
"""The layers whose call is nothing but ops on the input, the weights and constants.
Not Dropout and GaussianNoise (chance), nor BatchNormalization (running means)."""


class _Unknown(Exception):
    """Something was computed of what the record does not know."""


class _Place:
    """Where a recorded op finds the batch."""

    __slots__ = ("data",)


class Repeater:
    """Computes the loss of batch after batch, as ``model._loss_of`` does."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.records: dict[Any, Record | None] = {}  # None: to be computed as ever
        self.theta = self.loss = None
        self.running: Record | None = None

    def __call__(self, x: Any, y: Any, weight: Any) -> tuple[Tensor, Any]:
        """The loss (a Tensor) and the prediction, in training mode."""
        model = self.model
        if model._theta is not self.theta or model.loss is not self.loss:
            self.theta, self.loss = model._theta, model.loss
            self.records = {}
            self.allowed = is_repeatable(model)
        if not self.allowed or state.anomaly or isinstance(x, list):
            return model._loss_of(x, y, weight, training=True)
        key = (x.shape, y.shape, None if weight is None else weight.shape)
        if key not in self.records:
            self.running, result = _recorded(model, x, y, weight)
            self.records[key] = self.running
            return result
        self.running = record = self.records[key]
        if record is not None:
            return record.run(x, y, weight)
        return model._loss_of(x, y, weight, training=True)

    def forget(self) -> None:
        """The step is over: let go of what it computed."""
        if self.running is not None:
            self.running.forget()
            self.running = None


def is_repeatable(model: Any) -> bool:
    """Is all that happens in a forward pass known to be the same for each batch?"""
    tree = model._tree()
    for layer in tree:
        if not _is_known(type(layer)) or "call" in vars(layer):
            return False
    parts = [weight.regularizer for weight in model._pack().penalized]
    parts += [getattr(layer, "activation", None) for layer in tree]
    parts = [part for part in (*parts, model.loss) if part is not None]
    special = isinstance(model.loss, (FunctionLoss, JointLoss))
    return not special and all(_is_ours(part) for part in parts)


def _is_known(kind: type) -> bool:
    """Is it a model, or one of those layers? (By name: it may not be imported yet.)"""
    package = Weight.__module__.rpartition(".")[0] + "."
    repeated = kind.__name__ in REPEATED and kind.__module__.startswith(package)
    return repeated or kind.__module__.startswith(__package__)


def _is_ours(part: Any) -> bool:
    """Is this one of the course's functions or classes, and no one's subclass?"""
    module = getattr(part, "__module__", None) or ""  # not all callables have one
    return module.startswith(__package__.partition(".")[0] + ".")


def _recorded(model: Any, x: Any, y: Any, weight: Any) -> Any:
    """The record of this forward pass (None if it cannot be repeated), its result."""
    with state.set(calls=[]):
        result = model._loss_of(x, y, weight, training=True)
        calls = state.calls
    try:
        return Record(calls, (x, y, weight), result), result
    except _Unknown:
        return None, result


class Record:
    """The ops of a forward pass in their order, and where each finds its arrays."""

    def __init__(self, calls: Sequence[Any], batch: Any, result: Any) -> None:
        self.result = result
        self.places = [_Place() for _ in batch]
        self.wrapped: list[Tensor] = []  # Tensors that hold the whole of x
        self.steps: list[Any] = []
        known = {id(a): place for a, place in zip(batch, self.places) if a is not None}
        found: dict[int, Any] = {}  # what a kernel was told of another: how to get it
        for op, args, arrays, settings, y in calls:
            sources = [self._source(*pair, known) for pair in zip(args, arrays)]
            links = [
                (key, found[id(v)]) for key, v in settings.items() if id(v) in found
            ]
            plain = {key: v for key, v in settings.items() if id(v) not in found}
            if not all(_is_plain(value) for value in plain.values()):
                raise _Unknown
            # what an op's rule reads of raw arrays must be renewed in its node as well
            renewed = any(type(source) is _Place for source in sources)
            self.steps.append((op, sources, plain, links, renewed, y, y._node))
            known[id(y)] = y
            if y._node is not None:
                found.update(_links(y._node))
        if any(id(one) not in known for one in result):
            raise _Unknown

    def _source(self, a: Any, array: Any, known: dict[int, Any]) -> Any:
        """What has the array, as its ``data``, each time."""
        if isinstance(a, Tensor):
            if array is not a.data:
                raise _Unknown  # it was converted
            if id(a) not in known and not isinstance(a, Weight):
                place = known.get(id(a.data))
                if place is not self.places[0]:
                    raise _Unknown
                self.wrapped.append(a)
                known[id(a)] = a
            return a
        if id(array) in known:
            return known[id(array)]
        if not _is_plain(array):
            raise _Unknown
        constant = _Place()
        constant.data = array
        return constant

    def run(self, x: Any, y: Any, weight: Any) -> Any:
        """Compute all anew for this batch: the loss and the prediction."""
        for place, array in zip(self.places, (x, y, weight)):
            place.data = array
        for tensor in self.wrapped:
            tensor.data = x
        moment = next_moment
        for op, sources, settings, links, renewed, y, node in self.steps:
            if links:
                settings = {**settings, **{key: get() for key, get in links}}
            arrays = [source.data for source in sources]
            try:
                array = op.forward(*arrays, **settings)
            except Exception as problem:
                raise op.explained(problem, arrays) from None
            array, saved = array if op.saves else (array, None)
            y.data = array = xp.asarray(array)  # NumPy's sums are no arrays
            if node is not None:
                node.y, node.saved, node.settings = array, saved, settings
                node.order = moment()
                if renewed:
                    node.inputs = tuple(
                        source.data if type(source) is _Place else source
                        for source in sources
                    )
        return self.result

    def forget(self) -> None:
        """Let go of the arrays; the list of steps is kept."""
        for held in (*self.places, *self.wrapped):
            held.data = None
        for *_, y, node in self.steps:
            y.data = None
            if node is not None:
                node.y = node.saved = None


def _links(node: Any) -> dict[int, Callable[[], Any]]:
    """The arrays of a node that another op may be told of, and how to get them."""
    found: dict[int, Callable[[], Any]] = {id(node.y): lambda: node.y}
    if isinstance(node.saved, tuple):
        for i, part in enumerate(node.saved):
            if not _is_plain(part):
                found[id(part)] = lambda i=i: node.saved[i]
    return found


def _is_plain(value: Any) -> bool:
    """Is this the same for every batch: a number, a word, or some of these?"""
    if isinstance(value, (tuple, list)):
        return all(_is_plain(one) for one in value)
    return value is None or isinstance(value, (bool, int, float, str, np.dtype, slice))
