"""Models: layers put together, trained, and trained many at once.

Reading order: ``sequential.py``, ``model.py``, ``flat.py`` (θ), ``training.py`` (the
loop), ``sweep.py`` (runs as an axis).
"""

from ..callbacks import History
from .model import Model
from .sequential import Sequential
from .storage import load_model
from .sweep import Sweep, losses_at, predictions_at, sweep

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
