"""The table that ``model.summary()`` prints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def summary_text(model: Any) -> str:
    """A line for each layer: name and kind, output shape, number of parameters."""
    rows = [("Layer (type)", "Output Shape", "Param #")]
    for layer, shape in model._rows():
        count = f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"
        rows.append((f"{layer.name} ({type(layer).__name__})", _shown(shape), count))
    widths = [max(len(row[i]) for row in rows) + 2 for i in range(3)]

    def line(left: str, middle: str, right: str, fill: str) -> str:
        return left + middle.join(fill * width for width in widths) + right

    def cells(row: tuple[str, ...], bar: str) -> str:
        name, shape, count = row
        return (
            f"{bar} {name:<{widths[0] - 2}} {bar} {shape:<{widths[1] - 2}} {bar} "
            f"{count:>{widths[2] - 2}} {bar}"
        )

    lines = [f'Model: "{model.name}"', line("┏", "┳", "┓", "━"), cells(rows[0], "┃")]
    lines.append(line("┡", "╇", "┩", "━"))
    for i, row in enumerate(rows[1:]):
        if i:
            lines.append(line("├", "┼", "┤", "─"))
        lines.append(cells(row, "│"))
    lines.append(line("└", "┴", "┘", "─"))
    trained = sum(weight.size for weight in model.trainable_weights)
    fixed = sum(weight.size for weight in model.non_trainable_weights)
    bytes_each = 8 if model.dtype == "float64" else 4
    for name, count in (
        ("Total params", trained + fixed),
        ("Trainable params", trained),
        ("Non-trainable params", fixed),
    ):
        lines.append(f" {name}: {count:,} ({_size(count * bytes_each)})")
    return "\n".join(lines)


def _shown(shape: Any) -> str:
    return str(tuple(shape)) if shape is not None else "?"


def _size(count: float) -> str:
    for unit in ("B", "KB", "MB"):
        if count < 1024 or unit == "MB":
            return f"{count:.2f} {unit}"
        count /= 1024
    return ""


def print_summary(model: Any, print_fn: Callable[[str], Any] | None = None) -> None:
    """Print the table, or hand it to `print_fn`."""
    (print_fn or print)(summary_text(model))
