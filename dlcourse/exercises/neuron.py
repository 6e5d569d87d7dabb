"""Exercises of notebook 01: one neuron by hand, and two logical functions.

Each check takes the student's own numbers or function. The order is that of the
notebook; read ``multilayer.py`` next.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import backend
from .check import as_numbers, check, expect, expect_close

CORNERS = ((0, 0), (0, 1), (1, 0), (1, 1))


@check("The sum z")
def z_of_the_example(z: Any) -> str:
    """z of a neuron with bias 1 and weights (3, −2) for the input (−1, 2)."""
    expect_close(
        z,
        -6,
        "Multiply each input by its weight, add the products, then add the bias.",
        wrong={
            -7: "you forgot the bias; it is 1.",
            -8: "the bias is added, not subtracted.",
            6: "the sign is lost: 3·(−1) is −3, and (−2)·2 is −4.",
            2: "(−2)·2 is −4, not +4.",
            0: "3·(−1) is −3, not +3.",
            8: "both products are negative: 3·(−1) and (−2)·2.",
            9: "the inputs have changed places: −1 belongs to the weight 3.",
            12: "add the two products, do not multiply them.",
            13: "add the two products, do not multiply them.",
        },
    )
    return "1 − 3 − 4 = −6. The neuron is sure that this input is on its dark side."


@check("The output y")
def y_of_the_example(y: Any) -> str:
    """sigmoid(−6), to three significant digits."""
    expect_close(
        y,
        1 / (1 + np.exp(6)),
        "sigmoid(z) = 1 / (1 + e^(−z)) with z = −6; z itself must be right first.",
        wrong={
            1 / (1 + np.exp(-6)): "that is sigmoid(+6): mind the minus in e^(−z).",
            np.exp(-6): "close: e^z without its denominator. sigmoid = 1/(1 + e^(−z)).",
            -6: "that is z. Now send it through the sigmoid.",
            0.5: "that is sigmoid(0); here z = −6.",
            np.tanh(-6): "that is tanh(−6); the sigmoid never leaves (0, 1).",
            1 / (1 + np.exp(7)): "that is sigmoid(−7): the bias is missing in z.",
        },
        rtol=2e-3,
    )
    return "0.00247: about 1 in 400."


@check("Your neuron")
def neuron(function: Callable[..., Any]) -> str:
    """neuron(x, w, b): sigmoid(b + w·x), for any number of inputs."""
    output = as_numbers(function(np.array([-1.0, 2.0]), np.array([3.0, -2.0]), 1.0))
    expect(
        output.shape == (),
        f"one neuron has one output, but yours returned an array of shape "
        f"{output.shape}. Add up the products: np.sum(w * x), or w @ x.",
    )
    expect_close(
        output,
        0.00247262,
        "z = b + Σ wᵢxᵢ, and y = 1 / (1 + e^(−z)).",
        wrong={
            -6: "that is z; the sigmoid is still missing.",
            0.99752738: "mind the minus: e^(−z), not e^z.",
            0.00091105: "the bias is missing.",
        },
        name="neuron([-1, 2], w=[3, -2], b=1)",
        rtol=1e-4,
    )
    rng = backend.rng()
    for inputs in (1, 2, 5):
        x, w = rng.normal(size=(2, inputs))
        b = float(rng.normal())
        expect_close(
            function(x, w, b),
            1 / (1 + np.exp(-(b + w @ x))),
            "Does it work for any number of inputs, and for any bias?",
            name=f"an example with {inputs} input{'s' if inputs > 1 else ''}",
        )
    return "it agrees with the formula for 1, 2 and 5 inputs."


@check("AND")
def and_gate(w1: Any, w2: Any, b: Any) -> str:
    """Weights and a bias with z > 0 at (1, 1) only."""
    _expect_gate(w1, w2, b, "AND", [False, False, False, True])
    return "the line leaves (1, 1) alone on one side."


@check("OR")
def or_gate(w1: Any, w2: Any, b: Any) -> str:
    """Weights and a bias with z > 0 everywhere but at (0, 0)."""
    _expect_gate(w1, w2, b, "OR", [False, True, True, True])
    return "the line leaves (0, 0) alone on the other side."


def _expect_gate(w1: Any, w2: Any, b: Any, name: str, table: list[bool]) -> None:
    """All four corners on their side, none on the line; or say which is not."""
    for value, word in ((w1, "w1"), (w2, "w2"), (b, "b")):
        number = as_numbers(value, word)
        expect(number.shape == (), f"{word} is a single number.")
        expect(np.isfinite(number), f"{word} must be a finite number.")
    w1, w2, b = float(w1), float(w2), float(b)
    expect(w1 != 0 or w2 != 0, "with both weights 0 there is no line at all.")
    for (x1, x2), one in zip(CORNERS, table):
        z = b + w1 * x1 + w2 * x2
        where = f"at ({x1}, {x2}) z = {z:.4g}"
        expect(z != 0, f"{where}: the point lies on the line itself; move the line.")
        expect(
            (z > 0) == one,
            f"{where}, so your neuron says {int(z > 0)}; {name} says {int(one)}.",
        )
