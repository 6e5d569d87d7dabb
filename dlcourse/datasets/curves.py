"""Numbers to predict from numbers: noisy curves, and a bowl with known curvatures.

A curve with one input shows fitting and overfitting at a glance, because data, network
and truth share one picture. As in ``toy.py``, the same seed moves the same points in
the same directions while `noise` grows, and a larger `n` adds points to those already
there. Read ``splits.py`` next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..errors import ConfigError, check_count, check_number, did_you_mean
from .toy import Points, two_generators

CURVES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "line": lambda x: 0.8 * x,
    "cubic": lambda x: 4.0 * x**3 - 3.0 * x,
    "sine": lambda x: np.sin(np.pi * x),
    "waves": lambda x: np.sin(3.0 * np.pi * x),
    "bump": lambda x: np.exp(-0.5 * (x / 0.2) ** 2),
    "step": lambda x: np.where(x < 0, -1.0, 1.0).astype(x.dtype),
    "corner": lambda x: 2.0 * np.abs(x) - 1.0,
}


def curve(name: str) -> Callable[[np.ndarray], np.ndarray]:
    """The noise-free function behind `regression_curve`, to be drawn or compared with.

    ========  ==================  ==========================================
    name      f(x)                what it is good for
    ========  ==================  ==========================================
    line      0.8 x               nothing to gain from a larger model
    cubic     4x³ - 3x            a polynomial that a polynomial can match
    sine      sin πx              one smooth wave
    waves     sin 3πx             needs capacity
    bump      exp(-x² / 0.08)     flat, with one local feature
    step      -1 below 0, else 1  a jump no smooth curve can follow
    corner    2|x| - 1            two ReLUs are exact
    ========  ==================  ==========================================

    All stay within [-1, 1] for x in [-1, 1]. Raises `ConfigError` for an unknown name,
    with the nearest right one.

    >>> curve("sine")(np.array([0.5]))
    array([1.])
    """
    if name not in CURVES:
        hint = did_you_mean(name, CURVES)
        raise ConfigError(f"There is no curve {name!r}. {hint}")
    return CURVES[name]


def regression_curve(
    name: str = "sine", n: int = 50, *, noise: float = 0.1, seed: int = 0
) -> Points:
    """Noisy points of a curve: y = f(x) + noise · ε, x uniform on [-1, 1], ε ~ N(0, 1).

    `name` is one of those listed at `curve`, which gives f itself. The points are in
    the order they were drawn in, not sorted.

    Returns x (n, 1) and y (n, 1), both float32. Raises `ConfigError` for settings that
    cannot be.

    >>> x, y = regression_curve("cubic", 30, noise=0.0)
    >>> bool(np.allclose(y, curve("cubic")(x)))
    True
    """
    function = curve(name)
    n = check_count("n", n)
    noise = check_number("noise", noise, low=0)
    place, scatter = two_generators(seed)
    x = place.uniform(-1.0, 1.0, size=(n, 1))
    y = function(x) + noise * scatter.standard_normal((n, 1))
    return x.astype(np.float32), y.astype(np.float32)


def quadratic(
    curvatures: Sequence[float] = (1.0, 10.0),
    *,
    angle: float = 0.0,
    minimum: Sequence[float] | None = None,
) -> Points:
    """Data on which the loss of a linear model is exactly a bowl of chosen curvatures.

    For D `curvatures` λ (all above 0) it gives D samples x (D, D) and targets y (D, 1),
    such that the mean squared error of the weights θ of ``Dense(1, use_bias=False)`` is

        J(θ) = ½ (θ - θ*)ᵀ H (θ - θ*),    H = R diag(λ) Rᵀ,    H = 2/D · xᵀx.

    θ* is `minimum` (default: all ones). R turns the first axis by `angle` degrees
    towards the second; beyond two dimensions the others stay. Gradient descent on J
    diverges exactly when its learning rate exceeds 2 / max λ.

    Returns x (D, D) and y (D, 1), both float32. Raises `ConfigError` for settings that
    cannot be.

    >>> x, y = quadratic((1.0, 10.0))
    >>> 2 / 2 * x.T @ x
    array([[ 1.,  0.],
           [ 0., 10.]], dtype=float32)
    """
    values = [
        check_number("each curvature", value, low=0, open_low=True)
        for value in np.atleast_1d(curvatures)
    ]
    turn = np.deg2rad(check_number("angle", angle))
    size = len(values)
    if size == 0:
        raise ConfigError("quadratic needs at least one curvature.")
    target = np.ones(size)
    if minimum is not None:
        target = np.array([check_number("minimum", value) for value in minimum])
    if len(target) != size:
        raise ConfigError(
            f"minimum has {len(target)} coordinates, but there are {size} curvatures: "
            f"give one for each."
        )
    rotation = np.eye(size)
    if size > 1:
        cosine, sine = np.cos(turn), np.sin(turn)
        rotation[:2, :2] = [[cosine, -sine], [sine, cosine]]
    root = rotation @ np.diag(np.sqrt(values)) @ rotation.T  # of H
    x = np.sqrt(size / 2.0) * root
    y = x @ target[:, None]
    return x.astype(np.float32), y.astype(np.float32)
