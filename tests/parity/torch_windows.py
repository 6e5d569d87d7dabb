"""Rows of the table: convolution, transposed convolution, pooling.

Every axis gets its own size, window, stride, dilation and padding: square textbook
sizes hide most mistakes. Sizes start at the smallest that the window fits.
"""

from typing import Any

import numpy as np

from tests.parity.torch_judge import Case, row

Rng = np.random.Generator


def numbers(rng: Rng, space: int, low: int, high: int) -> Any:
    """One whole number for all axes of space, or one for each."""
    if rng.random() < 0.3:
        return int(rng.integers(low, high + 1))
    values = rng.integers(low, high + 1, space).tolist()
    return values if rng.random() < 0.3 else tuple(values)


def on_each(value: Any, space: int) -> list[int]:
    return [value] * space if isinstance(value, int) else list(value)


def any_padding(rng: Rng, space: int, most: int = 3) -> Any:
    kinds = ["valid", "same", "same", "number", "numbers", "pairs"]
    kind = rng.choice(kinds + ["causal"] * (space == 1))
    if kind == "number":
        return int(rng.integers(0, most + 1))
    if kind == "numbers":
        return tuple(rng.integers(0, most + 1, space).tolist())
    if kind == "pairs":
        return tuple((int(a), int(b)) for a, b in rng.integers(0, most + 1, (space, 2)))
    return str(kind)


def sizes(rng: Rng, reaches: list[int], padding: Any, most: int = 6) -> list[int]:
    """Sizes that a window of these reaches fits, with its padding."""
    if padding in ("same", "causal"):
        least = [1] * len(reaches)
    elif padding == "valid":
        least = reaches
    else:
        sides = padding if isinstance(padding, tuple) else (padding,) * len(reaches)
        total = [sum(s) if isinstance(s, tuple) else 2 * s for s in sides]
        least = [max(1, r - t) for r, t in zip(reaches, total)]
    return [n + int(rng.integers(0, most)) for n in least]


def geometry(rng: Rng, space: int, largest: int) -> tuple[Any, ...]:
    window = rng.integers(1, largest + 1, space).tolist()
    dilation = numbers(rng, space, 1, 3) if rng.random() < 0.6 else 1
    strides = numbers(rng, space, 1, 4)
    reaches = [(k - 1) * d + 1 for k, d in zip(window, on_each(dilation, space))]
    return window, strides, dilation, reaches


@row("conv 1D", 400, 1)
@row("conv 2D", 500, 2)
@row("conv 3D", 350, 3)
def conv(rng: Rng, space: int) -> Case:
    window, strides, dilation, reaches = geometry(rng, space, 4 if space < 3 else 3)
    padding = any_padding(rng, space)
    groups = int(rng.choice([1, 1, 2, 3]))
    channels, filters = rng.integers(1, 4, 2) * groups
    shape = sizes(rng, reaches, padding, 6 if space < 3 else 3)
    x = rng.normal(size=(rng.integers(1, 4), *shape, channels))
    kernel = rng.normal(size=(*window, channels // groups, filters))
    how: dict[str, Any] = {"strides": strides, "padding": padding}
    how |= {"dilation_rate": dilation, "groups": groups}
    note = f"x {x.shape}, kernel {kernel.shape}, {how}"
    return Case(lambda m, x, kernel: m.conv(x, kernel, **how), [x, kernel], note)


@row("conv depthwise 1D", 100, 1)
@row("conv depthwise 2D", 300, 2)
@row("conv depthwise 3D", 100, 3)
def depthwise(rng: Rng, space: int) -> Case:
    """As many groups as channels, each with one filter or several."""
    window, strides, dilation, reaches = geometry(rng, space, 4 if space < 3 else 3)
    padding = any_padding(rng, space)
    channels, multiplier = int(rng.integers(2, 5)), int(rng.choice([1, 1, 2, 3]))
    shape = sizes(rng, reaches, padding, 6 if space < 3 else 3)
    x = rng.normal(size=(rng.integers(1, 4), *shape, channels))
    kernel = rng.normal(size=(*window, 1, channels * multiplier))
    how: dict[str, Any] = {"strides": strides, "padding": padding}
    how |= {"dilation_rate": dilation, "groups": channels}
    note = f"x {x.shape}, kernel {kernel.shape}, {how}"
    return Case(lambda m, x, kernel: m.conv(x, kernel, **how), [x, kernel], note)


@row("conv of many images", 12)
def conv_large(rng: Rng) -> Case:
    """So large that the windows do not fit the cache together."""
    groups = int(rng.choice([1, 2]))
    x = rng.normal(size=(5, 40, 31, 2 * groups))
    kernel = rng.normal(size=(4, 5, 2, 3 * groups))
    how: dict[str, Any] = {"strides": tuple(rng.integers(1, 3, 2).tolist())}
    how |= {"padding": "same", "groups": groups}
    return Case(lambda m, x, kernel: m.conv(x, kernel, **how), [x, kernel], f"{how}")


@row("conv_transpose 1D", 350, 1)
@row("conv_transpose 2D", 400, 2)
@row("conv_transpose 3D", 300, 3)
def conv_transpose(rng: Rng, space: int) -> Case:
    window, strides, dilation, reaches = geometry(rng, space, 4 if space < 3 else 3)
    shape = rng.integers(1, 6 if space < 3 else 4, space).tolist()
    steps = on_each(strides, space)
    how: dict[str, Any] = {"strides": strides, "dilation_rate": dilation}
    kind = rng.choice(["valid", "same", "number", "numbers", "pairs"])
    more = [0] * space
    if rng.random() < 0.4:
        more = [int(rng.integers(0, s)) for s in steps]
        alike = len(set(more)) == 1
        how["output_padding"] = more[0] if alike else tuple(more)
    full = [(n - 1) * s + r for n, s, r in zip(shape, steps, reaches)]
    most = [(n + e - 1) // 2 for n, e in zip(full, more)]  # something must be left
    if kind == "number":
        how["padding"] = int(rng.integers(0, min(3, *most, 3) + 1))
    elif kind == "numbers":
        how["padding"] = tuple(int(rng.integers(0, min(3, m) + 1)) for m in most)
    elif kind == "pairs":
        how["padding"] = tuple(
            tuple(rng.integers(0, min(3, m) + 1, 2).tolist()) for m in most
        )
    else:
        how["padding"] = str(kind)
        if kind == "same" and "output_padding" in how:
            shape = [n + 1 for n in shape]  # Keras then cuts half a window off
    channels, filters = rng.integers(1, 4, 2)
    x = rng.normal(size=(rng.integers(1, 4), *shape, channels))
    kernel = rng.normal(size=(*window, filters, channels))
    note = f"x {x.shape}, kernel {kernel.shape}, {how}"

    def call(m: Any, x: Any, kernel: Any) -> Any:
        return m.conv_transpose(x, kernel, **how)

    return Case(call, [x, kernel], note)


def pooling(rng: Rng, space: int, empty: bool) -> tuple[np.ndarray, dict[str, Any]]:
    """x, and settings; `empty`: may a window see nothing but padding?"""
    pool_size = numbers(rng, space, 1, 4 if space < 3 else 3)
    most = 2 if empty else min(2, min(on_each(pool_size, space)) - 1)
    padding = any_padding(rng, space, most)
    how: dict[str, Any] = {"pool_size": pool_size, "padding": padding}
    if rng.random() < 0.8:
        how["strides"] = numbers(rng, space, 1, 4)
    shape = sizes(rng, on_each(pool_size, space), padding, 6 if space < 3 else 4)
    x = rng.normal(size=(rng.integers(1, 4), *shape, rng.integers(1, 4)))
    return x, how


@row("max_pool 1D", 350, 1)
@row("max_pool 2D", 400, 2)
@row("max_pool 3D", 350, 3)
def max_pool(rng: Rng, space: int) -> Case:
    x, how = pooling(rng, space, empty=False)
    if rng.random() < 0.3:  # ties: the first of equals gets the gradient
        x = np.floor(x)
    return Case(lambda m, x: m.max_pool(x, **how), [x], f"x {x.shape}, {how}")


@row("average_pool 1D", 350, 1)
@row("average_pool 2D", 400, 2)
@row("average_pool 3D", 350, 3)
def average_pool(rng: Rng, space: int) -> Case:
    x, how = pooling(rng, space, empty=True)
    return Case(lambda m, x: m.average_pool(x, **how), [x], f"x {x.shape}, {how}")
