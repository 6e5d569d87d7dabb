"""The loss over a plane of weights: a picture of J(θ), where θ has many dimensions.

Two directions d₁, d₂ are laid through a point θ₀ (the trained weights), and J is
computed at θ₀ + α d₁ + β d₂ for a grid of α, β, all of it in one batched evaluation.
Which directions decides what is seen: those in which the training moved most (PCA of
its path), or random ones. After Li, Xu, Taylor, Studer and Goldstein, "Visualizing the
loss landscape of neural nets" (2018). Read ``stability.py`` for the curvature in *all*
directions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import backend
from ..backend import make_rng
from ..errors import ConfigError, ShapeError, check_count, check_number, did_you_mean
from ..models import losses_at

DIRECTIONS = ("pca", "random", "filter")
MARGIN = 0.25  # how far a plane reaches beyond the path it shows, relatively


@dataclass(frozen=True)
class Landscape:
    """The loss over a plane through `origin`, and the path seen from it.

    ``loss[i, j]`` is the loss at ``origin + alphas[j]·d₁ + betas[i]·d₂``: rows from
    bottom to top, as matplotlib's `contour` takes them. What was asked for without a
    path has an empty one, and its `variance` is NaN.
    """

    alphas: np.ndarray  # (S,)
    betas: np.ndarray  # (S,)
    loss: np.ndarray  # (S, S)
    directions: np.ndarray  # (2, P)
    origin: np.ndarray  # (P,)
    path: np.ndarray  # (K, 2): the nearest places of the plane, as (α, β)
    path_loss: np.ndarray  # (K,): the loss where the path really is, off the plane
    variance: np.ndarray  # (2,): the share of the path's variance along each direction

    @property
    def explained(self) -> float:
        """The share of the path's variance that lies in the plane, 0 … 1."""
        return float(self.variance.sum())

    def project(self, thetas: Any) -> np.ndarray:
        """The nearest places of the plane, as (α, β), for weights (…, P): (…, 2)."""
        return _places(np.asarray(thetas) - self.origin, self.directions)

    def weights(self, alpha: float, beta: float) -> np.ndarray:
        """The weights (P,) at a place of the plane."""
        return self.origin + alpha * self.directions[0] + beta * self.directions[1]


def landscape(
    model: Any,
    x: Any,
    y: Any,
    *,
    path: Any = None,
    directions: Any = "pca",
    size: int = 41,
    span: float | None = None,
    zoom: float = 1.0,
    loss: Any = None,
    seed: int = 0,
) -> Landscape:
    """The loss of `model` on (x, y) over a plane through its present weights.

    `directions` is one of

    - "pca": the two main directions of `path` (K, P), the weights during training; no
      other plane holds more of the path's variance;
    - "random": two random directions of length 1, at right angles;
    - "filter": two random directions in which each unit's weights are as long as the
      unit's own (biases stay), so that networks of different scales can be compared;

    or an array (2, P) of two directions of your own.

    The plane is a grid of `size` × `size` places, from -`span` to `span` along each
    direction. Without a span, "filter" reaches to 1 and "random" as far as the weights
    are long, while others hold the whole path, with a margin; all of it times `zoom`.
    `loss` defaults to the one the model was compiled with.

    Raises `ConfigError` for directions that cannot be, `ShapeError` for a path of
    another model. The model is unchanged.
    """
    origin = np.array(backend.to_numpy(model.theta))
    size = check_count("size", size, low=2)
    steps = np.empty((0, origin.size), origin.dtype)
    if path is not None:
        steps = np.asarray(backend.to_numpy(path), origin.dtype)
        if steps.ndim != 2 or steps.shape[1] != origin.size or len(steps) == 0:
            raise ShapeError(f"path must be (K, {origin.size}), not {steps.shape}.")
        if not np.isfinite(steps).all():
            raise ConfigError("The path leaves the finite numbers: it diverged.")
    pair = _pair(directions, model, origin, steps, seed)
    places = _places(steps - origin, pair)
    alphas, betas = _ranges(places, directions, origin, size, span, zoom)

    a, b = np.meshgrid(alphas, betas)  # (S, S): α along the rows, β from row to row
    grid = origin + a.reshape(-1, 1) * pair[0] + b.reshape(-1, 1) * pair[1]
    thetas = np.concatenate([grid.astype(origin.dtype), steps])
    values = losses_at(model, thetas, x, y, loss)
    return Landscape(
        alphas=alphas,
        betas=betas,
        loss=values[: size * size].reshape(size, size),
        directions=pair,
        origin=origin,
        path=places,
        path_loss=values[size * size :],
        variance=_variance(steps, pair),
    )


def _axes(pair: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Right-angled axes (P, 2) of the plane of `pair`, and pairᵀ in them (2, 2)."""
    axes, triangle = np.linalg.qr(pair.T.astype(float))
    if abs(np.diag(triangle)).min() < 1e-6 * abs(triangle).max():
        raise ConfigError("The two directions are parallel, or one is zero.")
    return axes, triangle


def _places(moves: np.ndarray, pair: np.ndarray) -> np.ndarray:
    """The (α, β) that come nearest to each of `moves` (…, P): (…, 2)."""
    axes, triangle = _axes(pair)
    return moves @ axes @ np.linalg.inv(triangle).T


def _variance(steps: np.ndarray, pair: np.ndarray) -> np.ndarray:
    """The share of the variance of `steps` (K, P) along d₁, and what d₂ adds, (2,)."""
    if len(steps) == 0:
        return np.full(2, np.nan)
    moved = (steps - steps.mean(axis=0)).astype(float)
    total = np.square(moved).sum()
    along = moved @ _axes(pair)[0]
    return np.square(along).sum(axis=0) / (total if total > 0 else 1)


def _pair(
    directions: Any, model: Any, origin: np.ndarray, steps: np.ndarray, seed: int
) -> np.ndarray:
    """The two directions (2, P)."""
    if not isinstance(directions, str):
        pair = np.asarray(backend.to_numpy(directions), origin.dtype)
        if pair.shape != (2, origin.size):
            raise ShapeError(
                f"directions must be (2, {origin.size}), not {pair.shape}."
            )
        return pair
    if directions not in DIRECTIONS:
        raise ConfigError(
            f"There are no directions {directions!r}. "
            f"{did_you_mean(directions, DIRECTIONS)}"
        )
    if directions == "pca":
        if len(steps) < 3:
            raise ConfigError(
                'directions="pca" needs the path of a training: at least 3 rows of '
                f"weights, not {len(steps)}. Without one, take 'random'."
            )
        return _principal(steps, origin).astype(origin.dtype)
    pair = make_rng(seed).standard_normal((2, origin.size))
    if directions == "random":
        return np.linalg.qr(pair.T)[0].T.astype(origin.dtype)
    return np.stack([_like_units(model, d) for d in pair]).astype(origin.dtype)


def _principal(steps: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """The two directions (2, P), of length 1, along which `steps` (K, P) vary most."""
    moved = (steps - steps.mean(axis=0)).astype(float)
    # eigenvectors of the small (K, K) matrix instead of a large singular value problem
    sizes, vectors = np.linalg.eigh(moved @ moved.T)
    if sizes[-2] <= 1e-10 * sizes[-1]:
        raise ConfigError("The path is a straight line: it has one direction, not two.")
    pair = (vectors[:, [-1, -2]] / np.sqrt(sizes[[-1, -2]])).T @ moved
    # signs are arbitrary: let the path come from the positive side
    start = (steps[0] - origin) @ pair.T
    return pair * np.where(start < 0, -1, 1)[:, None]


def _like_units(model: Any, direction: np.ndarray) -> np.ndarray:
    """`direction` with each unit's part as long as the unit's weights; 0 for biases."""
    parts = []
    for weight in model.trainable_weights:
        values = backend.to_numpy(weight.data)
        part, direction = direction[: values.size], direction[values.size :]
        part = part.reshape(values.shape)
        inputs = tuple(range(values.ndim - 1))  # the units are along the last axis
        if not inputs:
            parts.append(np.zeros(values.size))
            continue
        length = np.sqrt(np.square(part).sum(axis=inputs, keepdims=True))
        wanted = np.sqrt(np.square(values).sum(axis=inputs, keepdims=True))
        parts.append((part * wanted / length).ravel())
    return np.concatenate(parts)


def _ranges(
    places: np.ndarray,
    directions: Any,
    origin: np.ndarray,
    size: int,
    span: float | None,
    zoom: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Where the grid lies along each direction, (S,) and (S,)."""
    random = isinstance(directions, str) and directions != "pca"
    middle, reach = np.zeros(2), np.ones(2)
    if span is not None:
        reach = reach * check_number("span", span, low=0, open_low=True)
    elif len(places) and not random:
        shown = np.vstack([places, np.zeros(2)])
        low, high = shown.min(axis=0), shown.max(axis=0)
        # a path that is thin in one direction still gets a plane one can see
        wide = np.maximum(high - low, 0.4 * (high - low).max())
        middle, reach = (low + high) / 2, (0.5 + MARGIN) * wide
    elif not (random and directions == "filter"):
        reach = reach * np.linalg.norm(origin)
    reach = np.where(reach > 0, reach, 1.0) * check_number(
        "zoom", zoom, low=0, open_low=True
    )
    alphas, betas = np.linspace(middle - reach, middle + reach, size).T
    return alphas, betas
