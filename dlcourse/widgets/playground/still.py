"""The playground without a kernel: one picture of what it would come to.

A saved notebook, or one on a code host, cannot train. So the settings are trained here
for as long as they need to make their point, and drawn once. Read ``view.py`` next.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from ... import plots
from ..picture import Picture as Page
from .settings import Settings
from .trainer import Picture, Trainer


def draw_still(settings: Settings, epochs: int, words: str) -> str:
    """An `<img alt>` of the decision map and the losses after some epochs."""
    picture = train(settings, epochs)
    page = Page((9.6, 4.2))
    with plots.course_style():
        page.figure.set_layout_engine("constrained")
        left, right = page.figure.subplots(1, 2, width_ratios=[1, 1.3])
        draw_map(left, picture)
        draw_losses(right, picture)
    page.draw()
    return page.to_html(
        f"{words} Left, the decision map after {epochs} epochs, with training points "
        "filled and test points hollow; right, both losses by epoch. Run this cell to "
        "train it yourself."
    )


def train(settings: Settings, epochs: int) -> Picture:
    """The picture after `epochs`, its curves with a point for each of them."""
    trainer = Trainer(settings)
    for _ in range(epochs):
        trainer.picture()
        trainer.step(trainer.steps_per_epoch)
    return trainer.picture()


def draw_map(axes: Axes, picture: Picture) -> None:
    """What the network says everywhere, its boundary, and the points."""
    line = np.linspace(-picture.reach, picture.reach, len(picture.logits))
    share = 0.5 * (1 + np.tanh(picture.logits / 2))  # the sigmoid, without overflow
    plots.decision_regions(axes, line, line, share)
    trained = np.arange(len(picture.x)) < picture.train_points
    tested = plots.scatter_classes(
        axes, picture.x[~trained], picture.labels[~trained], size=16
    )
    for label, artist in tested.items():
        artist.set(facecolor="white", edgecolor=plots.CLASS_COLORS[label], zorder=2.5)
    plots.scatter_classes(axes, picture.x[trained], picture.labels[trained])
    axes.set(xlabel="x₁", ylabel="x₂", aspect="equal")


def draw_losses(axes: Axes, picture: Picture) -> None:
    """Training and test loss by epoch."""
    _, train_loss, test_loss = picture.curve[1:].T
    lines = plots.loss_curves(axes, {"loss": train_loss, "val_loss": test_loss})
    for line, name, share in (
        (lines["loss"], "training", picture.train_accuracy),
        (lines["val_loss"], "test", picture.test_accuracy),
    ):
        line.set_label(f"{name}, {share:.0%} right")
    axes.legend()
