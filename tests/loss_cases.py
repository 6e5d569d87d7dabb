"""The table of losses: settings, formula, targets, predictions. For several tests.

Each formula takes arrays and gives the loss of each sample; it is Keras's, with
probabilities kept 1e-7 away from 0 and 1.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

Row = tuple[dict[str, Any], Callable[..., Any], np.ndarray, np.ndarray]

_rng = np.random.default_rng(5)
N, C = 6, 4


def squash(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def softmax(z: Any) -> Any:
    return np.exp(z) / np.exp(z).sum(-1, keepdims=True)


def inside(p: Any) -> Any:
    return np.clip(p, 1e-7, 1 - 1e-7)


def binary(t: Any, p: Any) -> Any:
    return -(t * np.log(inside(p)) + (1 - t) * np.log(1 - inside(p))).mean(-1)


def categorical(t: Any, p: Any) -> Any:
    return -(t * np.log(inside(p / p.sum(-1, keepdims=True)))).sum(-1)


def sparse(t: Any, p: Any) -> Any:
    return categorical(np.eye(p.shape[-1])[t.reshape(p.shape[:-1])], p)


def huber(t: Any, p: Any, delta: float = 1.0) -> Any:
    e = np.abs(t - p)
    return np.where(e < delta, e**2 / 2, delta * e - delta**2 / 2).mean(-1)


def categorical_hinge(t: Any, p: Any) -> Any:
    return np.maximum(0, 1 + ((1 - t) * p).max(-1) - (t * p).sum(-1))


NUMBERS = _rng.normal(size=(N, 3))
GUESSES = NUMBERS + _rng.normal(size=(N, 3)) * 1.5
YES_OR_NO = _rng.integers(0, 2, (N, 3)).astype(float)
SHARES = _rng.uniform(0.1, 0.9, (N, 3))
LOGITS = _rng.normal(size=(N, C)) * 2
LABELS = _rng.integers(0, C, N)
ONE_HOT = np.eye(C)[LABELS]
SOFT, CHANCES = _rng.dirichlet(np.full(C, 8), (2, N))
SIGNS = YES_OR_NO * 2 - 1
COUNTS = _rng.poisson(2, (N, 3)).astype(float)
RATES = _rng.uniform(0.5, 3, (N, 3))

TABLE: dict[str, list[Row]] = {
    "MeanSquaredError": [
        ({}, lambda t, p: ((t - p) ** 2).mean(-1), NUMBERS, GUESSES),
        ({}, lambda t, p: ((t - p) ** 2).mean(-1), NUMBERS[:, :1], GUESSES[:, :1]),
    ],
    "MeanAbsoluteError": [({}, lambda t, p: np.abs(t - p).mean(-1), NUMBERS, GUESSES)],
    "Huber": [
        ({}, huber, NUMBERS, GUESSES),
        ({"delta": 0.4}, lambda t, p: huber(t, p, 0.4), NUMBERS, GUESSES),
    ],
    "BinaryCrossentropy": [
        ({}, binary, YES_OR_NO, SHARES),
        ({"from_logits": True}, lambda t, z: binary(t, squash(z)), YES_OR_NO, GUESSES),
        (
            {"label_smoothing": 0.2},
            lambda t, p: binary(t * 0.8 + 0.1, p),
            YES_OR_NO,
            SHARES,
        ),
    ],
    "CategoricalCrossentropy": [
        ({}, categorical, ONE_HOT, CHANCES),
        ({}, categorical, SOFT, 3 * CHANCES),  # it makes the sum one itself
        (
            {"from_logits": True},
            lambda t, z: categorical(t, softmax(z)),
            ONE_HOT,
            LOGITS,
        ),
        (
            {"from_logits": True, "label_smoothing": 0.2},
            lambda t, z: categorical(t * 0.8 + 0.2 / C, softmax(z)),
            ONE_HOT,
            LOGITS,
        ),
    ],
    "SparseCategoricalCrossentropy": [
        ({}, sparse, LABELS, CHANCES),
        ({}, sparse, LABELS[:, None], CHANCES),
        ({"from_logits": True}, lambda t, z: sparse(t, softmax(z)), LABELS, LOGITS),
    ],
    "KLDivergence": [({}, lambda t, p: (t * np.log(t / p)).sum(-1), SOFT, CHANCES)],
    "Poisson": [({}, lambda t, p: (p - t * np.log(p + 1e-7)).mean(-1), COUNTS, RATES)],
    "Hinge": [
        ({}, lambda t, p: np.maximum(0, 1 - t * p).mean(-1), SIGNS, GUESSES),
        (
            {},
            lambda t, p: np.maximum(0, 1 - (2 * t - 1) * p).mean(-1),
            YES_OR_NO,
            GUESSES,
        ),
    ],
    "SquaredHinge": [
        ({}, lambda t, p: (np.maximum(0, 1 - t * p) ** 2).mean(-1), SIGNS, GUESSES)
    ],
    "CategoricalHinge": [({}, categorical_hinge, ONE_HOT, LOGITS)],
    "Exponential": [({}, lambda t, p: np.exp(-t * p).mean(-1), SIGNS, GUESSES)],
    "Logistic": [
        ({}, lambda t, p: np.log(1 + np.exp(-t * p)).mean(-1), SIGNS, GUESSES)
    ],
}
