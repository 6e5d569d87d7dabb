"""Runs as an axis: R networks at once are R single ones, and are what fit does."""

import sys

import numpy as np
import pytest

import dlcourse as dl
from dlcourse.errors import ConfigError, DLCourseError, NonFiniteError, ShapeError
from dlcourse.layers import Activation, Dense, Dropout, Flatten, Input
from dlcourse.models import losses_at, predictions_at, sweep

X, LABELS = dl.datasets.moons(60, noise=0.2, seed=0)
Y = LABELS[:, None].astype("float32")


def network(outputs=1, activation="tanh", last=None, **how):
    model = dl.Sequential(
        [Input((2,)), Dense(8, activation), Dense(outputs, last)], **how
    )
    model.compile(dl.optimizers.SGD(0.1), "mse")
    return model


# what varies, what is the same for all; each list has one entry for each run
VARYING = {
    "rates": ({"learning_rate": [0.01, 0.1, 0.5]}, {}),
    "seeds": ({"seeds": [3, 4, 5]}, {}),
    "momenta": ({"momentum": [0.0, 0.5, 0.9]}, {"learning_rate": 0.05}),
    "penalties": ({"l2": [0.0, 0.01, 0.1]}, {}),
    "everything": (
        {
            "learning_rate": [0.01, 0.1, 0.2],
            "seeds": [1, 2, 1],
            "momentum": [0.0, 0.5, 0.9],
            "l2": [0.1, 0.0, 0.01],
        },
        {},
    ),
    "batches": ({"seeds": [3, 4, 5]}, {"batch_size": 16}),
    "batches, rates": ({"learning_rate": [0.01, 0.1]}, {"batch_size": 16}),
    "Adam": (
        {"learning_rate": [0.001, 0.05], "seeds": [1, 2]},
        {"optimizer": "adam"},
    ),
    "RMSprop": ({"seeds": [1, 2]}, {"optimizer": dl.optimizers.RMSprop()}),
    "clipping": (
        {"learning_rate": [0.01, 1.0]},
        {"optimizer": dl.optimizers.SGD(clipvalue=0.01)},
    ),
    "each its own length": (
        {"learning_rate": [0.01, 0.1], "seeds": [1, 2]},
        {"optimizer": dl.optimizers.SGD(global_clipnorm=0.05)},
    ),
    "each weight its own": (
        {"learning_rate": [0.01, 0.1], "seeds": [1, 2]},
        {"optimizer": dl.optimizers.SGD(clipnorm=0.05)},
    ),
    "decay": (
        {"learning_rate": [0.01, 0.1]},
        {"optimizer": dl.optimizers.AdamW(weight_decay=0.1)},
    ),
}


@pytest.mark.parametrize("varying, same", VARYING.values(), ids=VARYING)
def test_runs_at_once_are_runs_one_by_one(varying, same):
    how = {"loss": "mse", "steps": 20, "validation_data": (X[:20], Y[:20]), **same}
    together = sweep(network(), X, Y, **varying, **how)
    runs = len(next(iter(varying.values())))
    assert together.runs == runs and together.loss.shape == (runs, 21)
    assert together.theta.shape == (runs, 21, 33)
    for r in range(runs):
        own = {name: values[r] for name, values in varying.items()}
        alone = sweep(network(), X, Y, **own, **how)
        for name in ("loss", "val_loss", "theta"):
            np.testing.assert_allclose(
                getattr(together, name)[r],
                getattr(alone, name)[0],
                rtol=1e-5,
                atol=1e-5,
                err_msg=name,
            )


LOSSES = {  # loss, network, targets
    "mse": (network, Y),
    "mae": (network, Y),
    "huber": (network, Y),
    "binary_crossentropy": (lambda: network(1, "relu", "sigmoid"), Y),
    "categorical_crossentropy": (
        lambda: network(2, "relu", "softmax"),
        np.eye(2)[LABELS],
    ),
    "sparse_categorical_crossentropy": (
        lambda: network(2, "sigmoid", "softmax"),
        LABELS,
    ),
    "hinge": (network, 2 * Y - 1),
    "logistic": (network, 2 * Y - 1),
    "kl_divergence": (lambda: network(2, "elu", "softmax"), np.eye(2)[LABELS]),
}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_sweep_is_what_fit_does(loss, momentum):
    make, y = LOSSES[loss]
    model = make()
    start = model.theta.copy()
    how = {"loss": loss, "seeds": None, "learning_rate": [0.05, 0.01]}
    result = sweep(model, X, y, momentum=momentum, steps=12, **how)
    np.testing.assert_array_equal(model.theta, start)  # it trains copies
    for r, rate in enumerate(how["learning_rate"]):
        model.set_theta(start)
        model.compile(dl.optimizers.SGD(rate, momentum), loss)
        losses = model.fit(X, y, batch_size=60, epochs=12, verbose=0).history["loss"]
        np.testing.assert_allclose(result.loss[r, :12], losses, rtol=1e-5)
        np.testing.assert_allclose(result.theta[r, -1], model.theta, atol=1e-5)
        final = model.evaluate(X, y, batch_size=60, verbose=0)
        assert result.loss[r, 12] == pytest.approx(final, rel=1e-5)


def test_its_penalty_is_l2_on_kernels():
    l2 = dl.regularizers.L2(0.05)
    model = dl.Sequential(
        [
            Input((2,)),
            Dense(8, "tanh", kernel_regularizer=l2),
            Dense(1, kernel_regularizer=l2),
        ]
    )
    model.compile(dl.optimizers.SGD(0.1), "mse")
    plain = network()
    plain.set_theta(model.theta)
    result = sweep(plain, X, Y, loss="mse", l2=0.05, seeds=None, steps=10)
    model.fit(X, Y, batch_size=60, epochs=10, verbose=0)
    np.testing.assert_allclose(result.theta[0, -1], model.theta, atol=1e-5)


def test_a_models_own_penalty_is_kept():
    layer = Dense(1, kernel_regularizer=dl.regularizers.L2(0.5))
    model = dl.Sequential([Input((2,)), layer])
    model.compile(dl.optimizers.SGD(0.1), "mse")
    result = sweep(model, X, Y, loss="mse", seeds=None, steps=10)
    model.fit(X, Y, batch_size=60, epochs=10, verbose=0)
    np.testing.assert_allclose(result.theta[0, -1], model.theta, atol=1e-5)


def test_what_is_recorded():
    model = network()
    result = sweep(
        model, X, Y, loss="mse", steps=7, record_every=3, learning_rate=[0.1, 0.2]
    )
    assert result.steps.tolist() == [0, 3, 6, 7]
    assert result.loss.shape == (2, 4) and result.theta.shape == (2, 4, 33)
    assert result.val_loss is None
    every = sweep(model, X, Y, loss="mse", steps=7, learning_rate=[0.1, 0.2])
    np.testing.assert_array_equal(result.theta, every.theta[:, [0, 3, 6, 7]])
    np.testing.assert_array_equal(result.loss, every.loss[:, [0, 3, 6, 7]])
    assert result.settings["learning_rate"].tolist() == pytest.approx([0.1, 0.2])
    for r in range(2):  # each loss is that of the weights beside it
        losses = losses_at(model, result.theta[r], X, Y, "mse")
        np.testing.assert_allclose(result.loss[r], losses, rtol=1e-5)
    with pytest.raises(AttributeError):
        result.loss = None


def test_seeds_fix_starts_and_batches():
    how = {"loss": "mse", "steps": 5, "batch_size": 16}
    run = lambda seeds: sweep(network(), X, Y, seeds=seeds, **how)  # noqa: E731
    first, second = run([1, 2]), run([1, 2])
    np.testing.assert_array_equal(first.theta, second.theta)
    assert (first.theta[0, 0] != first.theta[1, 0]).any()
    dl.manual_seed(99)
    np.testing.assert_array_equal(run([2, 1]).theta, first.theta[::-1])
    shared = sweep(network(), X, Y, learning_rate=[0.0, 0.1], seeds=1, **how)
    np.testing.assert_array_equal(shared.theta[0, 0], shared.theta[1, 0])
    np.testing.assert_array_equal(shared.theta[0, 0], shared.theta[0, -1])  # rate 0


def test_batches_of_a_sweep_take_every_sample():
    """Without a penalty and at rate 0, the losses of an epoch's batches tell which."""
    x = np.arange(8.0)[:, None]
    model = dl.Sequential([Input((1,)), Dense(1)])
    model.set_weights([[[1.0]], [0.0]])
    result = sweep(
        model,
        x,
        np.zeros((8, 1)),
        loss="mse",
        learning_rate=0.0,
        seeds=None,
        batch_size=1,
        steps=16,
    )
    for epoch in (result.loss[0, :8], result.loss[0, 8:16]):
        np.testing.assert_allclose(np.sort(epoch), np.arange(8.0) ** 2)


def test_what_diverges_leaves_the_others_alone():
    rates = [0.1, 1e20, 0.2]
    result = sweep(network(), X, Y, loss="mse", learning_rate=rates, steps=30)
    assert not np.isfinite(result.loss[1, -1])
    alone = sweep(network(), X, Y, loss="mse", learning_rate=[0.1, 0.2], steps=30)
    np.testing.assert_allclose(result.loss[[0, 2]], alone.loss, rtol=1e-5)


def test_layers_it_can_hold():
    model = dl.Sequential(
        [
            Input((2, 1)),
            Flatten(),
            Dense(8, use_bias=False),
            Activation("relu"),
            Dropout(0.5),
            Dense(4, "softplus"),
            Dense(1),
        ]
    )
    how = {"loss": "mse", "steps": 10, "learning_rate": [0.05, 0.05]}
    result = sweep(model, X[..., None], Y, **how)
    assert np.isfinite(result.loss).all()
    twice = sweep(model, X[..., None], Y, **how)
    np.testing.assert_array_equal(result.theta, twice.theta)  # the masks, too


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_learns(dtype):
    model = network(1, "tanh", "sigmoid", dtype=dtype)
    result = sweep(
        model,
        X,
        Y,
        loss="binary_crossentropy",
        optimizer="adam",
        learning_rate=[0.01, 0.05],
        steps=200,
    )
    assert (result.loss[:, -1] < 0.5 * result.loss[:, 0]).all()


# ------------------------------------------------------------- many weights evaluated


@pytest.mark.parametrize("count, chunks", [(1, 1), (6, 1), (7, 1), (8, 2)])
def test_losses_and_predictions_at(count, chunks, monkeypatch):
    module = sys.modules["dlcourse.models.sweep"]  # models.sweep is a function
    monkeypatch.setattr(module, "CHUNK_BYTES", 7 * 8 * 4 * len(X))  # 7 networks
    model = network()
    thetas = np.random.default_rng(0).normal(size=(count, 33)).astype("float32")
    before = model.theta.copy()
    losses = losses_at(model, thetas, X, Y, "mse")
    predictions = predictions_at(model, thetas, X)
    assert losses.shape == (count,) and predictions.shape == (count, 60, 1)
    np.testing.assert_array_equal(model.theta, before)
    assert len([*module._at(model, thetas, len(X))]) == chunks
    for i in (0, count // 2, count - 1):
        model.set_theta(thetas[i])
        assert losses[i] == pytest.approx(model.evaluate(X, Y, verbose=0), rel=1e-5)
        np.testing.assert_allclose(
            predictions[i], model.predict(X), rtol=1e-4, atol=1e-6
        )


def test_losses_at_takes_the_models_own_loss():
    model = network(2, "relu", "softmax")
    model.compile("sgd", "sparse_categorical_crossentropy")
    thetas = np.stack([model.theta, 2 * model.theta])
    losses = losses_at(model, thetas, X, LABELS)
    assert losses[0] == pytest.approx(model.evaluate(X, LABELS, verbose=0), rel=1e-5)
    far = losses_at(model, 1e4 * thetas, X, LABELS)  # from the logits: finite
    assert np.isfinite(far).all() and (far > 100).all()


# --------------------------------------------------------------------------- bad input

WRONG = {
    "lengths": ({"learning_rate": [0.1, 0.2], "l2": [0, 0, 0]}, "lengths"),
    "rate": ({"learning_rate": [0.1, -0.1]}, "learning_rate"),
    "rate NaN": ({"learning_rate": float("nan")}, "learning_rate"),
    "rate text": ({"learning_rate": "fast"}, "learning_rate"),
    "rates none": ({"learning_rate": []}, "learning_rate"),
    "rates 2-D": ({"learning_rate": [[0.1]]}, "learning_rate"),
    "momentum": ({"momentum": 1.5}, "momentum"),
    "momentum for Adam": ({"momentum": 0.5, "optimizer": "adam"}, "momentum"),
    "l2": ({"l2": [-0.1]}, "l2"),
    "seeds": ({"seeds": [1, -2]}, "seed"),
    "seeds none": ({"seeds": []}, "seeds"),
    "steps": ({"steps": 0}, "steps"),
    "record_every": ({"record_every": 0}, "record_every"),
    "batch_size": ({"batch_size": 0}, "batch_size"),
    "loss": ({"loss": "msee"}, "'mse'"),
    "optimizer": ({"optimizer": "sdg"}, "'sgd'"),
}


@pytest.mark.parametrize("how, word", WRONG.values(), ids=WRONG)
def test_settings_that_cannot_be(how, word):
    model = network()
    before = model.theta.copy()
    with pytest.raises(ConfigError, match=word):
        sweep(model, X, Y, **{"loss": "mse", "steps": 2, **how})
    np.testing.assert_array_equal(model.theta, before)


def test_data_that_cannot_be():
    model = network()
    for x, y, error in (
        (X, Y[:, 0], ShapeError),
        (X[:-1], Y, ShapeError),
        (X * np.nan, Y, NonFiniteError),
        (X, Y * np.nan, DLCourseError),
        (X[:0], Y[:0], ConfigError),
        (X[:, :1], Y, ShapeError),
    ):
        for use in (
            lambda x=x, y=y: sweep(model, x, y, loss="mse", steps=2),
            lambda x=x, y=y: losses_at(model, model.theta[None], x, y, "mse"),
        ):
            with pytest.raises(error) as caught:
                use()
            assert isinstance(caught.value, DLCourseError)
    for thetas in (model.theta, np.ones((2, 34)), np.ones((1, 2, 33))):
        with pytest.raises(ShapeError, match="33"):
            losses_at(model, thetas, X, Y, "mse")
        with pytest.raises(ShapeError, match="33"):
            predictions_at(model, thetas, X)
    with pytest.raises(DLCourseError, match="loss"):
        losses_at(dl.Sequential([Input((2,)), Dense(1)]), np.ones((1, 3)), X, Y)
