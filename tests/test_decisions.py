"""Precision, recall, F1, areas and R² against scikit-learn, over batches and weights.

A new metric needs a row in ``decision_cases.py``; `tests/parity` has the same rows.
"""

import json

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import metrics
from dlcourse.errors import ConfigError, ShapeError
from tests.decision_cases import CHANCES, ROWS, YES, N

every_row = pytest.mark.parametrize(
    "name, how, value, true, pred", ROWS, ids=[f"{row[0]} {row[1]}" for row in ROWS]
)
PARTS = (slice(0, 1), slice(1, 4), slice(4, None))


def make(name, **how):
    return getattr(metrics, name)(**how)


@every_row
def test_values_over_batches(name, how, value, true, pred):
    metric, expected = make(name, **how), value(true, pred, np.ones(N))
    for part in PARTS:
        metric.update_state(true[part], dl.Tensor(pred[part]))
    assert type(metric.result()) is float
    assert metric.result() == pytest.approx(expected, rel=1e-9)
    metric.reset_state()
    assert metric.result() == 0.0
    assert metric(true, pred) == pytest.approx(expected, rel=1e-9)


@every_row
def test_weights(name, how, value, true, pred):
    weight = np.arange(N) + 0.5
    expected = value(true, pred, weight)
    for given in (weight, weight.tolist(), weight[:, None]):
        metric = make(name, **how)
        for part in PARTS:
            metric.update_state(true[part], pred[part], given[part])
        assert metric.result() == pytest.approx(expected, rel=1e-6)
    with pytest.raises(ShapeError, match="sample_weight"):
        make(name, **how).update_state(true, pred, np.ones(N + 1))


@every_row
def test_a_state_can_be_carried_on(name, how, value, true, pred):
    whole, first, second = (make(name, **how) for _ in range(3))
    for part in PARTS:
        whole.update_state(true[part], pred[part])
    first.update_state(true[PARTS[0]], pred[PARTS[0]])
    second.set_state(first.get_state())
    for part in PARTS[1:]:
        second.update_state(true[part], pred[part])
    assert second.result() == whole.result()


@every_row
def test_names_configs_and_shapes(name, how, value, true, pred):
    metric = make(name, **how)
    assert type(metrics.get(metric.name)) is type(metrics.get(name)) is type(metric)
    assert metrics.get(metric.name).name == metric.name
    twin = type(metric).from_config(json.loads(json.dumps(metric.get_config())))
    assert twin(true, pred) == metric(true, pred)
    with pytest.raises(ShapeError, match=metric.name):
        metric.update_state(np.ones(3), np.ones((3, 1)))


def test_in_a_training():
    model = dl.Sequential([dl.Input((3,)), dl.layers.Dense(3, "sigmoid")])
    names = ["precision", "Recall", "auc", dl.metrics.F1Score("micro", 0.5)]
    model.compile("sgd", "binary_crossentropy", metrics=names)
    history = model.fit(CHANCES, YES, verbose=0, batch_size=2).history
    assert list(history) == ["loss", "precision", "Recall", "auc", "f1_score"]
    values = model.evaluate(CHANCES, YES, verbose=0)
    pred = model.predict(CHANCES)
    for metric, found in zip(names, values[1:], strict=True):
        assert found == metrics.get(metric)(YES, pred)


def test_a_perfect_and_a_useless_prediction():
    true = np.array([0, 0, 1, 1.0])
    for curve in ("ROC", "PR"):
        assert metrics.AUC(curve=curve)(true, true) == pytest.approx(1.0)
    assert metrics.AUC()(true, 1 - true) == pytest.approx(0.0)
    assert metrics.AUC()(true, np.full(4, 0.5)) == pytest.approx(0.5)
    assert metrics.F1Score()(true[:, None], true[:, None] * 0.6) == 1.0
    assert metrics.R2Score()(true, true) == 1.0
    assert metrics.R2Score()(true, np.full(4, 0.5)) == 0.0
    assert metrics.R2Score()(np.ones(4), true) == 0.0  # nothing to explain


def test_the_area_under_precision_and_recall():
    """By hand: (recall, precision) (½, 1), (½, ½), (1, ⅔), and between them

    precision is (hits₀ + s·Δ)/(said₀ + Δ), which integrates to a logarithm.
    """
    true, pred = np.array([1, 0, 1, 0.0]), np.array([0.9, 0.7, 0.5, 0.3])
    last = 1 - np.log(3 / 2)  # from (1 hit of 2 said) to (2 of 3): ∫(x − 1)/x
    value = metrics.AUC(curve="PR")(true, pred)
    assert value == pytest.approx((1 + last) / 2, rel=1e-9)


def test_settings_that_cannot_be():
    for make_it, word in (
        (lambda: metrics.AUC(curve="roc"), "'ROC'"),
        (lambda: metrics.AUC(num_thresholds=2), "num_thresholds"),
        (lambda: metrics.Precision(thresholds=1.5), "thresholds"),
        (lambda: metrics.Recall(class_id=-1), "class_id"),
        (lambda: metrics.F1Score("makro"), "Did you mean 'macro'"),
        (lambda: metrics.F1Score(None), "average"),
        (lambda: metrics.F1Score(threshold="a"), "threshold"),
    ):
        with pytest.raises(ConfigError, match=word):
            make_it()


@pytest.mark.parametrize(
    "name", ["auc", "precision", "recall", "f1_score", "r2_score", "cosine_similarity"]
)
def test_more_of_it_is_better(name):
    """What watches these in mode "auto" waits for them to rise, as Keras's does."""
    for monitor in (name, f"val_{name}", f"val_output_{name}"):
        assert dl.callbacks.EarlyStopping(monitor).sign == 1
