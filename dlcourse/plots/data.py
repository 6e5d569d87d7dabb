"""Points with classes, what a model makes of the plane around them, and images.

Each function returns its artists, so that an interactive moves them instead of drawing
anew. Read ``training.py`` next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgb
from matplotlib.contour import QuadContourSet
from matplotlib.image import AxesImage

from ..backend import to_numpy
from ..errors import ConfigError, LabelError, NonFiniteError, ShapeError
from .style import CLASS_COLORS, INK, class_look, styled

STRENGTH = 0.55  # of a class's color where the model is certain: points stay visible


# ---------------------------------------------------------------- points with classes


@styled
def scatter_classes(
    axes: Axes,
    x: Any,
    y: Any,
    *,
    names: Sequence[str] | None = None,
    size: float = 42.0,
) -> dict[int, PathCollection]:
    """Draw points x (N, 2) with the color and the marker of their classes y (N,).

    `names` (one per class, from class 0 on) go into the legend, else "class 0" …;
    `size` is the area of a marker in points². Returns one artist per class, by its
    number.

    Raises `ShapeError` unless x is (N, 2) and y is (N,), `LabelError` unless classes
    are whole numbers from 0 on, `ConfigError` if there are too few names.
    """
    x, y = _points_and_classes(x, y)
    labels = [int(label) for label in np.unique(y)]
    if names is not None and labels and labels[-1] >= len(names):
        raise ConfigError(f"Class {labels[-1]} has no name: names has {len(names)}.")
    return {
        label: axes.scatter(
            *x[y == label].T,
            s=size,
            linewidths=0.7,
            edgecolors=INK,
            zorder=3,
            label=f"class {label}" if names is None else names[label],
            **class_look(label),
        )
        for label in labels
    }


def move_points(artists: dict[int, PathCollection], x: Any, y: Any) -> None:
    """Give the artists of `scatter_classes` other points x (N, 2) with classes y (N,).

    A class that has no points now keeps an empty artist. Raises as `scatter_classes`,
    and `LabelError` for a class that has no artist.
    """
    x, y = _points_and_classes(x, y)
    unknown = sorted(set(y.tolist()) - set(artists))
    if unknown:
        raise LabelError(
            f"Class {unknown[0]} was not drawn before; drawn: {sorted(artists)}. Call "
            f"scatter_classes anew."
        )
    for label, artist in artists.items():
        artist.set_offsets(x[y == label])


def _points_and_classes(x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    x, y = to_numpy(x), to_numpy(y)
    if x.ndim != 2 or x.shape[1] != 2 or y.shape != x.shape[:1]:
        raise ShapeError(
            f"Points to draw are x (N, 2) with classes y (N,), but x is {x.shape} and "
            f"y is {y.shape}."
        )
    numbers = y.dtype.kind in "fiub"
    if not (numbers and np.isfinite(y).all() and (y >= 0).all() and (y % 1 == 0).all()):
        raise LabelError("Classes to draw are whole numbers from 0 on.")
    return x, y.astype(np.int64)


# ------------------------------------------------------- what a model says everywhere


class Regions:
    """The artists of `decision_regions`: an image and the lines between the classes."""

    def __init__(self, axes: Axes, xx: np.ndarray, yy: np.ndarray) -> None:
        self.axes = axes
        self._xx, self._yy = xx, yy
        self.boundaries: list[QuadContourSet] = []
        rows, columns = len(yy), len(xx)
        # half a step more on each side puts the pixels' centers on the grid
        half_x = (xx[-1] - xx[0]) / (columns - 1) / 2
        half_y = (yy[-1] - yy[0]) / (rows - 1) / 2
        self.image: AxesImage = axes.imshow(
            np.ones((rows, columns, 3)),
            extent=(xx[0] - half_x, xx[-1] + half_x, yy[0] - half_y, yy[-1] + half_y),
            origin="lower",
            aspect=axes.get_aspect(),
            interpolation="bilinear",
            zorder=0,
        )
        axes.grid(False)
        axes.set(xlim=(xx[0], xx[-1]), ylim=(yy[0], yy[-1]))

    def update(self, probability: Any) -> None:
        """Show other probabilities on the same grid; raises as `decision_regions`."""
        shares = _shares(probability, (len(self._yy), len(self._xx)))  # (H, W, C)
        self.image.set_data(_mix(shares))
        for lines in self.boundaries:
            lines.remove()
        self.boundaries = []
        classes = shares.shape[-1]
        for label in range(1 if classes == 2 else 0, classes):
            others = np.delete(shares, label, axis=-1).max(axis=-1)
            lead = shares[..., label] - others
            if lead.min() < 0 < lead.max():
                lines = self.axes.contour(
                    self._xx, self._yy, lead, [0.0], colors=INK, linewidths=2, zorder=2
                )
                self.boundaries.append(lines)


@styled
def decision_regions(axes: Axes, xx: Any, yy: Any, probability: Any) -> Regions:
    """Color the plane by what a model says of each point, and draw the boundaries.

    The color is the likeliest class's, and the paler, the less certain; a line runs
    where two classes are equally likely. xx and yy are the grid's evenly spaced
    coordinates, rising, as (W,) and (H,) or both as (H, W) from ``np.meshgrid``.
    `probability` is (H, W) for class 1 of two classes, or (H, W, C) for C classes.

    Returns `Regions`, whose ``update(probability)`` shows another model's answer.
    Raises `ShapeError` for shapes that do not fit, `ConfigError` for a grid that is not
    even and for numbers that are no probabilities, `NonFiniteError` for a NaN.
    """
    xx, yy = to_numpy(xx), to_numpy(yy)
    if xx.ndim == 2 and yy.shape == xx.shape:
        xx, yy = xx[0], yy[:, 0]
    for name, line in (("xx", xx), ("yy", yy)):
        if line.ndim != 1 or len(line) < 2:
            raise ShapeError(
                f"{name} holds at least two coordinates of the grid, as a line or as "
                f"np.meshgrid makes it; this has shape {line.shape}."
            )
        steps = np.diff(line)
        if not (steps > 0).all() or np.ptp(steps) > 1e-3 * steps.mean():
            raise ConfigError(f"{name} must rise in equal steps, as np.linspace does.")
    _shares(probability, (len(yy), len(xx)))  # before anything is drawn
    regions = Regions(axes, xx, yy)
    regions.update(probability)
    return regions


def _shares(probability: Any, grid: tuple[int, int]) -> np.ndarray:
    """Each class's probability on the grid, (H, W, C)."""
    shares = to_numpy(probability)
    if shares.shape == grid:
        shares = np.stack([1.0 - shares, shares], axis=-1)
    if shares.ndim != 3 or shares.shape[:2] != grid or shares.shape[2] < 2:
        raise ShapeError(
            f"On a grid of {grid} points, probability is {grid} for class 1 of two, or "
            f"{(*grid, 'C')} for C classes; this has shape {shares.shape}."
        )
    if not np.isfinite(shares).all():
        raise NonFiniteError(
            "Some probabilities are not finite: the model has diverged. Train it with "
            "a smaller learning rate."
        )
    if shares.min() < -1e-4 or shares.max() > 1.0001:
        raise ConfigError(
            f"Probabilities lie in [0, 1]; these go from {shares.min():.3g} to "
            f"{shares.max():.3g}. Apply sigmoid or softmax to logits first."
        )
    return shares


def _mix(shares: np.ndarray) -> np.ndarray:
    """An image (H, W, 3): white where all are equal, else the likeliest one's color."""
    classes = shares.shape[-1]
    colors = [to_rgb(CLASS_COLORS[k % len(CLASS_COLORS)]) for k in range(classes)]
    certainty = (shares.max(axis=-1) * classes - 1.0) / (classes - 1.0)  # 0 … 1
    weight = STRENGTH * np.clip(certainty, 0.0, 1.0)[..., None]
    return 1.0 - weight * (1.0 - np.array(colors)[shares.argmax(axis=-1)])


# -------------------------------------------------------------------------- images


@styled
def image_mosaic(
    axes: Axes,
    images: Any,
    *,
    titles: Sequence[object] | None = None,
    columns: int | None = None,
    cmap: str = "gray_r",
) -> AxesImage:
    """Draw N images side by side on one axes, row by row, each with its title.

    images is (N, H, W) or (N, H, W, 1), all on one scale of gray (dark is large;
    another scale by `cmap`). Without `columns` the mosaic is about twice as wide as it
    is high.

    Raises `ShapeError` for another shape, `ConfigError` if `titles` does not count N.
    """
    images = to_numpy(images)
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    if images.ndim != 3 or len(images) == 0:
        raise ShapeError(
            f"Images to draw are (N, H, W) or (N, H, W, 1), not {images.shape}."
        )
    count, height, width = images.shape
    if titles is not None and len(titles) != count:
        raise ConfigError(f"{count} images need as many titles, not {len(titles)}.")
    columns = min(count, columns or int(np.ceil(np.sqrt(2 * count))))
    rows = -(-count // columns)
    above = 0 if titles is None else max(2, round(0.45 * height))
    gap = max(1, width // 8)
    canvas = np.full((rows * (height + above + gap), columns * (width + gap)), np.nan)
    for place, image in enumerate(images):
        top = place // columns * (height + above + gap) + above
        left = place % columns * (width + gap)
        canvas[top : top + height, left : left + width] = image
        if titles is not None:
            axes.text(
                left + width / 2 - 0.5,
                top - 0.8,
                str(titles[place]),
                ha="center",
                va="bottom",
            )
    shown = axes.imshow(np.ma.masked_invalid(canvas), cmap=cmap)
    axes.set_axis_off()
    return shown
