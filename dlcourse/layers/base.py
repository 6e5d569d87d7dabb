"""`Layer`: a function with weights, and the bookkeeping all layers share.

A kind of layer says three things: ``build`` (which weights, once the input's shape is
known), ``call`` (the function) and ``compute_output_shape``. Everything else (names,
casting, getting and setting weights, configs, being drawn into a model) is here. Read
``core.py`` next.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import backend, initializers
from ..autodiff import mark_written
from ..backend import xp
from ..config import Configurable, snake
from ..errors import ConfigError, DLCourseError, NotReadyError, ShapeError
from ..modes import no_grad, state
from ..tensor import Tensor, new_tensor
from .symbol import Call, Shape, Symbol, check_shape, is_symbolic

_counts: dict[str, int] = {}
CHARS = {"float32": "f", "float64": "d"}


def unique_name(kind: str) -> str:
    """dense, dense_1, dense_2 …: Keras's numbering."""
    count = _counts.get(kind, 0)
    _counts[kind] = count + 1
    return kind if count == 0 else f"{kind}_{count}"


class Weight(Tensor):
    """A Tensor that a layer owns and training changes."""

    __slots__ = ("initializer", "name", "owner", "regularizer", "trainable")

    def __init__(
        self,
        data: Any,
        name: str,
        initializer: Any,
        regularizer: Any = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(data, requires_grad=trainable)
        self.name = name
        self.initializer = initializer
        self.regularizer = regularizer
        self.trainable = trainable
        self.owner = None  # the flat vector it is a view of, if any

    def assign(self, values: Any) -> None:
        """Write new values, in place; graphs recorded before are stale from now on."""
        values = backend.asarray(values, self.dtype)
        if values.shape != self.shape:
            raise ShapeError(
                f"Weight {self.name!r} has shape {self.shape}, not {values.shape}."
            )
        self.data[...] = values
        mark_written([self])


class Layer(Configurable):
    """A function with weights, built when it first sees its input's shape.

    Call it on a Tensor or array, ``layer(x, training=False)``, or on a symbol to draw a
    model. `name` defaults to the kind's name and a number; with ``trainable=False``
    training leaves the weights alone; `dtype` is "float32" or "float64".
    """

    reads_indices = False  # does the layer take whole numbers as they are?
    _building = False  # is ``build`` running?
    _takes_training = True
    _takes_activation = False  # can call() apply that of the layer behind as well?

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        parameters = inspect.signature(cls.call).parameters.values()
        cls._takes_training = any(
            p.name == "training" or p.kind is p.VAR_KEYWORD for p in parameters
        )
        cls._takes_activation &= any(p.name == "activation" for p in parameters)
        if "build" in vars(cls):
            cls.build = _once(cls.build)

    def __init__(
        self,
        *,
        name: str | None = None,
        trainable: bool = True,
        dtype: str | None = None,
        input_shape: Any = None,
        input_dim: int | None = None,
    ) -> None:
        self.name = (
            unique_name(snake(type(self).__name__)) if name is None else str(name)
        )
        self._trainable = bool(trainable)
        self.dtype = _check_dtype(dtype)
        if input_dim is not None:
            input_shape = (input_dim,)
        self.input_shape = None if input_shape is None else check_shape(input_shape)
        self._weights: list[Weight] = []
        self.built = False

    def _tree(self) -> list[Layer]:
        """This layer and all layers inside it."""
        return [self, *(inner for layer in self.sublayers() for inner in layer._tree())]

    def _unbuild(self) -> None:
        """Forget the weights: as if no data had been seen."""
        self._weights = []
        self.built = False

    # -- what a kind of layer says

    def build(self, input_shape: Shape) -> None:
        """Make the weights for inputs of this shape (the batch axis first)."""
        self.built = True

    def call(self, x: Any, training: bool = False) -> Any:
        """The function itself, on Tensors."""
        raise NotImplementedError(f"{type(self).__name__} has no call()")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape that comes out when `input_shape` goes in."""
        return tuple(input_shape)

    # -- weights

    def add_weight(
        self,
        shape: Sequence[int],
        initializer: Any = "glorot_uniform",
        name: str = "weight",
        trainable: bool = True,
        regularizer: Any = None,
    ) -> Weight:
        """Make a weight of this layer (called from ``build``)."""
        initializer = initializers.get(initializer)
        values = np.asarray(initializer(tuple(shape), dtype=self.dtype))
        if values.shape != tuple(shape):
            raise ShapeError(
                f"The initializer of {self.name}/{name} made shape {values.shape} "
                f"instead of {tuple(shape)}."
            )
        # an initializer's array is new; a function's may be somebody's own
        own = isinstance(initializer, initializers.Initializer)
        data = backend.asarray(values.astype(self.dtype, copy=not own))
        weight = Weight(data, name, initializer, regularizer, trainable)
        weight.requires_grad = trainable and self._trainable
        self._weights.append(weight)
        return weight

    def sublayers(self) -> list[Layer]:
        """The layers kept in this one's attributes (or in lists there), in order."""
        found: list[Layer] = []
        for value in vars(self).values():
            if isinstance(value, Layer):
                found.append(value)
            elif isinstance(value, (list, tuple)):
                found += [item for item in value if isinstance(item, Layer)]
        return list({id(layer): layer for layer in found}.values())

    @property
    def weights(self) -> list[Weight]:
        """All weights in Keras's order: a layer's own, then those of each inner layer.

        A layer's own are those made to be trained, then the others; freezing a layer
        moves none of them.
        """
        found = sorted(self._weights, key=lambda weight: not weight.trainable)
        for layer in self.sublayers():
            found += layer.weights
        return list({id(weight): weight for weight in found}.values())

    @property
    def trainable_weights(self) -> list[Weight]:
        """The weights that training changes."""
        if not self._trainable:
            return []
        own = [weight for weight in self._weights if weight.trainable]
        for layer in self.sublayers():
            own += layer.trainable_weights
        return list({id(weight): weight for weight in own}.values())

    @property
    def non_trainable_weights(self) -> list[Weight]:
        """The weights that training leaves alone."""
        trained = {id(weight) for weight in self.trainable_weights}
        return [weight for weight in self.weights if id(weight) not in trained]

    @property
    def trainable(self) -> bool:
        """May training change this layer? Set it before ``compile``."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for layer in self.sublayers():
            layer.trainable = value
        for weight in self._weights:
            weight.requires_grad = weight.trainable and self._trainable

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights, as NumPy arrays, in Keras's order."""
        return [backend.to_numpy(weight.data).copy() for weight in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Write all weights; nothing is written unless every shape is right."""
        arrays = self.check_weights(weights)
        for weight, values in zip(self.weights, arrays, strict=True):
            weight.assign(values)

    def check_weights(self, weights: Sequence[Any]) -> list[np.ndarray]:
        """The arrays, if they could be this layer's weights; else `ShapeError`."""
        own = self.weights
        if not isinstance(weights, (list, tuple)):
            raise ConfigError(f"{self.name} needs a list of arrays, not {weights!r}.")
        arrays = [np.asarray(backend.to_numpy(values)) for values in weights]
        if len(arrays) != len(own):
            raise ShapeError(
                f"{self.name} has {len(own)} weights, but {len(arrays)} arrays were "
                f"given{'' if own else '; build the layer first'}."
            )
        for weight, values in zip(own, arrays, strict=True):
            if values.shape != weight.shape:
                raise ShapeError(
                    f"{self.name}: weight {weight.name!r} has shape {weight.shape}, "
                    f"but the array has {values.shape}."
                )
            if values.dtype.kind not in "fiub":
                raise ConfigError(f"{self.name}: {weight.name!r} needs numbers.")
        return arrays

    def count_params(self) -> int:
        """How many numbers the weights hold."""
        if not self.built:
            raise NotReadyError(
                f"{self.name} has no weights yet: call it on data, or build it with an "
                "input shape, and count then."
            )
        return sum(weight.size for weight in self.weights)

    # -- being called

    def __call__(self, inputs: Any, *args: Any, **arguments: Any) -> Any:
        if not isinstance(inputs, Tensor) and is_symbolic(inputs):
            return self._draw(inputs, *args, **arguments)
        previous, state.place = state.place, f"layer {self.name!r}"
        try:
            x = self._cast(inputs)
            if not self.built:
                self._build_once(_shape_of(x))
            if not self._takes_training:
                arguments.pop("training", None)
            return self.call(x, *args, **arguments)
        except DLCourseError as problem:
            if "in layer" not in str(problem):
                problem.add_place(f"layer {self.name!r} ({type(self).__name__})")
            raise
        finally:
            state.place = previous

    def _build_once(self, input_shape: Any) -> None:
        self.build(input_shape)
        self.built = True  # also where a subclass has no build of its own

    def _cast(self, inputs: Any) -> Any:
        if isinstance(inputs, Tensor):
            return inputs
        if isinstance(inputs, (list, tuple)) and any(
            isinstance(item, Tensor) or hasattr(item, "shape") for item in inputs
        ):
            return [self._cast(item) for item in inputs]
        if self.reads_indices:
            return Tensor(inputs, dtype=backend.asindices(inputs).dtype)
        if type(inputs) is xp.ndarray and inputs.dtype.char == CHARS[self.dtype]:
            return new_tensor(inputs, None, False)  # nearly always
        return Tensor(inputs, dtype=self.dtype)

    def _draw(self, inputs: Any, *args: Any, **arguments: Any) -> Any:
        """Called on symbols: build, work out the shape, and remember the call."""
        if args:
            inputs = [inputs, *args]
        shapes = (
            [symbol.shape for symbol in inputs]
            if isinstance(inputs, (list, tuple))
            else inputs.shape
        )
        try:
            if not self.built:
                self._build_once(shapes)
            shape = self.compute_output_shape(shapes)
        except DLCourseError as problem:
            if "in layer" not in str(problem):
                problem.add_place(f"layer {self.name!r} ({type(self).__name__})")
            raise
        call = Call(self, inputs, arguments)
        several = isinstance(shape, list)
        for i, one in enumerate(shape if several else [shape]):
            call.outputs.append(Symbol(one, call, i, self.name))
        return call.outputs if several else call.outputs[0]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


def _once(build: Callable[..., None]) -> Callable[..., None]:
    """A layer's ``build`` that makes its weights once, whoever calls it: all or none.

    By hand, by the first call, or by the ``build`` of a subclass, which goes on itself.
    """

    @functools.wraps(build)
    def once(self: Layer, input_shape: Any) -> None:
        if self._building:
            return build(self, input_shape)
        if self.built:
            return None
        before = list(self._weights)
        self._building = True
        try:
            with no_grad():
                build(self, input_shape)
            self.built = True
        except BaseException:
            self._weights = before  # no half-built layer
            raise
        finally:
            self._building = False

    return once


def _shape_of(x: Any) -> Any:
    return [tuple(item.shape) for item in x] if isinstance(x, list) else tuple(x.shape)


def _check_dtype(dtype: Any) -> str:
    try:
        name = "float32" if dtype is None else str(np.dtype(dtype))
    except TypeError:
        name = ""
    if name not in ("float32", "float64"):
        raise ConfigError(f"dtype must be 'float32' or 'float64', not {dtype!r}.")
    return name
