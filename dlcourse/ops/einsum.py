"""Einstein's notation: name the axes, and say which come out.

Two operands at a time are brought into the form of one batched matrix product, so the
gradient needs no rule of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..backend import xp
from ..errors import ShapeError
from .products import matmul
from .reductions import sum as sum_
from .shaping import broadcast_to, floats, getitem, reshape, transpose


def einsum(subscripts: str, *xs: Any) -> Any:
    """Sums of products in Einstein's notation: ``einsum("ij,jk->ik", a, b)``.

    One letter an axis; letters missing on the right of the arrow are summed over. An
    ellipsis stands for further axes, broadcast. A letter twice in one operand takes its
    diagonal.

    >>> einsum("ij,ij->i", [[1.0, 2.0]], [[3.0, 4.0]])
    array([11.], dtype=float32)
    """
    xs = tuple(floats(x) for x in xs)
    inputs, output = _letters(subscripts, xs)
    xs, inputs = zip(*map(_diagonal, xs, inputs), strict=True)
    if len(xs) == 1:
        return _to_letters(xs[0], inputs[0], output)
    result, letters = xs[0], inputs[0]
    for i, (x, own) in enumerate(zip(xs[1:], inputs[1:], strict=True)):
        needed = set(output).union(*inputs[i + 2 :])
        result, letters = _pair_product(result, letters, x, own, needed)
    return _to_letters(result, letters, output)


def _letters(subscripts: str, xs: Sequence[Any]) -> tuple[list[str], str]:
    """The letters of each operand and of the result, ellipses spelled out."""
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(xs):
        raise ShapeError(
            f"einsum {subscripts!r} names {len(terms)} operands, not {len(xs)}."
        )
    spare = [c for c in "ZYXWVUTSRQPONMLKJIHGFEDCBA" if c not in text]
    inputs, most = [], 0
    for term, x in zip(terms, xs, strict=True):
        extra = len(x.shape) - len(term.replace("...", ""))
        if extra < 0 or (extra and "..." not in term):
            raise ShapeError(
                f"einsum {subscripts!r}: {term!r} does not fit shape {tuple(x.shape)}."
            )
        most = max(most, extra)
        own = term.replace("...", "".join(reversed(spare[:extra])))
        inputs.append(own)
    dots = "".join(reversed(spare[:most]))
    if not arrow:
        counts = "".join(inputs)
        once = sorted({c for c in counts if counts.count(c) == 1 and c not in dots})
        return inputs, dots + "".join(once)
    output = right.replace("...", dots)
    unknown = set(output) - set("".join(inputs))
    if unknown or len(set(output)) != len(output):
        raise ShapeError(
            f"einsum {subscripts!r}: {right!r} cannot come out of {left!r}."
        )
    return inputs, output


def _diagonal(x: Any, letters: str) -> tuple[Any, str]:
    """For a letter that stands twice, the entries where both places agree."""
    for c in letters:
        if letters.count(c) > 1:
            i, k = (
                p for p, d in enumerate(letters) if d == c and p <= _second(letters, c)
            )
            if x.shape[i] != x.shape[k]:
                raise ShapeError(f"einsum: axes {c!r} of {tuple(x.shape)} differ.")
            rest = [p for p in range(len(letters)) if p not in (i, k)]
            x = transpose(x, (i, k, *rest))
            steps = xp.arange(x.shape[0])
            letters = c + "".join(letters[p] for p in rest)
            return _diagonal(getitem(x, (steps, steps)), letters)
    return x, letters


def _second(letters: str, c: str) -> int:
    return letters.index(c, letters.index(c) + 1)


def _to_letters(x: Any, letters: str, output: str) -> Any:
    """Sum the letters that do not come out, and put the rest in order."""
    gone = tuple(i for i, c in enumerate(letters) if c not in output)
    if gone:
        x = sum_(x, axis=gone)
        letters = "".join(c for c in letters if c in output)
    order = tuple(letters.index(c) for c in output)
    return x if order == tuple(range(len(order))) else transpose(x, order)


def _pair_product(x1: Any, own1: str, x2: Any, own2: str, needed: set[str]) -> Any:
    """The product of two operands as one batched matrix product."""
    sizes: dict[str, int] = {}
    for x, own in ((x1, own1), (x2, own2)):
        for c, n in zip(own, x.shape, strict=True):
            if sizes.setdefault(c, n) != n and 1 not in (n, sizes[c]):
                raise ShapeError(
                    f"einsum: axis {c!r} has {sizes[c]} entries here and {n} there."
                )
            sizes[c] = max(sizes[c], n)
    x1 = _to_letters(x1, own1, "".join(c for c in own1 if c in needed or c in own2))
    own1 = "".join(c for c in own1 if c in needed or c in own2)
    x2 = _to_letters(x2, own2, "".join(c for c in own2 if c in needed or c in own1))
    own2 = "".join(c for c in own2 if c in needed or c in own1)
    shared = [c for c in own1 if c in own2]
    batch = "".join(c for c in shared if c in needed)
    inner = "".join(c for c in shared if c not in needed)
    rows = "".join(c for c in own1 if c not in own2)
    columns = "".join(c for c in own2 if c not in own1)

    def laid(x: Any, own: str, first: str, second: str) -> Any:
        x = _to_letters(x, own, batch + first + second)
        shape = [sizes[c] for c in batch + first + second]
        if tuple(shape) != tuple(x.shape):
            x = broadcast_to(x, shape)  # a size of one that stands for more
        count = len(batch)
        left = math.prod(shape[count : count + len(first)])
        right = math.prod(shape[count + len(first) :])
        return reshape(x, (*shape[:count], left, right))

    y = matmul(laid(x1, own1, rows, inner), laid(x2, own2, inner, columns))
    letters = batch + rows + columns
    return reshape(y, tuple(sizes[c] for c in letters)), letters
