"""The checks of notebook 07: what they accept, and what they say to a wrong answer."""

import numpy as np

import dlcourse as dl
from dlcourse.exercises import learning_rate
from tests.exercises.answers import Answers, held_against

# ------------------------------------------------------------------- descents


def with_a_list(gradient, start, learning_rate, steps):
    theta, path = start, [start]
    for _ in range(steps):
        theta = theta - learning_rate * gradient(theta)
        path.append(theta)
    return path


def with_an_array(gradient, start, learning_rate, steps):
    path = np.empty((steps + 1, len(start)))
    path[0] = start
    for k in range(steps):
        path[k + 1] = path[k] - learning_rate * gradient(path[k])
    return path


def recursive(gradient, start, learning_rate, steps):
    if steps == 0:
        return [start]
    following = start - learning_rate * gradient(start)
    return [start, *recursive(gradient, following, learning_rate, steps - 1)]


def uphill(gradient, start, learning_rate, steps):
    return with_a_list(gradient, start, -learning_rate, steps)


def without_the_rate(gradient, start, learning_rate, steps):
    return with_a_list(gradient, start, 1.0, steps)


def one_gradient(gradient, start, learning_rate, steps):
    g = gradient(start)
    return [start - k * learning_rate * g for k in range(steps + 1)]


def only_the_end(gradient, start, learning_rate, steps):
    return with_a_list(gradient, start, learning_rate, steps)[-1]


def without_the_start(gradient, start, learning_rate, steps):
    return with_a_list(gradient, start, learning_rate, steps)[1:]


def the_same_array(gradient, start, learning_rate, steps):
    theta = start.copy()
    path = [theta]
    for _ in range(steps):
        theta -= learning_rate * gradient(theta)
        path.append(theta)
    return path


def writes_into_the_start(gradient, start, learning_rate, steps):
    path = [start.copy()]
    for _ in range(steps):
        start -= learning_rate * gradient(start)
        path.append(start.copy())
    return path


def half_a_step(gradient, start, learning_rate, steps):
    return with_a_list(gradient, start, learning_rate / 2, steps)


def for_a_plane_only(gradient, start, learning_rate, steps):
    theta = start[:2]
    path = [theta]
    for _ in range(steps):
        theta = theta - learning_rate * gradient(theta)
        path.append(theta)
    return path


def stub(gradient, start, learning_rate, steps):
    return ...


def stub_with_a_list(gradient, start, learning_rate, steps):
    path = [start]
    for _ in range(steps):
        path.append(...)
    return path


# -------------------------------------------------------------------- finders


def lowest_end(rates, losses):
    return rates[np.nanargmin(losses[:, -1])]


def half_the_largest(rates, losses):
    return rates[losses[:, -1] < losses[:, 0]].max() / 2


def steepest_fall(rates, losses):
    with np.errstate(all="ignore"):
        fall = np.log(losses[:, 0] / losses[:, -1])
    return rates[np.where(np.isfinite(fall), fall, -np.inf).argmax()]


TABLE = [
    Answers(
        learning_rate.edge,
        right=[0.5, 1 / 2, dl.Tensor(0.5)],
        wrong=[
            (4, "2 divided by it"),
            (1.0, "flattest"),
            (0.25, "is twice that"),
            (0.667, "diagonal"),
            (0.333, "fastest"),
            (0.51, "0.51 is not it"),
            ("1/2", "is text"),
        ],
    ),
    Answers(
        learning_rate.descend,
        right=[with_a_list, with_an_array, recursive],
        wrong=[
            (uphill, "points uphill"),
            (without_the_rate, "rate is missing"),
            (one_gradient, "gradient once"),
            (only_the_end, "one place"),
            (without_the_start, "the start is the first row"),
            (the_same_array, "all rows are the same"),
            (writes_into_the_start, "changes the array"),
            (half_a_step, "again and again"),
            (for_a_plane_only, "three weights"),
            (0.5, "the function itself"),
        ],
        blank=[stub, stub_with_a_list],
    ),
    Answers(
        learning_rate.find_rate,
        right=[lowest_end, half_the_largest, steepest_fall],
        wrong=[
            (lambda rates, losses: rates[np.argmin(losses[:, -1])], "np.nanargmin"),
            (lambda rates, losses: np.nanargmin(losses[:, -1]), "the place"),
            (lambda rates, losses: rates.min(), "crawls"),
            (lambda rates, losses: rates.max(), "ended with NaN"),
            (lambda rates, losses: rates[~np.isnan(losses[:, -1])].max(), "exploded"),
            (lambda rates, losses: 0.1, "a bowl of curvature"),
            (lambda rates, losses: rates[len(rates) // 2], "a bowl of curvature"),
            (lambda rates, losses: -lowest_end(rates, losses), "no rate"),
            (lambda rates, losses: losses.min(axis=1), "one rate is asked for"),
            (lambda rates: rates.min(), "TypeError"),
        ],
        blank=[lambda rates, losses: ..., lambda rates, losses: None],
    ),
]

test_right, test_wrong, test_blank, test_table = held_against(learning_rate, TABLE)
