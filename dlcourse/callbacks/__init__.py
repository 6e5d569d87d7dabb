"""Callbacks: what happens beside the training: stopping early, showing progress …

A callback overrides the moments it cares for. `logs` is a dict of the values so far,
e.g. ``{"loss": 0.31, "val_loss": 0.35}``; epochs and batches count from 0.
"""

from typing import TYPE_CHECKING

from .. import lazy
from .base import Callback, CallbackList, History

if TYPE_CHECKING:
    from .nonfinite import TerminateOnNaN
    from .output import CSVLogger, EpochLines, LambdaCallback, ProgressBar
    from .watching import (
        EarlyStopping,
        LearningRateScheduler,
        ModelCheckpoint,
        ReduceLROnPlateau,
    )

_LATER = {
    "nonfinite": ("TerminateOnNaN",),
    "output": ("CSVLogger", "EpochLines", "LambdaCallback", "ProgressBar"),
    "watching": (
        "EarlyStopping",
        "LearningRateScheduler",
        "ModelCheckpoint",
        "ReduceLROnPlateau",
    ),
}
__getattr__, __dir__ = lazy.names(__name__, _LATER)

__all__ = [
    "CSVLogger",
    "Callback",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgressBar",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
]
