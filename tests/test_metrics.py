"""Every metric against its formula, over batches and weights; and by its names.

A new metric needs a row in `TABLE`, or in that of ``test_decisions.py`` if it is no
average over samples. `tests/parity` compares the same rows with Keras.
"""

import json

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import metrics
from dlcourse.errors import ConfigError, ShapeError
from tests.decision_cases import TABLE as OVER_ALL
from tests.loss_cases import (
    GUESSES,
    LABELS,
    LOGITS,
    NUMBERS,
    ONE_HOT,
    SHARES,
    YES_OR_NO,
)

N = len(LABELS)
SOME_RIGHT = np.where(np.arange(N)[:, None] < 4, NUMBERS, GUESSES)


def top(k):
    """The true class is among the k best, by sorting."""
    best = np.argsort(-LOGITS, axis=-1)[:, :k]
    return (best == LABELS[:, None]).any(-1)


def cosine(t, y):
    lengths = np.linalg.norm(t, axis=-1) * np.linalg.norm(y, axis=-1)
    return (t * y).sum(-1) / np.maximum(lengths, 1e-6)


# settings, the value of each sample (or element), targets, predictions
TABLE = {
    "MeanSquaredError": [({}, (NUMBERS - GUESSES) ** 2, NUMBERS, GUESSES)],
    "MeanAbsoluteError": [({}, np.abs(NUMBERS - GUESSES), NUMBERS, GUESSES)],
    "RootMeanSquaredError": [({}, (NUMBERS - GUESSES) ** 2, NUMBERS, GUESSES)],
    "Accuracy": [({}, NUMBERS == SOME_RIGHT, NUMBERS, SOME_RIGHT)],
    "BinaryAccuracy": [
        ({}, (SHARES > 0.5) == YES_OR_NO, YES_OR_NO, SHARES),
        ({"threshold": 0.3}, (SHARES > 0.3) == YES_OR_NO, YES_OR_NO, SHARES),
    ],
    "CategoricalAccuracy": [({}, LOGITS.argmax(-1) == LABELS, ONE_HOT, LOGITS)],
    "SparseCategoricalAccuracy": [
        ({}, LOGITS.argmax(-1) == LABELS, LABELS, LOGITS),
        ({}, LOGITS.argmax(-1) == LABELS, LABELS[:, None], LOGITS),
    ],
    "TopKCategoricalAccuracy": [
        ({"k": 1}, top(1), ONE_HOT, LOGITS),
        ({"k": 2}, top(2), ONE_HOT, LOGITS),
        ({"k": 4}, top(4), ONE_HOT, LOGITS),
    ],
    "SparseTopKCategoricalAccuracy": [
        ({"k": 1}, top(1), LABELS, LOGITS),
        ({"k": 2}, top(2), LABELS[:, None], LOGITS),
    ],
    "CosineSimilarity": [
        ({}, cosine(NUMBERS, GUESSES), NUMBERS, GUESSES),
        ({}, cosine(SHARES, YES_OR_NO), SHARES, YES_OR_NO),
    ],
}
ROWS = [(name, *row) for name, rows in TABLE.items() for row in rows]
every_row = pytest.mark.parametrize(
    "name, how, values, true, pred", ROWS, ids=[f"{row[0]} {row[1]}" for row in ROWS]
)


def make(kind, **how):
    return getattr(metrics, kind)(**how)


def finished(name, mean):
    return mean**0.5 if name == "RootMeanSquaredError" else mean


def test_every_metric_has_a_row():
    found = {
        name
        for name in metrics.__all__
        if isinstance(getattr(metrics, name), type) and name not in ("Metric", "Mean")
    }
    assert found == set(TABLE) | set(OVER_ALL), "add a row to one of the tables"


@every_row
def test_values(name, how, values, true, pred):
    expected = finished(name, np.mean(values))
    metric = make(name, **how)
    assert metric(true, pred) == pytest.approx(expected, rel=1e-6)
    assert isinstance(metric.result(), float)
    metric.reset_state()
    metric.update_state(true, dl.Tensor(pred))
    assert metric.result() == pytest.approx(expected, rel=1e-6)


@every_row
def test_batches_of_different_sizes_count_by_sample(name, how, values, true, pred):
    metric = make(name, **how)
    for part in (slice(0, 4), slice(4, 5), slice(5, None)):
        metric.update_state(true[part], pred[part])
    assert metric.result() == pytest.approx(finished(name, np.mean(values)), rel=1e-6)
    metric.reset_state()
    metric.update_state(true[:2], pred[:2])
    expected = finished(name, np.mean(values[:2]))
    assert metric.result() == pytest.approx(expected, rel=1e-6)


@every_row
def test_weights(name, how, values, true, pred):
    """The weighted sum is divided by the sum of the weights, as in Keras."""
    weight = np.arange(N) + 0.5
    each = np.asarray(values, float).reshape(N, -1).mean(-1)
    expected = finished(name, np.average(each, weights=weight))
    for given in (weight, weight.tolist(), weight[:, None]):
        metric = make(name, **how)
        metric.update_state(true[:4], pred[:4], given[:4])
        metric.update_state(true[4:], pred[4:], given[4:])
        assert metric.result() == pytest.approx(expected, rel=1e-6)


@every_row
def test_nothing_seen_yet(name, how, values, true, pred):
    assert make(name, **how).result() == 0.0


@every_row
def test_inputs_are_left_alone(name, how, values, true, pred):
    true, pred = true.copy(), pred.copy()
    true.flags.writeable = pred.flags.writeable = False
    make(name, **how).update_state(true, pred)


@every_row
def test_names_and_configs(name, how, values, true, pred):
    metric = make(name, **how)
    assert metric.name == dl.config.snake(name).replace("top_kc", "top_k_c")
    assert make(name, name="mine", **how).name == "mine"
    assert type(metrics.get(name)) is type(metric)
    if name != "Accuracy":  # that word means the one that fits the loss
        assert type(metrics.get(metric.name)) is type(metric)
    config = json.loads(json.dumps(metric.get_config()))
    twin = type(metric).from_config(config)
    assert twin(true, pred) == metric(true, pred) and twin.get_config() == config


def test_the_mean_of_values():
    mean = metrics.Mean()
    mean.update_state([1.0, 2.0])
    mean.update_state(6.0)
    assert mean.result() == 3.0
    mean.reset_state()
    mean.update_state([1.0, 5.0], [3.0, 1.0])
    assert mean.result() == 2.0


def test_many_batches_lose_no_digits():
    """A million samples of 0.1 in float32 still have the mean 0.1."""
    mean = metrics.Mean()
    for _ in range(1000):
        mean.update_state(np.full(1000, 0.1, "float32"))
    assert mean.result() == pytest.approx(float(np.float32(0.1)), rel=1e-12)


# --------------------------------------------------------------------- which accuracy

ACCURACIES = [  # loss, units, activation, targets, the metric that "accuracy" means
    ("sparse_categorical_crossentropy", 4, "softmax", LABELS, "Sparse"),
    ("sparse_categorical_crossentropy", 4, "softmax", LABELS[:, None], "Sparse"),
    ("categorical_crossentropy", 4, "softmax", ONE_HOT, "Categorical"),
    ("mse", 4, "softmax", ONE_HOT, "Categorical"),
    ("binary_crossentropy", 1, "sigmoid", YES_OR_NO[:, :1], "Binary"),
    ("binary_crossentropy", 3, "sigmoid", YES_OR_NO, "Binary"),
    ("mse", 1, "sigmoid", YES_OR_NO[:, :1], "Binary"),
]


@pytest.mark.parametrize("loss, units, activation, true, kind", ACCURACIES, ids=str)
@pytest.mark.parametrize("word", ["accuracy", "acc"])
def test_accuracy_is_the_one_that_fits(loss, units, activation, true, kind, word):
    model = dl.Sequential([dl.Input((3,)), dl.layers.Dense(units, activation)])
    model.compile("sgd", loss, metrics=[word])
    _, value = model.evaluate(NUMBERS, true, verbose=0)
    pred = model.predict(NUMBERS)
    hits = {
        "Sparse": lambda: pred.argmax(-1) == LABELS,
        "Categorical": lambda: pred.argmax(-1) == true.argmax(-1),
        "Binary": lambda: (pred > 0.5) == (true > 0.5),
    }[kind]()
    assert value == pytest.approx(hits.mean())
    history = model.fit(NUMBERS, true, verbose=0, validation_data=(NUMBERS, true))
    assert set(history.history) == {"loss", word, "val_loss", f"val_{word}"}


def test_accuracy_of_logits():
    """With from_logits=True half a chance is a logit of 0, not of 0.5."""
    loss = dl.losses.BinaryCrossentropy(from_logits=True)
    model = dl.Sequential([dl.Input((1,)), dl.layers.Dense(1)])
    model.set_weights([[[1.0]], [0.0]])
    model.compile("sgd", loss, metrics=["accuracy"])
    x = np.array([[-0.2], [0.2], [0.4], [0.7]])
    _, accuracy = model.evaluate(x, (x > 0).astype(float), verbose=0)
    assert accuracy == 1.0


# -------------------------------------------------------------------------- bad input


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize("true, pred", [((3,), (3, 1)), ((3, 2), (3, 1)), ((2,), (3,))])
def test_shapes_that_differ_are_named(name, true, pred):
    if name.startswith("Sparse") and true == pred[:-1]:
        return  # labels (n,) for predictions (n, C): what it is for
    metric = make(name)
    with pytest.raises(ShapeError) as caught:
        metric.update_state(np.ones(true), np.ones(pred))
    message = str(caught.value)
    assert metric.name in message and str(true) in message and str(pred) in message
    assert metric.result() == 0.0


def test_weights_of_steps():
    """A weight for each step of a sequence, or one for all its steps."""
    true, pred = np.zeros((2, 3, 4)), np.random.default_rng(0).normal(size=(2, 3, 4))
    steps = (pred**2).mean(-1)
    for weight in (np.arange(6.0).reshape(2, 3), np.array([1.0, 3.0])):
        expected = np.average(steps, weights=np.ones((2, 3)) * weight.reshape(2, -1))
        value = metrics.MeanSquaredError()(true, pred, weight)
        assert value == pytest.approx(expected, rel=1e-12)


def test_weights_that_do_not_fit():
    metric = metrics.MeanSquaredError()
    with pytest.raises(ShapeError, match=r"sample_weight.*\(2,\)"):
        metric.update_state(NUMBERS, GUESSES, np.ones(2))
    assert metric.result() == 0.0


UNKNOWN = {
    "acuracy": "accuracy",
    "mean_abs_error": "mean_absolute_error",
    "msee": "mse",
}


@pytest.mark.parametrize("name, right", UNKNOWN.items())
def test_an_unknown_name(name, right):
    with pytest.raises(ConfigError, match=f"Did you mean {right!r}") as caught:
        metrics.get(name)
    assert repr(name) in str(caught.value) and "metric" in str(caught.value)


def test_settings_that_cannot_be():
    for make_it, word in (
        (lambda: metrics.BinaryAccuracy(threshold=2), "threshold"),
        (lambda: metrics.TopKCategoricalAccuracy(k=0), "k must"),
        (lambda: metrics.TopKCategoricalAccuracy(k=1.5), "k must"),
        (lambda: metrics.get(3), "metric"),
        (lambda: metrics.BinaryAccuracy.from_config({"treshold": 1}), "'threshold'"),
    ):
        with pytest.raises(ConfigError, match=word):
            make_it()


def test_losses_serve_as_metrics():
    model = dl.Sequential([dl.Input((3,)), dl.layers.Dense(3)])
    model.compile("sgd", "mse", metrics=["mae", "huber", "mean_squared_error"])
    loss, mae, huber, mse = model.evaluate(NUMBERS, GUESSES, verbose=0)
    pred = model.predict(NUMBERS)
    assert mae == pytest.approx(np.abs(GUESSES - pred).mean(), rel=1e-5)
    assert huber == pytest.approx(float(dl.losses.Huber()(GUESSES, pred)), rel=1e-5)
    assert mse == pytest.approx(loss, rel=1e-5)
    assert model.metrics_names == ["loss", "mae", "huber", "mean_squared_error"]


def test_a_function_is_a_metric():
    def largest_error(y_true, y_pred):
        return np.abs(y_true - y_pred).max(axis=-1)

    metric = metrics.get(largest_error)
    assert metric.name == "largest_error"
    expected = np.abs(NUMBERS - GUESSES).max(-1).mean()
    assert metric(NUMBERS, GUESSES) == pytest.approx(expected, rel=1e-6)
    assert metrics.get(lambda y_true, y_pred: y_true).name == "lambda"
    assert metrics.get(dl.losses.Huber(2.0)).name == "huber"


def test_accuracy_by_shapes_where_there_is_no_loss():
    for target, kind in (((6,), "Sparse"), ((6, 1), "Sparse"), ((6, 4), "Categorical")):
        found = metrics.get("acc", output_shape=(6, 4), target_shape=target)
        assert type(found).__name__ == f"{kind}CategoricalAccuracy".replace(
            "CategoricalCategorical", "Categorical"
        )
