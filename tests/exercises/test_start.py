"""The check of notebook 00."""

import numpy as np

from dlcourse.exercises import start
from tests.exercises.answers import Answers, held_against

TABLE = [
    Answers(
        start.steepest_slope,
        right=[0.25, 0.24, 1 / 4, np.float32(0.25)],
        wrong=[
            (1.0, "tanh"),
            (0.5, "solid curve"),
            (0, "How steep"),
            (0.2, "nearly"),
            (-0.25, "dashed"),
            ("a quarter", "is text"),
        ],
    )
]

test_right, test_wrong, test_blank, test_table = held_against(start, TABLE)
