"""Optimizers at their corners: rates of many runs, pieces of weights, unfinished rules.

What a step *is* stands in ``test_optimizers.py``.
"""

import inspect

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import optimizers
from dlcourse.errors import ConfigError
from tests import stand_in

NAMES = [name for name in optimizers.__all__ if name not in ("Optimizer", "get")]
CACHE = 1 << 20  # bytes, of which weights, gradient and states shall need less


class Pieces(optimizers.Optimizer):
    """The plainest rule, which notes how much it is given at once."""

    def update(self, w, g, rate, *spares):
        self.sizes = [*getattr(self, "sizes", []), w.size]
        w -= rate * g


def step(optimizer, shape):
    w, g = dl.Tensor(np.zeros(shape)), dl.Tensor(np.ones(shape))
    optimizer.apply_gradients([(g, w)])
    return dl.to_numpy(w)


@pytest.mark.parametrize("shape", [(100_003,), (7, 40_000), (65_000, 3)])
def test_a_step_goes_piece_by_piece_through_the_cache(shape):
    optimizer = Pieces(0.5)
    np.testing.assert_array_equal(step(optimizer, shape), np.full(shape, -0.5))
    assert sum(optimizer.sizes) == np.prod(shape)
    assert max(optimizer.sizes) * 2 * 8 <= CACHE  # weights and gradient, in float64


def test_a_step_on_a_device_is_one_piece():
    optimizer = Pieces(0.5)
    with dl.use_backend(stand_in.module()):
        np.testing.assert_array_equal(step(optimizer, 100_003), np.full(100_003, -0.5))
    assert optimizer.sizes == [100_003]


def test_a_rate_for_each_run():
    rates = np.array([[0.0], [0.5], [2.0]])
    for name in NAMES:
        optimizer = getattr(optimizers, name)(rates)
        w = step(optimizer, (3, 4))
        for row, rate in zip(w, rates[:, 0]):
            alone = step(getattr(optimizers, name)(float(rate)), (4,))
            np.testing.assert_allclose(row, alone, rtol=1e-12)


@pytest.mark.parametrize("wrong", [-0.5, -1e-9, np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("device", [False, True], ids=["host", "device"])
def test_rates_that_cannot_be(wrong, device):
    with dl.use_backend(stand_in.module() if device else "numpy"):
        rates = dl.Tensor(np.array([[0.1], [wrong]])).data
        with pytest.raises(ConfigError, match="learning_rate"):
            optimizers.SGD(rates)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_clipped_or_decayed_unasked(name):
    config = getattr(optimizers, name)().get_config()
    assert config["weight_decay"] == (0.004 if name == "AdamW" else None)
    for limit in ("clipnorm", "clipvalue", "global_clipnorm"):
        assert config[limit] is None


def test_a_rule_must_be_given():
    class Unfinished(optimizers.Optimizer):
        pass

    with pytest.raises(NotImplementedError):
        step(Unfinished(0.1), (2,))


SETTINGS = [
    (name, setting)
    for name in NAMES
    for setting in inspect.signature(getattr(optimizers, name)).parameters
    if setting not in ("learning_rate", "name", "nesterov", "centered", "amsgrad")
]


@pytest.mark.parametrize("name, setting", SETTINGS)
@pytest.mark.parametrize("value", [-0.5, float("nan"), float("inf"), "much"])
def test_settings_that_make_no_sense(name, setting, value):
    with pytest.raises(ConfigError, match=setting):
        getattr(optimizers, name)(**{setting: value})


def test_what_a_rule_of_ones_own_starts_from():
    optimizer = Pieces()
    assert optimizer.learning_rate == 0.001
    assert optimizer.name == "pieces" and Pieces(name="mine").name == "mine"
    assert optimizer.get_config()["weight_decay"] is None
