"""The tests that need a GPU, run on the stand-in: the course's contract, on a device.

All ops and layers with both orders of gradients, training, and memory, pairwise with
NumPy. So no line of ``tests/gpu`` is run for the first time on a machine with a GPU.
"""

from tests.gpu.test_families import *  # noqa: F403
from tests.gpu.test_pairwise import *  # noqa: F403
from tests.gpu.test_training import *  # noqa: F403
