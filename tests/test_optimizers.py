"""Each optimizer, ten steps, against its formula written once more in plain float64.

The formulas below are Keras's, one weight at a time, without chunks, views or state
arrays: slow, short, and independent of ours. A new optimizer needs a formula here.
"""

import json

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import optimizers
from dlcourse.errors import ConfigError, ShapeError
from dlcourse.schedules import ExponentialDecay, PiecewiseConstantDecay

# ------------------------------------------------------------------------ formulas
# Each takes the gradients of the steps one by one (by send) and gives the change of w.


def sgd(rate, momentum=0.0, nesterov=False):
    v = 0.0
    g, t = yield
    while True:
        v = momentum * v - rate(t) * g
        g, t = yield (momentum * v - rate(t) * g) if nesterov else v


def adagrad(rate, initial_accumulator_value=0.1, epsilon=1e-7):
    total = initial_accumulator_value
    g, t = yield
    while True:
        total = total + g**2
        g, t = yield -rate(t) * g / np.sqrt(total + epsilon)


def adadelta(rate, rho=0.95, epsilon=1e-7):
    squares = deltas = 0.0
    g, t = yield
    while True:
        squares = rho * squares + (1 - rho) * g**2
        delta = -np.sqrt((deltas + epsilon) / (squares + epsilon)) * g
        deltas = rho * deltas + (1 - rho) * delta**2
        g, t = yield rate(t) * delta


def rmsprop(rate, rho=0.9, momentum=0.0, epsilon=1e-7, centered=False):
    squares = means = steps = 0.0
    g, t = yield
    while True:
        squares = rho * squares + (1 - rho) * g**2
        means = rho * means + (1 - rho) * g
        size = squares - means**2 if centered else squares
        steps = momentum * steps + rate(t) * g / np.sqrt(size + epsilon)
        g, t = yield -steps


def adam(rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False):
    m = v = largest = 0.0
    g, t = yield
    while True:
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        largest = np.maximum(largest, v)
        size = np.sqrt(largest if amsgrad else v) + epsilon
        scale = np.sqrt(1 - beta_2 ** (t + 1)) / (1 - beta_1 ** (t + 1))
        g, t = yield -rate(t) * scale * m / size


def nadam(rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    m = v = 0.0
    u = lambda t: beta_1 * (1 - 0.5 * 0.96 ** (t + 1))  # noqa: E731
    g, t = yield
    while True:
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        now = np.prod([u(i) for i in range(t + 1)])
        mean = u(t + 1) * m / (1 - now * u(t + 1)) + (1 - u(t)) * g / (1 - now)
        size = np.sqrt(v / (1 - beta_2 ** (t + 1))) + epsilon
        g, t = yield -rate(t) * mean / size


FORMULAS = {
    "SGD": sgd,
    "Adagrad": adagrad,
    "Adadelta": adadelta,
    "RMSprop": rmsprop,
    "Adam": adam,
    "AdamW": adam,
    "Nadam": nadam,
}
OWN = {  # the settings that belong to one optimizer
    "SGD": [{"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}, {"nesterov": True}],
    "Adagrad": [{"initial_accumulator_value": 0.0}, {"epsilon": 0.1}],
    "Adadelta": [{"rho": 0.5}, {"epsilon": 1e-3}],
    "RMSprop": [
        {"rho": 0.5, "epsilon": 1e-3},
        {"momentum": 0.8},
        {"centered": True, "momentum": 0.8},
    ],
    "Adam": [{"beta_1": 0.5, "beta_2": 0.8, "epsilon": 1e-2}, {"amsgrad": True}],
    "AdamW": [{"weight_decay": 0.1}, {"amsgrad": True}],
    "Nadam": [{"beta_1": 0.5, "beta_2": 0.8, "epsilon": 1e-2}],
}
SHARED = [  # those that all have
    {},
    {"clipvalue": 0.3},
    {"clipnorm": 0.8},
    {"clipnorm": 100.0},
    {"global_clipnorm": 0.8},
    {"weight_decay": 0.2},
    {"learning_rate": ExponentialDecay(0.1, 3, 0.5)},
    {"learning_rate": PiecewiseConstantDecay([3], [0.1, 0.01]), "weight_decay": 0.1},
]
TABLE = [(name, how) for name in FORMULAS for how in SHARED + OWN[name]]


def test_every_optimizer_has_a_formula():
    found = {
        name
        for name in optimizers.__all__
        if isinstance(getattr(optimizers, name), type) and name != "Optimizer"
    }
    assert found == set(FORMULAS) == set(OWN), "add a formula to this file"


# -------------------------------------------------------------------------- ten steps

SHAPES = ((3, 2), (2,))


def gradient(ws, t):
    """Of a bent surface with noise: what went wrong once shows in all later steps."""
    rng = np.random.default_rng(t)
    return [np.sin(3 * w) + 0.5 * w + rng.normal(size=w.shape) for w in ws]


def start():
    rng = np.random.default_rng(99)
    return [rng.normal(size=shape) for shape in SHAPES]


def by_formula(name, steps=10, **how):
    """The weights after each step, following the formula."""
    ws = start()
    rate = how.pop("learning_rate")
    rate = rate if callable(rate) else lambda t, rate=rate: rate
    decay = how.pop("weight_decay", 0.004 if name == "AdamW" else 0.0)
    clip = {k: how.pop(k) for k in list(how) if "clip" in k}
    runs = [FORMULAS[name](rate, **how) for _ in ws]
    for run in runs:
        next(run)
    for t in range(steps):
        gs = clipped(gradient(ws, t), **clip)
        for w, g, run in zip(ws, gs, runs):
            w -= rate(t) * decay * w
            w += run.send((g, t))
        yield [w.copy() for w in ws]


def clipped(gs, clipvalue=None, clipnorm=None, global_clipnorm=None):
    if clipvalue:
        return [np.clip(g, -clipvalue, clipvalue) for g in gs]
    if clipnorm:
        return [g * min(1, clipnorm / np.linalg.norm(g)) for g in gs]
    if global_clipnorm:
        length = np.sqrt(sum((g**2).sum() for g in gs))
        return [g * min(1, global_clipnorm / length) for g in gs]
    return gs


def by_ours(name, dtype="float64", steps=10, **how):
    """The weights after each step, following our optimizer."""
    optimizer = getattr(optimizers, name)(**how)
    ws = [dl.Tensor(w, requires_grad=True, dtype=dtype) for w in start()]
    for t in range(steps):
        gs = [g.astype(dtype) for g in gradient([w.data for w in ws], t)]
        before = [g.copy() for g in gs]
        optimizer.apply_gradients(zip(gs, ws))
        assert all((g == b).all() for g, b in zip(gs, before))  # left as they were
        assert all(w.dtype == dtype for w in ws)
        yield [w.data.copy() for w in ws]
    assert optimizer.iterations == steps


@pytest.mark.parametrize("name, how", TABLE, ids=lambda x: str(x)[:60])
def test_ten_steps(name, how):
    how = {"learning_rate": 0.1, **how}
    for ours, formula in zip(by_ours(name, **how), by_formula(name, **how)):
        for a, b in zip(ours, formula):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", FORMULAS)
def test_float32_stays_float32(name):
    how = {"learning_rate": 0.01}
    ours = list(by_ours(name, "float32", **how))[-1]
    for a, b in zip(ours, list(by_formula(name, **how))[-1]):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", FORMULAS)
def test_keras_defaults(name):
    rate = 0.01 if name == "SGD" else 0.001
    assert getattr(optimizers, name)().learning_rate == rate
    ours, formula = by_ours(name), by_formula(name, learning_rate=rate)
    for a, b in zip(list(ours)[-1], list(formula)[-1]):
        np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("shape", [(100_003,), (300, 401), (3, 50, 301), (1, 70_001)])
def test_large_weights_are_stepped_in_pieces_without_a_seam(name, shape):
    rng = np.random.default_rng(0)
    w, g = rng.normal(size=shape), rng.normal(size=shape)
    whole = dl.Tensor(w.copy())
    parts = [dl.Tensor(row) for row in np.array_split(w.ravel().copy(), 50)]
    one, many = (getattr(optimizers, name)(0.1, weight_decay=0.1) for _ in range(2))
    for _ in range(3):
        one.apply_gradients([(g, whole)])
        many.apply_gradients(zip(np.array_split(g.ravel(), 50), parts))
    expected = np.concatenate([part.data for part in parts])
    np.testing.assert_allclose(whole.data.ravel(), expected, rtol=1e-13)


# ------------------------------------------------------------------- names and settings


@pytest.mark.parametrize("name", FORMULAS)
def test_by_name_and_by_config(name):
    for spelling in (name, name.lower()):
        assert type(optimizers.get(spelling)) is getattr(optimizers, name)
    rate = ExponentialDecay(0.1, 3, 0.5)
    first = getattr(optimizers, name)(rate, clipnorm=0.7, weight_decay=0.1)
    config = json.loads(json.dumps(first.get_config()))
    second = type(first).from_config(config)
    assert second.get_config() == first.get_config()
    assert second.clipnorm == 0.7 and second.weight_decay == 0.1
    assert second.learning_rate == 0.1
    second.iterations = 3
    assert second.learning_rate == pytest.approx(0.05)


NAMES = {"addam": "adam", "smd": "sgd", "rms": "rmsprop", "Momentum": "", "": ""}


@pytest.mark.parametrize("name, right", NAMES.items())
def test_a_name_that_does_not_exist(name, right):
    with pytest.raises(ConfigError) as caught:
        optimizers.get(name)
    message = str(caught.value)
    assert repr(name) in message and "Known: adadelta" in message
    assert not right or f"Did you mean {right!r}?" in message


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize(
    "rate", [-0.1, float("nan"), float("inf"), "0.1", "fast", None, [0.1], True, {}]
)
def test_a_learning_rate_that_cannot_be(name, rate):
    with pytest.raises(ConfigError, match="learning_rate"):
        getattr(optimizers, name)(learning_rate=rate)
    optimizer = getattr(optimizers, name)(0.5)
    with pytest.raises(ConfigError, match="learning_rate"):
        optimizer.learning_rate = rate
    assert optimizer.learning_rate == 0.5


WRONG = [
    ("SGD", {"momentum": -0.1}, "momentum"),
    ("SGD", {"momentum": 1.1}, "momentum"),
    ("RMSprop", {"rho": 2}, "rho"),
    ("RMSprop", {"momentum": "much"}, "momentum"),
    ("Adagrad", {"initial_accumulator_value": -1}, "initial_accumulator_value"),
    ("Adadelta", {"rho": float("nan")}, "rho"),
    ("Adam", {"beta_1": 1.0}, "beta_1"),
    ("Adam", {"beta_2": -0.1}, "beta_2"),
    ("Adam", {"epsilon": -1e-7}, "epsilon"),
    ("Nadam", {"beta_1": 1.5}, "beta_1"),
    *(("Adam", {word: -1.0}, word) for word in ("clipnorm", "clipvalue")),
    *(("SGD", {word: "no"}, word) for word in ("global_clipnorm", "weight_decay")),
    ("SGD", {"clipnorm": 1.0, "global_clipnorm": 1.0}, "clipnorm"),
    ("SGD", {"clipnorm": 1.0, "clipvalue": 1.0}, "clipvalue"),
]


@pytest.mark.parametrize("name, how, word", WRONG, ids=str)
def test_settings_that_cannot_be(name, how, word):
    with pytest.raises(ConfigError, match=word):
        getattr(optimizers, name)(**how)


def test_a_config_with_unknown_keys():
    with pytest.raises(ConfigError, match=r"'learing_rate'.*'learning_rate'"):
        optimizers.Adam.from_config({"learing_rate": 0.1})


def test_a_gradient_of_another_shape_changes_nothing():
    w = [dl.Tensor(np.ones(2)), dl.Tensor(np.ones(3))]
    optimizer = optimizers.Adam(0.1)
    with pytest.raises(ShapeError, match=r"gradient 1.*\(2,\).*\(3,\)"):
        optimizer.apply_gradients([(np.ones(2), w[0]), (np.ones(2), w[1])])
    assert (w[0].data == 1).all() and optimizer.iterations == 0


@pytest.mark.parametrize("pairs", [[(np.ones(2), np.ones(2))], np.ones(2), None])
def test_what_is_no_pair_of_gradient_and_weight(pairs):
    with pytest.raises(ConfigError, match="apply_gradients"):
        optimizers.SGD().apply_gradients(pairs)


def test_a_weight_without_a_gradient_stays():
    a, b = dl.Tensor(np.ones(2)), dl.Tensor(np.ones(2))
    optimizer = optimizers.SGD(0.1, momentum=0.5)
    for g in (None, np.ones(2), None):
        optimizer.apply_gradients([(g, a), (np.ones(2), b)])
    np.testing.assert_allclose(a.data, 0.9)
    np.testing.assert_allclose(b.data, 1 - 0.1 * (1 + 1.5 + 1.75))


def test_one_dimension_of_gradient_zero():
    """No gradient, no step, and no division by zero."""
    for name in FORMULAS:
        w = dl.Tensor(np.ones(3))
        how = {"weight_decay": 0.0} if name == "AdamW" else {}
        optimizer = getattr(optimizers, name)(0.1, global_clipnorm=1.0, **how)
        for _ in range(3):
            optimizer.apply_gradients([(np.zeros(3), w)])
        np.testing.assert_array_equal(w.data, 1)
