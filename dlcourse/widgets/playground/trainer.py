"""The training behind the playground: settings in, pictures of arrays out.

No widget and no clock is needed to use it: the same settings and the same number of
steps give the same arrays. One forward pass over the grid of the map and all points
yields everything that is drawn: the decision map, what each hidden unit makes of the
plane, losses and accuracies. Read ``wire.py`` next.

>>> trainer = Trainer(Settings(data="circles", depth=1, width=16))
>>> trainer.step(100)
100
>>> trainer.picture().parameters
65
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial

import numpy as np

from ... import layers
from ...backend import make_rng, to_numpy, using_rng
from ...datasets import toy
from ...errors import ConfigError, NonFiniteError
from ...models import Sequential
from ...modes import no_grad
from ...ops import sigmoid_cross_entropy
from ...optimizers import SGD, Adam
from ...regularizers import L2
from .settings import Settings

REACH = 1.5  # the map is at least the square [-1.5, 1.5]², where the toy sets lie
GRID = 60  # points per side of the decision map
COARSE = 2  # every second of them is enough for the small map of a unit
ROWS = 1000  # at a time: a product so small that BLAS does not wake its threads for it
TEST_POINTS = 200
MOST_LOSSES = 400  # recorded at most; from there on every second one is dropped


@dataclass(frozen=True)
class Picture:
    """All that is seen at one moment of a training, as arrays.

    The hidden units of all layers are numbered through, H in total; `maps` (H, S, S)
    are their outputs over the plane, `peaks` (H,) the largest absolute one of each,
    `dead` (H,) tells which answer 0 to every training point. `logits` (G, G) is the
    network's output before the sigmoid; rows go upward in x₂. `curve` (K, 3) is epoch,
    training loss and test loss; losses are mean binary cross-entropies without the
    penalty.
    """

    settings: Settings
    step: int
    epoch: float
    train_loss: float
    train_accuracy: float
    test_loss: float
    test_accuracy: float
    theta: np.ndarray
    logits: np.ndarray
    maps: np.ndarray
    peaks: np.ndarray
    dead: np.ndarray
    curve: np.ndarray
    x: np.ndarray  # (N + M, 2): training points first
    labels: np.ndarray  # (N + M,)
    train_points: int
    reach: float  # the maps show the square [-reach, reach]²

    @property
    def sizes(self) -> tuple[int, ...]:
        """Units per layer from the two inputs to the one output."""
        return self.settings.sizes

    @property
    def parameters(self) -> int:
        """How many weights and biases the network has."""
        return len(self.theta)

    @property
    def summary(self) -> str:
        """What is to be seen, in words: the text alternative of the picture."""
        s = self.settings
        dead = int(self.dead.sum())
        silent = f" {dead} of {len(self.dead)} hidden units are dead." if dead else ""
        return (
            f"{s.data.capitalize()}, {s.architecture} network with {self.parameters} "
            f"parameters, epoch {self.epoch:,.0f}. "
            f"Training: loss {self.train_loss:.3f}, {self.train_accuracy:.0%} right. "
            f"Test: loss {self.test_loss:.3f}, {self.test_accuracy:.0%} right.{silent}"
        )


class Trainer:
    """One training: its data, its network, and how far it has come."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        x, y = toy.load(
            settings.data,
            TEST_POINTS + settings.points,
            noise=settings.noise,
            seed=settings.seed,
        )
        # Test points come first: a training point more then never moves another point.
        self._x, self._y = x[TEST_POINTS:], y[TEST_POINTS:]
        # Noise leads farther out; steps of 1/4 keep the axes from trembling with it.
        self._reach = max(REACH, float(np.ceil(4.1 * np.abs(x).max()) / 4))
        axis = np.linspace(-self._reach, self._reach, GRID, dtype=np.float32)
        plane = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)  # (G·G, 2)
        self._points = np.concatenate([self._x, x[:TEST_POINTS]])  # (N + M, 2)
        self._labels = np.concatenate([self._y, y[:TEST_POINTS]])
        seen = np.concatenate([plane, self._points])  # (G·G + N + M, 2)
        self._seen = np.array_split(seen, -(-len(seen) // ROWS))

        self._batches = make_rng([settings.seed, 1])
        self._order, self._next = np.empty(0, dtype=int), 0
        self.steps, self.epoch = 0, 0.0
        self._curve: list[tuple[float, float, float]] = []
        self._gap = 0.0  # epochs between two recorded losses, at least
        self._penalty = L2(settings.l2)
        with using_rng(make_rng([settings.seed, 0])):
            self._build()
        self._compile()

    def _build(self) -> None:
        s = self.settings
        rectifies = s.activation in ("relu", "leaky_relu")
        dense = partial(
            layers.Dense,
            kernel_initializer="he_normal" if rectifies else "glorot_uniform",
            kernel_regularizer=self._penalty,
        )
        self._hidden = [dense(s.width, activation=s.activation) for _ in range(s.depth)]
        # The sigmoid is a layer of its own, so that the logit before it can be drawn.
        self._output = dense(1)
        sigmoid = layers.Activation("sigmoid")
        self.model = Sequential(
            [layers.Input((2,)), *self._hidden, self._output, sigmoid]
        )

    def _compile(self) -> None:
        rule = {"sgd": SGD, "adam": Adam}[self.settings.optimizer]
        self.model.compile(
            optimizer=rule(learning_rate=self.settings.learning_rate),
            loss="binary_crossentropy",
        )

    def change(self, settings: Settings) -> None:
        """Go on under other settings, which must be such that it can go on.

        Another optimizer begins without a memory of earlier steps. Raises `ConfigError`
        for settings that need another network or other data.
        """
        if not self.settings.continues(settings):
            raise ConfigError("These settings need a new Trainer.")
        same_rule = settings.optimizer == self.settings.optimizer
        self.settings = settings
        self._penalty.l2 = settings.l2
        if same_rule:
            self.model.optimizer.learning_rate = settings.learning_rate
        else:
            self._compile()

    @property
    def steps_per_epoch(self) -> int:
        """Mini-batches until every training point was seen once."""
        return -(-len(self._x) // self.settings.batch_size)

    def step(self, n: int = 1, seconds: float = float("inf")) -> int:
        """Train on `n` mini-batches, or fewer if `seconds` are over; returns how many.

        At least one is done. An exploding training is not stopped here: `picture` says
        so.
        """
        end = time.perf_counter() + seconds
        for done in range(1, n + 1):
            rows = self._draw_batch()
            with np.errstate(all="ignore"):
                self.model.train_on_batch(self._x[rows], self._y[rows, None])
            self.steps += 1
            self.epoch += len(rows) / len(self._x)
            if time.perf_counter() >= end:
                return done
        return n

    def _draw_batch(self) -> np.ndarray:
        """The next rows of the shuffled data; a batch ends where the epoch ends."""
        if self._next >= len(self._order):
            self._order, self._next = self._batches.permutation(len(self._x)), 0
            self.epoch = float(round(self.epoch))  # no drift from adding fractions
        rows = self._order[self._next : self._next + self.settings.batch_size]
        self._next += len(rows)
        return rows

    def picture(self) -> Picture:
        """What is to be seen now; raises `NonFiniteError` where nothing is left."""
        theta = to_numpy(self.model.theta).copy()
        if not np.isfinite(theta).all():
            raise NonFiniteError(
                f"By epoch {self.epoch:,.0f} the weights have grown beyond all "
                f"numbers: a learning rate of {self.settings.learning_rate:g} is too "
                "large here. Choose a smaller one, then press Reset."
            )
        hidden, logits = self._forward()
        train, cells = len(self._x), GRID * GRID
        behind = hidden[:, cells : cells + train]  # (H, N)
        maps = hidden[:, :cells].reshape(-1, GRID, GRID)[:, ::COARSE, ::COARSE]
        scores = logits[cells:]
        seen = (
            _judge(scores[:train], self._labels[:train]),
            _judge(scores[train:], self._labels[train:]),
        )
        (train_loss, train_accuracy), (test_loss, test_accuracy) = seen
        self._record(self.epoch, train_loss, test_loss)
        return Picture(
            settings=self.settings,
            step=self.steps,
            epoch=self.epoch,
            train_loss=train_loss,
            train_accuracy=train_accuracy,
            test_loss=test_loss,
            test_accuracy=test_accuracy,
            theta=theta,
            logits=logits[:cells].reshape(GRID, GRID),
            maps=maps,
            peaks=np.abs(maps).max(axis=(1, 2), initial=0.0),
            dead=(behind == 0).all(axis=1),
            curve=np.array(self._curve, dtype=np.float32),
            x=self._points,
            labels=self._labels,
            train_points=train,
            reach=self._reach,
        )

    def _forward(self) -> tuple[np.ndarray, np.ndarray]:
        """Hidden outputs (H, G·G + N + M) and logits (G·G + N + M,) in one pass."""
        with no_grad(), np.errstate(all="ignore"):
            parts = [self._outputs(x) for x in self._seen]
        outputs = np.concatenate(parts)  # (G·G + N + M, H + 1)
        return outputs[:, :-1].T, outputs[:, -1]

    def _outputs(self, x: np.ndarray) -> np.ndarray:
        """What each hidden unit, and the network before its sigmoid, makes of x."""
        values, outputs = x, []
        for layer in (*self._hidden, self._output):
            values = layer(values)
            outputs.append(to_numpy(values))
        return np.concatenate(outputs, axis=1)

    def _record(self, epoch: float, train_loss: float, test_loss: float) -> None:
        """Keep the losses, ever coarser in time as the training grows longer."""
        curve, point = self._curve, (epoch, train_loss, test_loss)
        if curve and epoch - curve[-1][0] <= 0:
            return
        if len(curve) > 1 and epoch - curve[-2][0] < self._gap:
            curve[-1] = point
        else:
            curve.append(point)
        if len(curve) > MOST_LOSSES:
            self._curve = [*curve[:-1:2], point]
            self._gap = epoch / len(self._curve)


def _judge(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Mean cross-entropy and the share that is right."""
    loss = sigmoid_cross_entropy(logits, labels.astype(logits.dtype))
    return float(loss), float(((logits > 0) == labels).mean())
