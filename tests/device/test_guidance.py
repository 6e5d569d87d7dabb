"""What is said of a fault is the same where the numbers are on a device."""

import pytest

import dlcourse as dl
from dlcourse.errors import NonFiniteError
from tests.planted import CASES
from tests.planted_plain import PLAIN

EVERY = {**CASES, **PLAIN}


def said(case, backend):
    """The message, without the names of Keras's numbering and without numbers."""
    with dl.use_backend(backend), pytest.raises(NonFiniteError) as caught:
        case.run()
    message = str(caught.value)
    return [part.split(";")[0] for part in message.split("Likely cause: ")]


@pytest.mark.parametrize("case", EVERY.values(), ids=EVERY)
def test_the_same_is_said_on_a_device(case):
    assert said(case, "cupy") == said(case, "numpy")
