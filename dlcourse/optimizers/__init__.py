"""How a gradient becomes a step: from plain descent to Adam.

Each optimizer's textbook rule, ``update``, is written once, on arrays, in place.
`apply` calls it on pieces of the weights that fit the processor's cache. A compiled
model keeps all its weights in one flat vector θ, so there ``w`` is a stretch of θ and
``g`` the same stretch of its gradient; with R networks trained at once θ is (R, P), and
the learning rate may be an array of shape (R, 1).

The formulas and defaults are Keras 3's. The optimizer *uses* what backpropagation has
computed; it does not implement it.
"""

from typing import Any

from ..config import resolve
from .adaptive import Adadelta, Adagrad, Adam, AdamW, Nadam, RMSprop
from .base import Optimizer
from .descent import SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "get",
]


def get(optimizer: Any) -> Optimizer:
    """The optimizer of that name with its defaults ("adam"); an optimizer as it is."""
    return resolve(
        "optimizer", optimizer, Optimizer, globals(), __all__, spell=str.lower
    )
