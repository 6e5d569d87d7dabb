"""The table of layers: how each is made, and on what it is called.

Every layer of `dl.layers` has at least one row; `test_contract.py` fails by name for
one that has none. The same rows run on a GPU (``tests/gpu``), so they need nothing
beyond NumPy. A new layer is one new row.
"""

import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dlcourse import layers


@dataclass(frozen=True)
class Case:
    """One way to make one layer, and the shape of a batch for it."""

    layer: str
    how: dict[str, Any]
    shape: tuple[int, ...]
    tags: frozenset[str] = field(default_factory=frozenset)

    def __str__(self) -> str:
        settings = " ".join(f"{name}={value}" for name, value in self.how.items())
        return f"{self.layer} {settings} {self.shape}"

    def make(self, **more: Any) -> Any:
        return getattr(layers, self.layer)(**{**self.how, **more})

    def x(self, dtype: str = "float32", n: int | None = None) -> np.ndarray:
        """A batch: the same each time; never near zero, where relu has a corner."""
        rng = np.random.default_rng(zlib.crc32(str(self).encode()))
        shape = self.shape if n is None else (n, *self.shape[1:])
        signs = rng.choice([-1.0, 1.0], shape)
        return (signs * rng.uniform(0.2, 1.5, shape)).astype(dtype)


def case(layer: str, batch: tuple[int, ...], *tags: str, **how: Any) -> Case:
    """A row; tags say what is special about the layer, see `test_contract.py`."""
    return Case(layer, how, batch, frozenset(tags))


ACTIVATIONS = (
    *("elu", "exponential", "gelu", "hard_sigmoid", "leaky_relu", "linear"),
    *("log_softmax", "relu", "selu", "sigmoid", "silu", "softmax", "softplus"),
    *("softsign", "swish", "tanh"),
)
CASES = [
    case("Dense", (5, 3), units=4),
    case("Dense", (5, 3), units=1),
    case("Dense", (5, 1), units=2, use_bias=False),
    case("Dense", (5, 3), units=4, activation="tanh"),
    case("Dense", (5, 2, 3), units=4, activation="softmax"),
    case("Dense", (2, 3, 1, 3), units=2),
    case(
        "Dense",
        (5, 3),
        units=4,
        kernel_initializer="he_normal",
        bias_initializer="ones",
        kernel_regularizer="l2",
        bias_regularizer="l1",
    ),
    *(case("Activation", (5, 3), activation=name) for name in ACTIVATIONS),
    case("Dropout", (6, 5), "random", rate=0.5),
    case("Dropout", (6, 5), rate=0.0),
    case("Dropout", (6, 2, 3), "random", rate=0.2, seed=3),
    case("Flatten", (5, 3)),
    case("Flatten", (5, 3, 2, 4)),
    case("Flatten", (5,)),
    case("InputLayer", (5, 3), "start", shape=(3,)),
]
