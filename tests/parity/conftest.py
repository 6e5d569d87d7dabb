"""For the judges only: PyTorch's arrays still say to NumPy 2 what NumPy 1 wanted."""

from collections.abc import Iterator

import pytest

THEIRS = "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let this one warning of PyTorch's pass; every other is still an error."""
    for item in items:
        item.add_marker(pytest.mark.filterwarnings(THEIRS))


@pytest.fixture
def keras_in_float64() -> Iterator[None]:
    """Keras computes some of its numbers in its default type, whatever it is given."""
    from tests.parity.judges import keras

    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx(before)
