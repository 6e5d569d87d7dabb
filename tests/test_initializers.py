"""Initializers: the variance each one promises, shapes, seeds, names."""

import json
import math

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import initializers
from dlcourse.errors import ConfigError

IN, OUT = 200, 300
CUT = 0.87962566103423978  # what cutting at two deviations leaves of one

# settings, variance, largest size (None: no bound) for a kernel (IN, OUT)
TABLE = {
    "Zeros": [({}, 0, 0)],
    "Ones": [({}, 0, 1)],
    "Constant": [({"value": -2.5}, 0, 2.5)],
    "Identity": [({"gain": 3.0}, 9 / OUT - (3 / OUT) ** 2, 3)],
    "RandomNormal": [({}, 0.05**2, None), ({"stddev": 2.0, "mean": 1.0}, 4, None)],
    "RandomUniform": [({}, 0.1**2 / 12, 0.05), ({"minval": 0, "maxval": 2}, 1 / 3, 2)],
    "TruncatedNormal": [({}, (0.05 * CUT) ** 2, 0.1)],
    "VarianceScaling": [
        ({}, 1 / IN, 2 / CUT * IN**-0.5),
        ({"scale": 3, "mode": "fan_out"}, 3 / OUT, 2 / CUT * (3 / OUT) ** 0.5),
        ({"mode": "fan_avg", "distribution": "uniform"}, 2 / (IN + OUT), None),
        ({"distribution": "untruncated_normal"}, 1 / IN, None),
    ],
    "GlorotUniform": [({}, 2 / (IN + OUT), (6 / (IN + OUT)) ** 0.5)],
    "GlorotNormal": [({}, 2 / (IN + OUT), 2 / CUT * (2 / (IN + OUT)) ** 0.5)],
    "HeUniform": [({}, 2 / IN, (6 / IN) ** 0.5)],
    "HeNormal": [({}, 2 / IN, 2 / CUT * (2 / IN) ** 0.5)],
    "LecunUniform": [({}, 1 / IN, (3 / IN) ** 0.5)],
    "LecunNormal": [({}, 1 / IN, 2 / CUT * IN**-0.5)],
    "Orthogonal": [({}, 1 / OUT, 1), ({"gain": 2.0}, 4 / OUT, 2)],
}
ROWS = [(name, *row) for name, rows in TABLE.items() for row in rows]
every_row = pytest.mark.parametrize(
    "name, how, variance, largest", ROWS, ids=[f"{row[0]} {row[1]}" for row in ROWS]
)
RANDOM = [
    name for name in TABLE if name not in ("Zeros", "Ones", "Constant", "Identity")
]


def make(name, **how):
    return getattr(initializers, name)(**how)


def test_every_initializer_has_a_row():
    found = {
        name
        for name in initializers.__all__
        if isinstance(getattr(initializers, name), type) and name != "Initializer"
    }
    assert found == set(TABLE)


@every_row
def test_variance_mean_and_bounds(name, how, variance, largest):
    w = make(name, **how)((IN, OUT), dtype="float64")
    spread = 4 * math.sqrt(variance / w.size)  # four deviations of the mean
    if name in RANDOM and "minval" not in how:
        assert abs(w.mean() - how.get("mean", 0.0)) <= spread
    assert w.var() == pytest.approx(variance, rel=0.03, abs=1e-12)
    if largest is not None:
        assert np.abs(w).max() <= largest * (1 + 1e-12)
        if name != "Orthogonal":
            assert np.abs(w).max() >= 0.98 * largest  # and it comes close


@every_row
def test_type_and_shape(name, how, variance, largest):
    for shape in ((4, 3), (3, 4), (1, 1)):
        for dtype in ("float32", "float64"):
            w = make(name, **how)(shape, dtype=dtype)
            assert type(w) is np.ndarray and w.dtype == dtype and w.shape == shape
    assert make(name, **how)((4, 3)).dtype == "float32"


@pytest.mark.parametrize("name", RANDOM)
def test_seeds(name):
    draw = lambda **how: make(name, **how)((5, 4))  # noqa: E731
    np.testing.assert_array_equal(draw(seed=1), draw(seed=1))
    assert (draw(seed=1) != draw(seed=2)).any()
    assert (draw() != draw()).any()
    dl.manual_seed(3)
    first = draw()
    dl.manual_seed(3)
    np.testing.assert_array_equal(draw(), first)


@pytest.mark.parametrize("shape, fan_in, fan_out", [
    ((6,), 6, 6),
    ((6, 5), 6, 5),
    ((3, 6, 5), 18, 15),
    ((3, 4, 6, 5), 72, 60),
    ((2, 3, 4, 6, 5), 144, 120),
])  # fmt: skip
def test_fans_of_kernels(shape, fan_in, fan_out):
    assert initializers.fans(shape) == (fan_in, fan_out)


def test_a_signal_keeps_its_size():
    """What the initializers are for: after 20 layers neither faded nor exploded."""
    x = np.random.default_rng(0).normal(size=(100, 128)).astype("float32")
    for activation, initializer, low, high in (
        ("relu", "he_normal", 0.3, 3),
        ("tanh", "glorot_normal", 0.1, 1),
        ("selu", "lecun_normal", 0.7, 1.4),
        (None, "orthogonal", 0.99, 1.01),
    ):
        y = x
        for _ in range(20):
            y = dl.layers.Dense(128, activation, kernel_initializer=initializer)(y)
        assert low < y.data.std() < high, (activation, y.data.std())


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (2, 3, 5)])
def test_orthogonal(shape):
    q = make("Orthogonal", gain=2.0, seed=0)(shape, dtype="float64")
    q = q.reshape(-1, shape[-1])
    q = q if q.shape[0] >= q.shape[1] else q.T
    np.testing.assert_allclose(q.T @ q, 4 * np.eye(q.shape[1]), atol=1e-12)


def test_orthogonal_prefers_no_direction():
    """The sign of the diagonal would give it away."""
    corners = [make("Orthogonal", seed=seed)((3, 3))[0, 0] for seed in range(200)]
    assert 70 < sum(corner > 0 for corner in corners) < 130


def test_identity():
    np.testing.assert_array_equal(make("Identity", gain=2)((2, 3)), 2 * np.eye(2, 3))


@every_row
def test_names_and_configs(name, how, variance, largest):
    for spelling in (name, dl.config.snake(name), getattr(initializers, name)):
        assert type(initializers.get(spelling)) is getattr(initializers, name)
    how = {**how, "seed": 4} if name in RANDOM else how
    config = json.loads(json.dumps(make(name, **how).get_config()))
    twin = type(make(name)).from_config(config)
    np.testing.assert_array_equal(twin((4, 3)), make(name, **how)((4, 3)))
    named = initializers.get({"class_name": name, "config": config})
    np.testing.assert_array_equal(named((4, 3)), twin((4, 3)))


def test_a_function_is_an_initializer():
    layer = dl.layers.Dense(
        2, kernel_initializer=lambda shape, dtype: np.full(shape, 7)
    )
    layer(np.ones((1, 3)))
    np.testing.assert_array_equal(layer.get_weights()[0], np.full((3, 2), 7))


WRONG = [
    (lambda: initializers.get("he_norml"), "'he_normal'"),
    (lambda: initializers.get("xavier"), "Known: constant"),
    (lambda: initializers.get(None), "initializer"),
    (lambda: initializers.get(0.5), "initializer"),
    (lambda: initializers.RandomNormal(stddev=-1), "stddev"),
    (lambda: initializers.RandomUniform(1.0, 0.0), "maxval"),
    (lambda: initializers.VarianceScaling(scale=0), "scale"),
    (lambda: initializers.VarianceScaling(mode="fan"), "'fan'"),
    (lambda: initializers.VarianceScaling(distribution="normal_"), "normal_"),
    (lambda: initializers.Constant("one"), "value"),
    (lambda: initializers.HeNormal(seed="one"), "seed"),
    (lambda: initializers.Orthogonal()((3,)), r"\(3,\)"),
    (lambda: initializers.Identity()((3,)), r"\(3,\)"),
    (lambda: initializers.HeNormal.from_config({"sed": 1}), "'seed'"),
]


@pytest.mark.parametrize("make_it, word", WRONG, ids=[word for _, word in WRONG])
def test_settings_that_cannot_be(make_it, word):
    with pytest.raises(ConfigError, match=word):
        make_it()
