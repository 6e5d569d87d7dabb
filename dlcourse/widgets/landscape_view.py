"""The picture of ``landscape.py``: a slice of the landscape, and the walk through it.

At the left the slice, from above or from the side; at the right what the network at the
present step makes of the data, and the loss: the true one, and that of the slice.
"""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .. import analysis
from ..plots.style import BLUE, ORANGE, SKY, VERMILION
from .picture import animate
from .surface import (
    PLATE,
    add_path,
    add_surface,
    few_ticks,
    move_path,
    move_surface,
    on_map,
    raise_surface,
)
from .words import number, percent

STEPS, EVERY = 200, 2  # of the training, and between two recorded places
VIEWS = ("from above", "from the side")
SHOWN = (1e-3, 10)  # the losses in the curve
REACH, SIDE = 1.9, 51  # of the plane of the inputs, and values along each side


@dataclass(frozen=True)
class Walk:
    """A training seen on a slice of its landscape, at one moment."""

    surface: analysis.Landscape
    map_loss: np.ndarray  # (K,): the loss of the slice beneath the path
    step: int
    answers: np.ndarray  # (SIDE, SIDE): the network's output over the plane
    x: np.ndarray  # (N, 2)
    y: np.ndarray  # (N,)
    accuracy: float
    view: str  # "from above" or "from the side"
    optimizer: str
    learning_rate: float
    directions: str

    @property
    def steep(self) -> bool:
        """Whether it is seen from the side."""
        return self.view == VIEWS[1]

    @property
    def k(self) -> int:
        """The place of `step` on the path."""
        return self.step // EVERY


def layout(figure: Figure) -> SimpleNamespace:
    """The landscape at the left, from above and from the side; at the right its use."""
    plane = figure.add_axes((0.1, 0.115, 0.50, 0.81))
    hill = figure.add_axes((0.0, 0.0, 0.60, 0.98), projection="3d", visible=False)
    world = figure.add_axes((0.69, 0.53, 0.30, 0.395), anchor="W")
    curve = figure.add_axes((0.69, 0.115, 0.285, 0.28))
    return SimpleNamespace(
        shown=None,
        plane=layout_plane(plane),
        hill=layout_hill(hill),
        **layout_world(world),
        **layout_curve(curve),
    )


def layout_plane(axes: Axes) -> SimpleNamespace:
    """The slice from above. All words move, so that nothing else must be redrawn."""
    words = {"transform": axes.transAxes}
    view = SimpleNamespace(
        axes=axes,
        **add_surface(axes),
        **add_path(axes),
        title=axes.text(0, 1.015, "", va="bottom", fontsize=13, **words),
        across=axes.text(0.5, -0.02, "", va="top", ha="center", **words),
        up=axes.text(-0.02, 0.5, "", va="center", ha="right", rotation=90, **words),
        share=axes.text(
            0.98, 0.025, "", ha="right", weight="bold", bbox=PLATE, **words
        ),
    )
    animate(axes)
    return view


def layout_hill(axes: Any) -> SimpleNamespace:
    """The slice from the side."""
    axes.view_init(elev=38, azim=-62)
    axes.set_box_aspect((1, 1, 0.6), zoom=0.95)
    few_ticks(axes.xaxis, axes.yaxis, axes.zaxis)
    axes.tick_params(labelsize=10)
    axes.set(xlabel="direction 1", ylabel="direction 2")
    return SimpleNamespace(axes=axes, **add_path(axes, []))


def layout_world(axes: Axes) -> dict[str, Any]:
    """The data, and what the network at this moment says everywhere."""
    edges = (-REACH, REACH)
    axes.set(xlim=edges, ylim=edges, xticks=[], yticks=[], aspect="equal")
    axes.grid(False)
    axes.set_title("The network at the dot", loc="left")
    answers = axes.imshow(
        np.zeros((SIDE, SIDE)), extent=edges * 2, origin="lower", cmap="cividis",
        vmin=0, vmax=1,
    )  # fmt: skip
    style = {"ls": "none", "mec": "black", "mew": 0.8}
    (ones,) = axes.plot([], [], "o", color=ORANGE, ms=6, **style)
    (zeros,) = axes.plot([], [], "s", color=SKY, ms=5.5, **style)
    right = axes.text(
        0.97, 0.04, "", transform=axes.transAxes, ha="right", weight="bold",
        bbox=PLATE,
    )  # fmt: skip
    animate(axes)
    return {"answers": answers, "ones": ones, "zeros": zeros, "right": right}


def layout_curve(axes: Axes) -> dict[str, Any]:
    """The loss during training, and what the map says beneath it."""
    axes.set(xlim=(0, STEPS), ylim=SHOWN, yscale="log", xlabel="step")
    axes.set_title("Loss of the network", loc="left")
    axes.minorticks_off()
    axes.set_yticks([0.001, 0.01, 0.1, 1, 10], ["0.001", "0.01", "0.1", "1", "10"])
    (true,) = axes.plot([], [], color="black", animated=True)
    (seen,) = axes.plot([], [], color=BLUE, ls=(0, (2, 1)), animated=True)
    for place, words, color in (
        (0.42, "— true", "black"),
        (1, "- - on the slice", BLUE),
    ):
        axes.text(place, 0.9, words, color=color, transform=axes.transAxes, ha="right")
    return {
        "true": true,
        "seen": seen,
        "moment": axes.plot(
            [], [], "o", ms=10, mfc=VERMILION, mec="white", clip_on=False, animated=True
        )[0],
    }


def draw(artists: SimpleNamespace, walk: Walk) -> None:
    """Show one moment; the slice only if it is another one."""
    surface, k = walk.surface, walk.k
    new = (surface, walk.steep)
    if artists.shown is None or any(a is not b for a, b in zip(artists.shown, new)):
        draw_slice(artists, walk)
        artists.shown = new
    if walk.steep:
        move_path(artists.hill, np.column_stack([surface.path, raised(walk)]), k)
    else:
        move_path(artists.plane, on_map(surface, surface.path), k)
    artists.answers.set_data(walk.answers)
    artists.ones.set_data(*walk.x[walk.y == 1].T)
    artists.zeros.set_data(*walk.x[walk.y == 0].T)
    artists.right.set_text(f"{100 * walk.accuracy:.0f} % right")
    steps = EVERY * np.arange(len(surface.path))
    true, seen = np.clip([surface.path_loss, walk.map_loss], *SHOWN)
    artists.true.set_data(steps, true)
    artists.seen.set_data(steps, seen)
    artists.moment.set_data([walk.step], true[k : k + 1])


def draw_slice(artists: SimpleNamespace, walk: Walk) -> None:
    """The surface, from above or from the side."""
    for view, visible in ((artists.plane, not walk.steep), (artists.hill, walk.steep)):
        for artist in vars(view).values():
            artist.set_visible(visible)
    surface, plane, hill = walk.surface, artists.plane, artists.hill
    low, high = surface.loss.min(), surface.loss.max()
    title = f"Loss on the slice: {low:.2g} (yellow) to {high:.2g} (dark)"
    if walk.steep:
        raise_surface(hill.axes, surface)
        hill.axes.set_title(title, loc="left", y=0.95, x=0.13)
        return
    move_surface(plane, surface)
    plane.title.set_text(title)
    plane.share.set_text(f"{percent(surface.explained)} of the path's variance")
    for words, name, line, share in (
        (plane.across, "direction 1", surface.alphas, surface.variance[0]),
        (plane.up, "direction 2", surface.betas, surface.variance[1]),
    ):
        ends = f"from {number(line[0], 1)} to {number(line[-1], 1)}"
        words.set_text(f"{name}, {ends} ({percent(share)})")


def raised(walk: Walk) -> np.ndarray:
    """The path's heights (K,) in the picture from the side: just above the slice."""
    low, high = walk.surface.loss.min(), walk.surface.loss.max()
    return np.clip(walk.map_loss, low, high) + 0.015 * (high - low)


def point_at(artists: SimpleNamespace, x: float, y: float) -> dict[str, int]:
    """The step whose place on the map is nearest to where it is pointed at."""
    axes = artists.plane.axes
    if not axes.get_visible() or not axes.bbox.contains(x, y):
        return {}
    surface = artists.shown[0]
    places = axes.transData.transform(on_map(surface, surface.path))
    distance = np.hypot(*(places - (x, y)).T)
    return {"step": int(distance.argmin()) * EVERY}
