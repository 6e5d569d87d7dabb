"""A `Picture` as bytes: one binary message per frame from the kernel to the page.

All numbers are little-endian; four-byte numbers come first, so each array starts where
a typed array may. With the counts of the header

    L layers of weights · P parameters · H hidden units · G, S sides of the maps ·
    N training and M test points · K recorded losses

the message is

    ======  ==================  ====================================================
    bytes   type                what
    ======  ==================  ====================================================
    4       b"DLP1"             the mark, and the version of this layout
    4 · 11  uint32              frame, step, L, P, H, G, S, N, M, K, reserved (0)
    4 · 6   float32             epoch; loss and accuracy in training; the same in
                                test; half the side of the square that is drawn
    4(L+1)  uint32              sizes: units per layer, inputs and output included
    4 P     float32             θ: per layer the kernel (in, out), then the bias (out,)
    4 H     float32             the largest absolute output of each unit on its map
    4 G·G   float32             logit of class 1 on the grid; rows upward in x₂
    12 K    float32 (K, 3)      epoch, training loss, test loss
    8(N+M)  float32 (N + M, 2)  the points: training, then test
    N + M   uint8               their classes
    H       uint8               1 where a unit is dead
    H·S·S   uint8 (H, S, S)     unit maps: 128 + 127 · output / largest
    ======  ==================  ====================================================

``static/playground/wire.js`` reads it on the page, `unpack` here. Read ``view.py``
next.
"""

from __future__ import annotations

import struct

import numpy as np

from ...errors import FileFormatError
from .trainer import Picture

MARK = b"DLP1"
HEADER = struct.Struct("<4s11I6f")


def pack(picture: Picture, frame: int = 0) -> bytes:
    """The bytes of `picture`, laid out as the table above says."""
    units = len(picture.maps)
    head = HEADER.pack(
        MARK,
        frame,
        picture.step,
        len(picture.sizes) - 1,
        len(picture.theta),
        units,
        len(picture.logits),
        picture.maps.shape[-1],
        picture.train_points,
        len(picture.x) - picture.train_points,
        len(picture.curve),
        0,
        picture.epoch,
        picture.train_loss,
        picture.train_accuracy,
        picture.test_loss,
        picture.test_accuracy,
        picture.reach,
    )
    scale = np.maximum(picture.peaks, 1e-30)[:, None, None]  # (H, 1, 1)
    maps = np.rint(128 + 127 * (picture.maps / scale))
    parts = [
        (picture.sizes, "<u4"),
        (picture.theta, "<f4"),
        (picture.peaks, "<f4"),
        (picture.logits, "<f4"),
        (picture.curve, "<f4"),
        (picture.x, "<f4"),
        (picture.labels, "u1"),
        (picture.dead, "u1"),
        (maps, "u1"),
    ]
    return head + b"".join(np.asarray(a).astype(kind).tobytes() for a, kind in parts)


def unpack(message: bytes) -> dict[str, np.ndarray | float | int]:
    """What `pack` wrote, by name; raises `FileFormatError` for anything else."""
    if len(message) < HEADER.size or message[:4] != MARK:
        raise FileFormatError("This is not a picture of the playground.")
    names = (
        "frame step layers parameters units grid side train test losses _ epoch "
        "train_loss train_accuracy test_loss test_accuracy reach"
    ).split()
    found = dict(zip(names, HEADER.unpack_from(message)[1:]))
    points, side = found["train"] + found["test"], found["side"]
    arrays = [
        ("sizes", "<u4", (found["layers"] + 1,)),
        ("theta", "<f4", (found["parameters"],)),
        ("peaks", "<f4", (found["units"],)),
        ("logits", "<f4", (found["grid"], found["grid"])),
        ("curve", "<f4", (found["losses"], 3)),
        ("x", "<f4", (points, 2)),
        ("labels", "u1", (points,)),
        ("dead", "u1", (found["units"],)),
        ("maps", "u1", (found["units"], side, side)),
    ]
    needed = HEADER.size + sum(
        np.dtype(kind).itemsize * int(np.prod(shape)) for _, kind, shape in arrays
    )
    if needed != len(message):
        raise FileFormatError(
            f"A picture of the playground should have {needed} bytes, not "
            f"{len(message)}."
        )
    offset = HEADER.size
    for name, kind, shape in arrays:
        count = int(np.prod(shape))
        found[name] = np.frombuffer(message, kind, count, offset).reshape(shape)
        offset += found[name].nbytes
    return found
