"""1,797 real handwritten digits of 8 × 8 pixels, which need no download.

They come with scikit-learn: the digits of 13 people, scanned, and reduced by counting
the dark pixels in blocks of 4 × 4 (the test half of Alpaydin and Kaynak, 1998, "Optical
Recognition of Handwritten Digits", UCI Machine Learning Repository). Small enough to
train on in seconds, real enough to confuse a 1 with an 8. The splitting itself is in
``splits.py``.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..errors import ConfigError, check_number
from .splits import split

Pair = tuple[np.ndarray, np.ndarray]


def load_data(
    test_size: float = 0.2, *, seed: int = 0, flatten: bool = True
) -> tuple[Pair, Pair]:
    """The digits as ``(x_train, y_train), (x_test, y_test)``, a fraction held out.

    x is float32 in [0, 1], 0 being white paper and 1 full ink: (N, 64) row by row, or
    images (N, 8, 8, 1) with ``flatten=False``. y (N,) int64 is the digit, 0 … 9. Every
    digit gives its fraction `test_size` to the test set, to within one sample; `seed`
    decides which.

    Raises `ConfigError` for a `test_size` not between 0 and 1, or without scikit-learn.

    >>> (x_train, y_train), (x_test, y_test) = load_data()
    >>> x_train.shape, x_test.shape
    ((1438, 64), (359, 64))
    """
    held_out = check_number(
        "test_size", test_size, low=0, high=1, open_low=True, open_high=True
    )
    images, labels = _images()
    x = images.reshape(len(images), -1) if flatten else images[..., None]
    train, test = split(x, labels, (1.0 - held_out, held_out), stratify=True, seed=seed)
    return train, test


@lru_cache(maxsize=1)
def _images() -> Pair:
    """All images (1797, 8, 8) in [0, 1], and their labels; `split` makes copies."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise ConfigError(
            "The digits come with scikit-learn, which is not installed: "
            "pip install scikit-learn"
        ) from None
    found = load_digits()
    return (found.images / 16.0).astype(np.float32), found.target.astype(np.int64)
