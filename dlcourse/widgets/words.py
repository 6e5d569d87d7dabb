"""Numbers as one writes them, for pictures and summaries.

Used by the interactives that spell out a sum; read `neuron.py` next.
"""

import numpy as np


def number(value: float, digits: int = 2) -> str:
    """A number as one writes it: no zeros at the end, a real minus sign.

    >>> number(-2.50), number(3.0), number(-0.001)
    ('−2.5', '3', '0')
    """
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "0") else text.replace("-", "−")


def small(value: float) -> str:
    """An output with three digits that count, however close to 0.

    >>> small(0.0024726), small(-0.99987), small(6.0), small(0.0)
    ('0.00247', '−1.000', '6.000', '0')
    """
    text = f"{value:.3f}" if abs(value) >= 0.1 else f"{value:.3g}"
    return text.replace("-", "−")


def percent(share: float) -> str:
    """A share in percent with two digits that count; above 2, how many times.

    >>> percent(0.25), percent(0.00031), percent(1e-9), percent(0.0), percent(12.0)
    ('25 %', '0.031 %', 'less than 0.0001 %', 'none', '12 times as much')
    """
    if share > 2:
        return f"{float(f'{share:.2g}'):.10g} times as much"
    if share == 0:
        return "none"
    if share < 1e-6:
        return "less than 0.0001 %"
    return f"{float(f'{100 * share:.2g}'):.10g} %"


def product(weight: float, value: float) -> str:
    """A product as it is written by hand.

    >>> product(3.0, -1.0), product(-2.0, 2.0)
    ('3·(−1)', '(−2)·2')
    """
    factors = (number(weight), number(value))
    return "·".join(f"({n})" if n.startswith("−") else n for n in factors)


def equation(w: np.ndarray, b: float) -> str:
    """The line b + w·x = 0 as an equation.

    >>> equation(np.array([3.0, -2.0]), 1.0)
    '1 + 3 x₁ − 2 x₂ = 0'
    """
    text = number(b)
    for weight, name in zip(w, ("x₁", "x₂")):
        text += f" {'−' if weight < 0 else '+'} {number(abs(weight))} {name}"
    return f"{text} = 0"
