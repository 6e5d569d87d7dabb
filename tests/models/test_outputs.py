"""Networks with several outputs: losses, weights, targets, metrics, names, inputs.

Keras judges names and the order of values in ``tests/parity/test_keras_outputs.py``.
"""

import numpy as np
import pytest

import dlcourse as dl
from dlcourse.errors import ConfigError
from dlcourse.layers import Concatenate, Dense, Embedding, Flatten, Input
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
    by_hand,
    check,
    classifier,
    linear,
    network,
)

# ------------------------------------------------------------------------- the training

MSE = dl.losses.MeanSquaredError
LOSSES = [
    "mse",
    MSE(),
    ["mse", "mean_squared_error"],
    ("mse", MSE()),
    {"b": "mse", "a": MSE()},
]


@pytest.mark.parametrize("kind", ["list", "dict"])
@pytest.mark.parametrize("loss", LOSSES, ids=["name", "loss", "list", "tuple", "dict"])
def test_training_makes_the_sum_of_the_losses_small(loss, kind):
    for y in ([A, B], (A, B), {"b": B, "a": A}):
        model = linear(loss, kind=kind)
        check(model, model.fit(X, y, **HOW).history)


@pytest.mark.parametrize("weights", [[2.0, 0.5], (2, 0.5), {"b": 0.5, "a": 2}])
def test_each_loss_has_its_weight(weights):
    for loss in ("mse", ["mse", "mse"]):
        model = linear(loss, loss_weights=weights)
        assert model.loss_weights == weights
        check(model, model.fit(X, [A, B], **HOW).history, factors=(2.0, 0.5))


def test_the_weight_of_a_single_loss():
    for loss, factor in (("mse", 3.0), (["mse"], [3.0]), ({"y": "mse"}, {"y": 3})):
        x = Input((3,))
        model = dl.Model(x, Dense(2, name="y", dtype="float64")(x))
        model.set_weights(START[:2])
        model.compile(dl.optimizers.SGD(0.05), loss, ["mse"], loss_weights=factor)
        losses = model.fit(X, A, **HOW).history
        expected, theta = by_hand((3.0, 0.0))
        np.testing.assert_allclose(losses["loss"], 3 * expected[:, 0], rtol=1e-12)
        assert list(losses) == ["loss", "mse"]
        np.testing.assert_allclose(model.get_weights()[0], theta[0], rtol=1e-12)


@pytest.mark.parametrize(
    "given, used",
    [
        (WEIGHT, (WEIGHT, WEIGHT)),
        (WEIGHT.tolist(), (WEIGHT, WEIGHT)),
        ([WEIGHT, WEIGHT**2], (WEIGHT, WEIGHT**2)),
        ([None, WEIGHT], (None, WEIGHT)),
        ({"b": WEIGHT}, (None, WEIGHT)),
        ([WEIGHT[:, None], None], (WEIGHT, None)),
    ],
    ids=["all", "all as list", "each", "one", "one by name", "column"],
)
def test_sample_weights(given, used):
    model = linear()
    history = model.fit(X, [A, B], sample_weight=given, **HOW).history
    check(model, history, weights=used)
    expected = by_hand(weights=used, epochs=1, size=N, rate=0)[0][0]
    values = linear().evaluate(X, [A, B], verbose=0, sample_weight=given)
    np.testing.assert_allclose(values, [expected.sum(), *expected], rtol=1e-12)


def test_regularization_is_added_once():
    model = network(kernel_regularizer=dl.regularizers.L2(0.1))
    model.compile("sgd", "mse", loss_weights=[2.0, 1.0])
    total, a, b = model.evaluate(X, [A, B], verbose=0)
    penalty = 0.1 * (START[0] ** 2).sum()
    assert total == pytest.approx(2 * a + b + penalty, rel=1e-12)


def test_an_output_without_loss():
    """Its weights stay; its targets may be left out, unless a metric wants them."""
    for loss in (["mse", None], {"a": "mse", "b": None}):
        for y in ([A, B], [A, None], [A], A, {"a": A}):
            model = linear(loss)
            history = model.fit(X, y, validation_data=(X, y), **HOW).history
            assert list(history) == ["loss", "val_loss"]
            for ours, right in zip(model.get_weights()[2:], START[2:]):
                np.testing.assert_array_equal(ours, right)
            np.testing.assert_allclose(history["loss"], by_hand()[0][:, 0], rtol=1e-12)
    model = linear(["mse", None], metrics={"b": ["mae"]})
    loss, mae = model.evaluate(X, [A, B], verbose=0)
    assert mae == pytest.approx(np.abs(X @ START[2] + 1 - B).mean(), rel=1e-12)
    with pytest.raises(ConfigError, match="y of output 'b' is missing"):
        model.evaluate(X, A, verbose=0)


@pytest.mark.parametrize("how", ["split", "data", "dict"])
def test_validation(how):
    if how == "split":
        more, n = {"validation_split": 0.4}, int(N * 0.6)
    else:
        y = [A[13:], B[13:]] if how == "data" else {"a": A[13:], "b": B[13:]}
        more, n = {"validation_data": (X[13:], y)}, 13
    model, twin = linear(metrics=[["mae"], []]), linear(metrics=[["mae"], []])
    data = (X, [A, B]) if how == "split" else (X[:13], [A[:13], B[:13]])
    history = model.fit(*data, **HOW, **more).history
    twin.fit(X[:n], [A[:n], B[:n]], **HOW)
    values = twin.evaluate(X[n:], [A[n:], B[n:]], verbose=0)
    names = ["loss", "a_loss", "b_loss", "a_mae"]
    assert list(history) == names + [f"val_{name}" for name in names]
    found = [history[f"val_{name}"][-1] for name in names]
    assert found == pytest.approx(values, rel=1e-12)


# --------------------------------------------------------------------- names and values


def test_what_comes_back():
    model = classifier(metrics=[["mae"], ["accuracy"]])
    names = ["loss", "a_loss", "b_loss", "a_mae", "b_accuracy"]
    y = [A, LABELS]
    values = model.evaluate(X, y, batch_size=7, verbose=0)
    assert model.metrics_names == names and len(values) == 5
    found = model.evaluate(X, y, verbose=0, return_dict=True)
    assert list(found) == names
    assert list(found.values()) == pytest.approx(values, rel=1e-9)
    a, b = model.predict(X)
    expected = [
        np.mean((a - A) ** 2),
        -np.log(b[np.arange(N), LABELS]).mean(),
        np.abs(a - A).mean(),
        np.mean(b.argmax(-1) == LABELS),
    ]
    np.testing.assert_allclose(values[1:], expected, rtol=1e-6)
    assert values[0] == pytest.approx(values[1] + values[2], rel=1e-12)
    assert model.test_on_batch(X, y) == pytest.approx(values, rel=1e-9)
    assert model.test_on_batch(X, y, return_dict=True).keys() == found.keys()
    assert model.train_on_batch(X, y) == pytest.approx(values, rel=1e-9)
    assert list(model.train_on_batch(X, y, return_dict=True)) == names
    assert all(type(value) is float for value in values)


def test_one_output_returns_dicts_too():
    x = Input((3,))
    model = dl.Model(x, Dense(2)(x))
    model.compile("sgd", "mse", metrics=["mae", "mae", lambda t, y: abs(t - y)])
    names = ["loss", "mae", "mae_1", "lambda"]
    found = model.evaluate(X, A, verbose=0, return_dict=True, batch_size=None)
    assert list(found) == list(model.test_on_batch(X, A, return_dict=True)) == names
    assert found["mae"] == found["mae_1"] == pytest.approx(found["lambda"], rel=1e-6)
    assert list(model.train_on_batch(X, A, return_dict=True)) == names
    for y in ([A], {model.output_names[0]: A}):
        assert model.evaluate(X, y, verbose=0, return_dict=True).keys() == found.keys()


def test_predictions():
    model = network()
    expected = [X @ START[0] + START[1], X @ START[2] + 1]
    for found in (model.predict(X, batch_size=4), model.predict_on_batch(X)):
        assert type(found) is list
        for ours, right in zip(found, expected, strict=True):
            np.testing.assert_allclose(ours, right, rtol=1e-12)
    found = network("dict").predict(X, batch_size=4)
    assert list(found) == ["a", "b"]
    np.testing.assert_allclose(found["b"], expected[1], rtol=1e-12)
    assert set(network("dict")(X)) == {"a", "b"}
    alone = dl.Model(model.inputs, [model.outputs[0]])
    assert type(alone.predict(X)) is np.ndarray  # one output in a list is one output


def test_a_layer_used_for_both_outputs():
    x = Input((3,))
    dense = Dense(2, name="d")
    model = dl.Model(x, [dense(x), dense(Dense(3, name="e")(x))])
    model.compile("sgd", "mse", metrics=[["mae"], ["mae"]])
    assert model.output_names == ["d", "d_1"]
    history = model.fit(X, [A, A], verbose=0).history
    assert list(history) == ["loss", "d_loss", "d_1_loss", "d_1_mae", "d_mae"]


def test_what_a_callback_can_watch():
    model = linear()
    stop = dl.callbacks.EarlyStopping("val_b_loss", patience=0, min_delta=1e9)
    history = model.fit(
        X, [A, B], epochs=9, verbose=0, validation_split=0.2, callbacks=[stop]
    )
    assert history.epoch == [0, 1]


class Own(dl.Model):
    """A class with a call() of its own: what it gives is known when it runs."""

    def __init__(self, how):
        super().__init__()
        self.one, self.two, self.how = Dense(2), Dense(1), how

    def call(self, x, training=False):
        a, b = self.one(x), self.two(x)
        return {"list": [a, b], "tuple": (a, b), "dict": {"u": a, "v": b}, "one": a}[
            self.how
        ]


@pytest.mark.parametrize("how", ["list", "tuple", "dict"])
def test_a_class_with_a_call_of_its_own(how):
    names = ["u", "v"] if how == "dict" else ["output_1", "output_2"]
    y = dict(zip(names, (A, B))) if how == "dict" else [A, B]
    for loss in ("mse", ["mse", "mse"], dict.fromkeys(names, "mse")):
        model = Own(how)
        model.compile("sgd", loss, metrics=[["mae"], []])
        history = model.fit(X, y, verbose=0, epochs=2).history
        assert list(history) == [
            "loss",
            *(f"{name}_loss" for name in names),
            f"{names[0]}_mae",
        ]
        assert history["loss"][1] < history["loss"][0]
    found = model.predict(X)
    assert type(found) is (dict if how == "dict" else list) and len(found) == 2


def test_a_class_that_gives_one_output_after_all():
    model = Own("one")
    model.compile("sgd", ["mse", "mse"])
    with pytest.raises(ConfigError, match="loss must have an entry .*it has 2"):
        model.fit(X, A, verbose=0)
    assert not model.weights
    model.compile("sgd", "mse", metrics=["mae"])
    assert list(model.fit(X, A, verbose=0).history) == ["loss", "mae"]


# ------------------------------------------------------------------------------- inputs


def two_inputs(as_dict=False):
    p, q = Input((3,), name="p"), Input((2,), name=None if as_dict else "q")
    y = Dense(1, name="y")(Concatenate()([p, q]))
    return dl.Model({"p": p, "q": q} if as_dict else [p, q], y)


@pytest.mark.parametrize("as_dict", [False, True])
def test_inputs_by_name(as_dict, tmp_path):
    model = two_inputs(as_dict)
    expected = model.predict([X, A])
    for x in ({"q": A, "p": X}, {"p": X, "q": A.tolist()}):
        np.testing.assert_array_equal(model.predict(x), expected)
    model.compile("sgd", "mse")
    runs = []
    for x in ([X, A], {"q": A, "p": X}):
        model.set_weights([np.ones((5, 1)), [0.0]])
        model.fit(x, B, 5, 2, verbose=0, seed=0, validation_data=(x, B))
        runs.append(model.get_weights()[0])
    np.testing.assert_array_equal(*runs)
    model.save(tmp_path / "m.safetensors")
    twin = dl.models.load_model(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(twin.predict({"q": A, "p": X}), model.predict([X, A]))
    for x, word in (({"p": X}, "'q'"), ({"p": X, "r": A, "q": A}, "'r'")):
        with pytest.raises(ConfigError, match=word):
            model.predict(x)


@pytest.mark.parametrize("order", [1, -1])
def test_words_and_numbers_side_by_side(order):
    """An embedding reads one input as indices, whichever comes first."""
    words, numbers = Input((5,), name="words"), Input((3,), name="numbers")
    embedded = Flatten()(Embedding(10, 4)(words))
    y = Dense(1)(Concatenate()([embedded, numbers]))
    model = dl.Model([words, numbers][::order], y)
    x = {"words": RNG.integers(0, 10, (N, 5)), "numbers": X}
    table, kernel, bias = (
        next(w for w in model.get_weights() if w.shape == shape)
        for shape in ((10, 4), (23, 1), (1,))
    )
    flat = table[x["words"]].reshape(N, 20)
    expected = np.concatenate([flat, X], axis=1) @ kernel + bias
    for given in (x, [x["words"], X][::order], {**x, "words": x["words"] * 1.0}):
        np.testing.assert_allclose(model.predict(given), expected, rtol=1e-4, atol=1e-5)
    whole = {**x, "numbers": np.ones((N, 3), int)}  # whole numbers are numbers here
    expected = np.concatenate([flat, np.ones((N, 3))], axis=1) @ kernel + bias
    np.testing.assert_allclose(model.predict(whole), expected, rtol=1e-4, atol=1e-5)
    model.compile("sgd", "mse")
    history = model.fit(x, B, epochs=3, verbose=0).history
    assert history["loss"][2] < history["loss"][0]
