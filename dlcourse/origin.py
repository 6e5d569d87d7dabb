"""What made numbers too large: the updates of the weights, their first values, or data.

A value's graph leads back to its leaves. The weights among them are compared with what
they were when they were first seen: those that have grown speak for the learning rate,
those that were large from the start for their initial values. All are measured in
powers of ten beyond the usual, and the largest excess is the cause. Read
``diagnosis.py`` next.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from .backend import xp
from .tensor import Tensor, raw

USUAL_GAIN, USUAL_DATA = 2.0, 10.0  # of a matrix of weights; the largest number in data
TOO_MUCH = 1.0  # powers of ten beyond the usual from which size is evidence

_first_seen: dict[int, tuple[Any, float]] = {}  # id of a weight: (its life, strength)


class Finding(NamedTuple):
    """A cause, by how many powers of ten it exceeds the usual, and the words for it."""

    excess: float
    words: str
    rank: float  # among the causes: the largest is the first


class Leaf(NamedTuple):
    """What a value was made of: a weight or data, in which layer, used how often."""

    value: Any
    place: str
    is_weight: bool
    uses: int


def values_of(x: Any) -> Any:
    """The array of a Tensor, on the device; a number as it is."""
    x = raw(x)
    return xp.asarray(x) if isinstance(x, np.ndarray) else x


def largest(x: Any) -> float:
    """The largest absolute value: 0 of what holds no floats, NaN where one is NaN."""
    x = values_of(x)
    if isinstance(x, (int, float)):
        return abs(float(x))
    if getattr(x, "dtype", None) is None or x.dtype.kind != "f" or not x.size:
        return 0.0
    return float(xp.abs(x).max())


def strength(w: Any) -> float:
    """About how many times a matrix enlarges what it multiplies: rms · √fan-in.

    The largest value of a vector; NaN or infinite where a weight is.
    """
    w, top = raw(w), largest(w)
    if w.ndim < 2 or not math.isfinite(top) or top == 0:
        return top
    rms = top * math.sqrt(float(xp.square(w / top).mean()))  # no overflow on the way
    return rms * math.sqrt(w.size / w.shape[-1])


def is_weight(x: Any) -> bool:
    """Is it a leaf that training changes, or a layer's weight that it might change?"""
    leaf = isinstance(x, Tensor) and x._node is None
    return leaf and (x.requires_grad or hasattr(x, "trainable"))


def remember(
    weights: Iterable[Any], place: str = "", firsts: dict | None = None
) -> None:
    """Note how strong weights are when they are first seen, for as long as they live.

    `firsts` notes it for their place as well: a loop may put a new Tensor there in
    every step.
    """
    for w in weights:
        key = id(w)
        if key not in _first_seen:
            life = weakref.ref(w, lambda _, key=key: _first_seen.pop(key, None))
            _first_seen[key] = (life, strength(w))
            if firsts is not None and not hasattr(w, "trainable"):
                firsts.setdefault((place, w.shape), _first_seen[key][1])


def _at_first(leaf: Leaf, firsts: dict) -> float:
    """How strong a weight was when it, or another in its place, was first seen."""
    known = [firsts.get((leaf.place, leaf.value.shape), math.inf)]
    if id(leaf.value) in _first_seen:
        known.append(_first_seen[id(leaf.value)][1])
    return min((s for s in known if math.isfinite(s)), default=math.inf)


def leaves(roots: Iterable[Any], place: str, recorded: bool = True) -> list[Leaf]:
    """All weights and data that the roots were made of, as far as their graph tells.

    Where none is `recorded`, what is no weight may be data or anything made of them:
    it is left out.
    """
    found: dict[int, Leaf] = {}
    visited: set[int] = set()
    stack = [(root, place) for root in roots]
    while stack:
        x, where = stack.pop()
        node = x._node if isinstance(x, Tensor) else None
        if node is not None:
            if id(node) not in visited:
                visited.add(id(node))
                stack += [(a, node.place) for a in node.inputs]
        elif getattr(x, "dtype", None) is not None and x.dtype.kind == "f":
            uses = found[id(x)].uses + 1 if id(x) in found else 1
            found[id(x)] = Leaf(x, where, is_weight(x), uses)
    return [leaf for leaf in found.values() if recorded or leaf.is_weight]


def describe(leaf: Leaf) -> str:
    """'the kernel of layer 'hidden'', or what else can be said of a weight."""
    name = getattr(leaf.value, "name", None)
    what = f"the {name}" if name else f"a weight of shape {tuple(leaf.value.shape)}"
    return f"{what} of {leaf.place}" if leaf.place else what


def source_of(place: str) -> str:
    """What numbers that were given are called, by where they are used."""
    return "targets" if place.startswith("loss") else "data"


def origin(found: list[Leaf], firsts: dict) -> Finding | None:
    """What made the numbers large, if weights or data show it."""
    causes = [_grown(found, firsts), _from_the_start(found, firsts), _given(found)]
    causes = [cause for cause in causes if cause.excess >= TOO_MUCH]
    if not causes:
        return None
    causes.sort(key=lambda cause: -cause.rank)
    best = causes[0]
    beside = [f"Beside it: {cause.words}" for cause in causes[1:]]
    return best._replace(words=". ".join([best.words, *beside]))


def _grown(found: list[Leaf], firsts: dict) -> Finding:
    total = most = 0.0
    words = ""
    for leaf in found:
        before = _at_first(leaf, firsts) if leaf.is_weight else math.inf
        if not math.isfinite(before):
            continue
        now = strength(leaf.value)
        growth = _decades(now, max(before, 1.0))
        total += growth
        if growth > most:
            most = growth
            how = f"drove {describe(leaf)} from a strength of {before:.2g} to {now:.2g}"
            lost = f"made {describe(leaf)} NaN or infinite"
            words = how if math.isfinite(now) else lost
    advice = "divide the rate by 10, or clip the gradients (clipnorm=1)"
    words = f"the learning rate is too large: its updates {words}; {advice}"
    # data or weights that are 10ᵏ too large make gradients 10²ᵏ too large: not the rate
    return Finding(total, words, rank=most / 2.5)


def _from_the_start(found: list[Leaf], firsts: dict) -> Finding:
    total = most = 0.0
    words = ""
    for leaf in found:
        before = _at_first(leaf, firsts) if leaf.is_weight else 0.0
        start = _decades(before, USUAL_GAIN) if math.isfinite(before) else 0.0
        total += start
        if start > most:
            most = start
            words = f"{describe(leaf)} had a strength of {before:.2g} when first seen"
    advice = "use an initializer such as 'glorot_uniform' or 'he_normal'"
    words = f"the initial weights are too large: {words}; {advice}"
    return Finding(total, words, rank=total)


def _given(found: list[Leaf]) -> Finding:
    most, words = 0.0, ""
    for leaf in found:
        top = 0.0 if leaf.is_weight else largest(leaf.value)
        if _decades(top, USUAL_DATA) > most:
            most = _decades(top, USUAL_DATA)
            words = f"the {source_of(leaf.place)} are far too large, up to {top:.3g}"
    return Finding(most, f"{words}; scale them to about -1 to 1", rank=most)


def _decades(value: float, usual: float) -> float:
    """By how many powers of ten a value exceeds the usual; 0 if it does not."""
    if not math.isfinite(value):
        return 400.0
    return max(0.0, math.log10(value / usual)) if value > 0 else 0.0
