"""DeZero as `pip` installs it beside NumPy 2: most of its backward pass is in float64.

The networks are those of ``dezero_.py``, which says where the float64 comes from and
what keeps it away. Labels are int64, as elsewhere.
"""

from __future__ import annotations

import numpy as np

from . import dezero_

NAME = "DeZero, as installed"
PACKAGE = MODULE = "dezero"
W1, W2, W3, W4 = dezero_.W1, dezero_.W2, dezero_.W3, dezero_.W4
W5, W5R, W6 = dezero_.W5, dezero_.W5R, dezero_.W6


def setup(threads: int) -> None:
    """Import it, and nothing else."""
    dezero_.load()
    dezero_.labels = np.int64
