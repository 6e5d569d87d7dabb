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

from typing import TYPE_CHECKING

from . import errors, layers, lazy, losses, models, ops, optimizers
from .autodiff import Tensor, grad
from .backend import get_backend, manual_seed, to_numpy, use_backend
from .layers import Input
from .models import Model, Sequential
from .modes import detect_anomaly, no_grad

if TYPE_CHECKING:
    from . import (
        analysis,
        callbacks,
        datasets,
        exercises,
        initializers,
        metrics,
        plots,
        regularizers,
        schedules,
        testing,
        widgets,
    )
    from .source import show_source

__version__ = "0.1.0"

# What not every network needs is imported when it is first used, so that `import
# dlcourse` takes hardly longer than `import numpy`.
_LATER = {
    "analysis": (),
    "callbacks": (),
    "datasets": (),
    "exercises": (),
    "initializers": (),
    "metrics": (),
    "plots": (),
    "regularizers": (),
    "schedules": (),
    "source": ("show_source",),
    "testing": (),
    "widgets": (),
}
__getattr__, __dir__ = lazy.names(__name__, _LATER)

__all__ = [
    "Input",
    "Model",
    "Sequential",
    "Tensor",
    "detect_anomaly",
    "errors",
    "get_backend",
    "grad",
    "manual_seed",
    "no_grad",
    "ops",
    "show_source",
    "to_numpy",
    "use_backend",
]
