"""Rows for the ops that move elements about: shapes, joins, pieces, indices."""

import numpy as np

from .case import does, row
from .elementwise import MASK

does("reshape", "", lambda m, x: m.reshape(x, (2, 6)))
does("reshape", "-1", lambda m, x: m.reshape(x, (-1, 2)))
does("reshape", "to a line", lambda m, x: m.reshape(x, -1), (2, 1, 3))
does("transpose", "", lambda m, x: m.transpose(x), (2, 3, 4))
does("transpose", "cycle", lambda m, x: m.transpose(x, (1, 2, 0)), (2, 3, 4))
does("transpose", "negative", lambda m, x: m.transpose(x, (-1, 0, -2)), (2, 3, 4))
does("broadcast_to", "", lambda m, x: m.broadcast_to(x, (2, 3, 4)), (3, 1))
does("broadcast_to", "a number", lambda m, x: m.broadcast_to(x, (2,)), ())
does("expand_dims", "0", lambda m, x: m.expand_dims(x, 0))
does("expand_dims", "-1", lambda m, x: m.expand_dims(x, -1))
does("squeeze", "", lambda m, x: m.squeeze(x), (1, 3, 1))
does("squeeze", "-1", lambda m, x: m.squeeze(x, axis=-1), (1, 3, 1))
row("flip")
row("flip", axis=-1)
row("flip", (2, 3, 2), axis=(0, 2))

does("concatenate", "", lambda m, *xs: m.concatenate(xs), (2, 3), (1, 3))
does("concatenate", "-1", lambda m, *xs: m.concatenate(xs, axis=-1), (2, 3), (2, 1))
does("concatenate", "one", lambda m, *xs: m.concatenate(xs))
does("concatenate", "none of a", lambda m, *xs: m.concatenate(xs), (0, 3), (2, 3))
does("stack", "", lambda m, *xs: m.stack(xs), (2, 3), (2, 3))
does("stack", "-1", lambda m, *xs: m.stack(xs, axis=-1), (2, 3), (2, 3), (2, 3))
does("split", "", lambda m, x: m.split(x, 3)[1], (6, 2))
does("split", "places", lambda m, x: m.split(x, [1, 4], axis=1)[1], (2, 6))
does("split", "-1", lambda m, x: m.split(x, 2, axis=-1)[0], (2, 6))
does("pad", "", lambda m, x: m.pad(x, 1))
does("pad", "pair", lambda m, x: m.pad(x, (1, 2)))
does("pad", "pairs", lambda m, x: m.pad(x, ((1, 0), (0, 2)), constant_values=0.5))

GRID = np.array([[0, 1], [3, 3]])
does("take", "", lambda m, x: m.take(x, [0, 5, 5, -1]))
does("take", "0", lambda m, x: m.take(x, [2, 0, 2], axis=0))
does("take", "grid", lambda m, x: m.take(x, GRID, axis=-1))
PLACES = np.array([[2, 2, 0, -1]])
does("take_along_axis", "0", lambda m, x: m.take_along_axis(x, PLACES, axis=0))
does("take_along_axis", "1", lambda m, x: m.take_along_axis(x, PLACES.T[:3], axis=1))

ROWS, COLUMNS = np.array([0, 2, 2]), np.array([3, 1, 1])
INDICES = {
    "row": 1,
    "last": -1,
    "slice": slice(1, None),
    "step back": (slice(None), slice(None, None, -2)),
    "dots": (Ellipsis, 0),
    "new axis": (None, 1),
    "place": (2, 3),
    "list": [0, 2, 2],
    "array": ROWS,
    "pairs": (ROWS, COLUMNS),
    "rows and a column": (ROWS, 1),
    "slice and array": (slice(1), COLUMNS),
    "mask": MASK,
    "mask of rows": np.array([True, False, True]),
}
for name, index in INDICES.items():
    does(
        "getitem",
        name,
        lambda m, x, at=index: m.getitem(x, at),
        reference=lambda x, at=index: x[at],
    )
