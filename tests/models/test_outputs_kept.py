"""Several outputs in files, weights of steps, and what is refused in time."""

import numpy as np
import pytest

import dlcourse as dl
from dlcourse.callbacks import LambdaCallback, ModelCheckpoint
from dlcourse.errors import (
    ConfigError,
    DLCourseError,
    LabelError,
    NonFiniteError,
    NotReadyError,
    ShapeError,
)
from dlcourse.layers import Dense, Input
from tests.models.two_outputs import (
    HOW,
    LABELS,
    RNG,
    START,
    WEIGHT,
    A,
    B,
    N,
    X,
    check,
    classifier,
    linear,
    network,
)

# ----------------------------------------------------------------------- weights (N, T)


def test_weights_of_sequences_and_of_their_steps():
    """A weight holds for a whole sequence, (N,), or for one of its steps, (N, T)."""
    x, y = RNG.normal(size=(N, 4, 3)), RNG.normal(size=(N, 4, 2))
    steps = RNG.uniform(0, 2, (N, 4))

    def trained(weight):
        model = dl.Sequential([Input((4, 3)), Dense(2)], dtype="float64")
        model.set_weights(START[:2])
        model.compile("sgd", "mse")
        error = ((x @ START[0] + START[1] - y) ** 2).mean(-1)
        full = weight.reshape(N, -1) * np.ones((N, 4))
        expected = (error * full).mean()
        value = model.evaluate(x, y, verbose=0, sample_weight=weight)
        assert value == pytest.approx(expected, rel=1e-12)
        model.fit(x, y, sample_weight=weight, **HOW)
        return model.get_weights()[0]

    for weight in (WEIGHT, WEIGHT[:, None], WEIGHT[:, None, None]):
        spread = np.repeat(WEIGHT[:, None], 4, 1)
        np.testing.assert_allclose(trained(weight), trained(spread), rtol=1e-12)
    np.testing.assert_array_equal(trained(steps), trained(steps[..., None]))
    model = dl.Sequential([Input((4, 3)), Dense(2)])
    model.compile("sgd", "mse")
    before = model.get_weights()
    for shape in ((N, 3), (N, 4, 2), (4, N), (N, 1, 4)):
        with pytest.raises(ShapeError, match="sample_weight"):
            model.fit(x, y, verbose=0, sample_weight=np.ones(shape))
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_class_weights_of_steps():
    x, y = RNG.normal(size=(N, 4, 3)), RNG.integers(0, 2, (N, 4))
    by_class = np.where(y == 1, 3.0, 0.5)
    runs = []
    for how in ({"class_weight": {0: 0.5, 1: 3.0}}, {"sample_weight": by_class}):
        for loss, target in (("sparse_", y), ("", np.eye(2)[y])):
            model = dl.Sequential([Input((4, 3)), Dense(2, "softmax")])
            model.set_weights([np.ones((3, 2)), [0.0, 0.5]])
            model.compile("sgd", f"{loss}categorical_crossentropy")
            model.fit(x, target, **HOW, **how)
            runs.append(model.get_weights()[0])
    for run in runs[1:]:
        np.testing.assert_allclose(run, runs[0], rtol=1e-5)


# -------------------------------------------------------------------------------- files


@pytest.mark.parametrize("kind", ["list", "dict"])
def test_saved_and_loaded(kind, tmp_path):
    model = network(kind)
    model.compile("adam", ["mse", "mae"], [["mae"], ["mse", "auc"]], [2.0, 0.5])
    y = [A, (B > 0) * 1.0]
    model.fit(X, y, verbose=0)
    model.save(tmp_path / "model.safetensors")
    twin = dl.models.load_model(tmp_path / "model.safetensors")
    for one in (model, twin):
        one.fit(X, y, verbose=0, seed=1, epochs=2, batch_size=4)
    assert model.history.history == twin.history.history
    assert type(twin.predict(X)) is type(model.predict(X))
    for a, b in zip(model.get_weights(), twin.get_weights()):
        np.testing.assert_array_equal(a, b)


def test_a_single_weighted_loss_is_saved(tmp_path):
    model = dl.Sequential([Input((3,)), Dense(2)])
    model.compile("sgd", "mse", loss_weights=0.25)
    model.save(tmp_path / "model.safetensors")
    twin = dl.models.load_model(tmp_path / "model.safetensors")
    assert twin.evaluate(X, A, verbose=0) == model.evaluate(X, A, verbose=0)


METRICS = [["mae", "r2_score"], ["accuracy", dl.metrics.AUC(num_thresholds=9)]]


@pytest.mark.parametrize("stop_at", [3, 7, 10])
def test_a_killed_training_goes_on_to_the_same_bits(stop_at, tmp_path):
    """Also the sums of losses and metrics in the middle of an epoch."""

    def model():
        found = network(units=4, activation="softmax")
        found.set_weights([np.full(w.shape, 0.1) for w in found.weights])
        metrics = [METRICS[0], ["categorical_accuracy", "auc"]]
        found.compile("adam", ["mse", "categorical_crossentropy"], metrics)
        return found

    class Killed(Exception):
        pass

    def kill(batch, logs):
        steps.append(batch)
        if len(steps) == stop_at:
            raise Killed

    y, how = [A, np.eye(4)[LABELS]], {"batch_size": 5, "epochs": 3, "verbose": 0}
    whole, part, rest = model(), model(), model()
    expected = whole.fit(X, y, seed=0, **how).history
    steps, path = [], tmp_path / "c.safetensors"
    callbacks = [LambdaCallback(on_train_batch_end=kill)]
    save = ModelCheckpoint(path, save_freq=1)
    with pytest.raises(Killed):
        part.fit(X, y, seed=0, callbacks=[save, *callbacks], **how)
    found = rest.fit(
        X, y, seed=5, callbacks=[ModelCheckpoint(path)], resume=path, **how
    )
    assert found.history == expected
    for a, b in zip(rest.get_weights(), whole.get_weights()):
        np.testing.assert_array_equal(a, b)


# ---------------------------------------------------------------------------- bad input

WRONG_COMPILE = {
    "three losses": ({"loss": ["mse"] * 3}, "loss must have .*a, b.* has 3"),
    "one loss in a list": ({"loss": ["mse"]}, "loss must have .*it has 1"),
    "a loss for nobody": ({"loss": {"a": "mse", "c": "mse"}}, "loss.*no output 'c'"),
    "a loss too few": ({"loss": {"a": "mse"}}, "loss says nothing of output 'b'"),
    "unknown loss": ({"loss": ["mse", "mzee"]}, "Did you mean 'mse'"),
    "no loss at all": ({"loss": [None, None]}, "nothing to train"),
    "three weights": ({"loss_weights": [1, 2, 3]}, "loss_weights must .*it has 3"),
    "one weight": ({"loss_weights": 2.0}, "loss_weights must be a list"),
    "a weight for nobody": ({"loss_weights": {"a": 1, "c": 2}}, "no output 'c'"),
    "a weight of text": ({"loss_weights": ["a", 1]}, "loss_weights"),
    "a weight of NaN": ({"loss_weights": [float("nan"), 1]}, "loss_weights"),
    "one metric": ({"metrics": ["mae"]}, "metrics must have .*it has 1"),
    "metric text": ({"metrics": "mae"}, "metrics must be a list"),
    "three metrics": ({"metrics": [["mae"]] * 3}, "metrics must have .*it has 3"),
    "a metric for nobody": ({"metrics": {"c": "mae"}}, "metrics.*no output 'c'"),
    "unknown metric": ({"metrics": {"a": ["accurac"]}}, "Did you mean 'accuracy'"),
}


@pytest.mark.parametrize("how, words", WRONG_COMPILE.values(), ids=WRONG_COMPILE)
def test_compile_refuses(how, words):
    model = linear()
    kept = model.optimizer, model.loss, model._wanted_metrics
    with pytest.raises(ConfigError, match=words):
        model.compile(**{"optimizer": "sgd", "loss": "mse", **how})
    assert (model.optimizer, model.loss, model._wanted_metrics) == kept
    check(model, model.fit(X, [A, B], **HOW).history)


NAN = np.where(np.arange(N)[:, None] == 4, np.nan, B)
WRONG_DATA = {
    "one array": ({"y": A}, ConfigError, "y must be .*a, b"),
    "three": ({"y": [A, B, B]}, ConfigError, "y must have .*it has 3"),
    "one in a list": ({"y": [A]}, ConfigError, "y must have .*it has 1"),
    "one by name": ({"y": {"a": A}}, ConfigError, "y of output 'b' is missing"),
    "unknown name": ({"y": {"a": A, "bb": B}}, ConfigError, "'bb'.*mean 'b'"),
    "None": ({"y": [A, None]}, ConfigError, "y of output 'b' is missing"),
    "too few": ({"y": [A, B[:-1]]}, ShapeError, "output 'b' has 22"),
    "swapped": ({"y": [B, A]}, ShapeError, "(?s)MeanSq.*in output 'a'"),
    "flat": ({"y": [A, B[:, 0]]}, ShapeError, "(?s)second axis.*in output 'b'"),
    "NaN": ({"y": [A, NAN]}, NonFiniteError, r"output 'b'.*\[4, 0\]"),
    "text": ({"y": [A, np.array(["a"] * N)]}, ConfigError, "y of output 'b'"),
    "class_weight": ({"class_weight": {0: 2.0}}, ConfigError, "one output"),
    "weights": ({"sample_weight": [WEIGHT]}, ConfigError, "sample_weight.* has 1"),
    "weights too few": ({"sample_weight": WEIGHT[:-1]}, ShapeError, "sample_weight"),
    "weights wide": (
        {"sample_weight": [None, np.ones((N, 2))]},
        ShapeError,
        r"(?s)sample_weight.*\(23, 2\).*in output 'b'",
    ),
    "weight for nobody": ({"sample_weight": {"c": WEIGHT}}, ConfigError, "'c'"),
    "validation": ({"validation_data": (X, [A, A])}, ShapeError, "in output 'b'"),
    "validation alone": ({"validation_data": (X, A)}, ConfigError, "validation y"),
    "x": ({"x": X[:, :2]}, ShapeError, "3"),
}


@pytest.mark.parametrize("how, error, words", WRONG_DATA.values(), ids=WRONG_DATA)
def test_fit_refuses_and_changes_nothing(how, error, words):
    model = linear()
    with pytest.raises(error, match=words) as caught:
        model.fit(**{"x": X, "y": [A, B], **HOW, **how})
    assert isinstance(caught.value, DLCourseError)
    assert model.optimizer.iterations == 0
    check(model, model.fit(X, [A, B], **HOW).history)


def test_labels_and_metrics_are_checked_before_the_first_step():
    model = classifier()
    before = model.get_weights()
    with pytest.raises(LabelError, match="(?s)4 at position.*in output 'b'"):
        model.fit(X, [A, np.where(np.arange(N) == 7, 4, LABELS)], verbose=0)
    model = classifier(metrics=[[], ["mae"]])  # labels (N,) against (N, 4)
    before = model.get_weights()
    with pytest.raises(ShapeError, match="(?s)mae.*metric 'b_mae'"):
        model.fit(X, [A, LABELS], verbose=0)
    for a, b in zip(model.get_weights(), before):
        np.testing.assert_array_equal(a, b)
    assert model.optimizer.iterations == 0


def test_no_loss():
    model = linear(None)
    with pytest.raises(NotReadyError, match="needs a loss"):
        model.fit(X, [A, B], verbose=0)


def test_a_single_output_given_for_two():
    model = dl.Sequential([Input((3,)), Dense(2, name="y")])
    for how, words in (
        ({"loss": ["mse", "mse"]}, "loss must have .*y.*it has 2"),
        ({"loss": {"z": "mse"}}, "no output 'z'"),
        ({"loss": "mse", "loss_weights": [1, 2]}, "loss_weights must"),
        ({"loss": "mse", "metrics": {"z": ["mae"]}}, "no output 'z'"),
    ):
        with pytest.raises(ConfigError, match=words):
            model.compile("sgd", **how)
    model.compile("sgd", {"y": "mse"}, metrics={"y": ["mae"]})
    assert model.metrics_names == ["loss"]
    assert list(model.fit(X, A, verbose=0).history) == ["loss", "mae"]


def test_a_sweep_says_that_it_looks_at_one_output():
    with pytest.raises(DLCourseError, match="one output|outputs"):
        dl.models.sweep(linear(), X, A, loss=linear().loss)
