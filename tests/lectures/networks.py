"""The networks of the lectures in one line, and how often they are right."""

import numpy as np

from dlcourse.layers import Dense, Input
from dlcourse.models import Sequential, predictions_at


def network(*sizes, activation="relu", output="sigmoid", dtype=None):
    """A stack of dense layers: network(2, 16, 1) is the lecture's 2-16-1."""
    hidden = [Dense(units, activation=activation) for units in sizes[1:-1]]
    head = Dense(sizes[-1], activation=output)
    return Sequential([Input(shape=sizes[:1]), *hidden, head], dtype=dtype)


def accuracies(model, run, x, y) -> np.ndarray:
    """The accuracy of each run of a sweep on two classes, 0 and 1."""
    said = predictions_at(model, run.theta[:, -1], x)[..., 0] > 0.5
    return (said == y).mean(axis=1)
