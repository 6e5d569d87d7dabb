"""dlcourse: deep learning that can be seen, read and trusted."""

from . import errors, ops
from .autodiff import Tensor, grad
from .backend import get_backend, manual_seed, to_numpy, use_backend
from .modes import detect_anomaly, no_grad
