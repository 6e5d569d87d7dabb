"""The trial with the first sample: made once for data of a kind, and then trusted."""

import numpy as np
import pytest

import dlcourse as dl


def test_data_of_a_kind_seen_before_are_not_tried_again(monkeypatch):
    model = dl.Sequential([dl.Input((2,)), dl.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    x, y = np.ones((4, 2), "f"), np.ones((4, 1), "f")
    sizes = []
    call = type(model).call

    def counted(self, x, training=False):
        sizes.append(len(x))
        return call(self, x, training)

    monkeypatch.setattr(type(model), "call", counted)
    for _ in range(4):
        model.train_on_batch(x, y)
    assert sizes == [1, 4, 1, 4, 4, 4]  # the first step packs θ, so it is tried again
    with pytest.raises(dl.errors.ShapeError):
        model.train_on_batch(x, y[:, 0])
    with pytest.raises(dl.errors.ShapeError):
        model.train_on_batch(np.ones((4, 3), "f"), y)
    with pytest.raises(dl.errors.ShapeError):
        model.train_on_batch(x, y[:3])
    with pytest.raises(dl.errors.NonFiniteError):
        model.train_on_batch(x, y * np.nan)
    model.compile("sgd", "mse", metrics=["mae"])
    sizes.clear()
    assert len(model.train_on_batch(x, y)) == 2
    assert sizes == [1, 4]
