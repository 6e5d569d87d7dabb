"""Every metric, and a training with two outputs, on the strict stand-in for CuPy."""

import numpy as np
import pytest

import dlcourse as dl
from tests import stand_in
from tests.decision_cases import ROWS as DECISIONS
from tests.models import two_outputs as two
from tests.test_metrics import ROWS as AVERAGES


def collected(name, how, true, pred, weight):
    metric = getattr(dl.metrics, name)(**how)
    metric.update_state(true[:2], pred[:2], None if weight is None else weight[:2])
    state = metric.get_state()
    assert isinstance(state, np.ndarray)
    metric.reset_state()
    metric.set_state(state)
    metric.update_state(true[2:], pred[2:], None if weight is None else weight[2:])
    return metric.result()


@pytest.mark.parametrize(
    "row", AVERAGES + DECISIONS, ids=lambda row: f"{row[0]} {row[1]}"
)
@pytest.mark.parametrize("weighted", [False, True])
def test_metrics(row, weighted):
    name, how, _, true, pred = row
    weight = np.arange(len(true)) + 0.5 if weighted else None
    expected = collected(name, how, true, pred, weight)
    with dl.use_backend(stand_in.module()):
        assert collected(name, how, true, pred, weight) == expected


def test_data_on_the_device():
    """Targets and weights may be the device's own arrays, alone or in lists."""
    with dl.use_backend(stand_in.module()):
        x, a, b, w = (dl.Tensor(v) for v in (two.X, two.A, two.B, two.WEIGHT))
        model = two.linear()
        expected = model.evaluate(two.X, [two.A, two.B], sample_weight=[two.WEIGHT] * 2)
        found = model.evaluate(x, [a.data, b], sample_weight=[w.data, w.data])
        assert found == expected
        one = dl.Model(model.inputs, model.outputs[0])
        one.compile("sgd", "mse")
        assert one.evaluate(x, [a.data]) == one.evaluate(two.X, two.A)


@pytest.mark.parametrize("kind", ["list", "dict"])
def test_two_outputs(kind):
    def trained():
        metrics = [["mae", "r2_score"], ["auc"]]
        model = two.linear(kind=kind, metrics=metrics, loss_weights=[1, 0.5])
        y = {"a": two.A, "b": (two.B > 0) * 1.0}
        how = {"sample_weight": {"b": two.WEIGHT}, "validation_split": 0.3, "seed": 0}
        history = model.fit(two.X, y, 5, 2, verbose=0, **how).history
        found = model.predict(two.X)
        found = list(found.values()) if kind == "dict" else found
        assert all(isinstance(values, np.ndarray) for values in found)
        return history, found, model.train_on_batch(two.X, y)

    history, predictions, values = trained()
    with dl.use_backend(stand_in.module()):
        found = trained()
    assert found[0] == history and found[2] == values
    for a, b in zip(found[1], predictions, strict=True):
        np.testing.assert_array_equal(a, b)
