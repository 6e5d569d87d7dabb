"""How figures are written in the pages: tables, times, ratios with their spread."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from .results import Spread

KINDS = {
    "train": "training step",
    "infer": "inference",
    "fit": "step in `fit`",
    "train_on_batch": "`train_on_batch`",
    "one after another": "one after another",
}


def paragraph(text: str) -> str:
    """Sentences in lines of the page's width."""
    return textwrap.fill(text, 88, break_on_hyphens=False) + "\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """A table of markdown; the first `left` columns are words, the others numbers."""
    rule = ["---"] * left + ["---:"] * (len(head) - left)
    lines = [head, rule, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def time_text(seconds: float) -> str:
    """Seconds in the unit that suits them."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def ratio_text(ratio: Spread | None) -> str:
    """A ratio with its spread."""
    if ratio is None:
        return ""
    ends = f"{ratio.low:.3g}–{ratio.high:.3g}"
    middle = f"{ratio.median:.3g}"
    return f"{middle} ({ends})" if ratio.low < ratio.high else middle


def amount_text(kind: str, value: float) -> str:
    """What was measured of that kind: megabytes, or seconds."""
    in_memory = kind.startswith(("memory", "growth"))
    if not in_memory:
        return time_text(value)
    return f"{value:.2f} MB" if kind.startswith("growth") else f"{value:.0f} MB"


def count_text(flops: int) -> str:
    """Operations in the unit that suits them."""
    if flops >= 1e9:
        return f"{flops / 1e9:.3g} GFLOP"
    return f"{flops / 1e6:.3g} MFLOP"


def threads_text(count: int) -> str:
    """So many threads, in words where they are few."""
    return {1: "one thread", 2: "two threads"}.get(count, f"{count} threads")
