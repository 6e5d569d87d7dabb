"""Learning-rate schedules: step by step against their formulas."""

import json
import math

import numpy as np
import pytest

from dlcourse import optimizers, schedules
from dlcourse.errors import ConfigError

PI = math.pi

# how it is made, and the rate at a few steps, by hand
TABLE = {
    "ExponentialDecay": [
        ((0.1, 10, 0.5), {}, {0: 0.1, 5: 0.1 * 0.5**0.5, 10: 0.05, 20: 0.025}),
        ((0.1, 10, 0.5), {"staircase": True}, {0: 0.1, 9: 0.1, 10: 0.05, 19: 0.05}),
    ],
    "InverseTimeDecay": [
        ((0.1, 10, 0.5), {}, {0: 0.1, 5: 0.1 / 1.25, 10: 0.1 / 1.5, 40: 0.1 / 3}),
        ((0.1, 10, 0.5), {"staircase": True}, {0: 0.1, 9: 0.1, 19: 0.1 / 1.5}),
    ],
    "PolynomialDecay": [
        ((0.1, 10), {}, {0: 0.1, 5: 0.05005, 10: 0.0001, 99: 0.0001}),
        ((1.0, 10, 0.0, 2.0), {}, {0: 1.0, 5: 0.25, 8: 0.04, 11: 0.0}),
        ((1.0, 10, 0.0), {"cycle": True}, {0: 1, 10: 0, 11: 0.45, 15: 0.25, 20: 0}),
    ],
    "CosineDecay": [
        ((0.1, 10), {}, {0: 0.1, 5: 0.05, 10: 0.0, 99: 0.0}),
        ((0.1, 10, 0.2), {}, {0: 0.1, 5: 0.06, 10: 0.02, 99: 0.02}),
        (
            (0.0, 10),
            {"warmup_target": 0.1, "warmup_steps": 4},
            {0: 0.0, 1: 0.025, 3: 0.075, 4: 0.1, 9: 0.05, 14: 0.0},
        ),
        ((0.1, 10), {"warmup_target": 0.2}, {0: 0.2, 5: 0.1, 10: 0.0}),
    ],
    "PiecewiseConstantDecay": [
        (([5, 8], [1.0, 0.5, 0.1]), {}, {0: 1, 5: 1, 6: 0.5, 8: 0.5, 9: 0.1, 99: 0.1}),
        (([], [0.3]), {}, {0: 0.3, 7: 0.3}),
    ],
}
ROWS = [(name, *row) for name, rows in TABLE.items() for row in rows]


def test_every_schedule_has_rows():
    found = {
        name
        for name in schedules.__all__
        if isinstance(getattr(schedules, name), type) and name != "LearningRateSchedule"
    }
    assert found == set(TABLE)


@pytest.mark.parametrize("name, args, how, rates", ROWS, ids=str)
def test_rates(name, args, how, rates):
    schedule = getattr(schedules, name)(*args, **how)
    for step, rate in rates.items():
        assert schedule(step) == pytest.approx(rate, rel=1e-12, abs=1e-15), step
        assert isinstance(schedule(step), float)
        assert schedule(np.int64(step)) == pytest.approx(schedule(step))


@pytest.mark.parametrize("name, args, how, rates", ROWS, ids=str)
def test_config(name, args, how, rates):
    schedule = getattr(schedules, name)(*args, **how)
    config = json.loads(json.dumps(schedule.get_config()))
    twin = type(schedule).from_config(config)
    assert [twin(step) for step in range(30)] == [schedule(step) for step in range(30)]
    named = {"class_name": name, "config": config}
    assert type(schedules.get(named)) is type(schedule)


@pytest.mark.parametrize("name, args, how, rates", ROWS, ids=str)
def test_as_a_learning_rate(name, args, how, rates):
    """The optimizer's step t takes the rate of step t, counted from 0."""
    import dlcourse as dl

    schedule = getattr(schedules, name)(*args, **how)
    optimizer = optimizers.SGD(schedule)
    w = dl.Tensor(np.zeros(1))
    for step in range(12):
        assert optimizer.learning_rate == schedule(step)
        optimizer.apply_gradients([(np.ones(1), w)])
    assert w.item() == pytest.approx(-sum(schedule(t) for t in range(12)))


WRONG = [
    ("ExponentialDecay", (-0.1, 10, 0.5), "initial_learning_rate"),
    ("ExponentialDecay", ("fast", 10, 0.5), "initial_learning_rate"),
    ("ExponentialDecay", (0.1, 0, 0.5), "decay_steps"),
    ("ExponentialDecay", (0.1, 10, float("nan")), "decay_rate"),
    ("InverseTimeDecay", (0.1, -1, 0.5), "decay_steps"),
    ("PolynomialDecay", (0.1, 0), "decay_steps"),
    ("PolynomialDecay", (0.1, 10, None), "end_learning_rate"),
    ("CosineDecay", (0.1, 0), "decay_steps"),
    ("CosineDecay", (0.1, 10, "no"), "alpha"),
    ("PiecewiseConstantDecay", ([1], [0.1]), "values"),
    ("PiecewiseConstantDecay", ([1], [0.1, -0.1]), "value"),
    ("PiecewiseConstantDecay", ([5, 3], [0.1, 0.2, 0.3]), "boundaries"),
]


@pytest.mark.parametrize("name, args, word", WRONG, ids=str)
def test_settings_that_cannot_be(name, args, word):
    with pytest.raises(ConfigError, match=word):
        getattr(schedules, name)(*args)
