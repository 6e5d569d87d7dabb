"""Losses and metrics against Keras (and PyTorch, where Keras has none), to 1e-6.

Not nearer: Keras on PyTorch works in float32 wherever two numbers meet, even when told
to use float64. Our formulas are held to 1e-12 in ``tests/test_losses.py``.
"""

import re

import numpy as np
import pytest
import torch

import dlcourse as dl
from tests.decision_cases import ROWS as DECISIONS
from tests.parity.judges import keras, to_numpy, to_torch
from tests.test_losses import ROWS as LOSSES
from tests.test_metrics import ROWS as METRICS

pytestmark = pytest.mark.usefixtures("keras_in_float64")

ONLY_OURS = {"Exponential": "no other has it", "Logistic": "PyTorch's SoftMarginLoss"}
SHARED = [row for row in LOSSES if row[0] not in ONLY_OURS]
N = len(LOSSES[0][3])
REDUCTIONS = ["sum_over_batch_size", "sum", "none", "mean", "mean_with_sample_weight"]


def test_what_is_left_out():
    names = {row[0] for row in LOSSES}
    assert {name for name in names if not hasattr(keras.losses, name)} == set(ONLY_OURS)
    print("Keras has no", ONLY_OURS)


def close(ours, theirs):
    ours, theirs = dl.to_numpy(ours), to_numpy(theirs)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("row", SHARED, ids=lambda row: f"{row[0]} {row[1]}")
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_losses(row, reduction, weighted):
    name, how, _, true, pred = row
    weight = np.arange(N) + 0.5 if weighted else None
    ours = getattr(dl.losses, name)(reduction=reduction, **how)
    theirs = getattr(keras.losses, name)(reduction=reduction, dtype="float64", **how)
    y, z = dl.Tensor(pred, requires_grad=True), to_torch(pred)
    a = ours(true, y, weight)
    b = theirs(to_torch(true, False), z, None if weight is None else weight)
    close(a, b)
    a.sum().backward()
    b.sum().backward()
    close(y.grad, z.grad)


def test_logistic_is_pytorchs_soft_margin():
    for name, how, _, true, pred in LOSSES:
        if name == "Logistic":
            y, z = dl.Tensor(pred, requires_grad=True), to_torch(pred)
            a = dl.losses.Logistic(**how)(true, y)
            b = torch.nn.SoftMarginLoss()(z, to_torch(true, False))
            close(a, b)
            a.backward()
            b.backward()
            close(y.grad, z.grad)


AREAS = [
    ("AUC", {"curve": "PR"}, None, *DECISIONS[-4][-2:]),
    ("AUC", {"num_thresholds": 5, "curve": "PR"}, None, *DECISIONS[-4][-2:]),
    ("AUC", {"num_thresholds": 7}, None, *DECISIONS[-4][-2:]),
]


@pytest.mark.parametrize(
    "row", METRICS + DECISIONS + AREAS, ids=lambda row: f"{row[0]} {row[1]}"
)
@pytest.mark.parametrize("weighted", [False, True])
def test_metrics(row, weighted):
    name, how, _, true, pred = row
    ours = getattr(dl.metrics, name)(**how)
    theirs = getattr(keras.metrics, name)(dtype="float64", **how)
    assert ours.name == re.sub(r"_\d+$", "", theirs.name)  # Keras numbers some
    for part in (slice(0, 2), slice(2, None)):
        weight = (np.arange(N) + 0.5)[part] if weighted else None
        ours.update_state(true[part], pred[part], weight)
        theirs.update_state(true[part], pred[part], weight)
        close(ours.result(), theirs.result())


@pytest.mark.parametrize("name", ["L1", "L2", "L1L2"])
@pytest.mark.parametrize("how", [{}, {"l1": 0.3}, {"l2": 0.2}, {"l1": 0.1, "l2": 0.2}])
def test_regularizers(name, how):
    if name != "L1L2" and set(how) - {name.lower()}:
        return
    w = np.random.default_rng(0).normal(size=(3, 4))
    ours = getattr(dl.regularizers, name)(**how)(w)
    theirs = getattr(keras.regularizers, name)(**how)(to_torch(w, False))
    close(ours, theirs)
