"""dlcourse: deep learning that can be seen, read and trusted.

A small framework (`Tensor`, `ops`, `layers`, `models`) in Keras's words, and the
pictures and interactives of the course. Reading order of the source, from the ground
up: ``backend.py``, ``tensor.py``, ``autodiff.py``, ``ops/elementary.py``,
``ops/kernels/linear.py``, ``optimizers.py``, ``layers/core.py``,
``models/sequential.py``, ``models/training.py``.

>>> import dlcourse as dl
>>> x = dl.Tensor(2.0, requires_grad=True)
>>> (x**2).backward()
>>> x.grad
array(4., dtype=float32)
"""

import importlib
from typing import Any

from . import (
    errors,
    initializers,
    layers,
    losses,
    metrics,
    models,
    ops,
    optimizers,
    regularizers,
    schedules,
    testing,
)
from .autodiff import Tensor, grad
from .backend import get_backend, manual_seed, to_numpy, use_backend
from .layers import Input
from .models import Model, Sequential, callbacks
from .modes import detect_anomaly, no_grad
from .source import show_source

__version__ = "0.1.0"

# loaded when they are first used: they need more than NumPy, or are not always needed
_LAZY = (
    "analysis",
    "applications",
    "datasets",
    "exercises",
    "export",
    "plots",
    "unsupervised",
    "widgets",
)

__all__ = [
    "Input",
    "Model",
    "Sequential",
    "Tensor",
    "callbacks",
    "detect_anomaly",
    "errors",
    "get_backend",
    "grad",
    "initializers",
    "layers",
    "losses",
    "manual_seed",
    "metrics",
    "models",
    "no_grad",
    "ops",
    "optimizers",
    "regularizers",
    "schedules",
    "show_source",
    "testing",
    "to_numpy",
    "use_backend",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, *_LAZY]
