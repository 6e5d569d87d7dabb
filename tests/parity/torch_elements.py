"""Rows of the table: elementary functions, activations, reductions, products."""

from typing import Any

import numpy as np

from tests.parity.torch_judge import Case, row
from tests.parity.torch_layers import some_shape

Rng = np.random.Generator
LETTERS = "abcde"


def tensor(rng: Rng, low: float, high: float) -> np.ndarray:
    shape = list(some_shape(rng, 0, 4))
    if shape and rng.random() < 0.04:
        shape[rng.integers(len(shape))] = 0
    return rng.uniform(low, high, shape)


# ------------------------------------------------------------------ of one, of two

# where each is tried; those with a second span are tried far out, too
SPANS: dict[str, tuple[float, float, float]] = {
    **dict.fromkeys(
        "abs negative sign square sin cos relu softsign".split(), (-9, 9, 1)
    ),
    **dict.fromkeys("tanh sigmoid silu softplus elu selu".split(), (-4, 4, 200)),
    **dict.fromkeys("leaky_relu hard_sigmoid gelu erf".split(), (-4, 4, 10)),
    **dict.fromkeys("exp expm1".split(), (-5, 5, 1)),
    "sqrt": (0.1, 9, 1e6),
    "log": (0.05, 9, 1e6),
    "log1p": (-0.9, 9, 1e6),
}
SETTINGS = {"leaky_relu": "negative_slope", "elu": "alpha"}


def of_one(rng: Rng, op: str) -> Case:
    low, high, far = SPANS[op]
    x = tensor(rng, low, high)
    if far > 1 and rng.random() < 0.2:
        x = np.where(x > 0, x * far, x * (far if low < -1 else 1))
    how: dict[str, Any] = {}
    if op in SETTINGS and rng.random() < 0.5:
        how[SETTINGS[op]] = float(rng.uniform(0.05, 2.0))
    if op == "gelu" and rng.random() < 0.5:
        how["approximate"] = bool(rng.random() < 0.8)
    return Case(lambda m, x: getattr(m, op)(x, **how), [x], f"{x.shape}, {how}")


def pair(rng: Rng) -> tuple[Any, Any]:
    """Two arrays that broadcast; one of them may be a number."""
    shape = np.array(some_shape(rng, 0, 4))
    arrays = []
    for _ in range(2):
        ones = np.where(rng.random(len(shape)) < 0.25, 1, shape)
        drop = rng.integers(0, len(shape) + 1) if rng.random() < 0.3 else 0
        arrays.append(rng.normal(size=ones[drop:].tolist()))
    which = rng.random()
    if which < 0.2:
        arrays[int(which < 0.1)] = float(rng.normal())
    return arrays[0], arrays[1]


def of_two(rng: Rng, op: str) -> Case:
    a, b = pair(rng)
    if op == "divide":
        b = b + np.sign(b) * 0.3 if isinstance(b, np.ndarray) else abs(b) + 0.3
    if op == "power" and isinstance(b, float) and rng.random() < 0.5:
        b = float(rng.integers(0, 4))  # then any base will do
    elif op == "power" and isinstance(a, np.ndarray) and rng.random() < 0.3:
        a = np.abs(np.round(a))  # zeros: no slope by the exponent there
        b = np.round(np.abs(b) * 2) / 2
        b = np.where(b == 0.5, 0.0, b) if isinstance(b, np.ndarray) else b + 1.0
    elif op == "power":
        a = np.abs(a) + 0.2 if isinstance(a, np.ndarray) else abs(a) + 0.2
    note = f"{np.shape(a)}, {np.shape(b)}"
    return Case(lambda m, a, b: getattr(m, op)(a, b), [a, b], note)


for _op in SPANS:
    row(_op, 60, _op)(of_one)
for _op in "add subtract multiply divide power maximum minimum".split():
    row(_op, 120, _op)(of_two)


@row("where", 120)
def where(rng: Rng) -> Case:
    a, b = pair(rng)
    shape = np.broadcast_shapes(np.shape(a), np.shape(b))
    drop = rng.integers(0, len(shape) + 1)
    mask = rng.random(shape[drop:]) < 0.5
    note = f"{mask.shape}, {np.shape(a)}, {np.shape(b)}"
    return Case(lambda m, a, b: m.where(mask, a, b), [a, b], note)


@row("clip", 120)
def clip(rng: Rng) -> Case:
    x = tensor(rng, -3, 3)
    if rng.random() < 0.4:
        x = np.round(x)  # on the bounds, too
    low, high = sorted(rng.integers(-2, 3, 2).tolist())
    which = rng.integers(4)
    bounds = (None if which == 0 else low, None if which == 1 else high)
    return Case(lambda m, x: m.clip(x, *bounds), [x], f"{x.shape}, {bounds}")


# --------------------------------------------------------------------------- reductions


def axes_of(rng: Rng, x: np.ndarray) -> Any:
    """None, an axis, or several of them, in any order, counted from either end."""
    if x.ndim == 0 or rng.random() < 0.2:
        return None
    chosen = rng.permutation(x.ndim)[: rng.integers(1, x.ndim + 1)].tolist()
    chosen = [a - x.ndim if rng.random() < 0.4 else a for a in chosen]
    return tuple(chosen) if len(chosen) > 1 or rng.random() < 0.2 else chosen[0]


def reduction(rng: Rng, op: str) -> Case:
    x = rng.normal(size=some_shape(rng, 0, 4, 3))
    if op == "logsumexp" and rng.random() < 0.3:
        x *= 500
    how: dict[str, Any] = {"axis": axes_of(rng, x)}
    if op in ("std", "norm"):
        x = x + np.arange(x.size).reshape(x.shape)  # a slope everywhere
    if op == "std" and (x.ndim == 0 or np.any(x.std(axis=how["axis"]) == 0)):
        x, how = rng.normal(size=(3, 2, 4)), {"axis": (0, 2)}
    if op == "prod" and rng.random() < 0.4:
        x = np.where(rng.random(x.shape) < 0.3, 0.0, x)  # zeros, one or several
    if rng.random() < 0.5:
        how["keepdims"] = bool(rng.random() < 0.8)
    if how["axis"] is None and rng.random() < 0.5:
        del how["axis"]
    return Case(lambda m, x: getattr(m, op)(x, **how), [x], f"{x.shape}, {how}")


for _op in "sum mean var std max min prod logsumexp norm".split():
    row(_op, 120, _op)(reduction)


@row("argmax", 60)
def argmax(rng: Rng) -> Case:
    x = rng.normal(size=some_shape(rng, 1, 4))
    axis = None if rng.random() < 0.2 else int(rng.integers(-x.ndim, x.ndim))
    note = f"{x.shape}, {axis}"
    return Case(lambda m, x: m.argmax(x, axis=axis), [x], note, slopes=False)


# ----------------------------------------------------------------------------- products


@row("matmul", 200)
def matmul(rng: Rng) -> Case:
    n, inner, k = rng.integers(1, 5, 3).tolist()
    front = np.array(some_shape(rng, 0, 2, 3), int)
    shapes = []
    for tail, line in (((n, inner), (inner,)), ((inner, k), (inner,))):
        if rng.random() < 0.15:
            shapes.append(line)
            continue
        ones = np.where(rng.random(len(front)) < 0.25, 1, front)
        drop = rng.integers(0, len(front) + 1) if rng.random() < 0.4 else 0
        shapes.append((*ones[drop:].tolist(), *tail))
    inputs = [rng.normal(size=shape) for shape in shapes]
    return Case(lambda m, a, b: m.matmul(a, b), inputs, f"{shapes}")


@row("tensordot", 120)
def tensordot(rng: Rng) -> Case:
    a, b = (list(some_shape(rng, 0, 3, 4)) for _ in range(2))
    count = int(rng.integers(0, min(len(a), len(b)) + 1))
    if rng.random() < 0.4:  # the last of one with the first of the other
        b[:count] = a[len(a) - count :]
        axes: Any = count
    else:
        of_a = rng.permutation(len(a))[:count].tolist()
        of_b = rng.permutation(len(b))[:count].tolist()
        for i, j in zip(of_a, of_b):
            b[j] = a[i]
        of_a = [i - len(a) if rng.random() < 0.3 else i for i in of_a]
        axes = (of_a[0], of_b[0]) if count == 1 else (of_a, of_b)
    inputs = [rng.normal(size=a), rng.normal(size=b)]
    note = f"{a}, {b}, {axes}"
    return Case(lambda m, a, b: m.tensordot(a, b, axes=axes), inputs, note)


@row("einsum", 300)
def einsum(rng: Rng) -> Case:
    sizes = {c: int(rng.integers(1, 4)) for c in LETTERS}
    terms = []
    for _ in range(rng.integers(1, 4)):
        letters = rng.permutation(list(LETTERS))[: rng.integers(0, 4)]
        if len(letters) and rng.random() < 0.15:
            letters = rng.permutation([*letters, letters[0]])  # a diagonal
        terms.append("".join(letters))
    shapes = [[sizes[c] for c in term] for term in terms]
    known = sorted(set("".join(terms)))
    out = "".join(rng.permutation(known)[: rng.integers(0, len(known) + 1)])
    dots = rng.random() < 0.3
    if dots:  # further axes, broadcast, wherever the dots stand
        front = some_shape(rng, 0, 2, 3)
        for i, term in enumerate(terms):
            own = list(front[rng.integers(0, len(front) + 1) :])
            place = int(rng.integers(0, len(term) + 1))
            terms[i] = f"{term[:place]}...{term[place:]}"
            shapes[i][place:place] = own
        out = f"...{out}"
    text = ",".join(terms)
    if rng.random() < 0.8:
        text += f"->{out}"
    inputs = [rng.normal(size=shape) for shape in shapes]
    return Case(lambda m, *xs: m.einsum(text, *xs), inputs, f"{text} of {shapes}")
