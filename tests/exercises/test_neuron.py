"""The checks of notebook 01: what they accept, and what they say to a wrong answer."""

import numpy as np

from dlcourse import Tensor
from dlcourse.exercises import neuron
from tests.exercises.answers import Answers, held_against


def by_hand(x, w, b):
    z = b
    for one_input, weight in zip(x, w):
        z = z + one_input * weight
    return 1 / (1 + np.exp(-z))


def stub(x, w, b): ...


def refusing_stub(x, w, b):
    raise NotImplementedError


TABLE = [
    Answers(
        neuron.z_of_the_example,
        right=[-6, -6.0, Tensor(-6.0), np.float32(-6)],
        wrong=[
            (-7, "forgot the bias"),
            (6, "sign"),
            (2, "(−2)·2"),
            (8, "both products"),
            (9, "changed places"),
            (13, "do not multiply"),
            ("-6", "is text"),
            ([-3, -4], "a single number is expected"),
            (float("nan"), "nan is not it"),
        ],
    ),
    Answers(
        neuron.y_of_the_example,
        right=[0.00247, 1 / (1 + np.exp(6)), 0.5 * (1 + np.tanh(-3))],
        wrong=[
            (1 / (1 + np.exp(-6)), "sigmoid(+6)"),
            (np.exp(-6), "denominator"),
            (-6, "through the sigmoid"),
            (np.tanh(-6), "tanh"),
            (0.0, "0 is not it"),
            (1 / (1 + np.exp(7)), "bias is missing"),
        ],
    ),
    Answers(
        neuron.neuron,
        right=[
            by_hand,
            lambda x, w, b: 1 / (1 + np.exp(-(b + w @ x))),
            lambda x, w, b: 0.5 + 0.5 * np.tanh((np.sum(x * w) + b) / 2),
        ],
        wrong=[
            (lambda x, w, b: b + w @ x, "sigmoid is still missing"),
            (lambda x, w, b: 1 / (1 + np.exp(-(w @ x))), "bias is missing"),
            (lambda x, w, b: 1 / (1 + np.exp(b + w @ x)), "mind the minus"),
            (lambda x, w, b: 1 / (1 + np.exp(-(b + w * x))), "one output"),
            (lambda x, w, b: 0.00247262, "an example with 1 input"),
            (
                lambda x, w, b: 1 / (1 + np.exp(-(b + w[0] * x[0] + w[1] * x[1]))),
                "IndexError",
            ),
            (lambda x, w, b: 1 / (1 + np.exp(-(1 + w @ x))), "any bias"),
            (0.00247, "the function itself"),
        ],
        blank=[stub, refusing_stub],
    ),
    Answers(
        neuron.and_gate,
        right=[(1, 1, -1.5), (5, 5, -7.5), (2.0, 3.0, -4.0)],
        wrong=[
            ((1, 1, -0.5), "at (0, 1) z = 0.5, so your neuron says 1; AND says 0"),
            ((-1, -1, 1.5), "at (0, 0)"),
            ((1, 1, -1), "lies on the line"),
            ((0, 0, 1), "no line"),
            ((1, 1, -2.5), "at (1, 1)"),
            (("1", 1, -1.5), "is text"),
            ((1, float("inf"), -1.5), "finite"),
        ],
        blank=[(1, 1, ...), (1, None, -1.5)],
    ),
    Answers(
        neuron.or_gate,
        right=[(1, 1, -0.5), (5, 5, -2.5), (2.0, 3.0, -1.0)],
        wrong=[
            ((1, 1, -1.5), "at (0, 1) z = -0.5, so your neuron says 0; OR says 1"),
            ((1, 1, 0), "lies on the line"),
            ((1, 1, 0.5), "at (0, 0)"),
            ((1, -1, -0.5), "at (0, 1)"),
            ((0, 0, -1), "no line"),
            (([1, 1], 1, -0.5), "single number"),
        ],
        blank=[(..., ..., ...)],
    ),
]

test_right, test_wrong, test_blank, test_table = held_against(neuron, TABLE)
