"""Training a network with two outputs beside Keras: same keys, same numbers.

Also what `evaluate` and single batches return, value by value, and weights of steps.
"""

import numpy as np
import pytest

import dlcourse as dl
from tests.parity.judges import keras, to_numpy

# Keras warns of the layers that an output without a loss leaves untrained
pytestmark = pytest.mark.filterwarnings("ignore:Gradients do not exist:UserWarning")

RNG = np.random.default_rng(0)
N = 50
X = RNG.normal(size=(N, 4)).astype("float32")
NUMBERS = RNG.normal(size=(N, 2)).astype("float32")
LABELS = RNG.integers(0, 3, N)
ONE_HOT = np.eye(3, dtype="float32")[LABELS]
WEIGHT, OTHER = RNG.uniform(0, 2, (2, N)).astype("float32")
SPARSE = "sparse_categorical_crossentropy"


def both(kind="list", optimizer="SGD", l2=None, **how):
    """x → tanh → z (numbers) and c (classes): ours and Keras's, of equal weights."""
    keras.utils.set_random_seed(0)
    models = []
    for m in (dl, keras):
        x = m.Input(shape=(4,))
        penalty = m.regularizers.L2(l2) if l2 else None
        hidden = m.layers.Dense(6, activation="tanh", kernel_regularizer=penalty)(x)
        z = m.layers.Dense(2, name="z")(hidden)
        c = m.layers.Dense(3, activation="softmax", name="c")(hidden)
        model = m.Model(x, [z, c] if kind == "list" else {"z": z, "c": c})
        model.compile(optimizer=getattr(m.optimizers, optimizer)(0.05), **how)
        models.append(model)
    models[0].set_weights(models[1].get_weights())
    return models


def compare(ours, theirs, y, **how):
    how = {"batch_size": 8, "epochs": 3, "shuffle": False, "verbose": 0, **how}
    mine, yours = (m.fit(X, y, **how).history for m in (ours, theirs))
    assert sorted(mine) == sorted(yours)
    for name, values in yours.items():
        expected = [float(to_numpy(value)) for value in values]
        assert mine[name] == pytest.approx(expected, rel=1e-5, abs=1e-6), name
    for a, b in zip(ours.get_weights(), theirs.get_weights()):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def compare_values(ours, theirs, y, weight=None):
    """Lists in the same order, dicts with the same keys."""
    for call in (
        lambda m, **how: m.evaluate(X, y, verbose=0, sample_weight=weight, **how),
        lambda m, **how: m.test_on_batch(X, y, sample_weight=weight, **how),
        lambda m, **how: m.train_on_batch(X, y, sample_weight=weight, **how),
    ):
        found, judged = call(ours), call(theirs)
        judged = np.array([float(to_numpy(v)) for v in np.atleast_1d(judged)])
        np.testing.assert_allclose(np.atleast_1d(found), judged, rtol=1e-5, atol=1e-6)
        found, judged = call(ours, return_dict=True), call(theirs, return_dict=True)
        assert sorted(found) == sorted(judged)
        for name, value in judged.items():
            assert found[name] == pytest.approx(float(value), rel=1e-5), name


LOSSES = {
    "a list": {"loss": ["mse", SPARSE]},
    "a dict": {"loss": {"c": SPARSE, "z": "mae"}},
    "metrics": {"loss": ["mse", SPARSE], "metrics": [["mse", "mae"], ["accuracy"]]},
    "one metric each": {"loss": ["mse", SPARSE], "metrics": ["mae", "acc"]},
    "metrics of one": {"loss": ["mse", SPARSE], "metrics": {"c": ["accuracy"]}},
    "metrics or None": {"loss": ["mse", SPARSE], "metrics": [None, "accuracy"]},
    "weights": {"loss": ["mse", SPARSE], "loss_weights": [2.0, 0.25]},
    "weights by name": {
        "loss": {"z": "mse", "c": SPARSE},
        "loss_weights": {"z": 2.0, "c": 0.25},
        "metrics": {"c": ["accuracy"], "z": ["mse", "mae"]},
    },
    "a weight of zero": {"loss": ["mse", SPARSE], "loss_weights": [0.0, 1.0]},
    "no first": {"loss": [None, SPARSE], "metrics": [["mae"], ["accuracy"]]},
    "no second": {"loss": ["mse", None], "metrics": [["mae"], ["accuracy"]]},
    "no second, no metrics": {"loss": ["mse", None], "loss_weights": [3.0, 1.0]},
}


@pytest.mark.parametrize("how", LOSSES.values(), ids=LOSSES)
def test_losses_metrics_and_their_names(how):
    y = [NUMBERS, LABELS]
    ours, theirs = both(**how)
    compare(ours, theirs, y, validation_split=0.3)
    compare_values(ours, theirs, y)


FIT = {
    "weights": {"sample_weight": WEIGHT},
    "weights for each": {"sample_weight": [WEIGHT, OTHER]},
    "weights for one": {"sample_weight": [None, OTHER]},
    "validation": {"validation_data": (X[:9], [NUMBERS[:9], ONE_HOT[:9]])},
    "weighted validation": {
        "validation_data": (X[:9], [NUMBERS[:9], ONE_HOT[:9]], [WEIGHT[:9]] * 2)
    },
    "split": {"validation_split": 0.3, "sample_weight": [WEIGHT, OTHER]},
    "one batch": {"batch_size": N},
}


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
@pytest.mark.parametrize("how", FIT.values(), ids=FIT)
def test_one_loss_for_all(how, optimizer):
    metrics = [["mae"], ["accuracy"]]
    ours, theirs = both(loss="mse", optimizer=optimizer, l2=0.01, metrics=metrics)
    compare(ours, theirs, [NUMBERS, ONE_HOT], **how)
    compare_values(ours, theirs, [NUMBERS, ONE_HOT], how.get("sample_weight"))


def test_a_dict_of_outputs():
    how = {
        "loss": {"z": "mse", "c": SPARSE},
        "metrics": {"z": ["mae"], "c": ["accuracy"]},
        "loss_weights": {"z": 0.5, "c": 2.0},
    }
    ours, theirs = both("dict", **how)
    y = {"z": NUMBERS, "c": LABELS}
    compare(ours, theirs, y, validation_split=0.2)
    compare_values(ours, theirs, y)
    found, judged = ours.predict(X), theirs.predict(X, verbose=0)
    assert sorted(found) == sorted(judged)
    for name in judged:
        np.testing.assert_allclose(found[name], judged[name], atol=1e-6)


def test_a_dict_may_leave_outputs_out():
    how = {"loss": {"z": "mse"}, "loss_weights": {"z": 2.0}}
    for y in ({"z": NUMBERS}, {"z": NUMBERS, "c": LABELS}):
        compare(*both("dict", **how), y)
    ours, theirs = both("dict", **how, metrics={"c": ["accuracy"]})
    compare(ours, theirs, {"z": NUMBERS, "c": LABELS})


def test_targets():
    """By name; and only for the outputs with a loss.

    (Not a bare array for one loss of two: Keras 3.15 takes its first rows for targets.)
    """
    by_name = {"c": LABELS, "z": NUMBERS}
    for loss, y in ((["mse", SPARSE], by_name), (["mse", None], [NUMBERS])):
        compare(*both(loss=loss), y)


def one_output(loss="mse", shape=(4,), **how):
    keras.utils.set_random_seed(0)
    models = []
    for m in (dl, keras):
        x = m.Input(shape=shape)
        model = m.Model(x, m.layers.Dense(2, name="z")(x))
        model.compile("sgd", loss=loss, **how)
        models.append(model)
    models[0].set_weights(models[1].get_weights())
    return models


@pytest.mark.parametrize(
    "how",
    [
        {"loss_weights": 3.0},
        {"loss_weights": [3.0]},
        {"loss": ["mse"], "loss_weights": [0.5]},
        {"loss": {"z": "mae"}, "loss_weights": {"z": 0.5}},
        {"metrics": [["mse", "mae"]]},
        {"metrics": {"z": ["mse"]}},
        {"metrics": ["mse", "mae", "cosine_similarity", "r2_score"]},
        {"metrics": ["hinge", "categorical_hinge", "root_mean_squared_error"]},
    ],
    ids=str,
)
def test_one_output(how):
    targets = ONE_HOT[:, :2] if "hinge" in str(how) else NUMBERS
    ours, theirs = one_output(**how)
    compare(ours, theirs, targets, validation_split=0.3)
    compare_values(ours, theirs, targets)
    compare_values(ours, theirs, [targets])


def test_the_names_of_functions():
    def worst(y_true, y_pred):
        return abs(y_true - y_pred).max(-1)

    ours, _ = one_output(metrics=[worst, lambda t, y: abs(t - y).mean(-1)])
    _, theirs = one_output(
        metrics=[
            keras.metrics.MeanMetricWrapper(
                lambda t, y: keras.ops.max(abs(t - y), -1), name="worst"
            ),
            lambda t, y: keras.ops.mean(abs(t - y), -1),
        ]
    )
    theirs.set_weights(ours.get_weights())
    compare(ours, theirs, NUMBERS)


@pytest.mark.parametrize("shape", [(N, 1), (N, 5), (N, 5, 1)], ids=str)
def test_weights_of_steps(shape):
    """Keras on PyTorch refuses (N,) here; ours takes it for (N, 1)."""
    x = RNG.normal(size=(N, 5, 4)).astype("float32")
    y = RNG.normal(size=(N, 5, 2)).astype("float32")
    weight = RNG.uniform(0, 2, shape).astype("float32")
    ours, theirs = one_output(shape=(5, 4))
    for m in (ours, theirs):
        m.fit(x, y, 8, 2, shuffle=False, verbose=0, sample_weight=weight)
    judged = theirs.evaluate(x, y, verbose=0, sample_weight=weight)
    found = ours.evaluate(x, y, verbose=0, sample_weight=weight)
    assert found == pytest.approx(judged, rel=1e-5)
    for a, b in zip(ours.get_weights(), theirs.get_weights()):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=2e-6)
