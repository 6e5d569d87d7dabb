"""What students really do wrong: the error names what and where, the model stays.

Each row is tried on a trained model (its weights must not move) and on one that is not
built yet (which must not be built from data that turned out wrong).
"""

import numpy as np
import pytest

import dlcourse as dl
from dlcourse.errors import (
    ConfigError,
    DLCourseError,
    LabelError,
    NonFiniteError,
    NotReadyError,
    ShapeError,
)
from dlcourse.layers import Dense, Dropout, Input

N = 12
X = np.random.default_rng(0).normal(size=(N, 3)).astype("float32")
Y = X[:, :1] * 2
LABELS = np.arange(N) % 4


def broken(x, place, value):
    x = x.copy()
    x[place] = value
    return x


NAN = float("nan")
# data, error, words of its message: for a regression with one output
REGRESSION = {
    "fewer targets": ((X, Y[:-1]), ShapeError, ["12", "11", "y"]),
    "y (n,) for (n, 1)": ((X, Y[:, 0]), ShapeError, ["(12,)", "(12, 1)", "[:, None]"]),
    "y too wide": ((X, np.ones((N, 2))), ShapeError, ["(12, 2)", "(12, 1)"]),
    "x too wide": ((np.ones((N, 4)), Y), ShapeError, ["4", "3"]),
    "x too narrow": ((np.ones((N, 2)), Y), ShapeError, ["2", "3"]),
    "x of one sample": ((X[0], Y), DLCourseError, ["3"]),
    "x is a number": ((1.0, Y), ShapeError, ["batch axis"]),
    "x has NaN": ((broken(X, (2, 1), NAN), Y), NonFiniteError, ["x", "[2, 1]", "nan"]),
    "x has infinity": ((broken(X, (0, 0), np.inf), Y), NonFiniteError, ["x", "inf"]),
    "y has NaN": ((X, broken(Y, (3, 0), NAN)), NonFiniteError, ["y", "[3, 0]"]),
    "empty": ((X[:0], Y[:0]), ConfigError, ["empty"]),
    "text": ((np.array([["a"] * 3] * N), Y), ConfigError, ["x", "umbers"]),
    "y is text": ((X, np.array([["a"]] * N)), ConfigError, ["y", "umbers"]),
    "ragged": (([[1.0, 2.0], [1.0]], Y), ConfigError, ["x", "umbers"]),
    "y is None": ((X, None), DLCourseError, ["y"]),
    "x is None": ((None, Y), DLCourseError, ["x"]),
    "y is a number": ((X, 1.0), DLCourseError, ["y"]),
    "x larger than float32": ((X.astype("float64") * 1e300, Y), NonFiniteError, ["x"]),
}
# the same for a classification of four classes
CLASSES = {
    "label too large": ((X, LABELS + 1), LabelError, ["4 at position 3", "0 … 3"]),
    "label negative": ((X, LABELS - 1), LabelError, ["-1 at position 0", "0 … 3"]),
    "label fractional": ((X, LABELS + 0.5), LabelError, ["0.5 at position 0"]),
    "label NaN": ((X, broken(LABELS * 1.0, 2, NAN)), DLCourseError, ["nan"]),
    "labels one-hot": ((X, np.eye(4)[LABELS]), ShapeError, ["(12, 4)", "(12,)"]),
    "labels text": ((X, np.array(list("abcd") * 3)), ConfigError, ["y", "umbers"]),
}
HOW = {
    "batch_size 0": ({"batch_size": 0}, ConfigError, "batch_size"),
    "batch_size -1": ({"batch_size": -1}, ConfigError, "batch_size"),
    "batch_size 2.5": ({"batch_size": 2.5}, ConfigError, "batch_size"),
    "batch_size text": ({"batch_size": "all"}, ConfigError, "batch_size"),
    "epochs -1": ({"epochs": -1}, ConfigError, "epochs"),
    "epochs text": ({"epochs": "many"}, ConfigError, "epochs"),
    "verbose": ({"verbose": 7}, ConfigError, "verbose"),
    "seed": ({"seed": -3}, ConfigError, "seed"),
    "callbacks": ({"callbacks": ["early"]}, ConfigError, "callbacks"),
    "one callback": (
        {"callbacks": dl.callbacks.EarlyStopping()},
        ConfigError,
        "callbacks",
    ),
    "split 1": ({"validation_split": 1.0}, ConfigError, "validation_split"),
    "split -0.1": ({"validation_split": -0.1}, ConfigError, "validation_split"),
    "split all": ({"validation_split": 0.999}, ConfigError, "validation_split"),
    "split text": ({"validation_split": "a"}, ConfigError, "validation_split"),
    "weights": ({"sample_weight": np.ones(5)}, ShapeError, "sample_weight"),
    "weights wide": ({"sample_weight": np.ones((N, 2))}, ShapeError, "sample_weight"),
    "weights NaN": (
        {"sample_weight": np.full(N, NAN)},
        NonFiniteError,
        "sample_weight",
    ),
    "validation x": ({"validation_data": (X[:, :2], Y)}, ShapeError, "validation|2"),
    "validation y": ({"validation_data": (X, Y[:, 0])}, ShapeError, "12"),
    "validation NaN": (
        {"validation_data": (X * NAN, Y)},
        NonFiniteError,
        "validation x",
    ),
    "validation size": ({"validation_data": (X, Y[:5])}, ShapeError, "validation y"),
    "validation alone": ({"validation_data": X}, DLCourseError, "validation_data"),
    "initial_epoch": ({"initial_epoch": -1}, ConfigError, "initial_epoch"),
    "class_weight": ({"class_weight": [1.0, 2.0]}, ConfigError, "class_weight"),
}


def regression(built=True, **how):
    first = [Input((3,))] if built else []
    model = dl.Sequential([*first, Dense(4, "relu"), Dense(1)], **how)
    model.compile("adam", "mse")
    return model


def classification(built=True):
    first = [Input((3,))] if built else []
    model = dl.Sequential([*first, Dense(4, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def calls(model, x, y):
    yield lambda: model.fit(x, y, verbose=0)
    yield lambda: model.evaluate(x, y, verbose=0)
    yield lambda: model.train_on_batch(x, y)
    yield lambda: model.test_on_batch(x, y)


def refuses(model, call, error, words):
    """The call fails as told, and nothing of the model has moved."""
    trained = model.built
    before = (model.theta.copy(), model.optimizer.iterations) if trained else None
    with pytest.raises(error) as caught:
        call()
    assert isinstance(caught.value, DLCourseError)
    message = str(caught.value)
    assert all(word in message for word in words), message
    assert model.built == trained, "built by a call that failed"
    if trained:
        np.testing.assert_array_equal(model.theta, before[0])
        assert model.optimizer.iterations == before[1]


@pytest.mark.parametrize("data, error, words", REGRESSION.values(), ids=REGRESSION)
def test_data_that_cannot_be_learned(data, error, words):
    model = regression()
    model.fit(X, Y, verbose=0)
    for call in calls(model, *data):
        refuses(model, call, error, words)
    model.fit(X, Y, verbose=0)


@pytest.mark.parametrize("data, error, words", REGRESSION.values(), ids=REGRESSION)
def test_data_that_cannot_be_learned_builds_nothing(data, error, words):
    if "4" in words or "2" in words:
        return  # another width: nothing is wrong with it where nothing is built
    model = regression(built=False)
    refuses(model, lambda: model.fit(*data, verbose=0), error, [])
    model.fit(X, Y, verbose=0)


@pytest.mark.parametrize("data, error, words", CLASSES.values(), ids=CLASSES)
def test_labels_that_cannot_be(data, error, words):
    for built in (True, False):
        model = classification(built)
        for call in calls(model, *data):
            refuses(model, call, error, words)
        model.fit(X, LABELS, verbose=0)


@pytest.mark.parametrize("how, error, word", HOW.values(), ids=HOW)
def test_settings_of_fit_that_cannot_be(how, error, word):
    model = regression()
    before = model.theta.copy()
    with pytest.raises(error, match=word):
        model.fit(X, Y, **{"verbose": 0, **how})
    np.testing.assert_array_equal(model.theta, before)
    assert model.optimizer.iterations == 0


@pytest.mark.parametrize(
    "x, words",
    [
        (np.ones((5, 4)), ["4", "3"]),
        (np.ones(3), ["(3,)"]),
        (X * NAN, ["nan"]),
        (X[:0], ["empty"]),
        (np.ones((2, 2, 3)), ["(2, 2, 3)"]),
        (None, ["x"]),
    ],
    ids=["wide", "one sample", "NaN", "empty", "axes", "None"],
)
def test_predict_on_what_does_not_fit(x, words):
    model = regression()
    with pytest.raises(DLCourseError) as caught:
        model.predict(x)
    assert all(word in str(caught.value) for word in words), str(caught.value)
    with pytest.raises(ConfigError, match="batch_size"):
        model.predict(X, batch_size=0)


def test_a_functional_model_says_the_same():
    x = Input((3,))
    model = dl.Model(x, Dense(1)(Dense(4, "relu")(x)))
    model.compile("adam", "mse")
    for data, error, words in REGRESSION.values():
        for call in calls(model, *data):
            refuses(model, call, error, words)


# ------------------------------------------------------------------- out of order


def test_fit_before_compile():
    model = dl.Sequential([Input((3,)), Dense(1)])
    for name in ("fit", "evaluate", "train_on_batch", "test_on_batch"):
        with pytest.raises(NotReadyError, match=f"{name}(.|\n)*compile"):
            getattr(model, name)(X, Y)
    model.compile("adam")
    with pytest.raises(NotReadyError, match="loss"):
        model.fit(X, Y)
    assert model.predict(X).shape == (N, 1)  # which needs none


def test_before_there_are_weights():
    model = dl.Sequential([Dense(1)])
    model.compile("sgd", "mse")
    for use in (
        lambda: model.theta,
        lambda: model.set_theta([1.0]),
        model.count_params,
        lambda: model.output_shape,
    ):
        with pytest.raises(NotReadyError, match="build|built|weights|input"):
            use()


COMPILE = {
    "optimizer": ({"optimizer": "addam"}, "'adam'"),
    "optimizer class": ({"optimizer": Dense}, "optimizer"),
    "optimizer number": ({"optimizer": 0.1}, "optimizer"),
    "loss": ({"loss": "mean_square_error"}, "'mean_squared_error'"),
    "loss number": ({"loss": 3}, "loss"),
    "metric": ({"metrics": ["acuracy"]}, "'accuracy'"),
    "metric number": ({"metrics": [3]}, "metric"),
}


@pytest.mark.parametrize("how, word", COMPILE.values(), ids=COMPILE)
def test_compile_keeps_what_it_had(how, word):
    model = regression()
    model.fit(X, Y, verbose=0)
    optimizer, loss = model.optimizer, model.loss
    with pytest.raises(ConfigError, match=word):
        model.compile(**{"optimizer": "sgd", "loss": "mae", **how})
    assert model.optimizer is optimizer and model.loss is loss
    model.fit(X, Y, verbose=0)


def test_a_sum_of_dropout_and_nothing_else():
    """A model without weights can still be evaluated, and says so in fit."""
    model = dl.Sequential([Input((3,)), Dropout(0.5)])
    model.compile("sgd", "mse")
    assert model.evaluate(X, X, verbose=0) == 0
    assert model.fit(X, X, verbose=0).history["loss"][0] > 0
