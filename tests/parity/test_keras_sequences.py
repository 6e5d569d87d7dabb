"""Layers that hold others, take whole numbers or several inputs, against Keras.

As in ``test_keras_layers.py``: Keras's weights, by `set_weights`, give Keras's numbers.
"""

from typing import Any

import numpy as np
import pytest

import dlcourse as dl
from tests.parity.judges import keras, to_numpy, to_torch

RNG = np.random.default_rng(0)
X, Z = RNG.normal(size=(2, 3, 5, 4)).astype("float32")
WORDS = RNG.integers(0, 6, (3, 5))

# how it is made (of either library's layers), what it is called with
ROWS: dict[str, tuple[Any, tuple[Any, ...], dict[str, Any]]] = {
    "Embedding": (lambda m: m.Embedding(6, 3), (WORDS,), {}),
    "TimeDistributed": (lambda m: m.TimeDistributed(m.Dense(2, "tanh")), (X,), {}),
    **{
        f"Bidirectional {kind} {mode}": (
            lambda m, kind=kind, mode=mode: m.Bidirectional(
                getattr(m, kind)(2, return_sequences=True), merge_mode=mode
            ),
            (X,),
            {},
        )
        for kind in ("SimpleRNN", "LSTM", "GRU")
        for mode in ("concat", "sum", "mul", "ave")
    },
    **{
        f"{kind} from a state": (
            lambda m, kind=kind: getattr(m, kind)(4, return_sequences=True),
            (X,),
            {"initial_state": [Z[:, i] for i in range(states)]},
        )
        for kind, states in (("SimpleRNN", 1), ("LSTM", 2), ("GRU", 1))
    },
    "attention": (lambda m: m.MultiHeadAttention(2, 3), (X, Z), {}),
    "attention with a key": (
        lambda m: m.MultiHeadAttention(2, 3, value_dim=2, use_bias=False),
        (X, Z, Z[..., :2]),
        {},
    ),
    "causal attention": (
        lambda m: m.MultiHeadAttention(2, 3),
        (X, X),
        {"use_causal_mask": True},
    ),
    **{
        name: (lambda m, name=name: getattr(m, name)(), ([X, Z],), {})
        for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Concatenate")
    },
}


def moved(thing: Any) -> Any:
    """The same arrays for PyTorch."""
    if isinstance(thing, list):
        return [moved(part) for part in thing]
    return to_torch(thing, False) if isinstance(thing, np.ndarray) else thing


@pytest.mark.parametrize("make, inputs, how", ROWS.values(), ids=ROWS)
def test_outputs(make, inputs, how):
    theirs, ours = make(keras.layers), make(dl.layers)
    there, here = map(moved, inputs), inputs
    there, how_there = list(there), {key: moved(value) for key, value in how.items()}
    theirs(*there, **how_there)
    weights = [w + 0.1 * RNG.normal(size=w.shape) for w in theirs.get_weights()]
    theirs.set_weights(weights)
    ours(*here, **how)
    ours.set_weights(theirs.get_weights())
    found = dl.to_numpy(ours(*here, **how))
    expected = to_numpy(theirs(*there, **how_there))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
