"""Models: layers put together, trained, and trained many at once.

Reading order: ``sequential.py``, ``model.py``, ``flat.py`` (θ), ``training.py`` (the
loop), ``sweep.py`` (runs as an axis).
"""

from typing import TYPE_CHECKING

from .. import lazy
from ..callbacks import History
from .model import Model
from .sequential import Sequential
from .sweep import Sweep, losses_at, predictions_at, sweep

if TYPE_CHECKING:
    from .storage import load_model

_LATER = {"storage": ("load_model",)}
__getattr__, __dir__ = lazy.names(__name__, _LATER)

__all__ = [
    "History",
    "Model",
    "Sequential",
    "Sweep",
    "load_model",
    "losses_at",
    "predictions_at",
    "sweep",
]
