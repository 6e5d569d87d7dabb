"""Every family of models, trained on NumPy and on CuPy: the same end.

Weights, losses and predictions agree to 1e-8 in float64; what follows a training (every
callback, a sweep, a landscape) agrees as well.
"""

import numpy as np
import pytest

import dlcourse as dl
from tests.gpu.families import FAMILIES


def trained(name, **more):
    """The family's training, as arrays by name."""
    dl.manual_seed(4)
    model, x, y, how = FAMILIES[name]()
    how = {"batch_size": 8, "epochs": 3, "verbose": 0, "seed": 2, **how, **more}
    history = model.fit(x, y, **how).history
    result = {key: np.array(values) for key, values in history.items()}
    result["predictions"] = model.predict(x)
    for i, weight in enumerate(model.get_weights()):
        result[f"weight {i}"] = weight
    return result


def agree(found, expected):
    assert set(found) == set(expected)
    for name in expected:
        assert isinstance(found[name], np.ndarray), name
        np.testing.assert_allclose(
            found[name], expected[name], rtol=1e-8, atol=1e-8, err_msg=name
        )


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_ends_in_the_same_place(name):
    with dl.use_backend("numpy"):
        expected = trained(name)
    with dl.use_backend("cupy"):
        found = trained(name)
    agree(found, expected)
    losses = expected["loss"]
    assert np.isfinite(losses).all() and losses[-1] != losses[0]


def watched(folder):
    """A training with every callback, and what the callbacks made of it."""
    folder.mkdir(exist_ok=True)
    best, log = folder / "best.safetensors", folder / "log.csv"
    rates = []
    callbacks = [
        dl.callbacks.EarlyStopping("val_loss", patience=1, restore_best_weights=True),
        dl.callbacks.ModelCheckpoint(best, save_best_only=True),
        dl.callbacks.ReduceLROnPlateau("loss", patience=0, min_delta=0.5),
        dl.callbacks.TerminateOnNaN(),
        dl.callbacks.CSVLogger(log),
        dl.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9),
        dl.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: rates.append(logs["learning_rate"])
        ),
    ]
    result = trained("regularized", callbacks=callbacks, epochs=6)
    rows = np.genfromtxt(log, delimiter=",", skip_header=1)
    return {**result, "log": rows, "rates": np.array(rates)}, best


def test_every_callback_does_the_same(tmp_path):
    with dl.use_backend("numpy"):
        expected, _ = watched(tmp_path / "numpy")
    with dl.use_backend("cupy"):
        found, best = watched(tmp_path / "device")
        model, x, y, how = FAMILIES["regularized"]()
        how = {"batch_size": 8, "epochs": 8, "verbose": 0, "seed": 2, **how}
        model.fit(x, y, resume=best, **how)
    agree(found, expected)
    dl.use_backend("numpy")
    model, x, y, _ = FAMILIES["regularized"]()
    again = model.fit(x, y, resume=best, **how).history  # from the device to the host
    assert len(again["loss"]) == 8


def swept(name, batch_size):
    """Three networks of this family at once, and a look at where they end."""
    dl.manual_seed(5)
    model, x, y, _ = FAMILIES[name]()
    result = dl.models.sweep(
        model,
        x,
        y,
        loss=model.loss,
        learning_rate=[0.01, 0.1, 0.2],
        momentum=0.5,
        l2=0.01,
        seeds=[1, 2, 3],
        steps=6,
        batch_size=batch_size,
        validation_data=(x[:5], y[:5]),
        record_every=2,
    )
    thetas = result.theta[:, -1]
    return {
        "loss": result.loss,
        "val_loss": result.val_loss,
        "theta": result.theta,
        "landscape": dl.models.losses_at(model, thetas, x, y),
        "predictions": dl.models.predictions_at(model, thetas, x),
    }


@pytest.mark.parametrize("name", ["perceptron", "regression", "regularized"])
@pytest.mark.parametrize("batch_size", [None, 8])
def test_many_runs_at_once_and_a_landscape(name, batch_size):
    with dl.use_backend("numpy"):
        expected = swept(name, batch_size)
    with dl.use_backend("cupy"):
        found = swept(name, batch_size)
    for key in expected:
        assert type(found[key]) is np.ndarray, key
        np.testing.assert_allclose(
            found[key], expected[key], rtol=1e-5, atol=1e-6, err_msg=key
        )
