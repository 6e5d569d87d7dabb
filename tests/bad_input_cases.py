"""The table of calls that cannot be: what is called, which error, words it must say.

`ops/test_bad_input.py` runs it on NumPy, ``device/test_bad_input.py`` on both backends:
the same error, in the same words, and nothing changed.
"""

from typing import Any

import numpy as np

import dlcourse as dl
from dlcourse import layers, ops
from dlcourse.errors import DLCourseError, LabelError, ShapeError
from tests.bad_window_cases import LAYERS, WINDOWS, ones

NAN = float("nan")


# What is called, and words its message must hold.
SHAPES = {
    "add": (lambda: ops.add(ones(2, 3), ones(2)), ["add", "(2, 3)", "(2,)"]),
    "operator": (lambda: dl.Tensor(ones(2, 3)) * ones(4), ["multiply", "(4,)"]),
    "maximum": (lambda: ops.maximum(ones(2), ones(3)), ["maximum", "(2,)", "(3,)"]),
    "where": (lambda: ops.where(ones(2) > 0, ones(3), 0.0), ["where", "(2,)", "(3,)"]),
    "matmul": (lambda: ops.matmul(ones(2, 3), ones(2, 3)), ["(2, 3)", "3", "2"]),
    "matmul, number": (lambda: ops.matmul(ones(2), 2.0), ["matmul"]),
    "matmul, stacks": (lambda: ops.matmul(ones(2, 3, 4), ones(3, 4, 5)), ["matmul"]),
    "tensordot": (lambda: ops.tensordot(ones(2, 3), ones(3, 2)), ["tensordot"]),
    "tensordot axes": (
        lambda: ops.tensordot(ones(2, 3), ones(2, 4), axes=1),
        ["tensordot", "(2, 3)", "(2, 4)"],
    ),
    "linear": (lambda: ops.linear(ones(5, 3), ones(2, 4)), ["linear", "(5, 3)"]),
    "linear, bias": (
        lambda: ops.linear(ones(5, 3), ones(3, 4), ones(5)),
        ["linear", "(5,)", "(4,)"],
    ),
    "linear, column": (lambda: ops.linear(ones(5, 3), ones(3, 4), ones(4, 1)), []),
    "reshape": (lambda: ops.reshape(ones(2, 3), (4, 2)), ["reshape", "(2, 3)"]),
    "transpose": (lambda: ops.transpose(ones(2, 3), (0, 0)), ["transpose"]),
    "transpose rank": (lambda: ops.transpose(ones(2, 3), (0, 1, 2)), ["transpose"]),
    "broadcast_to": (lambda: ops.broadcast_to(ones(2), (3,)), ["broadcast_to"]),
    "expand_dims": (lambda: ops.expand_dims(ones(2), 3), ["expand_dims", "3"]),
    "squeeze": (lambda: ops.squeeze(ones(2, 1), axis=0), ["squeeze", "(2, 1)"]),
    "squeeze axis": (lambda: ops.squeeze(ones(1, 2), axis=2), ["squeeze", "2"]),
    "concatenate": (lambda: ops.concatenate([ones(2, 3), ones(2, 4)]), ["concatenate"]),
    "concatenate none": (lambda: ops.concatenate([]), ["concatenate"]),
    "stack": (lambda: ops.stack([ones(2), ones(3)]), ["stack", "(2,)", "(3,)"]),
    "stack none": (lambda: ops.stack([]), ["stack"]),
    "split": (lambda: ops.split(ones(5), 2), ["split", "5", "2"]),
    "split axis": (lambda: ops.split(ones(4), 2, axis=1), ["split", "1"]),
    "take axis": (lambda: ops.take(ones(2, 3), [0], axis=2), ["take", "2"]),
    "take_along_axis axis": (
        lambda: ops.take_along_axis(ones(2, 3), np.zeros((2, 3), int), axis=2),
        ["take_along_axis", "2"],
    ),
    "tensordot axis": (
        lambda: ops.tensordot(ones(2, 3), ones(2, 3), axes=([2], [0])),
        ["tensordot", "2"],
    ),
    "flip axis": (lambda: ops.flip(ones(2), axis=1), ["flip", "1"]),
    "stack axis": (lambda: ops.stack([ones(2)], axis=2), ["2"]),
    "concatenate axis": (lambda: ops.concatenate([ones(2)], axis=1), ["concatenate"]),
    "sum axis": (lambda: ops.sum(ones(2), axis=1), ["sum", "1"]),
    "mean axis": (lambda: ops.mean(ones(2), axis=1), ["1"]),
    "max of nothing": (lambda: ops.max(ones(0)), ["max", "(0,)"]),
    "softmax axis": (lambda: ops.softmax(ones(2), axis=1), ["softmax", "1"]),
    "argmax axis": (lambda: ops.argmax(ones(2), axis=1), ["argmax", "1"]),
    "index": (lambda: dl.Tensor(ones(2))[2], ["2"]),
    "indices": (lambda: ops.take(ones(2), [0, 5]), ["5"]),
    "too many indices": (lambda: dl.Tensor(ones(2))[0, 0], []),
    "mask": (lambda: dl.Tensor(ones(2))[np.array([True, False, True])], []),
    "take_along_axis": (
        lambda: ops.take_along_axis(ones(2, 3), [0], axis=1),
        ["take_along_axis", "(1,)", "(2, 3)"],
    ),
    "sigmoid_cross_entropy": (
        lambda: ops.sigmoid_cross_entropy(ones(3), ones(3, 1)),
        ["sigmoid_cross_entropy", "(3,)", "(3, 1)"],
    ),
    "softmax_cross_entropy": (
        lambda: ops.softmax_cross_entropy(ones(3, 4), ones(3, 5)),
        ["softmax_cross_entropy", "(3, 4)", "(3, 5)"],
    ),
}
SETTINGS = {
    "reduction": (
        lambda: ops.sigmoid_cross_entropy(ones(2), ones(2), reduction="meen"),
        ["meen", "'mean'"],
    ),
    "text": (lambda: ops.tanh("half"), []),
    "None": (lambda: ops.add(ones(2), None), ["add"]),
    "ragged": (lambda: ops.tanh([[1.0], [1.0, 2.0]]), []),
    "objects": (lambda: ops.tanh(np.array([None, 1.0])), ["object"]),
    "complex": (lambda: ops.tanh(np.array([1j])), ["complex"]),
    "fractional index": (lambda: ops.take(ones(2), [0.5]), ["0.5"]),
    "NaN index": (lambda: dl.Tensor(ones(2))[[float("nan")]], ["nan"]),
    "pad mode": (lambda: ops.pad(ones(2), 1, mode="constnat"), ["constnat"]),
    "negative pad": (lambda: ops.pad(ones(2), -1), ["pad", "-1"]),
}

# Class labels, and what else an op reads as whole numbers.
LABELS = {
    f"{name} {wrong}": (call, (LabelError, [word]))
    for wrong, word in ((3, "3"), (-1, "-1"), (0.5, "0.5"), (NAN, "nan"))
    for name, call in (
        ("one_hot", lambda n=wrong: ops.one_hot([0, n], 3)),
        ("embedding", lambda n=wrong: ops.embedding(np.array([[n, 1]]), ones(3, 2))),
        ("check_labels", lambda n=wrong: ops.check_labels("it", np.array([n]), 3)),
        (
            "softmax_cross_entropy",
            lambda n=wrong: ops.softmax_cross_entropy(ones(2, 3), np.array([0, n])),
        ),
        (
            "SparseCategoricalCrossentropy",
            lambda n=wrong: dl.losses.SparseCategoricalCrossentropy()(
                np.array([0, n]), ones(2, 3)
            ),
        ),
        ("Embedding", lambda n=wrong: layers.Embedding(3, 2)(np.array([[n, 1]]))),
    )
}

Row = tuple[Any, tuple[type[Exception], list[str]]]
OPS: dict[str, Row] = {
    **{name: (call, (ShapeError, words)) for name, (call, words) in SHAPES.items()},
    **{name: (row[0], (DLCourseError, row[1])) for name, row in SETTINGS.items()},
    **WINDOWS,
    **LABELS,
    **LAYERS,
}
