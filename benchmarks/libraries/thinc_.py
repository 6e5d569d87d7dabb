"""thinc: spaCy's functional layers, on NumPy arrays with kernels of its own.

The optimizer's clipping, decay and averages, on by default, are off here. Its
cross-entropy class checks every value and does not return the cross-entropy, so the
loss and its gradient are taken from the probabilities, two lines each.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..problems import Problem
from . import Steps

NAME = "thinc"
PACKAGE = MODULE = "thinc"


def setup(threads: int) -> None:
    """Let NumPy multiply the matrices: its BLAS is the faster one."""
    from thinc.api import get_ops, set_current_ops

    set_current_ops(get_ops("cpu", use_blis=False))


def W2(problem: Problem) -> Steps:
    """The digits network."""
    from thinc.api import Adam, Relu, Softmax, chain

    width, classes = (len(problem.weights[f"dense{i}.bias"]) for i in (1, 2))
    model = chain(Relu(width, problem.x.shape[1]), Softmax(classes, width))
    model.initialize()
    for i, layer in enumerate(model.layers, start=1):
        layer.set_param(
            "W", np.ascontiguousarray(problem.weights[f"dense{i}.kernel"].T)
        )
        layer.set_param("b", problem.weights[f"dense{i}.bias"].copy())
    settings = problem.settings
    optimizer = Adam(
        settings["learning_rate"],
        eps=settings["epsilon"],
        L2=0.0,
        grad_clip=0.0,
        use_averages=False,
    )
    x, rows, y = problem.x, np.arange(len(problem.x)), problem.y

    def train() -> float:
        p, backward = model.begin_update(x)
        loss = -np.log(p[rows, y]).mean()
        p[rows, y] -= 1
        p /= len(p)
        backward(p)
        model.finish_update(optimizer)
        return float(loss)

    def infer() -> Any:
        return model.predict(x)

    return {"train": train, "infer": infer}
