"""The one question of notebook 00, to try out how answers are checked."""

from typing import Any

from .check import check, expect_close


@check("The sigmoid's steepest slope")
def steepest_slope(answer: Any) -> str:
    """The largest value of the sigmoid's derivative, read off the first interactive."""
    expect_close(
        answer,
        0.25,
        "Read the peak of the dashed curve, with one layer and the sigmoid.",
        wrong={
            1.0: "that is the peak of tanh's dashed curve. Choose the sigmoid.",
            0.5: "that is the height of the solid curve at z = 0. Read the dashed one.",
            0.0: "that is where z is at which it is steepest. How steep is it there?",
            0.2: "nearly. Look where the dashed curve has its peak.",
        },
        rtol=0.05,
        atol=0.0,
    )
    return "0.25, at z = 0. So that is how answers are checked here."
