"""Every loss against its formula, in NumPy and by hand; and what it must refuse.

A new loss needs a row in `TABLE`. `tests/parity` compares the same rows with Keras.
"""

import json

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import losses, ops
from dlcourse.errors import ConfigError, LabelError, ShapeError
from tests.loss_cases import TABLE, YES_OR_NO

ROWS = [(name, *row) for name, rows in TABLE.items() for row in rows]
every_row = pytest.mark.parametrize(
    "name, how, formula, true, pred", ROWS, ids=[f"{row[0]} {row[1]}" for row in ROWS]
)


def make(name, **how):
    return getattr(losses, name)(**how)


def test_every_loss_has_a_row():
    found = {
        name
        for name in losses.__all__
        if isinstance(getattr(losses, name), type) and name != "Loss"
    }
    assert found == set(TABLE), "add a row to tests/loss_cases.py"


@every_row
@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-12), ("float32", 1e-5)])
def test_values(name, how, formula, true, pred, dtype, tolerance):
    expected = formula(true, pred.astype(dtype).astype("float64"))
    pred = pred.astype(dtype)
    for reduction, reduce in (
        ("sum_over_batch_size", np.mean),
        ("mean", np.mean),
        ("sum", np.sum),
        ("none", np.asarray),
        (None, np.asarray),
    ):
        loss = make(name, reduction=reduction, **how)
        value = loss(true, pred)
        assert type(value) is np.ndarray and value.dtype == dtype
        assert value.shape == np.shape(reduce(expected))
        np.testing.assert_allclose(value, reduce(expected), rtol=tolerance, atol=1e-6)
        on_tensor = loss(true, dl.Tensor(pred))
        assert isinstance(on_tensor, dl.Tensor) and on_tensor.dtype == dtype
        np.testing.assert_array_equal(on_tensor.data, value)


@every_row
def test_gradient(name, how, formula, true, pred):
    loss = make(name, **how)
    assert dl.testing.gradcheck(lambda p: loss(true, p), pred)
    y_pred = dl.Tensor(pred, requires_grad=True)
    loss(true, y_pred).backward()
    direction = np.random.default_rng(0).normal(size=pred.shape)
    at = lambda t: formula(true, pred + t * direction).mean()  # noqa: E731
    slope = (8 * (at(1e-4) - at(-1e-4)) - at(2e-4) + at(-2e-4)) / 12e-4
    assert np.sum(y_pred.grad * direction) == pytest.approx(slope, rel=1e-7, abs=1e-9)


@every_row
def test_sample_weights(name, how, formula, true, pred):
    """The weighted sum is divided by the number of samples, not of weights."""
    weight = np.arange(len(pred)) / 2.0
    expected = np.mean(formula(true, pred) * weight)
    for given in (weight, weight.tolist(), weight.astype("float32"), weight[:, None]):
        value = make(name, **how)(true, pred, given)
        assert value == pytest.approx(expected, rel=1e-6, abs=1e-12)
    with pytest.raises(ShapeError, match="sample_weight"):
        make(name, **how)(true, pred, np.ones(len(pred) + 1))


@every_row
def test_inputs_are_left_alone(name, how, formula, true, pred):
    true, pred = true.copy(), pred.copy()
    true.flags.writeable = pred.flags.writeable = False
    y_pred = dl.Tensor(pred, requires_grad=True)
    make(name, **how)(true, y_pred).backward()


@every_row
def test_a_batch_of_one(name, how, formula, true, pred):
    expected = formula(true[:1], pred[:1]).mean()
    value = make(name, **how)(true[:1], pred[:1])
    assert value == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("reduction", ["mean", "sum", "mean_with_sample_weight"])
def test_a_weight_for_each_step_or_for_the_whole_sequence(reduction):
    """Losses (N, T) take weights (N, T), and (N,) or (N, 1) for all steps alike."""
    true, pred = np.random.default_rng(0).normal(size=(2, 2, 3, 4))
    each = ((true - pred) ** 2).mean(-1)
    loss = losses.MeanSquaredError(reduction=reduction)
    for shape in ((2, 3), (2, 3, 1), (2,), (2, 1), (2, 1, 1)):
        weight = np.arange(1.0, np.prod(shape) + 1).reshape(shape)
        full = weight.reshape(2, -1) * np.ones((2, 3))
        total = (each * full).sum()
        divisors = {"mean": 6, "sum": 1, "mean_with_sample_weight": full.sum()}
        expected = total / divisors[reduction]
        assert loss(true, pred, weight) == pytest.approx(expected, rel=1e-12)
    for shape in ((3,), (3, 2), (1, 3), (2, 2), (2, 3, 4), (2, 1, 3)):
        with pytest.raises(ShapeError, match=r"sample_weight .*\(2, 3\)"):
            loss(true, pred, np.ones(shape))


# ------------------------------------------------------------------------ by hand

BY_HAND = [
    ("mse", [[0.0, 1.0]], [[0.5, 3.0]], (0.25 + 4) / 2),
    ("mae", [[0.0, 1.0]], [[0.5, 3.0]], (0.5 + 2) / 2),
    ("huber", [[0.0, 1.0]], [[0.5, 3.0]], (0.125 + 1.5) / 2),
    ("binary_crossentropy", [[1.0]], [[0.25]], np.log(4)),
    ("categorical_crossentropy", [[0.0, 1.0]], [[0.75, 0.25]], np.log(4)),
    ("sparse_categorical_crossentropy", [1], [[0.75, 0.25]], np.log(4)),
    ("hinge", [[1.0, -1.0]], [[0.25, 0.25]], (0.75 + 1.25) / 2),
    ("squared_hinge", [[1.0, -1.0]], [[0.5, 0.5]], (0.25 + 2.25) / 2),
    ("categorical_hinge", [[0.0, 1.0, 0.0]], [[0.25, 0.5, 0.75]], 1.25),
    ("kl_divergence", [[0.5, 0.5]], [[0.25, 0.75]], 0.5 * np.log(4 / 3)),
    ("poisson", [[2.0]], [[1.0]], 1.0),
    ("exponential", [[-1.0]], [[0.5]], np.exp(0.5)),
    ("logistic", [[1.0]], [[0.0]], np.log(2)),
]


@pytest.mark.parametrize("name, true, pred, value", BY_HAND, ids=str)
def test_by_hand(name, true, pred, value):
    loss = losses.get(name)
    assert float(loss(np.array(true), np.array(pred))) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("name", TABLE)
def test_names_configs_and_objects(name):
    snake = {"KLDivergence": "kl_divergence"}.get(name) or dl.config.snake(name)
    for spelling in (name, snake, getattr(losses, name), make(name)):
        assert type(losses.get(spelling)) is getattr(losses, name)
    config = json.loads(json.dumps(make(name, reduction="sum").get_config()))
    twin = type(make(name)).from_config(config)
    assert twin.reduction == "sum" and twin.get_config() == config


def test_a_function_is_a_loss():
    loss = losses.get(lambda t, p: ops.mean(ops.square(p - t) * 2, axis=-1))
    assert loss(np.zeros((3, 1)), np.ones((3, 1))) == pytest.approx(2.0)


# ------------------------------------------------------- cross-entropies and far logits


class FromLogits:
    """The three losses of probabilities, given logits through softmax or sigmoid."""

    far = np.array([[1e4, -1e4, 0.0], [-1e4, 1e4, 3.0]])
    labels = np.array([1, 1])
    rows = {
        "sparse": (losses.SparseCategoricalCrossentropy, ops.softmax, labels, far),
        "categorical": (
            losses.CategoricalCrossentropy,
            ops.softmax,
            np.eye(3)[labels],
            far,
        ),
        "binary": (
            losses.BinaryCrossentropy,
            ops.sigmoid,
            np.array([[1.0, 0], [0, 0]]),
            far[:, :2],
        ),
    }
    expected = {"sparse": [2e4, 0], "categorical": [2e4, 0], "binary": [0, 5e3]}


@pytest.mark.parametrize("kind", FromLogits.rows)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_finite_at_far_logits_through_the_graph(kind, dtype):
    loss, squash, true, far = FromLogits.rows[kind]
    logits = dl.Tensor(far, requires_grad=True, dtype=dtype)
    values = loss(reduction="none")(true, squash(logits))
    np.testing.assert_allclose(values.data, FromLogits.expected[kind], rtol=1e-6)
    loss()(true, squash(logits)).backward()
    assert np.isfinite(logits.grad).all() and np.abs(logits.grad).max() > 0.2
    with dl.no_grad():  # in evaluate there is no graph, and still no limit of 1e-7
        values = loss(reduction="none")(true, squash(dl.Tensor(far, dtype=dtype)))
    np.testing.assert_allclose(values.data, FromLogits.expected[kind], rtol=1e-6)
    values = loss(from_logits=True, reduction="none")(true, far.astype(dtype))
    np.testing.assert_allclose(values, FromLogits.expected[kind], rtol=1e-6)


@pytest.mark.parametrize("kind", FromLogits.rows)
def test_what_only_looks_like_softmax(kind):
    """A softmax that was changed afterwards is an ordinary prediction."""
    loss, squash, true, far = FromLogits.rows[kind]
    z = dl.Tensor(np.sin(far))
    halved = squash(z) * 0.5
    assert loss()(true, halved).item() == pytest.approx(
        float(loss()(true, halved.data)), rel=1e-12
    )
    other_axis = ops.softmax(z, axis=0)
    assert loss()(true, other_axis).item() == pytest.approx(
        float(loss()(true, other_axis.data)), rel=1e-12
    )


def test_probabilities_of_zero_and_one_stay_finite():
    for loss in (losses.BinaryCrossentropy(), losses.CategoricalCrossentropy()):
        value = loss(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]))
        assert value == pytest.approx(-np.log(1e-7), rel=1e-6)


@pytest.mark.parametrize("margin", [-1e3, 1e3])
@pytest.mark.parametrize("name", ["Exponential", "Logistic", "Hinge", "SquaredHinge"])
def test_margin_losses_are_finite_far_away(name, margin):
    y_pred = dl.Tensor([[margin]], requires_grad=True)
    loss = make(name)([[1.0]], y_pred)
    loss.backward()
    assert np.isfinite(loss.data) and np.isfinite(y_pred.grad).all()


# ------------------------------------------------------------------------ bad input

ONES = np.ones
MISMATCHED = [
    ((3,), (3, 1)),
    ((3, 1), (3,)),
    ((3, 2), (3, 1)),
    ((2, 2), (3, 2)),
    ((), (3, 1)),
]


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize("true, pred", MISMATCHED, ids=str)
def test_shapes_that_differ_are_named(name, true, pred):
    sparse = name == "SparseCategoricalCrossentropy"
    if sparse and true in (pred[:-1], (*pred[:-1], 1)):
        return  # what it is for: labels (n,) or (n, 1) for predictions (n, C)
    with pytest.raises(ShapeError) as caught:
        make(name)(ONES(true), ONES(pred))
    message = str(caught.value)
    assert name in message and str(true) in message and str(pred) in message


def test_the_way_out_is_said():
    for true, pred, hint in (((3,), (3, 1), "[:, None]"), ((3, 1), (3,), "[:, 0]")):
        with pytest.raises(ShapeError) as caught:
            losses.MeanSquaredError()(ONES(true), ONES(pred))
        assert hint in str(caught.value)


NAN = float("nan")
BAD_LABELS = [
    ("BinaryCrossentropy", [[0.0], [1.5]], "1.5"),
    ("BinaryCrossentropy", [[-1.0], [1.0]], "-1"),
    ("BinaryCrossentropy", [[NAN], [1.0]], "nan"),
    ("CategoricalCrossentropy", [[NAN, 1.0], [0.0, 1.0]], "nan"),
    ("CategoricalCrossentropy", [[-1.0, 2.0], [0.0, 1.0]], "-1"),
    ("KLDivergence", [[NAN, 1.0], [0.0, 1.0]], "nan"),
    ("Exponential", [[0.0], [1.0]], "−1 or +1"),
    ("Exponential", [[NAN], [1.0]], "nan"),
    ("Logistic", [[0.0], [1.0]], "−1 or +1"),
    ("Hinge", [[NAN], [1.0]], "nan"),
    ("MeanSquaredError", [[NAN], [1.0]], "nan"),
]


@pytest.mark.parametrize("name, true, word", BAD_LABELS, ids=str)
def test_labels_that_cannot_be(name, true, word):
    with pytest.raises(LabelError) as caught:
        make(name)(np.array(true), np.full(np.shape(true), 0.5))
    assert name in str(caught.value) and word in str(caught.value).lower()


NEAREST = {
    "mean_square_error": "mean_squared_error",
    "binary_cross_entropy": "binary_crossentropy",
    "crossentropy": "binary_crossentropy",
    "msee": "mse",
    "Hindge": "hinge",
}


@pytest.mark.parametrize("name, right", NEAREST.items())
def test_an_unknown_name(name, right):
    with pytest.raises(ConfigError, match=f"Did you mean '{right}'") as caught:
        losses.get(name)
    assert repr(name) in str(caught.value)


def test_settings_that_cannot_be():
    for make_it, word in (
        (lambda: losses.MeanSquaredError(reduction="avg"), "'avg'"),
        (lambda: losses.Huber(delta=0), "delta"),
        (lambda: losses.Huber(delta="one"), "delta"),
        (lambda: losses.BinaryCrossentropy(label_smoothing=1.5), "label_smoothing"),
        (lambda: losses.get(3), "loss"),
        (lambda: losses.Huber.from_config({"dleta": 1}), "'delta'"),
    ):
        with pytest.raises(ConfigError, match=word):
            make_it()


def test_yes_or_no_labels_may_be_whole_numbers():
    loss = losses.BinaryCrossentropy()
    pred = np.full(YES_OR_NO.shape, 0.3)
    for dtype in (int, bool, "uint8", "float32"):
        assert loss(YES_OR_NO.astype(dtype), pred) == pytest.approx(
            float(loss(YES_OR_NO, pred)), rel=1e-6
        )
