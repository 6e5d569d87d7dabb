"""Attention as a layer: several heads, each with its own way of looking."""

from __future__ import annotations

from typing import Any

from .. import initializers, ops
from ..errors import ShapeError, check_count, check_number
from ..ops.kernels.attention import attention_weights
from .base import Layer
from .symbol import Shape

__all__ = ["MultiHeadAttention"]


class MultiHeadAttention(Layer):
    """Queries, keys and values are projected for each head, compared, and averaged.

    Call it as ``layer(query, value, key=None, use_causal_mask=False,
    return_attention_scores=False)``. Shapes: query (N, T, D), value and key (N, S, D'),
    the result (N, T, D); kernels (D, heads, key_dim) and back (heads, value_dim, D).
    Source: Vaswani et al. (2017).
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: int | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **keywords: Any,
    ) -> None:
        super().__init__(**keywords)
        self.num_heads = check_count("num_heads", num_heads)
        self.key_dim = check_count("key_dim", key_dim)
        self.value_dim = check_count("value_dim", value_dim or key_dim)
        self.dropout = check_number("dropout", dropout, low=0, high=1, open_high=True)
        self.use_bias = bool(use_bias)
        self.output_shape = output_shape
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)

    def build(self, input_shape: Any) -> None:
        shapes = input_shape if isinstance(input_shape, list) else [input_shape]
        query, value, key = shapes[0], shapes[min(1, len(shapes) - 1)], shapes[-1]
        if len(shapes) < 3:
            key = value
        for shape in (query, value, key):
            if len(shape) != 3 or shape[-1] is None:
                raise ShapeError(
                    f"MultiHeadAttention needs (batch, steps, features), not {shape}."
                )
        width = self.output_shape or query[-1]
        heads = self.num_heads
        self._add("query", (query[-1], heads, self.key_dim), (heads, self.key_dim))
        self._add("key", (key[-1], heads, self.key_dim), (heads, self.key_dim))
        self._add("value", (value[-1], heads, self.value_dim), (heads, self.value_dim))
        self._add("output", (heads, self.value_dim, width), (width,))

    def _add(self, name: str, shape: tuple[int, ...], bias: tuple[int, ...]) -> None:
        kernel = self.add_weight(shape, self.kernel_initializer, f"{name}_kernel")
        setattr(self, f"{name}_kernel", kernel)
        own = (
            self.add_weight(bias, self.bias_initializer, f"{name}_bias")
            if self.use_bias
            else None
        )
        setattr(self, f"{name}_bias", own)

    def __call__(
        self, query: Any, value: Any = None, key: Any = None, **more: Any
    ) -> Any:
        if isinstance(query, (list, tuple)) and value is None and len(query) > 1:
            return super().__call__(list(query), **more)  # as a model calls it
        if value is None:
            raise ShapeError("MultiHeadAttention needs a query and a value.")
        inputs = [query, value] if key is None else [query, value, key]
        return super().__call__(inputs, **more)

    def call(
        self,
        x,
        training=False,
        attention_mask=None,
        use_causal_mask=False,
        return_attention_scores=False,
    ):
        query, value, key = x if len(x) == 3 else (x[0], x[1], x[1])
        q = self._heads(query, self.query_kernel, self.query_bias)
        k = self._heads(key, self.key_kernel, self.key_bias)
        v = self._heads(value, self.value_kernel, self.value_bias)
        if attention_mask is not None:
            attention_mask = attention_mask[:, None]  # the same for every head
        scores = attention_weights(q, k, attention_mask, use_causal_mask)
        seen = ops.dropout(scores, self.dropout, training=training)  # (N, h, T, S)
        each = ops.transpose(ops.matmul(seen, v), (0, 2, 1, 3))  # (N, T, h, E)
        w = self.output_kernel
        flat = ops.reshape(each, (*each.shape[:2], -1))
        matrix = ops.reshape(w, (w.shape[0] * w.shape[1], w.shape[2]))
        y = ops.linear(flat, matrix, self.output_bias)
        return [y, scores] if return_attention_scores else y

    def _heads(self, x: Any, w: Any, b: Any) -> Any:
        """Project (N, T, D) for each head: (N, heads, T, dim)."""
        width, heads, size = w.shape
        bias = None if b is None else ops.reshape(b, (heads * size,))
        y = ops.linear(x, ops.reshape(w, (width, heads * size)), bias)
        return ops.transpose(ops.reshape(y, (*x.shape[:2], heads, size)), (0, 2, 1, 3))

    def compute_output_shape(self, input_shape: Any) -> Shape:
        query = input_shape[0] if isinstance(input_shape, list) else input_shape
        return (*query[:-1], self.output_shape or query[-1])
