"""A network and a few noisy points: every stage of a training, and where to stop it.

The numbers behind ``widgets/overfitting.py``. A `Fitting` trains a little whenever it
is asked to, so that a page can show each stage and never waits for the last one, and
keeps what is needed to look back: the fitted curve and three errors at every moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from .. import backend, datasets
from ..callbacks import EarlyStopping
from ..errors import check_count
from ..layers import Dense, Dropout, Input
from ..models import Sequential
from ..optimizers import Adam
from ..regularizers import L2
from ..schedules import CosineDecay

CURVE = "sine"  # the truth: one wave, smooth enough for a handful of units
LEARNING_RATE = 0.01
HELD_BACK = 50  # validation points
AT_ONCE = 128  # inputs: so few that BLAS stays on one thread, and others can work
WEIGHTS_SEED = 0  # new points, but always the same first weights: one thing changes


@dataclass(frozen=True)
class Stop:
    """Where early stopping ends a training: places in a list of validation losses.

    `best` is the place with the least loss so far, whose weights are kept; `last` the
    place where patience is at its end, None if it never is.
    """

    best: int
    last: int | None


def early_stop(losses: Sequence[float], patience: int) -> Stop:
    """Where `EarlyStopping` with this patience ends a training of these `losses` (K,).

    Raises `ConfigError` unless patience is a whole number of at least 0.

    >>> early_stop([3.0, 2.0, 1.0, 1.5, 1.2, 0.5], patience=2)
    Stop(best=2, last=4)
    """
    rule = EarlyStopping("loss", patience=check_count("patience", patience, low=0))
    training = SimpleNamespace(stop_training=False)
    rule.set_model(training)
    rule.on_train_begin()
    for k, loss in enumerate(losses):
        rule.on_epoch_end(k, {"loss": loss})
        if training.stop_training:
            return Stop(rule.best_epoch, k)
    return Stop(rule.best_epoch, None)


class Fitting:
    """A tanh network 1-width-…-1 that learns y = f(x) + noise from `points` samples.

    Full-batch Adam for `steps` steps, the rate falling to 0 along a cosine, so that the
    last steps are quiet; `l2`·Σw² is added to the loss, `dropout` follows each hidden
    layer. Computed in float64, to come out the same on any processor.

    What is recorded at ``moments[:known]``, every `every` steps, in evaluation mode:

    - ``curves`` (known, len(grid)): the network's output over [-1, 1];
    - ``training`` (known,): mean squared error on the points learned from;
    - ``validation`` (known,): on 50 further points;
    - ``test`` (known,): expected on new points, mean (output - f)² + noise² over the
      grid: what infinitely many test points would give.

    >>> fitting = Fitting(layers=1, width=4, points=20, steps=20)
    >>> while not fitting.done:
    ...     fitting.advance()
    >>> fitting.moments[: fitting.known]
    array([ 0, 10, 20])
    """

    def __init__(
        self,
        *,
        layers: int = 2,
        width: int = 32,
        points: int = 20,
        noise: float = 0.3,
        l2: float = 0.0,
        dropout: float = 0.0,
        data: int = 0,
        steps: int = 3000,
        every: int = 10,
        grid: int = 241,
    ) -> None:
        self.noise, self.every = noise, every
        self.grid = np.linspace(-1.0, 1.0, grid)
        self.truth = datasets.curve(CURVE)(self.grid)
        self.x, self.y = datasets.regression_curve(
            CURVE, points, noise=noise, seed=data
        )
        held_back = datasets.regression_curve(
            CURVE, HELD_BACK, noise=noise, seed=data + 10_000
        )
        self._inputs = np.concatenate([self.x, held_back[0], self.grid[:, None]])
        self._held_back = held_back[1]
        self.model = network(layers, width, l2, dropout)
        self.model.compile(Adam(CosineDecay(LEARNING_RATE, steps)), loss="mse")
        self.moments = np.arange(0, steps + 1, every)
        self.curves = np.empty((len(self.moments), grid), np.float32)
        errors = np.full((3, len(self.moments)), np.nan)
        self.training, self.validation, self.test = errors
        self.known = 0
        self._record()

    @property
    def done(self) -> bool:
        """Whether all steps are taken."""
        return self.known == len(self.moments)

    def advance(self) -> None:
        """Take `every` more steps."""
        self.model.fit(
            self.x, self.y, batch_size=len(self.x), epochs=self.every, verbose=0
        )
        self._record()

    def _record(self) -> None:
        k, n = self.known, len(self.x)
        output = self.model.predict(self._inputs, batch_size=AT_ONCE)
        on_points, on_held_back, curve = np.split(output, [n, n + HELD_BACK])
        self.curves[k] = curve[:, 0]
        self.training[k] = np.mean((on_points - self.y) ** 2)
        self.validation[k] = np.mean((on_held_back - self._held_back) ** 2)
        self.test[k] = np.mean((curve[:, 0] - self.truth) ** 2) + self.noise**2
        self.known += 1


def network(layers: int, width: int, l2: float, dropout: float) -> Any:
    """A tanh network with one input and one output, always with the same first weights.

    >>> network(2, 32, 0.0, 0.0).count_params()
    1153
    """
    penalty = L2(l2) if l2 else None
    stack: list[Any] = [Input(shape=(1,))]
    for number in range(layers):
        stack.append(Dense(width, "tanh", kernel_regularizer=penalty))
        if dropout:
            stack.append(Dropout(dropout, seed=number))
    stack.append(Dense(1, kernel_regularizer=penalty))
    with backend.using_rng(backend.make_rng(WEIGHTS_SEED)):
        return Sequential(stack, dtype="float64")
