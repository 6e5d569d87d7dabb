"""Random configurations of every op against PyTorch: outputs and all gradients.

In float64, to 1e-10. A case is fixed by its row and number, so a failure names how to
make it again: ``judge("conv 2D", 137)``.
"""

from collections import Counter

import pytest

import dlcourse as dl
from tests.parity import (  # noqa: F401 (they fill the table)
    torch_elements,
    torch_layers,
    torch_moving,
    torch_windows,
)
from tests.parity.torch_judge import ROWS, judge

pytest_plugins = ["tests.parity.counts"]

AT_LEAST = 5_000
OF_EACH_WINDOW = 300
WINDOWED = (
    "conv 1D",
    "conv 2D",
    "conv 3D",
    "conv depthwise 2D",
    "conv_transpose 1D",
    "conv_transpose 2D",
    "conv_transpose 3D",
    "max_pool 1D",
    "max_pool 2D",
    "max_pool 3D",
    "average_pool 1D",
    "average_pool 2D",
    "average_pool 3D",
)
ELSEWHERE = {
    "dropout": "random: tests/ops/test_dropout.py",
    "check_labels": "computes nothing: tests/ops/test_labels.py",
}


def test_every_op_is_in_the_table():
    missing = set(dl.ops.__all__) - {r.op for r in ROWS.values()} - set(ELSEWHERE)
    assert not missing, f"no random cases for {sorted(missing)}"
    assert {r.op for r in ROWS.values()} <= set(dl.ops.__all__)


def test_as_many_as_promised():
    counts: Counter[str] = Counter()
    for r in ROWS.values():
        counts[r.op] += r.count
    assert counts.total() >= AT_LEAST
    assert all(ROWS[name].count >= OF_EACH_WINDOW for name in WINDOWED)


@pytest.mark.parametrize("name", ROWS)
def test_against_pytorch(name, record_property):
    ran = 0
    for seed in range(ROWS[name].count):
        judge(name, seed)
        ran += 1
    assert ran == ROWS[name].count
    record_property("count", ("random cases against PyTorch", ROWS[name].op, ran))
