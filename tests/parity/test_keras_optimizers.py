"""Ten steps of every optimizer against Keras, in float64, to 1e-10; and schedules.

The rows are those of ``tests/test_optimizers.py``, whose formulas we wrote ourselves;
here Keras says whether they are Keras's.
"""

import numpy as np
import pytest

import dlcourse as dl
from tests.parity.judges import keras, to_numpy, to_torch
from tests.test_optimizers import TABLE, by_ours, gradient, start
from tests.test_schedules import ROWS as SCHEDULES

pytestmark = pytest.mark.usefixtures("keras_in_float64")


def theirs_of(thing):
    """The same schedule or number for Keras."""
    if isinstance(thing, dl.schedules.LearningRateSchedule):
        kind = getattr(keras.optimizers.schedules, type(thing).__name__)
        return kind(**thing.get_config())
    return thing


def by_keras(name, steps=10, **how):
    how = {key: theirs_of(value) for key, value in how.items()}
    optimizer = getattr(keras.optimizers, name)(**how)
    ws = [keras.Variable(w, dtype="float64") for w in start()]
    for t in range(steps):
        gs = [to_torch(g, False) for g in gradient([to_numpy(w.value) for w in ws], t)]
        optimizer.apply_gradients(zip(gs, ws))
        yield [to_numpy(w.value).copy() for w in ws]


@pytest.mark.parametrize("name, how", TABLE, ids=lambda x: str(x)[:60])
def test_ten_steps(name, how):
    how = {"learning_rate": 0.1, **how}
    # Keras divides by clipnorm in float32, whatever the type of the weights
    tolerance = 1e-6 if {"clipnorm", "global_clipnorm"} & set(how) else 1e-10
    runs = zip(by_ours(name, **how), by_keras(name, **how))
    for step, (ours, theirs) in enumerate(runs):
        for a, b in zip(ours, theirs):
            np.testing.assert_allclose(
                a, b, rtol=tolerance, atol=tolerance, err_msg=f"step {step}"
            )


@pytest.mark.parametrize("name", sorted({name for name, _ in TABLE}))
def test_defaults_and_settings(name):
    ours, theirs = getattr(dl.optimizers, name)(), getattr(keras.optimizers, name)()
    mine, yours = ours.get_config(), theirs.get_config()
    beyond = {  # what Keras 3 has beyond the vocabulary of the course
        *("use_ema", "ema_momentum", "ema_overwrite_frequency"),
        *("loss_scale_factor", "gradient_accumulation_steps", "schedule_decay"),
    }
    assert set(yours) - set(mine) <= beyond
    for key in set(mine) & set(yours):
        if isinstance(mine[key], float):
            assert mine[key] == pytest.approx(float(yours[key]), rel=1e-6), key
        elif key != "name":
            assert mine[key] == yours[key], key


@pytest.mark.parametrize("name, args, how, rates", SCHEDULES, ids=str)
def test_schedules(name, args, how, rates):
    if args[0] == []:
        return  # Keras needs at least one boundary
    ours = getattr(dl.schedules, name)(*args, **how)
    theirs = getattr(keras.optimizers.schedules, name)(*args, **how)
    for step in range(30):
        if name == "PolynomialDecay" and how.get("cycle") and step == 0:
            continue  # Keras divides 0 by 0 there, and says so
        expected = float(to_numpy(theirs(step)))
        assert ours(step) == pytest.approx(expected, rel=1e-12, abs=1e-15), step
