"""How large a learning rate may be: curvature, and gradient descent on a bowl.

Along a direction of curvature λ, one step of gradient descent multiplies the distance
to the minimum by 1 - rate·λ. It shrinks exactly while rate < 2/λ; so the steepest
direction of all, the largest eigenvalue of the Hessian, sets the edge. For a bowl that
is the whole truth, and for a network it is true near every point of its path. Numbers
only; read ``landscape.py`` next.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import backend, losses, ops
from ..autodiff import grad
from ..backend import xp
from ..errors import ShapeError, check_count, check_number
from ..models.flat import Theta

TOGETHER = 256  # Hessian rows in one pass: more would not fit the cache


@dataclass(frozen=True)
class Bowl:
    """J(θ) = ½ θᵀHθ: the simplest landscape, with its minimum 0 at the origin.

    `hessian` (D, D) is symmetric, its eigenvalues are the curvatures.

    >>> bowl = Bowl.of([1.0, 10.0])
    >>> bowl.edge()
    0.2
    >>> path = bowl.descend([1.0, 1.0], learning_rate=0.1, steps=1)
    >>> path.round(2).tolist()
    [[1.0, 1.0], [0.9, 0.0]]
    """

    hessian: np.ndarray

    def __post_init__(self) -> None:
        matrix = np.asarray(self.hessian, float)
        square = matrix.ndim == 2 and matrix.shape[0] == matrix.shape[1]
        if not square or not np.allclose(matrix, matrix.T):
            raise ShapeError("The Hessian of a bowl is a symmetric matrix (D, D).")
        object.__setattr__(self, "hessian", matrix)

    @classmethod
    def of(cls, curvatures: Any, angle: float = 0.0) -> Bowl:
        """The bowl with these curvatures, its first axes turned by `angle` degrees."""
        values = np.array([check_number("each curvature", c) for c in curvatures])
        turn = np.deg2rad(check_number("angle", angle))
        rotation = np.eye(len(values))
        if len(values) > 1:
            cosine, sine = np.cos(turn), np.sin(turn)
            rotation[:2, :2] = [[cosine, -sine], [sine, cosine]]
        return cls(rotation @ np.diag(values) @ rotation.T)

    @property
    def curvatures(self) -> np.ndarray:
        """The eigenvalues of the Hessian (D,), the smallest first."""
        return np.linalg.eigvalsh(self.hessian)

    def loss(self, theta: Any) -> np.ndarray:
        """J at the points `theta` (…, D)."""
        theta = np.asarray(theta, float)
        return 0.5 * np.einsum("...i,ij,...j->...", theta, self.hessian, theta)

    def edge(self, momentum: float = 0.0) -> float:
        """The learning rate from which gradient descent no longer converges.

        Without momentum 2/λmax, with momentum m it is 2(1 + m)/λmax (Polyak, 1964).
        """
        return stability_edge(self.curvatures[-1], momentum)

    def descend(
        self, start: Any, learning_rate: float, steps: int, momentum: float = 0.0
    ) -> np.ndarray:
        """The path (steps + 1, D) of gradient descent from `start` (D,).

        v ← m·v - rate·Hθ,  θ ← θ + v.
        """
        rate = check_number("learning_rate", learning_rate, low=0)
        momentum = check_number("momentum", momentum, low=0, high=1, open_high=True)
        path = np.empty((check_count("steps", steps, low=0) + 1, len(self.hessian)))
        path[0] = start
        velocity = np.zeros_like(path[0])
        with np.errstate(over="ignore", invalid="ignore"):
            for k in range(len(path) - 1):
                velocity = momentum * velocity - rate * self.hessian @ path[k]
                path[k + 1] = path[k] + velocity
        return path


def stability_edge(curvature: float, momentum: float = 0.0) -> float:
    """The learning rate beyond which a direction diverges: 2(1 + m)/λ, for curvature λ.

    Infinite where the landscape is flat or bends downwards, for there is no valley to
    jump out of.

    >>> stability_edge(10.0), stability_edge(10.0, momentum=0.5)
    (0.2, 0.3)
    """
    momentum = check_number("momentum", momentum, low=0, high=1, open_high=True)
    return float(2 * (1 + momentum) / curvature) if curvature > 0 else float("inf")


# ------------------------------------------------------------- curvature of a network


def hessian_products(
    model: Any,
    x: Any,
    y: Any,
    vectors: Any,
    *,
    loss: Any = None,
    thetas: Any = None,
) -> np.ndarray:
    """H·v for M vectors v (M, P) in one pass: (M, P), without ever forming H.

    H is the second derivative of the loss by θ, and H·v is the gradient of g·v, where
    g is the gradient of the loss: two backward passes (Pearlmutter, 1994). `thetas`
    (M, P) or (P,) says where, by default at the model's weights. The model is unchanged
    and `loss` defaults to the one it was compiled with.

    Raises `ShapeError` if the vectors do not fit the model.
    """
    theta = backend.to_numpy(model.theta)
    vectors = np.atleast_2d(backend.to_numpy(vectors))
    thetas = np.atleast_2d(theta if thetas is None else backend.to_numpy(thetas))
    rows = max(len(vectors), len(thetas))
    if {vectors.shape[-1], thetas.shape[-1]} != {theta.size}:
        raise ShapeError(
            f"The model has {theta.size} weights, but the vectors are "
            f"{vectors.shape} and the thetas {thetas.shape}."
        )
    vectors = np.broadcast_to(vectors, (rows, theta.size))
    thetas = np.broadcast_to(thetas, (rows, theta.size))
    loss = losses.get(model.loss if loss is None else loss)
    pieces = [slice(i, i + TOGETHER) for i in range(0, rows, TOGETHER)]
    return np.concatenate(
        [_products(model, x, y, vectors[p], loss, thetas[p]) for p in pieces]
    )


def _products(
    model: Any, x: Any, y: Any, vectors: Any, loss: Any, thetas: Any
) -> np.ndarray:
    runs = len(thetas)
    twin = copy.deepcopy(model)
    theta = Theta(twin.trainable_weights, runs)
    theta.assign(thetas)
    direction = backend.asarray(vectors, theta.vector.dtype)
    prediction = twin(x, training=False)  # (M, N, …)
    targets = backend.asarray(y)
    targets = xp.broadcast_to(targets, (runs, *targets.shape))
    each = loss.per_sample(loss.prepare(targets, prediction), prediction)
    total = ops.sum(each) * (runs / each.size)  # the sum of M means
    slopes = grad(total, theta.weights, create_graph=True)
    along = sum(
        ops.sum(slope * direction[:, place].reshape(slope.shape))
        for slope, place in zip(slopes, theta.places, strict=True)
    )
    results = grad(along, theta.weights)
    return np.concatenate(
        [backend.to_numpy(r).reshape(runs, -1) for r in results], axis=1
    )


def hessian(model: Any, x: Any, y: Any, *, loss: Any = None) -> np.ndarray:
    """All second derivatives of the loss by the weights: (P, P), for a small model."""
    size = model.theta.size
    matrix = hessian_products(model, x, y, np.eye(size), loss=loss)
    return (matrix + matrix.T) / 2  # symmetric but for rounding


def sharpness(
    model: Any,
    x: Any,
    y: Any,
    *,
    loss: Any = None,
    thetas: Any = None,
    tolerance: float = 1e-3,
    steps: int = 300,
    seed: int = 0,
) -> Any:
    """The largest eigenvalue of the loss's Hessian: how steep the steepest valley is.

    By power iteration: v ← Hv / ‖Hv‖ turns any v towards the eigenvector whose
    eigenvalue has the largest magnitude. Should that one be negative, λ, it is repeated
    with H - λ, whose largest is the one sought. It ends once no value changes by more
    than `tolerance`, relatively, or after `steps`.

    A number for the model's own weights; with `thetas` (M, P) one for each row, (M,),
    all iterated at once; NaN for weights that are not finite.
    """
    if thetas is None:
        places = backend.to_numpy(model.theta)[None]
    else:
        places = np.atleast_2d(backend.to_numpy(thetas))
    values = np.full(len(places), np.nan)
    whole = np.isfinite(places).all(axis=1)
    if whole.any():
        fit = {"model": model, "x": x, "y": y, "loss": loss, "thetas": places[whole]}
        settings = {"tolerance": tolerance, "steps": steps, "seed": seed}
        with np.errstate(all="ignore"):
            found = _power_iteration(fit, 0.0, **settings)
            down = found < 0
            if down.any():
                fit["thetas"] = places[whole][down]
                shift = found[down]
                found[down] = shift + _power_iteration(fit, shift, **settings)
        values[whole] = found
    return values if thetas is not None else float(values[0])


def _power_iteration(
    fit: dict[str, Any], shift: Any, tolerance: float, steps: int, seed: int
) -> np.ndarray:
    """The eigenvalue of largest magnitude of H - shift, one for each row of thetas."""
    rows, size = fit["thetas"].shape
    vector = backend.make_rng(seed).standard_normal(size).astype(np.float32)
    vectors = np.tile(vector / np.linalg.norm(vector), (rows, 1))
    shift = np.broadcast_to(shift, rows)[:, None]
    values = np.full(rows, np.inf)
    for _ in range(check_count("steps", steps)):
        products = hessian_products(vectors=vectors, **fit) - shift * vectors
        before, values = values, (vectors * products).sum(axis=1)
        lengths = np.linalg.norm(products, axis=1, keepdims=True)
        vectors = products / np.where(lengths > 0, lengths, 1)
        still = np.abs(values - before) <= tolerance * np.abs(values)
        if (still | ~np.isfinite(values)).all():
            break
    return values
