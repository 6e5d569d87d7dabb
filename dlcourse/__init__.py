"""dlcourse: deep learning that can be seen, read and trusted.

A small framework (`Tensor`, `ops`, `layers`, `models`) in Keras's words, and the
pictures and interactives of the course. Reading order of the source, from the ground
up: ``backend.py``, ``tensor.py``, ``modes.py``, ``op.py``, ``autodiff.py``,
``ops/elementary.py``, ``ops/kernels/linear.py``, ``optimizers/descent.py``,
``layers/core.py``, ``models/sequential.py``, ``models/flat.py``,
``models/compiled.py``, ``models/training.py``.

>>> import dlcourse as dl
>>> x = dl.Tensor(2.0, requires_grad=True)
>>> (x**2).backward()
>>> x.grad
array(4., dtype=float32)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from . import errors, ops
from .autodiff import Tensor, grad
from .backend import get_backend, manual_seed, to_numpy, use_backend
from .modes import detect_anomaly, no_grad

if TYPE_CHECKING:
    from . import (
        analysis,
        callbacks,
        datasets,
        exercises,
        initializers,
        layers,
        losses,
        metrics,
        models,
        optimizers,
        plots,
        regularizers,
        schedules,
        testing,
        widgets,
    )
    from .layers import Input
    from .models import Model, Sequential
    from .source import show_source

__version__ = "0.1.0"

# What is not needed by everybody is imported when it is first used, so that
# `import dlcourse` takes hardly longer than `import numpy`.
_FOLDERS = (
    "analysis",
    "callbacks",
    "datasets",
    "exercises",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "plots",
    "regularizers",
    "schedules",
    "testing",
    "widgets",
)
_NAMES = {
    "Input": "layers",
    "Model": "models",
    "Sequential": "models",
    "show_source": "source",
}

__all__ = [
    "Tensor",
    "detect_anomaly",
    "errors",
    "get_backend",
    "grad",
    "manual_seed",
    "no_grad",
    "ops",
    "to_numpy",
    "use_backend",
    *_NAMES,
]


def __getattr__(name: str) -> Any:
    if name in _FOLDERS:
        return import_module(f"{__name__}.{name}")
    if name in _NAMES:
        value = getattr(import_module(f"{__name__}.{_NAMES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_FOLDERS})
