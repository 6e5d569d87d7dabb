"""The adapter's second part: shapes, pieces, indices.

Places are worked out in Python's whole numbers; elements are moved by `dl.ops`.
"""

import itertools
import math
from typing import Any

import dlcourse as dl
from tests.parity.onnx_adapter import node, numbers, ops, to_axis


def rest_of(x: Any, axis: int) -> tuple[slice, ...]:
    """The front of an index that says something about `axis`."""
    return (slice(None),) * (axis % x.ndim)


# ------------------------------------------------------------------------------- shapes


@node("Transpose")
def transpose(x, *, perm=None):
    return ops.transpose(x, perm)


@node("Reshape")
def reshape(x, shape, *, allowzero=0):
    sizes = shape.tolist()
    if not allowzero:
        sizes = [x.shape[i] if n == 0 else n for i, n in enumerate(sizes)]
    return ops.reshape(x, tuple(sizes))


@node("Flatten")
def flatten(x, *, axis=1):
    axis = axis % x.ndim if axis < 0 else axis
    return ops.reshape(x, (math.prod(x.shape[:axis]), -1))


@node("Squeeze")
def squeeze(x, axes=None):
    return ops.squeeze(x, None if axes is None else tuple(axes.tolist()))


@node("Unsqueeze")
def unsqueeze(x, axes):
    ndim = x.ndim + len(axes)
    for axis in sorted(a % ndim for a in axes.tolist()):
        x = ops.expand_dims(x, axis)
    return x


@node("Expand")
def expand(x, shape):
    sizes = shape.tolist()
    own = [1] * (len(sizes) - x.ndim) + list(x.shape)
    sizes = [1] * (x.ndim - len(sizes)) + sizes
    return ops.broadcast_to(x, [max(a, b) for a, b in zip(own, sizes)])


@node("Tile")
def tile(x, repeats):
    for axis, times in enumerate(repeats.tolist()):
        x = ops.concatenate([x] * times, axis=axis)
    return x


@node("DepthToSpace")
def depth_to_space(x, *, blocksize, mode="DCR"):
    n, c, h, w = x.shape
    b = blocksize
    shape = (n, b, b, c // b**2, h, w) if mode == "DCR" else (n, c // b**2, b, b, h, w)
    order = (0, 3, 4, 1, 5, 2) if mode == "DCR" else (0, 1, 4, 2, 5, 3)
    y = ops.transpose(ops.reshape(x, shape), order)
    return ops.reshape(y, (n, c // b**2, h * b, w * b))


@node("SpaceToDepth")
def space_to_depth(x, *, blocksize, mode="DCR"):
    n, c, h, w = x.shape
    b = blocksize
    y = ops.reshape(x, (n, c, h // b, b, w // b, b))
    order = (0, 3, 5, 1, 2, 4) if mode == "DCR" else (0, 1, 3, 5, 2, 4)
    return ops.reshape(ops.transpose(y, order), (n, c * b * b, h // b, w // b))


@node("Upsample")
def upsample(x, scales, *, mode):
    assert mode == "nearest"
    for axis, scale in enumerate(scales.numpy().tolist()):
        places = [int(i / scale) for i in range(int(x.shape[axis] * scale))]
        x = ops.take(x, places, axis=axis)
    return x


# ------------------------------------------------------------------------------- pieces


@node("Concat")
def concat(*xs, axis):
    return ops.concatenate(xs, axis=axis)


@node("Split")
def split(x, sizes=None, *, axis=0, num_outputs=None, outputs):
    if sizes is None:
        step = -(-x.shape[axis] // (num_outputs or outputs))
        cuts = list(range(step, x.shape[axis], step))
    else:
        cuts = list(itertools.accumulate(sizes.tolist()))[:-1]
    return tuple(ops.split(x, cuts, axis=axis))


@node("Slice")
def slice_(x, starts, ends, axes=None, steps=None):
    index = [slice(None)] * x.ndim
    axes = range(len(starts)) if axes is None else axes.tolist()
    steps = [1] * len(starts) if steps is None else steps.tolist()
    for axis, start, end, step in zip(axes, starts.tolist(), ends.tolist(), steps):
        index[axis] = slice(start, end, step)
    return ops.getitem(x, tuple(index))


@node("Pad")
def pad(x, pads, value=None, axes=None, *, mode="constant"):
    x = numbers(x)
    axes = range(x.ndim) if axes is None else axes.tolist()
    pairs = [(0, 0)] * x.ndim
    given = pads.tolist()
    for axis, before, after in zip(axes, given, given[len(given) // 2 :]):
        pairs[axis] = (before, after)
    if mode != "constant":
        return ops.pad(x, pairs, mode=mode)
    return ops.pad(x, pairs, constant_values=0.0 if value is None else value.item())


@node("CenterCropPad")
def center_crop_pad(x, shape, *, axes=None):
    axes = range(x.ndim) if axes is None else axes
    for axis, size in zip(axes, shape.tolist()):
        gap = size - x.shape[axis]
        if gap < 0:
            start = -gap // 2
            x = ops.getitem(x, (*rest_of(x, axis), slice(start, start + size)))
        else:
            pairs = [(0, 0)] * x.ndim
            pairs[axis] = (gap // 2, gap - gap // 2)
            x = ops.pad(x, pairs)
    return x


@node("Trilu")
def trilu(x, k=None, *, upper=1):
    shift = 0 if k is None else int(k)
    rows, columns = x.shape[-2:]
    kept = [
        [(j - i >= shift) if upper else (j - i <= shift) for j in range(columns)]
        for i in range(rows)
    ]
    mask = dl.Tensor(kept, dtype="bool").data.reshape(rows, columns)
    return ops.where(mask, numbers(x), 0.0)


# ------------------------------------------------------------------------------ indices


@node("Gather")
def gather(x, indices, *, axis=0):
    return ops.take(x, indices, axis=axis)


@node("ArrayFeatureExtractor")
def array_feature_extractor(x, indices):
    return ops.take(x, indices, axis=-1)


@node("GatherElements")
def gather_elements(x, indices, *, axis=0):
    front = tuple(slice(n) for n in indices.shape[: axis % x.ndim])
    return ops.take_along_axis(ops.getitem(x, front), indices, axis=axis)


@node("GatherND")
def gather_nd(x, indices, *, batch_dims=0):
    x = numbers(x)
    if batch_dims:
        rows = [gather_nd(x[i], places) for i, places in enumerate(indices)]
        return ops.stack(rows)
    return ops.getitem(x, tuple(indices[..., i] for i in range(indices.shape[-1])))


@node("Compress")
def compress(x, condition, *, axis=None):
    chosen = [i for i, taken in enumerate(condition.tolist()) if taken]
    return ops.take(x, chosen, axis=axis)


@node("ReverseSequence")
def reverse_sequence(x, lengths, *, batch_axis=1, time_axis=0):
    if (batch_axis, time_axis) == (1, 0):
        return ops.transpose(reverse_sequence(ops.transpose(x), lengths, batch_axis=0))
    steps = range(x.shape[1])
    order = [[n - 1 - t if t < n else t for t in steps] for n in lengths.tolist()]
    return ops.take_along_axis(x, order, axis=1)


@node("OneHot")
def one_hot(indices, depth, values, *, axis=-1):
    classes = int(depth.item())
    indices = (
        indices.data.astype("int64") if isinstance(indices, dl.Tensor) else indices
    )
    off, on = (numbers(values)[i].item() for i in range(2))
    chosen = dl.Tensor(ops.one_hot(indices + classes * (indices < 0), classes))
    return to_axis(ops.add(ops.multiply(chosen, on - off), off), axis)


# ------------------------------------------------------------------------------ scatter


def scatter(x: Any, places: list[int], updates: Any, reduction: str = "none") -> Any:
    """Write `updates` (a line) into the flattened `x` at `places`."""
    line, size = ops.reshape(x, (-1,)), math.prod(x.shape)
    hits = dl.Tensor(ops.one_hot(places, size), dtype=x.dtype)  # (updates, size)
    each, there = ops.reshape(updates, (-1, 1)), hits.data > 0
    if reduction == "add":
        y = ops.add(line, ops.matmul(ops.transpose(each), hits)[0])
    elif reduction == "mul":
        y = ops.multiply(line, ops.prod(ops.where(there, each, 1.0), axis=0))
    elif reduction == "max":
        largest = ops.max(ops.where(there, each, -math.inf), axis=0)
        y = ops.maximum(line, largest)
    elif reduction == "min":
        y = ops.minimum(line, ops.min(ops.where(there, each, math.inf), axis=0))
    else:
        written = ops.sum(ops.multiply(each, hits), axis=0)
        y = ops.where(there.any(axis=0), written, line)
    return ops.reshape(y, x.shape)


def place_of(index: Any, shape: Any) -> int:
    """Where an element is in the flattened array."""
    place = 0
    for i, n in zip(index, shape):
        place = place * n + i % n
    return place


def all_indices(shape: Any) -> Any:
    return itertools.product(*(range(n) for n in shape))


@node("Scatter", "ScatterElements")
def scatter_elements(x, indices, updates, *, axis=0, reduction="none"):
    places = []
    for index in all_indices(indices.shape):
        target = list(index)
        target[axis] = int(indices[index])
        places.append(place_of(target, x.shape))
    return scatter(x, places, updates, reduction)


@node("ScatterND")
def scatter_nd(x, indices, updates, *, reduction="none"):
    depth = indices.shape[-1]
    places = [
        place_of((*target, *rest), x.shape)
        for target in indices.reshape(-1, depth).tolist()
        for rest in all_indices(x.shape[depth:])
    ]
    return scatter(x, places, updates, reduction)


@node("TensorScatter")
def tensor_scatter(past, update, starts=None, *, mode="linear", axis=-2):
    first = [0] * past.shape[0] if starts is None else starts.tolist()
    places = []
    for index in all_indices(update.shape):
        target = list(index)
        target[axis] += first[index[0]]
        assert mode == "circular" or target[axis] < past.shape[axis]
        places.append(place_of(target, past.shape))
    return scatter(past, places, update)


@node("MaxUnpool")
def max_unpool(x, places, output_shape=None, *, kernel_shape, strides):
    space = [n * s for n, s in zip(x.shape[2:], strides)]
    shape = (*x.shape[:2], *space)
    y = scatter(dl.Tensor([0.0] * math.prod(shape)), places.ravel().tolist(), x)
    y = ops.reshape(y, shape)
    if output_shape is None:
        return y
    gaps = [(0, a - b) for a, b in zip(output_shape.tolist(), shape)]
    return ops.pad(y, gaps)
