"""The table of ops: how each is called, on what, and what NumPy says it is.

Every op of `dl.ops` has at least one row here; `test_contract.py` fails by name for one
that has none. The same rows are compared with PyTorch (``tests/parity``) and run on a
GPU (``tests/gpu``), so they need nothing beyond NumPy. A new op is one new row.
"""

from . import elementwise, kernels, moving, sums
from .case import CASES, Case

# What the table cannot hold, and where it is tested.
ELSEWHERE = {
    "dropout": "random: test_dropout.py",
    "one_hot": "takes labels: test_labels.py",
    "check_labels": "takes labels: test_labels.py",
}
