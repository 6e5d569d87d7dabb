"""Recurrent kernels beyond the table's small rows: long, single, strided, side by side.

Their backward pass sums the weights' gradients a few steps at a time, and writes them
where it is told to; none of that may be seen from outside.
"""

from functools import partial

import numpy as np
import pytest

import dlcourse as dl
from dlcourse.errors import ConfigError, ShapeError
from dlcourse.ops.kernels import recurrent
from dlcourse.ops.kernels.lstm import lstm_hidden

OPS = {
    "rnn": dl.ops.rnn,
    "lstm": dl.ops.lstm,
    "gru": dl.ops.gru,
    "gru, reset before": partial(dl.ops.gru, reset_after=False),
}
every_kind = pytest.mark.parametrize("kind", OPS)


def gates_of(kind):
    return {"rnn": 1, "lstm": 4}.get(kind, 3)


def inputs(kind, n=3, steps=4, features=2, units=3, dtype="float64"):
    width = gates_of(kind) * units
    rng = np.random.default_rng(0)
    states = [(n, units)] * (2 if kind == "lstm" else 1)
    bias = (2, width) if kind == "gru" else (width,)
    shapes = [(n, steps, features), *states, (features, width), (units, width), bias]
    return [rng.normal(scale=0.5, size=shape).astype(dtype) for shape in shapes]


def forward(kind, tensors):
    y = OPS[kind](*tensors)
    return ops_sum(y) if isinstance(y, tuple) else y


def ops_sum(pair):
    return pair[0] + 0.5 * pair[1]


def by_steps(kind, tensors):
    """The same in steps of one, the state handed on: never more than one product."""
    states = len(tensors) - 4
    x, rest = tensors[0], list(tensors[1:])
    path = []
    for t in range(x.shape[1]):
        y = OPS[kind](x[:, t : t + 1], *rest)
        parts = y if isinstance(y, tuple) else (y,)
        path.append(ops_sum(parts) if states == 2 else y)
        rest[:states] = [part[:, 0] for part in parts]
    return dl.ops.concatenate(path, axis=1)


def gradients(y, tensors):
    weight = np.cos(np.arange(y.size)).reshape(y.shape)
    return [g.data for g in dl.grad((y * weight).sum(), tensors)]


@every_kind
@pytest.mark.parametrize("steps", [1, 3, 4, 5, 19])
@pytest.mark.parametrize("block", [1, 4, None])
def test_any_number_of_steps_is_as_many_single_ones(kind, steps, block, monkeypatch):
    """Whether the sums take one step at a time, four, or all."""
    if block is not None:
        monkeypatch.setattr(recurrent, "ROWS", block * 3)  # of three samples
    tensors = [dl.Tensor(x, True) for x in inputs(kind, steps=steps)]
    whole, single = forward(kind, tensors), by_steps(kind, tensors)
    np.testing.assert_allclose(whole.data, single.data, rtol=1e-12, atol=1e-13)
    for ours, right in zip(gradients(whole, tensors), gradients(single, tensors)):
        np.testing.assert_allclose(ours, right, rtol=1e-11, atol=1e-12)


@every_kind
@pytest.mark.parametrize("units", [64, 48, 100])
def test_weight_gradients_made_of_small_products(kind, units, monkeypatch):
    """Columns by 16 (of 64), by 48 (half of 48 is no multiple of 16), or all of 100."""
    shapes = []
    tile = recurrent.WeightSums._tile

    def watched(sums, rows):
        shapes.append(tile(sums, rows))
        return shapes[-1]

    monkeypatch.setattr(recurrent.WeightSums, "_tile", watched)
    monkeypatch.setattr(recurrent, "ROWS", 12)
    monkeypatch.setattr(recurrent, "BLAS_THREADS", 1)
    tensors = [dl.Tensor(x, True) for x in inputs(kind, steps=9, units=units)]
    whole = gradients(forward(kind, tensors), tensors)
    assert set(shapes) == {units}
    shapes.clear()
    monkeypatch.setattr(recurrent, "SMALL_PRODUCT", 16 * 12 * (units + 3))
    tiled = gradients(forward(kind, tensors), tensors)
    assert {64: 16, 48: 48, 100: 100}[units] in shapes
    shapes.clear()
    monkeypatch.setattr(recurrent, "BLAS_THREADS", 2)  # they share large ones only
    gradients(forward(kind, tensors), tensors)
    assert set(shapes) == {units}
    for ours, right in zip(tiled, whole):
        np.testing.assert_allclose(ours, right, rtol=1e-11, atol=1e-12)


@every_kind
@pytest.mark.parametrize("bias", [True, False])
def test_without_a_graph_nothing_is_kept_and_all_is_the_same(kind, bias):
    tensors = [dl.Tensor(x, True) for x in inputs(kind, steps=5)]
    tensors[-1] = tensors[-1] if bias else None
    y = forward(kind, tensors)
    with dl.no_grad():
        same = forward(kind, tensors)
    assert y.requires_grad and not same.requires_grad
    np.testing.assert_array_equal(same.data, y.data)
    if not bias:  # is one of zeros
        zeros = np.zeros_like(inputs(kind)[-1])
        right = forward(kind, [*tensors[:-1], dl.Tensor(zeros, True)])
        np.testing.assert_allclose(y.data, right.data, rtol=1e-12)
        pairs = zip(gradients(y, tensors[:-1]), gradients(right, tensors[:-1]))
        for ours, theirs in pairs:
            np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-13)


@every_kind
def test_two_sequences_of_one_shape_may_be_alive_at_once(kind):
    """What backward needs belongs to its own forward pass."""
    first = [dl.Tensor(x, True) for x in inputs(kind)]
    second = [dl.Tensor(x + 0.1, True) for x in inputs(kind)]
    alone = gradients(forward(kind, first), first)
    y = forward(kind, first)
    other = forward(kind, second)
    gradients(other, second)
    for ours, right in zip(gradients(y, first), alone):
        np.testing.assert_array_equal(ours, right)
    for ours, right in zip(gradients(y, first), alone):  # and once more
        np.testing.assert_array_equal(ours, right)


@every_kind
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_strided_input_one_sample_and_the_type_kept(kind, dtype):
    arrays = inputs(kind, n=1, dtype=dtype)
    strided = np.asfortranarray(np.repeat(arrays[0], 2, axis=2))[:, ::-1, ::2]
    plain = [dl.Tensor(x, True) for x in (strided.copy(), *arrays[1:])]
    odd = [dl.Tensor(x, True) for x in (strided, *arrays[1:])]
    assert not odd[0].data.flags.c_contiguous
    y, same = forward(kind, odd), forward(kind, plain)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y.data, same.data)
    for ours, right in zip(gradients(y, odd), gradients(same, plain)):
        assert ours.dtype == dtype
        np.testing.assert_array_equal(ours, right)


@every_kind
def test_gradients_are_written_into_the_flat_vector(kind):
    name, *before = kind.split(", ")
    layer = {"rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}[name]
    how = {"reset_after": False} if before else {}
    layer = getattr(dl.layers, layer)(3, dtype="float64", **how)
    model = dl.Sequential([dl.Input((4, 2)), layer])
    model.compile("sgd", "mse")
    x = inputs(kind)[0]
    theta = model._pack()
    theta.forget_gradients()
    model(x, training=True).sum().backward()
    found = theta.gradient.copy()
    for w in layer.weights:
        assert np.shares_memory(w.grad, theta.gradient)
    right = dl.grad(model(x, training=True).sum(), layer.weights)
    flat = np.concatenate([g.data.ravel() for g in right])
    np.testing.assert_allclose(found, flat, rtol=1e-12)


def test_the_hidden_states_alone():
    tensors = [dl.Tensor(x, True) for x in inputs("lstm")]
    hidden, alone = dl.ops.lstm(*tensors)[0], lstm_hidden(*tensors)
    np.testing.assert_array_equal(alone.data, hidden.data)
    for ours, right in zip(gradients(alone, tensors), gradients(hidden, tensors)):
        np.testing.assert_allclose(ours, right, rtol=1e-12)
    assert dl.testing.gradcheck(lstm_hidden, inputs("lstm", steps=2), order=2)


@every_kind
def test_sequences_without_steps_or_samples(kind):
    with pytest.raises(ShapeError, match=r"\(3, 0, 2\) has no steps"):
        OPS[kind](*inputs(kind, steps=0))
    tensors = [dl.Tensor(x, True) for x in inputs(kind, n=0)]
    y = forward(kind, tensors)
    assert y.shape == (0, 4, 3)
    for g, x in zip(gradients(y, tensors), tensors):
        assert g.shape == x.shape and not g.any()


@pytest.mark.parametrize(
    "steps, n, lengths",
    [(600, 1, [256, 256, 88]), (5, 100, [2, 2, 1]), (2, 300, [1, 1])],
)
def test_blocks_of_steps(steps, n, lengths):
    """From the last step to the first, each once, at most 256 rows, or one step."""
    blocks = list(recurrent.blocks_back(steps, n))
    assert [len(range(steps)[block]) for block in blocks] == lengths
    walked = [t for block in blocks for t in reversed(range(steps)[block])]
    assert walked == list(reversed(range(steps)))


def test_what_is_unknown_or_does_not_fit():
    with pytest.raises(ConfigError, match="Did you mean 'tanh'"):
        dl.ops.rnn(*inputs("rnn"), activation="tahn")
    with pytest.raises(ShapeError, match=r"bias must be \(9,\), not \(2, 9\)"):
        dl.ops.gru(*inputs("gru"), reset_after=False)
    with pytest.raises(ShapeError, match=r"bias must be \(2, 9\), not \(9,\)"):
        dl.ops.gru(*inputs("gru, reset before"))


def test_an_embedding_adds_up_what_occurs_again():
    table = dl.Tensor(np.arange(12.0).reshape(4, 3), True)
    places = np.array([[3, 0, 3], [3, 1, 0]])
    y = dl.ops.embedding(places, table)
    [g] = gradients(y, [table])
    right = np.zeros((4, 3))
    np.add.at(right, places, np.cos(np.arange(y.size)).reshape(y.shape))
    np.testing.assert_allclose(g, right, rtol=1e-14)
    assert dl.testing.gradcheck(
        lambda w: dl.ops.embedding(places, w) ** 2, [table.data], order=2
    )
