"""Embedding, recurrent layers with their states, wrappers, attention: by definition."""

import json

import numpy as np
import pytest

import dlcourse as dl
from dlcourse import layers, ops
from dlcourse.errors import ConfigError, DLCourseError, LabelError, ShapeError
from tests.layers.cases import ELSEWHERE

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 5, 4))
RECURRENT = ["SimpleRNN", "LSTM", "GRU"]
every_recurrent = pytest.mark.parametrize("name", RECURRENT)


def test_every_layer_that_is_elsewhere_is_here():
    here = {name for name, file in ELSEWHERE.items() if file == "test_sequences.py"}
    assert here == {
        "Embedding",
        "Bidirectional",
        "TimeDistributed",
        "MultiHeadAttention",
    }


def twin_of(layer, x):
    """A second layer from the first one's config and weights."""
    twin = type(layer).from_config(json.loads(json.dumps(layer.get_config())))
    twin(*x)
    twin.set_weights(layer.get_weights())
    return twin


# ------------------------------------------------------------------------ embedding


def test_embedding():
    layer = layers.Embedding(6, 3, dtype="float64")
    places = np.array([[0, 5, 5], [2, 0, 5]])
    y = layer(places)
    [table] = layer.get_weights()
    assert table.shape == (6, 3) and np.abs(table).max() <= 0.05
    np.testing.assert_array_equal(y.data, table[places])
    assert layer.compute_output_shape((None, 3)) == (None, 3, 3)
    y.backward(np.ones(y.shape))
    np.testing.assert_array_equal(layer.embeddings.grad[:, 0], [2, 0, 1, 0, 0, 3])
    np.testing.assert_array_equal(twin_of(layer, [places])(places).data, y.data)
    for same in (places.tolist(), places.astype("uint8"), places.astype("float32")):
        np.testing.assert_array_equal(layer(same).data, y.data)


@pytest.mark.parametrize("places", [[[6]], [[-1]], [[0.5]], [[float("nan")]]], ids=str)
def test_places_outside_the_table(places):
    with pytest.raises(LabelError):
        layers.Embedding(6, 3)(np.array(places))


def test_words_are_learned():
    """Four words, two of each kind, told apart by their embedding alone."""
    words = RNG.integers(0, 4, (40, 4))
    y = (words % 2).mean(1, keepdims=True)
    model = dl.Sequential(
        [dl.Input((4,)), layers.Embedding(4, 2), layers.Flatten(), layers.Dense(1)]
    )
    model.compile(dl.optimizers.Adam(0.05), "mse")
    losses = model.fit(words, y, epochs=40, verbose=0).history["loss"]
    assert losses[-1] < 0.05 * losses[0]


# ------------------------------------------------------------------------- recurrent


def by_ops(name, layer, x, states):
    """All hidden states by the op behind the layer."""
    op = {"SimpleRNN": ops.rnn, "LSTM": ops.lstm, "GRU": ops.gru}[name]
    paths = op(x, *states, *(w.data for w in layer.weights))
    return list(paths) if isinstance(paths, tuple) else [paths]


@every_recurrent
def test_states_in_and_out(name):
    layer = getattr(layers, name)(
        2, return_sequences=True, return_state=True, dtype="float64"
    )
    y, *last = layer(X)
    zeros = [np.zeros((3, 2))] * len(last)
    paths = by_ops(name, layer, X, zeros)
    np.testing.assert_allclose(y.data, paths[0], rtol=1e-12)
    for state, path in zip(last, paths):
        np.testing.assert_allclose(state.data, path[:, -1], rtol=1e-12)
    # in two halves, the state handed on, it is the same
    first, *middle = layer(X[:, :2])
    second, *end = layer(X[:, 2:], initial_state=middle)
    np.testing.assert_allclose(
        np.concatenate([first.data, second.data], 1), y.data, rtol=1e-12
    )
    for state, whole in zip(end, last):
        np.testing.assert_allclose(state.data, whole.data, rtol=1e-12)
    assert layer.compute_output_shape((None, 5, 4)) == [
        (None, 5, 2),
        *[(None, 2)] * len(last),
    ]
    with pytest.raises(ShapeError, match="state"):
        layer(X, initial_state=[*zeros, zeros[0]])


@every_recurrent
def test_backwards_is_forwards_on_the_reverse(name):
    layer = getattr(layers, name)(2, return_sequences=True, dtype="float64")
    backwards = getattr(layers, name)(
        2, return_sequences=True, go_backwards=True, dtype="float64"
    )
    layer(X), backwards(X)
    backwards.set_weights(layer.get_weights())
    np.testing.assert_array_equal(backwards(X).data, layer(X[:, ::-1]).data)


@every_recurrent
def test_gradients_reach_weights_and_states(name):
    layer = getattr(layers, name)(2, return_state=True, dtype="float64")
    states = [RNG.normal(size=(3, 2)) for _ in layer(X)[1:]]

    def f(x, *states):
        return ops.concatenate(layer(x, initial_state=list(states)), axis=-1)

    assert dl.testing.gradcheck(f, [X, *states], order=2)


def test_an_lstm_begins_by_remembering():
    layer = layers.LSTM(3)
    layer(X)
    np.testing.assert_array_equal(layer.get_weights()[2], np.repeat([0, 1, 0, 0], 3))


@every_recurrent
def test_a_sequence_is_learned(name):
    """Was the first of six numbers the larger half? Only memory can tell."""
    x = RNG.uniform(-1, 1, (120, 6, 1))
    y = (x[:, 0] > 0).astype("float32")
    dl.manual_seed(1)
    layer = getattr(layers, name)(12)
    model = dl.Sequential([dl.Input((6, 1)), layer, layers.Dense(1, "sigmoid")])
    model.compile(dl.optimizers.Adam(0.03), "binary_crossentropy", ["accuracy"])
    history = model.fit(x, y, epochs=40, verbose=0).history
    assert history["accuracy"][-1] > 0.9


def test_sequences_that_cannot_be():
    for call, error in (
        (lambda: layers.LSTM(2)(X[0]), ShapeError),
        (lambda: layers.LSTM(2)(X[:, :0]), ShapeError),
        (lambda: layers.GRU(0), ConfigError),
        (lambda: layers.Bidirectional(layers.Dense(2)), ConfigError),
        (lambda: layers.Bidirectional(layers.GRU(2), merge_mode="add"), ConfigError),
        (lambda: layers.TimeDistributed(3), ConfigError),
        (lambda: layers.TimeDistributed(layers.Dense(2))(X[:, 0]), ShapeError),
        (lambda: layers.MultiHeadAttention(0, 4), ConfigError),
        (lambda: layers.MultiHeadAttention(2, 4)(X), ShapeError),
        (lambda: layers.MultiHeadAttention(2, 4)(X[0], X[0]), ShapeError),
    ):
        with pytest.raises(error) as caught:
            call()
        assert isinstance(caught.value, DLCourseError)


# -------------------------------------------------------------------------- wrappers


@pytest.mark.parametrize("mode", ["concat", "sum", "mul", "ave", None])
@pytest.mark.parametrize("sequences", [True, False])
@every_recurrent
def test_bidirectional(name, sequences, mode):
    inner = getattr(layers, name)(2, return_sequences=sequences)
    layer = layers.Bidirectional(inner, merge_mode=mode, dtype="float64")
    for each in (layer.forward_layer, layer.backward_layer):
        each.dtype = "float64"
    found = layer(X)
    a = layer.forward_layer(X).data
    b = layer.backward_layer(X).data
    b = b[:, ::-1] if sequences else b
    expected = {
        "concat": np.concatenate([a, b], -1),
        "sum": a + b,
        "mul": a * b,
        "ave": (a + b) / 2,
        None: [a, b],
    }[mode]
    for y, right in zip(
        *((found, expected) if mode is None else ([found], [expected]))
    ):
        np.testing.assert_allclose(y.data, right, rtol=1e-12)
    assert len(layer.weights) == 2 * len(inner.weights)
    twin = twin_of(layer, [X.astype("float32")])
    assert twin.merge_mode == mode and twin.count_params() == layer.count_params()


def test_time_distributed():
    layer = layers.TimeDistributed(layers.Dense(3, "tanh"))
    y = layer(X.astype("float32"))
    steps = [layer.layer(X[:, t].astype("float32")).data for t in range(5)]
    np.testing.assert_allclose(y.data, np.stack(steps, 1), rtol=1e-5, atol=1e-6)
    assert layer.compute_output_shape((None, 5, 4)) == (None, 5, 3)
    twin = twin_of(layer, [X.astype("float32")])
    np.testing.assert_array_equal(twin(X.astype("float32")).data, y.data)
    assert [w.shape for w in layer.weights] == [(4, 3), (3,)]


# ------------------------------------------------------------------------- attention


def attention(layer, q, v, k, seen=None):
    """Head by head, as in the paper."""
    wq, bq, wk, bk, wv, bv, wo, bo = layer.get_weights()
    y, scores = 0.0, []
    for h in range(wq.shape[1]):
        queries = q @ wq[:, h] + bq[h]
        keys, values = k @ wk[:, h] + bk[h], v @ wv[:, h] + bv[h]
        z = queries @ keys.swapaxes(1, 2) / np.sqrt(keys.shape[-1])
        z = z if seen is None else np.where(seen, z, -np.inf)
        p = np.exp(z - z.max(-1, keepdims=True))
        scores.append(p / p.sum(-1, keepdims=True))
        y = y + scores[-1] @ values @ wo[h]
    return y + bo, np.stack(scores, 1)


@pytest.mark.parametrize("causal", [False, True])
def test_multi_head_attention(causal):
    layer = layers.MultiHeadAttention(2, 3, value_dim=5, dtype="float64")
    q, v, k = X, RNG.normal(size=(3, 5, 6)), RNG.normal(size=(3, 5, 2))
    layer(q, v, k)
    layer.set_weights([w + 0.1 * RNG.normal(size=w.shape) for w in layer.get_weights()])
    how = {"use_causal_mask": causal, "return_attention_scores": True}
    y, scores = layer(q, v, k, **how)
    seen = np.tri(5, dtype=bool) if causal else None
    expected, weights = attention(layer, q, v, k, seen)
    np.testing.assert_allclose(y.data, expected, rtol=1e-12)
    np.testing.assert_allclose(scores.data, weights, rtol=1e-12)
    np.testing.assert_allclose(scores.data.sum(-1), 1, rtol=1e-12)
    f = lambda q, v, k: layer(q, v, k, use_causal_mask=causal)  # noqa: E731
    assert dl.testing.gradcheck(f, [q[:1], v[:1], k[:1]])


def test_attention_to_itself_with_a_mask_and_a_twin():
    layer = layers.MultiHeadAttention(2, 4)
    x = X.astype("float32")
    y = layer(x, x)
    assert y.shape == x.shape
    assert layer.count_params() == 3 * (4 * 8 + 8) + 8 * 4 + 4
    np.testing.assert_allclose(
        y.data, attention(layer, x, x, x)[0], rtol=1e-4, atol=1e-5
    )
    mask = RNG.random((3, 5, 5)) > 0.3
    mask[:, :, 0] = True
    seen = layer(x, x, attention_mask=mask)
    expected = attention(layer, x, x, x, mask)[0]
    np.testing.assert_allclose(seen.data, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(twin_of(layer, [x, x])(x, x).data, y.data)
