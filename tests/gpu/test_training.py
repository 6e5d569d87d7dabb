"""A training, a sweep and a landscape on the GPU end where they end on the CPU."""

import numpy as np
import pytest

import dlcourse as dl
from dlcourse.errors import LabelError
from dlcourse.layers import Dense, Dropout, Input

X, LABELS = dl.datasets.moons(200, noise=0.2, seed=0)


def train(optimizer):
    dl.manual_seed(3)
    model = dl.Sequential(
        [
            Input((2,)),
            Dense(32, "relu", kernel_regularizer="l2"),
            Dropout(0.2),
            Dense(2, "softmax"),
        ],
        dtype="float64",
    )
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        X, LABELS, batch_size=32, epochs=5, verbose=0, validation_split=0.2
    ).history
    swept = dl.models.sweep(
        model,
        X,
        LABELS,
        loss="sparse_categorical_crossentropy",
        learning_rate=[0.01, 0.1],
        seeds=[1, 2],
        batch_size=50,
        steps=20,
    )
    return {
        **{name: np.array(values) for name, values in history.items()},
        "theta": dl.to_numpy(model.theta),
        "predictions": model.predict(X),
        "evaluation": np.array(model.evaluate(X, LABELS, verbose=0)),
        "sweep": swept.loss,
        "sweep's theta": swept.theta,
        "landscape": dl.models.losses_at(model, swept.theta[0], X, LABELS),
    }


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
def test_a_training_ends_in_the_same_place(optimizer):
    with dl.use_backend("numpy"):
        expected = train(optimizer)
    with dl.use_backend("cupy"):
        found = train(optimizer)
    for name in expected:
        assert isinstance(found[name], np.ndarray), name
        np.testing.assert_allclose(
            found[name], expected[name], rtol=1e-6, atol=1e-6, err_msg=name
        )


def test_weights_travel():
    """What was trained on the GPU is set on the CPU as NumPy arrays, and back."""
    with dl.use_backend("cupy"):
        model = dl.Sequential([Input((2,)), Dense(3, "tanh")])
        weights, y = model.get_weights(), model.predict(X)
    assert all(type(w) is np.ndarray for w in weights)
    twin = dl.Sequential([Input((2,)), Dense(3, "tanh")])
    twin.set_weights(weights)
    np.testing.assert_allclose(twin.predict(X), y, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("labels", [[0, 5], [-1, 0]])
def test_a_wrong_label_is_an_error_there_too(labels):
    with dl.use_backend("cupy"), pytest.raises(LabelError, match="position"):
        dl.ops.softmax_cross_entropy(np.zeros((2, 3)), np.array(labels))
