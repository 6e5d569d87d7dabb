"""What can be set in the playground, checked once, before anything is computed from it.

A `Settings` that exists is a valid one; a wrong value raises `ConfigError` while the
playground keeps the settings it had. Read ``presets.py`` next.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from ...datasets.toy import TOYS
from ...errors import ConfigError, check_count, check_number, did_you_mean

# Names of the framework, and as they are written on the page.
ACTIVATIONS = {
    "relu": "ReLU",
    "leaky_relu": "leaky ReLU",
    "tanh": "tanh",
    "sigmoid": "sigmoid",
    "linear": "linear",
}
OPTIMIZERS = {"sgd": "SGD", "adam": "Adam"}
MAX_DEPTH = 4  # hidden layers
MAX_WIDTH = 16  # units in each of them: as many as can be seen in a column
MAX_POINTS = 500

# Changed while it trains, these act on the next step; all others begin a new training.
LIVE = ("optimizer", "learning_rate", "l2", "batch_size")


@dataclass(frozen=True)
class Settings:
    """Data, network and training of a playground; raises `ConfigError` if impossible.

    `data` names a toy set, drawn with `noise` (standard deviation, in the units of the
    axes) and `seed`; `points` of them are trained on. The network has `depth` hidden
    layers of `width` units with one `activation`, and one sigmoid output. It is trained
    by `optimizer` in mini-batches of `batch_size` on the mean binary cross-entropy plus
    `l2` times the sum of the squared weights (biases are not punished).

    >>> Settings(depth=1, width=16).sizes
    (2, 16, 1)
    """

    data: str = "moons"
    noise: float = 0.15
    points: int = 100
    seed: int = 0
    depth: int = 1
    width: int = 8
    activation: str = "tanh"
    optimizer: str = "adam"
    learning_rate: float = 0.03
    l2: float = 0.0
    batch_size: int = 10

    def __post_init__(self) -> None:
        checked = {
            "data": _choice("data", self.data, TOYS),
            "noise": check_number("noise", self.noise, low=0, high=2),
            "points": _count("points", self.points, 2, MAX_POINTS),
            "seed": _count("seed", self.seed, 0, 2**31 - 1),
            "depth": _count("depth", self.depth, 0, MAX_DEPTH),
            "width": _count("width", self.width, 1, MAX_WIDTH),
            "activation": _choice("activation", self.activation, ACTIVATIONS),
            "optimizer": _choice("optimizer", self.optimizer, OPTIMIZERS),
            "learning_rate": check_number(
                "learning_rate", self.learning_rate, low=0, high=100, open_low=True
            ),
            "l2": check_number("l2", self.l2, low=0, high=10),
            "batch_size": check_count("batch_size", self.batch_size),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Units per layer from the two inputs to the one output."""
        return (2, *[self.width] * self.depth, 1)

    @property
    def architecture(self) -> str:
        """The network in a few words: ``"2-16-1 tanh"``."""
        sizes = "-".join(map(str, self.sizes))
        return f"{sizes} {self.activation}" if self.depth else sizes

    @property
    def training(self) -> str:
        """How it is trained in a few words: ``"Adam 0.03, batch 10, L2 0"``."""
        return (
            f"{OPTIMIZERS[self.optimizer]} {self.learning_rate:g}, batch "
            f"{self.batch_size}, L2 {self.l2:g}"
        )

    def continues(self, other: Settings) -> bool:
        """Can a training under these settings go on under `other`, weights and all?"""
        return all(
            getattr(self, name) == getattr(other, name)
            for name in NAMES
            if name not in LIVE
        )


NAMES = tuple(field.name for field in fields(Settings))


def _choice(name: str, value: object, choices: Iterable[str]) -> str:
    if value not in list(choices):
        hint = did_you_mean(value, choices)
        raise ConfigError(f"{name} cannot be {value!r}. {hint}")
    return str(value)


def _count(name: str, value: object, low: int, high: int) -> int:
    count = check_count(name, value, low=low)
    if count > high:
        raise ConfigError(f"{name} must be at most {high}, not {count}.")
    return count
