"""What cannot be is refused on the device as on the host: same error, same words.

Where the course passes on what the array library says, only that part may differ. And
whatever was refused has changed nothing.
"""

import re

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import losses
from dlcourse.errors import DLCourseError, InPlaceError
from dlcourse.layers import Dense, Input
from tests import stand_in
from tests.bad_input_cases import OPS
from tests.layers.cases import CASES as LAYERS
from tests.loss_cases import TABLE as LOSSES
from tests.models import test_bad_input as models
from tests.test_losses import BAD_LABELS, MISMATCHED


def refusal(backend, prepare, call):
    """The error of ``call(prepare())``; what was prepared must stay as it was."""
    with dl.use_backend(backend):
        dl.manual_seed(0)
        thing = prepare()
        before = weights_of(thing)
        with pytest.raises(Exception) as caught:
            call(thing)
        for old, new in zip(before, weights_of(thing), strict=True):
            np.testing.assert_array_equal(new, old)
    # layers and models are numbered as they are made
    return type(caught.value), re.sub(r"_\d+\b", "", str(caught.value))


def weights_of(thing):
    if not hasattr(thing, "get_weights"):
        return []
    state = getattr(getattr(thing, "optimizer", None), "_state", [])
    slots = [dl.to_numpy(a).copy() for part in state for a in part.values()]
    return [*thing.get_weights(), *slots]


def same_refusal(call, prepare=lambda: None, error=DLCourseError):
    """Refused by both, by the same error, in the same words of ours."""
    kind, words = refusal("numpy", prepare, call)
    assert issubclass(kind, error), words
    found = refusal("cupy", prepare, call)
    assert found[0] is kind, found
    ours = [re.escape(part) for part in found[1].split(stand_in.LIBRARY)]
    assert re.fullmatch(".*".join(ours), words, re.DOTALL), (words, found[1])


@pytest.mark.parametrize("call, told", OPS.values(), ids=OPS)
def test_ops_windows_labels_and_layers(call, told):
    same_refusal(lambda _: call(), error=told[0])


@pytest.mark.parametrize("name", LOSSES)
def test_losses_of_other_shapes(name):
    for true, pred in MISMATCHED:
        if name == "SparseCategoricalCrossentropy" and true in (pred[:-1], (3, 1)):
            continue  # labels (n,) or (n, 1) for predictions (n, C): what it is for
        loss = getattr(losses, name)()
        same_refusal(
            lambda _, true=true, pred=pred, loss=loss: loss(
                np.ones(true), np.ones(pred)
            )
        )
    y_true, y_pred = LOSSES[name][0][2:]
    for wrong in (np.ones(5), np.ones((2, 2))):
        same_refusal(
            lambda _, loss=loss, wrong=wrong: loss(y_true, y_pred, sample_weight=wrong)
        )


@pytest.mark.parametrize("name, true, word", BAD_LABELS, ids=str)
def test_losses_of_labels_that_cannot_be(name, true, word):
    pred = np.full(np.shape(true), 0.5)
    same_refusal(lambda _: getattr(losses, name)()(np.array(true), pred))


@pytest.mark.parametrize("case", LAYERS, ids=str)
def test_weights_of_the_wrong_shape_and_unknown_settings(case):
    def built():
        layer = case.make(name="it")
        layer(case.x())
        return layer

    config = {**built().get_config(), "colour": "red"}
    same_refusal(lambda layer: type(layer).from_config(config), built)
    weights = built().get_weights()
    same_refusal(lambda layer: layer.set_weights([*weights, np.ones(1)]), built)
    if weights:
        more = [w + 1 for w in weights[:-1]]
        last = weights[-1]
        for wrong in (last[..., None], np.ones((7, 7, 7)), "text"):
            same_refusal(lambda layer, w=wrong: layer.set_weights([*more, w]), built)


CONFIGS = {
    **{f"loss {n}": getattr(losses, n) for n in LOSSES},
    **{f"optimizer {n}": getattr(dl.optimizers, n) for n in ("SGD", "Adam", "Nadam")},
    **{f"initializer {n}": getattr(dl.initializers, n) for n in ("HeNormal", "Zeros")},
    **{f"regularizer {n}": getattr(dl.regularizers, n) for n in ("L1", "L2", "L1L2")},
}


@pytest.mark.parametrize("kind", CONFIGS.values(), ids=CONFIGS)
def test_unknown_settings(kind):
    same_refusal(lambda _: kind.from_config({"colour": "red"}))


def trained(make, y):
    def prepare():
        model = make()
        model.fit(models.X, y, verbose=0)
        return model

    return prepare


DATA = {
    **{
        f"regression, {name}": (trained(models.regression, models.Y), *row[:2])
        for name, row in models.REGRESSION.items()
    },
    **{
        f"classes, {name}": (trained(models.classification, models.LABELS), *row[:2])
        for name, row in models.CLASSES.items()
    },
}


@pytest.mark.parametrize("prepare, data, error", DATA.values(), ids=DATA)
def test_data_that_cannot_be_learned(prepare, data, error):
    for doing in ("fit", "evaluate", "train_on_batch", "test_on_batch"):
        how = {"verbose": 0} if doing in ("fit", "evaluate") else {}
        same_refusal(
            lambda model, doing=doing, how=how: getattr(model, doing)(*data, **how),
            prepare,
            error,
        )


@pytest.mark.parametrize("how, error, word", models.HOW.values(), ids=models.HOW)
def test_settings_of_fit_that_cannot_be(how, error, word):
    prepare = trained(models.regression, models.Y)
    same_refusal(
        lambda model: model.fit(models.X, models.Y, **{"verbose": 0, **how}),
        prepare,
        error,
    )


# ------------------------------------------- written between forward and backward


def network():
    model = dl.Sequential([Input((3,)), Dense(4, "tanh"), Dense(1)])
    model.compile(dl.optimizers.SGD(0.1, momentum=0.9), "mse")
    model.fit(models.X, models.Y, verbose=0)
    return model


def step(model):
    weights = model.trainable_weights
    loss = dl.losses.MeanSquaredError()(models.Y, model(models.X))
    gradients = dl.grad(loss, weights)
    model.optimizer.apply_gradients(zip(gradients, weights))


WRITES = {
    "set_weights": lambda m: m.set_weights([w + 1 for w in m.get_weights()]),
    "set_weights of a layer": lambda m: m.layers[-1].set_weights(
        m.layers[-1].get_weights()
    ),
    "set_theta": lambda m: m.set_theta(dl.to_numpy(m.theta) * 2),
    "an optimizer": step,
    "train_on_batch": lambda m: m.train_on_batch(models.X, models.Y),
    "fit": lambda m: m.fit(models.X, models.Y, verbose=0),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_weights_written_between_forward_and_backward(write):
    seen = []
    for backend in ("numpy", "cupy"):
        with dl.use_backend(backend):
            dl.manual_seed(0)
            model = network()
            y = model(models.X)
            once, twice = (y * y).mean(), y.sum()
            once.backward()  # before the write all is well
            grads = [dl.to_numpy(w.grad).copy() for w in model.trainable_weights]
            assert all(np.abs(g).max() > 0 for g in grads)
            write(model)
            for use in (
                twice.backward,
                lambda y=twice, m=model: dl.grad(y, m.trainable_weights),
                lambda y=twice, m=model: dl.grad(y, m.trainable_weights, True),
            ):
                with pytest.raises(InPlaceError) as caught:
                    use()
                seen.append(re.sub(r"_\d+\b", "", str(caught.value)))
            model(models.X).sum().backward()  # a new graph is good again
    assert len(set(seen)) == 1 and "linear" in seen[0] and "layer" in seen[0], seen


def test_weights_loaded_between_forward_and_backward(tmp_path):
    for backend in ("numpy", "cupy"):
        with dl.use_backend(backend):
            model = network()
            file = tmp_path / f"{backend}.safetensors"
            model.save_weights(file)
            y = model(models.X).sum()
            model.load_weights(file)
            with pytest.raises(InPlaceError, match=r"linear.*forward"):
                y.backward()
