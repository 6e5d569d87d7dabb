"""The judges: PyTorch behind the names of `dl.ops`, and Keras on PyTorch.

`TorchOps` has the names and arguments of `dl.ops`, so that a row of the table of ops or
a random graph runs on either. Nothing of ours is used in it.
"""

import os
from typing import Any

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import torch
import torch.nn.functional as F

from tests.parity.kernel_judges import Kernels

torch.set_num_threads(1)
assert keras.backend.backend() == "torch"


def to_torch(x: Any, grad: bool = True) -> Any:
    """A float64 (or as it is) torch tensor with the same numbers."""
    return torch.tensor(np.asarray(x), requires_grad=grad)


def to_numpy(x: Any) -> np.ndarray:
    return x.detach().cpu().numpy() if isinstance(x, torch.Tensor) else np.asarray(x)


def _dims(x: Any, axis: Any) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(x.ndim))
    return axis if isinstance(axis, tuple) else (axis,)


class TorchOps(Kernels):
    """PyTorch's functions under our names; what is the same function is just named."""

    add, subtract, multiply, divide = torch.add, torch.sub, torch.mul, torch.div
    negative, abs, sign, square = torch.neg, torch.abs, torch.sign, torch.square
    sqrt, exp, expm1 = torch.sqrt, torch.exp, torch.expm1
    log, log1p, sin, cos = torch.log, torch.log1p, torch.sin, torch.cos
    erf, tanh, sigmoid = torch.erf, torch.tanh, torch.sigmoid
    relu, selu, silu, softsign = F.relu, F.selu, F.silu, F.softsign
    elu = F.elu
    power, maximum, minimum = torch.pow, torch.maximum, torch.minimum
    matmul, broadcast_to = torch.matmul, torch.broadcast_to
    expand_dims = torch.unsqueeze

    @staticmethod
    def hard_sigmoid(x):
        # by definition: the slope of F.hardsigmoid is float32(1/6), in float64 too
        return torch.clamp(x + 3, 0, 6) / 6

    @staticmethod
    def leaky_relu(x, *, negative_slope=0.2):
        return F.leaky_relu(x, negative_slope)

    @staticmethod
    def gelu(x, *, approximate=False):
        return F.gelu(x, approximate="tanh" if approximate else "none")

    @staticmethod
    def softplus(x):
        return torch.logaddexp(x, torch.zeros_like(x))  # F.softplus cuts at 20

    @staticmethod
    def clip(x, x_min, x_max):
        return torch.clamp(x, x_min, x_max)

    @staticmethod
    def where(condition, x1, x2):
        return torch.where(torch.as_tensor(condition), x1, x2)

    @staticmethod
    def reshape(x, shape):
        return x.reshape(shape)

    @staticmethod
    def transpose(x, axes=None):
        return x.permute(axes or tuple(range(x.ndim))[::-1])

    @staticmethod
    def squeeze(x, axis=None):
        return torch.squeeze(x) if axis is None else torch.squeeze(x, axis)

    @staticmethod
    def flip(x, *, axis=None):
        return torch.flip(x, _dims(x, axis))

    @staticmethod
    def concatenate(xs, *, axis=0):
        return torch.cat(xs, dim=axis)

    @staticmethod
    def stack(xs, *, axis=0):
        return torch.stack(xs, dim=axis)

    @staticmethod
    def split(x, places, *, axis=0):
        return torch.tensor_split(x, places, dim=axis)

    @staticmethod
    def pad(x, pad_width, *, constant_values=0.0):
        pairs = np.broadcast_to(pad_width, (x.ndim, 2))[::-1]  # the last axis first
        return F.pad(x, pairs.ravel().tolist(), value=constant_values)

    @staticmethod
    def getitem(x, index):
        places = np.arange(x.numel()).reshape(x.shape)[index]  # torch has no step < 0
        return x.reshape(-1)[torch.as_tensor(places.ravel())].reshape(places.shape)

    @staticmethod
    def take(x, indices, *, axis=None):
        places = np.take(np.arange(x.numel()).reshape(x.shape), indices, axis=axis)
        return x.reshape(-1)[torch.as_tensor(places.ravel())].reshape(places.shape)

    @staticmethod
    def take_along_axis(x, indices, *, axis):
        return torch.take_along_dim(x, torch.as_tensor(indices % x.shape[axis]), axis)

    @staticmethod
    def sum(x, *, axis=None, keepdims=False):
        return torch.sum(x, _dims(x, axis), keepdims)

    @staticmethod
    def mean(x, *, axis=None, keepdims=False):
        return torch.mean(x, _dims(x, axis), keepdims)

    @staticmethod
    def var(x, *, axis=None, keepdims=False):
        return torch.var(x, _dims(x, axis), correction=0, keepdim=keepdims)

    @staticmethod
    def std(x, *, axis=None, keepdims=False):
        return torch.std(x, _dims(x, axis), correction=0, keepdim=keepdims)

    @staticmethod
    def max(x, *, axis=None, keepdims=False):
        return torch.amax(x, _dims(x, axis), keepdims)

    @staticmethod
    def min(x, *, axis=None, keepdims=False):
        return torch.amin(x, _dims(x, axis), keepdims)

    @staticmethod
    def prod(x, *, axis=None, keepdims=False):
        dims = sorted(d % x.ndim for d in _dims(x, axis))
        for dim in dims:
            x = torch.prod(x, dim, keepdim=True)
        return x if keepdims else torch.squeeze(x, dims)

    @staticmethod
    def logsumexp(x, *, axis=None, keepdims=False):
        return torch.logsumexp(x, _dims(x, axis), keepdims)

    @staticmethod
    def norm(x, *, axis=None, keepdims=False):
        return torch.linalg.vector_norm(x, dim=_dims(x, axis), keepdim=keepdims)

    @staticmethod
    def argmax(x, *, axis=None):
        return torch.argmax(x, axis)

    @staticmethod
    def softmax(x, *, axis=-1):
        return torch.softmax(x, axis)

    @staticmethod
    def log_softmax(x, *, axis=-1):
        return torch.log_softmax(x, axis)

    @staticmethod
    def tensordot(x1, x2, *, axes=2):
        if not isinstance(axes, int):
            axes = [[a] if isinstance(a, int) else a for a in axes]
        return torch.tensordot(x1, x2, axes)

    @staticmethod
    def linear(x, w, b=None):
        y = torch.matmul(x, w)
        return y if b is None else y + (b[:, None] if b.ndim == 2 else b)

    @staticmethod
    def softmax_cross_entropy(logits, labels, *, reduction="mean"):
        classes = logits.shape[-1]
        if not isinstance(labels, torch.Tensor):
            labels = torch.as_tensor(labels)
        soft = labels.shape == logits.shape
        rows = labels.reshape(-1, classes) if soft else labels.reshape(-1)
        y = F.cross_entropy(logits.reshape(-1, classes), rows, reduction=reduction)
        return y.reshape(logits.shape[:-1]) if reduction == "none" else y

    @staticmethod
    def mean_squared_error(y, target):
        return F.mse_loss(y, target)

    @staticmethod
    def sigmoid_cross_entropy(logits, targets, *, reduction="mean"):
        return F.binary_cross_entropy_with_logits(logits, targets, reduction=reduction)
