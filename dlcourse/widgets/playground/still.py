"""The playground without a kernel: one picture of what it would come to.

A saved notebook, or one on a code host, cannot train. So the settings are trained here
for as long as their preset needs, and drawn once with matplotlib. Read ``view.py``
next.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from .. import picture as page
from .presets import PRESETS
from .settings import Settings
from .trainer import Picture, Trainer

ORANGE, BLUE = "#E69F00", "#0072B2"
CLASSES = LinearSegmentedColormap.from_list("classes", [ORANGE, "#F8F8F6", BLUE])
EPOCHS = 100  # for settings that are no preset


def draw_still(settings: Settings, preset: str = "", words: str = "") -> str:
    """An `<img alt>` of the decision map and the losses after some epochs."""
    epochs = PRESETS[preset].epochs if preset else EPOCHS
    trainer = Trainer(settings)
    for _ in range(epochs):
        trainer.picture()  # each leaves a point of the loss curves
        trainer.step(trainer.steps_per_epoch)
    image = page.Picture((9.6, 4.2))
    left, right = image.figure.subplots(1, 2, width_ratios=[1, 1.25])
    image.figure.set_layout_engine("tight")
    picture = trainer.picture()
    draw_map(left, picture)
    draw_losses(right, picture)
    image.draw()
    return image.to_html(
        f"{words} Left, the decision map after {epochs} epochs with training and test "
        "points; right, both losses by epoch. Run this cell to train it yourself."
    )


def draw_map(axes: Axes, picture: Picture) -> None:
    """What the network says everywhere, its boundary, and the points."""
    reach = picture.reach
    extent = (-reach, reach, -reach, reach)
    shade = np.tanh(picture.logits / 2)
    axes.imshow(
        shade, CLASSES, origin="lower", extent=extent, vmin=-1.2, vmax=1.2, alpha=0.85
    )
    axes.contour(shade, levels=[0], colors="#111111", linewidths=2, extent=extent)
    trained = np.arange(len(picture.x)) < picture.train_points
    for label, color, marker in ((0, ORANGE, "o"), (1, BLUE, "^")):
        for chosen, name in ((trained, "training"), (~trained, "test")):
            x = picture.x[chosen & (picture.labels == label)]
            filled = name == "training"
            axes.scatter(
                *x.T,
                s=30 if filled else 14,
                marker=marker,
                facecolor=color if filled else "white",
                edgecolor="#222222" if filled else color,
                linewidths=0.8,
                zorder=3 if filled else 2,
                label=f"class {label}, {name}",
            )
    axes.set(xlabel="x₁", ylabel="x₂", xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    axes.grid(False)


def draw_losses(axes: Axes, picture: Picture) -> None:
    """Training and test loss by epoch."""
    epoch, train, test = picture.curve.T
    axes.plot(epoch, train, "#008260", label=f"training {picture.train_accuracy:.0%}")
    axes.plot(
        epoch, test, "#C85000", ls="--", label=f"test {picture.test_accuracy:.0%}"
    )
    axes.set(xlabel="epoch", ylabel="loss", ylim=(0, None), xlim=(0, None))
    axes.legend(title="loss, and how many are right")
