"""Prepared states of the playground, each with one sentence on what to look for.

A preset is a claim of the lecture that can be watched; ``tests/widgets`` trains every
one of them and checks that it keeps its word. Read ``trainer.py`` next.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ...datasets.toy import TOYS
from ...errors import ConfigError, did_you_mean
from .settings import ACTIVATIONS, MAX_DEPTH, MAX_WIDTH, OPTIMIZERS, Settings

# What is trained on between two pictures, and how the page calls it.
SPEEDS = {
    "batch": "by batch",
    "epoch": "by epoch",
    "full": "full speed",
}
OWN = ("", "your own settings")  # in the list of presets


@dataclass(frozen=True)
class Preset:
    """Settings, how they are best played, and after how many epochs all is said."""

    note: str
    settings: Settings
    epochs: int = 100
    speed: str = "epoch"


RING = Settings(data="circles", noise=0.05, depth=1, activation="relu")
NOISY = Settings(noise=0.35, points=40, seed=3, depth=2, width=16)

PRESETS: dict[str, Preset] = {
    "blobs need only a line": Preset(
        "Two clouds side by side: a single neuron, without any hidden layer, draws the "
        "straight line between them. That is all it can ever draw.",
        Settings(data="blobs", depth=0),
        epochs=30,
    ),
    "linear cannot do circles": Preset(
        "No straight line parts a ring from its middle: both losses stay at ln 2 = "
        "0.693, those of a coin. Play, then give it one hidden layer.",
        Settings(data="circles", depth=0),
        epochs=50,
    ),
    "deep linear is worthless": Preset(
        "Four hidden layers of eight, yet still one straight line: linear layers in a "
        "row are one linear layer. Change the activation, and they wake up.",
        Settings(data="circles", depth=4, activation="linear"),
        epochs=50,
    ),
    "two ReLUs cannot close a ring": Preset(
        "Each ReLU bends the boundary once. With two bends it stays open on one side, "
        "and however long it trains, some of the ring is on the wrong one.",
        replace(RING, width=2, learning_rate=0.1, seed=3),
        epochs=80,
    ),
    "three ReLUs can": Preset(
        "Three bends close the boundary to a triangle around the middle. With some "
        "seeds a unit dies on the way: then it is as if there were only two.",
        replace(RING, width=3, learning_rate=0.1, seed=2),
        epochs=80,
    ),
    "spiral needs depth": Preset(
        "Three layers of six units unwind the spiral: look how the maps grow more "
        "complicated from layer to layer. Then try one layer of six, or of sixteen.",
        Settings(
            data="spirals", noise=0.04, points=200, depth=3, width=6, batch_size=20
        ),
        epochs=120,
    ),
    "sigmoids stall when stacked": Preset(
        "Behind four layers of sigmoids hardly any gradient is left, so nothing moves. "
        "The same network with ReLU learns within seconds; so does one with tanh.",
        Settings(
            data="circles",
            depth=4,
            activation="sigmoid",
            optimizer="sgd",
            learning_rate=0.3,
        ),
        epochs=50,
    ),
    "a large rate kills ReLUs": Preset(
        "At a rate of 3 a step throws units so far that they answer 0 to every point. "
        "No gradient reaches them again: crossed out, they are dead. Reset, and try "
        "0.1.",
        Settings(depth=2, activation="relu", optimizer="sgd", learning_rate=3.0),
        epochs=20,
        speed="batch",
    ),
    "overfitting noisy moons": Preset(
        "337 parameters for 40 noisy points: the training loss falls towards 0, the "
        "test loss turns and rises, and the boundary winds around single points.",
        NOISY,
        epochs=300,
    ),
    "L2 to the rescue": Preset(
        "The same network and points, but large weights are punished: the boundary "
        "stays smooth, and the test loss stays down. Move the penalty to 0 to see it "
        "part again.",
        replace(NOISY, l2=0.003),
        epochs=300,
    ),
}


def find(name: str) -> Preset:
    """The preset of that name; raises `ConfigError` with the nearest right one."""
    if name not in PRESETS:
        hint = did_you_mean(name, PRESETS)
        raise ConfigError(f"The playground has no preset {name!r}. {hint}")
    return PRESETS[name]


def list_choices() -> dict[str, Any]:
    """What the controls on the page offer: pairs of value and label, and limits."""
    return {
        "data": [(name, name) for name in TOYS],
        "activation": list(ACTIVATIONS.items()),
        "optimizer": list(OPTIMIZERS.items()),
        "speed": list(SPEEDS.items()),
        "preset": [OWN, *((name, name) for name in PRESETS)],
        "max_depth": MAX_DEPTH,
        "max_width": MAX_WIDTH,
    }
