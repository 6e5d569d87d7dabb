"""Data to learn from: drawn point by point here, or real and small enough to carry.

What every function here keeps to: features are float32 ``(N, D)``, class labels are
int64 ``(N,)``, targets to regress on are float32 ``(N, 1)``, all NumPy arrays; the same
``seed`` gives the same data on every machine; nothing is downloaded. A heavy library
(scikit-learn for the digits) is imported by the call that needs it.

>>> from dlcourse import datasets
>>> x, y = datasets.moons(200, noise=0.1, seed=0)
>>> x.shape, y.shape
((200, 2), (200,))

Read ``toy.py`` first, then ``curves.py``, ``splits.py`` and ``digits.py``.
"""

from . import digits, toy
from .curves import curve, quadratic, regression_curve
from .splits import split, standardize
from .toy import blobs, circles, moons, pass_the_class, spirals, xor

__all__ = [
    "blobs",
    "circles",
    "curve",
    "digits",
    "moons",
    "pass_the_class",
    "quadratic",
    "regression_curve",
    "spirals",
    "split",
    "standardize",
    "toy",
    "xor",
]
