"""The metrics that are no average over samples: settings, value, targets, predictions.

The value is scikit-learn's, of (targets, predictions, weights).
"""

import numpy as np
from sklearn import metrics as sk

_rng = np.random.default_rng(7)
N = 6
YES = np.array([[1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 1, 1], [0, 0, 1], [1, 0, 1]])
# on the thresholds' grid and all different: the curve then has every corner
CHANCES = _rng.choice(np.arange(5, 195), (N, 3), replace=False) / 199 + 1e-4
CLASSES = np.eye(3)[[0, 1, 2, 1, 1, 0]]
NUMBERS = _rng.normal(size=(N, 3))
GUESSES = NUMBERS + 0.5 * _rng.normal(size=(N, 3))


def of_all(score, limit=0.5, **how):
    """A score of all decisions together."""

    def value(true, pred, weight):
        each = np.repeat(weight, true[0].size)
        said = pred.ravel() if limit is None else pred.ravel() > limit
        return score(true.ravel(), said, sample_weight=each, **how)

    return value


def f1(average):
    def value(true, pred, weight):
        said = pred.argmax(-1)
        how = {"average": average, "zero_division": 0, "sample_weight": weight}
        return sk.f1_score(true.argmax(-1), said, labels=[0, 1, 2], **how)

    return value


def one_class(score, k, limit=0.5):
    def value(true, pred, weight):
        return score(true[:, k], pred[:, k] > limit, sample_weight=weight)

    return value


TABLE = {
    "Precision": [
        ({}, of_all(sk.precision_score), YES, CHANCES),
        ({"thresholds": 0.3}, of_all(sk.precision_score, 0.3), YES, CHANCES),
        ({"class_id": 2}, one_class(sk.precision_score, 2), YES, CHANCES),
        ({}, of_all(sk.precision_score), YES[:, 0], CHANCES[:, 0]),
    ],
    "Recall": [
        ({}, of_all(sk.recall_score), YES, CHANCES),
        ({"class_id": 1}, one_class(sk.recall_score, 1), YES, CHANCES),
        ({"thresholds": 0.2}, of_all(sk.recall_score, 0.2), YES[:, :1], CHANCES[:, :1]),
    ],
    "F1Score": [
        ({"average": "macro"}, f1("macro"), CLASSES, CHANCES),
        ({"average": "weighted"}, f1("weighted"), CLASSES, CHANCES),
        ({"average": "micro"}, f1("micro"), CLASSES, CHANCES),
        (
            {"average": "micro", "threshold": 0.4},
            of_all(sk.f1_score, 0.4),
            YES,
            CHANCES,
        ),
    ],
    "AUC": [
        ({}, of_all(sk.roc_auc_score, None), YES, CHANCES),
        ({}, of_all(sk.roc_auc_score, None), YES[:, :1], CHANCES[:, :1]),
    ],
    "R2Score": [
        ({}, lambda t, y, w: sk.r2_score(t, y, sample_weight=w), NUMBERS, GUESSES),
        (
            {},
            lambda t, y, w: sk.r2_score(t, y, sample_weight=w),
            NUMBERS[:, :1],
            GUESSES[:, :1],
        ),
    ],
}
ROWS = [(name, *row) for name, rows in TABLE.items() for row in rows]
