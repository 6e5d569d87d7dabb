"""What the course's framework is to reach, one row for each figure.

A row compares what dlcourse takes with what another library takes, or with a number of
seconds or megabytes. Reaching a bound is one thing, going below it the aim.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """dlcourse's `kind` of step is to take at most `bound` times `against`'s.

    `against` is a library and its kind of step; an empty one makes `bound` seconds or
    megabytes; the library "*" stands for the best of all other frameworks.
    """

    problem: str
    kind: str
    against: tuple[str, str] | None
    bound: float
    threads: int = 1


def _training(problem: str, threads: int = 1, **bounds: float) -> list[Target]:
    """The training step against those of several libraries.

    DeZero comes twice: with NumPy 2 it computes in float64 as it is installed, and
    faster where it is kept to float32 (see ``libraries/dezero_.py``).
    """
    if "dezero" in bounds:
        bounds["dezero-plain"] = bounds["dezero"]
    return [
        Target(problem, "train", (library, "train"), bound, threads)
        for library, bound in bounds.items()
    ]


TARGETS = [
    *_training("W1", torch=0.20, dezero=1 / 10, autograd=1 / 15, jax=0.7),
    *_training("W1", micrograd=1 / 3000),
    Target("W1", "fit", ("torch", "train"), 0.25),
    *_training("W2", torch=0.80, dezero=1 / 4, autograd=1 / 3, thinc=1 / 2.3),
    *_training("W3", torch=0.95, dezero=1 / 5, autograd=1 / 20),
    *_training("W4", torch=1.00, dezero=1 / 6),
    *_training("W5", torch=1.15, dezero=1 / 5, autograd=1 / 5, keras=0.85),
    *_training("W5R", torch=0.70, dezero=1 / 5, autograd=1 / 5, keras=0.85),
    *_training("W6", torch=0.70, dezero=1 / 6),
    Target("W7", "infer", ("torch", "infer"), 0.35),
    Target("W7", "infer", ("numpy", "infer"), 1 / 4.5),
    Target("W7", "infer", None, 0.015),
    Target("W8", "import", ("numpy", "import"), 1.5),
    Target("W8", "import", ("torch", "import"), 1 / 10),
    Target("W8", "import", ("*", "import"), 1.0),
    Target("W8", "first step", None, 0.15),
    Target("W8", "first step", ("*", "first step"), 1.0),
    Target("W8", "memory, training W2", None, 60),
    Target("W8", "memory, training W2", ("*", "memory, training W2"), 1.0),
    Target("W8", "memory, training W4", ("torch", "memory, training W4"), 1.0),
    # a few pages of Python's own are no leak: a leak of one byte a step is 0.01 MB
    Target("W8", "growth, W1", None, 0.25),
    Target("W8", "growth, W2 with batch 16", None, 0.25),
    Target("W9", "train", ("dlcourse", "one after another"), 1 / 4),
    Target("W1", "fit", ("dlcourse", "train"), 1.5),  # W10
    Target("W2", "fit", ("dlcourse", "train"), 1.15),  # W10
    *_training("W2", 2, torch=0.95),
    *_training("W3", 2, torch=1.25),
    *_training("W4", 2, torch=1.4),
    *_training("W5", 2, torch=1.5),
    *_training("W5R", 2, torch=0.65),
    *_training("W6", 2, torch=0.95),
    Target("W7", "infer", ("torch", "infer"), 0.7, 2),
]
