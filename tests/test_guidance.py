"""What a student is told when a training breaks: sixty faults planted, sixty named.

And no word about fifty healthy trainings, hard ones among them. The faults are in
``planted.py`` and ``planted_plain.py``, the healthy ones in ``healthy.py``.
"""

import re

import numpy as np
import pytest

from dlcourse import detect_anomaly
from dlcourse.callbacks import TerminateOnNaN
from dlcourse.errors import NonFiniteError
from tests.healthy import HEALTHY
from tests.planted import CASES, ROWS
from tests.planted_plain import PLAIN

CAUSES = {  # how the message begins to name it
    "rate": "the learning rate is too large",
    "first weights": "the initial weights are too large",
    "data": "the data are far too large",
    "targets": "the targets are far too large",
    "bad data": "the data: input .* not finite already",
    "bad weights": ".* was not finite when first seen",
    "log of zero": "log of zero",
    "log of negative": "the logarithm of a negative number",
    "exp": "overflow of exp",
    "by zero": "division by zero|a division by zero, or almost",
    "0/0": "0/0, a division",
    "root": "the square root of a negative",
    "slope": "the slope of .* at zero is infinite",
    "power": "a negative number .* to the power of a fraction",
    "epsilon": "0/0 in a normalization: with epsilon=0",
    "recurrence": "exploding (values|gradients) of a recurrence",
    "depth": "(values|gradients) that explode from op to op",
    "constant": "the number .* in the code",
    "custom op": "the formula of the custom op",
    "custom rule": "the gradient rule of the custom op",
}
EVERY = {**CASES, **PLAIN}


@pytest.mark.parametrize("case", EVERY.values(), ids=EVERY)
def test_the_planted_cause_is_named(case):
    with pytest.raises(NonFiniteError) as caught:
        case.run()
    message = str(caught.value)
    before, _, verdict = message.partition("Likely cause: ")
    named = [name for name, words in CAUSES.items() if re.match(words, verdict)]
    assert named == [case.cause], message
    assert re.search(rf"(^|[ .:]){case.op} first made an? ", before), message
    assert case.place is None or f"in {case.place}" in before, message
    assert case.batch is None or re.search(case.batch, message), message


def test_sixty_causes_are_planted():
    """Each of them once, however many ways it is run in."""
    assert len(ROWS) + len(PLAIN) >= 60
    assert {case.cause for case in EVERY.values()} == set(CAUSES)
    print(f"{len(ROWS) + len(PLAIN)} planted causes, {len(EVERY)} runs")


@pytest.mark.parametrize("build, x, y", HEALTHY.values(), ids=HEALTHY)
def test_a_healthy_training_raises_no_alarm(build, x, y):
    """Checked at every op, and again as a whole; it ends with a loss that is one."""
    model = build()
    end = TerminateOnNaN()
    with detect_anomaly():
        history = model.fit(x, y, 8, epochs=3, verbose=0, seed=0, callbacks=[end])
    again = build().fit(x, y, 8, epochs=3, verbose=0, seed=0, callbacks=[end])
    assert history.history == again.history
    assert np.isfinite(history.history["loss"]).all() and not model.stop_training


def test_fifty_trainings_are_healthy():
    assert len(HEALTHY) >= 50
    print(f"{len(HEALTHY)} healthy trainings, no alarm")
