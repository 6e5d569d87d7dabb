"""Dropout: random, so it is tested by its share, its mean and its seed."""

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import ops
from dlcourse.errors import ConfigError


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_a_share_is_silenced_and_the_rest_scaled(rate):
    y = ops.dropout(np.ones((200, 200), "float32"), rate)
    kept = y != 0
    assert y.dtype == "float32"
    np.testing.assert_allclose(y[kept], 1 / (1 - rate), rtol=1e-6)
    spread = 4 * (rate * (1 - rate) / y.size) ** 0.5  # four standard deviations
    assert abs((1 - kept.mean()) - rate) < spread
    assert abs(y.mean() - 1) < spread / (1 - rate)
    # neither rows nor columns hang together
    assert abs(np.corrcoef(kept[:-1].ravel(), kept[1:].ravel())[0, 1]) < 0.03
    assert abs(np.corrcoef(kept[:, :-1].ravel(), kept[:, 1:].ravel())[0, 1]) < 0.03


def test_the_gradient_passes_where_the_value_did():
    x = dl.Tensor(np.full((4, 5), 3.0), requires_grad=True)
    y = ops.dropout(x, 0.4)
    y.sum().backward()
    np.testing.assert_allclose(x.grad, y.data / 3)


@pytest.mark.parametrize("how", [{"rate": 0.0}, {"rate": 0.5, "training": False}])
def test_nothing_to_do(how):
    x = np.arange(6.0)
    np.testing.assert_array_equal(ops.dropout(x, how.pop("rate"), **how), x)


def test_the_seed_decides():
    x = np.ones(1000)
    draw = lambda seed: (dl.manual_seed(seed), ops.dropout(x, 0.5))[1]  # noqa: E731
    np.testing.assert_array_equal(draw(1), draw(1))
    assert (draw(1) != draw(2)).any()
    dl.manual_seed(1)
    assert (ops.dropout(x, 0.5) != ops.dropout(x, 0.5)).any()


@pytest.mark.parametrize("rate", [-0.1, 1.0, 1.5, float("nan"), "half", None])
def test_a_rate_that_cannot_be(rate):
    with pytest.raises(ConfigError, match="dropout"):
        ops.dropout(np.ones(3), rate)


def test_lists_and_float64():
    assert ops.dropout([1.0, 2.0], 0.5).dtype == "float32"
    assert ops.dropout(np.ones(3), 0.5).dtype == "float64"
