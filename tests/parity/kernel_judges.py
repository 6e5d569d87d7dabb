"""PyTorch's convolutions, norms, recurrent cells and attention under our names.

Channels come last here and first there; the gates of a GRU are z, r, h here and r, z, n
there. What PyTorch has not (GRU with ``reset_after=False``) is written out in it.
"""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from tests.ops.cases.kernels import pads


def first(x: Any) -> Any:
    return x.movedim(-1, 1)


def last(x: Any) -> Any:
    return x.movedim(1, -1)


def each(value: Any, n: int) -> tuple[int, ...]:
    return (value,) * n if isinstance(value, int) else tuple(value)


def widen(x: Any, pairs: Any, value: float = 0.0) -> Any:
    """Pad the axes of space of x (N, C, *space)."""
    flat = [n for pair in reversed(pairs) for n in pair]
    return F.pad(x, flat, value=value)


class Kernels:
    """The part of `TorchOps` that works on windows, sequences and whole axes."""

    einsum = torch.einsum

    @staticmethod
    def conv(x, kernel, *, strides=1, padding="valid", dilation_rate=1, groups=1):
        n = x.ndim - 2
        strides, dilation = each(strides, n), each(dilation_rate, n)
        window = kernel.shape[:-2]
        padding = padding if isinstance(padding, str) else each(padding, n)
        pairs = pads(x.shape[1:-1], window, strides, padding, dilation)
        convolve = (F.conv1d, F.conv2d, F.conv3d)[n - 1]
        w = kernel.movedim((-1, -2), (0, 1))  # (out, in / groups, *window)
        y = convolve(widen(first(x), pairs), w, None, strides, 0, dilation, groups)
        return last(y)

    @staticmethod
    def conv_transpose(x, kernel, *, strides=1, padding="valid", output_padding=0):
        n = x.ndim - 2
        strides, window = each(strides, n), kernel.shape[:-2]
        paint = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[n - 1]
        w = kernel.movedim((-1, -2), (0, 1)).contiguous()  # (in, out, *window)
        if not isinstance(padding, str):
            return last(paint(first(x), w, None, strides, padding, output_padding))
        y = paint(first(x), w, None, strides)
        pairs = []
        for size, step, width in zip(x.shape[1:-1], strides, window):
            full = (size - 1) * step + width
            cut = max(width - step, 0) // 2 if padding == "same" else 0
            kept = size * step + (0 if padding == "same" else max(width - step, 0))
            pairs.append((-cut, kept + cut - full))
        return last(widen(y, pairs))

    @staticmethod
    def max_pool(x, *, pool_size, strides=None, padding="valid"):
        n = x.ndim - 2
        size = each(pool_size, n)
        strides = each(strides or size, n)
        pairs = pads(x.shape[1:-1], size, strides, padding, (1,) * n)
        pool = (F.max_pool1d, F.max_pool2d, F.max_pool3d)[n - 1]
        return last(pool(widen(first(x), pairs, -np.inf), size, strides))

    @staticmethod
    def average_pool(x, *, pool_size, strides=None, padding="valid"):
        n = x.ndim - 2
        size = each(pool_size, n)
        strides = each(strides or size, n)
        pairs = pads(x.shape[1:-1], size, strides, padding, (1,) * n)
        pool = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[n - 1]
        mean = pool(widen(first(x), pairs), size, strides)
        share = pool(widen(first(torch.ones_like(x)), pairs), size, strides)
        return last(mean / share)  # the padding is not counted

    @staticmethod
    def batch_norm(x, gamma, beta, *, axis=-1, epsilon=1e-3):
        moved = x.movedim(axis, 1)
        y = F.batch_norm(moved, None, None, gamma, beta, training=True, eps=epsilon)
        return y.movedim(1, axis)

    @staticmethod
    def layer_norm(x, gamma=None, beta=None, *, axis=-1, epsilon=1e-3):
        lowest = axis if isinstance(axis, int) else min(axis)
        return F.layer_norm(x, x.shape[lowest:], gamma, beta, epsilon)

    @staticmethod
    def group_norm(x, gamma=None, beta=None, *, groups=32, epsilon=1e-3):
        return last(F.group_norm(first(x), groups, gamma, beta, epsilon))

    @staticmethod
    def embedding(indices, table):
        return F.embedding(torch.as_tensor(indices), table)

    @staticmethod
    def rnn(x, h0, kernel, recurrent_kernel, bias, *, activation="tanh"):
        if activation == "sigmoid":  # a cell that PyTorch has not: step by step
            h, path = h0, []
            for step in x.unbind(1):
                h = torch.sigmoid(step @ kernel + h @ recurrent_kernel + bias)
                path.append(h)
            return torch.stack(path, dim=1)
        parameters = [kernel.T, recurrent_kernel.T, bias, torch.zeros_like(bias)]
        settings = (True, 1, 0.0, False, False, True)  # one layer, batch first
        return torch.rnn_tanh(x, h0[None], parameters, *settings)[0]

    @staticmethod
    def lstm(x, h0, c0, kernel, recurrent_kernel, bias):
        """Step by step with PyTorch's cell, which gives the memory of each step."""
        h, c, hidden, memory = h0, c0, [], []
        for t in range(x.shape[1]):
            h, c = torch.lstm_cell(
                x[:, t],
                (h, c),
                kernel.T,
                recurrent_kernel.T,
                bias,
                torch.zeros_like(bias),
            )
            hidden.append(h)
            memory.append(c)
        return torch.stack(hidden, 1), torch.stack(memory, 1)

    @staticmethod
    def gru(x, h0, kernel, recurrent_kernel, bias, *, reset_after=True):
        if reset_after:
            swap = lambda a: a.reshape(*a.shape[:-1], 3, -1)[..., [1, 0, 2], :]  # noqa: E731
            w, u, b = (swap(a).flatten(-2) for a in (kernel, recurrent_kernel, bias))
            settings = (True, 1, 0.0, False, False, True)
            parameters = [w.T, u.T, b[0], b[1]]
            return torch.gru(x, h0[None], parameters, *settings)[0]
        h, path = h0, []
        uz, ur, uh = recurrent_kernel.chunk(3, dim=-1)
        for t in range(x.shape[1]):
            az, ar, ah = (x[:, t] @ kernel + bias).chunk(3, dim=-1)
            z, r = torch.sigmoid(az + h @ uz), torch.sigmoid(ar + h @ ur)
            h = torch.lerp(torch.tanh(ah + (r * h) @ uh), h, z)
            path.append(h)
        return torch.stack(path, 1)

    @staticmethod
    def scaled_dot_product_attention(q, k, v, *, is_causal=False):
        with sdpa_kernel(SDPBackend.MATH):  # the one that is differentiated twice
            return F.scaled_dot_product_attention(q, k, v, is_causal=is_causal)
