"""What was measured, kept as JSON beside the page, and the arithmetic on it.

Each problem has a file for each number of threads, with every round's seconds, so that
one workload can be measured again and the page written anew. Read ``page.py`` next.
"""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import libraries
from .problems import BY_PRODUCTS, problem
from .targets import Target
from .timing import OURS

# "*" in a target means all with arrays but these
NOT_OTHERS = (OURS, "torch-best", "numpy")


@dataclass(frozen=True)
class Spread:
    """A median, and between what the middle half lies."""

    median: float
    low: float
    high: float


def spread(values: list[float]) -> Spread:
    """The median and the quartiles."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median, low, high)


class Results:
    """Everything measured with one number of threads, from and to a folder."""

    def __init__(self, folder: Path, threads: int, name: str = "") -> None:
        self.folder = folder / (name or f"threads-{threads}")
        self.threads = threads
        self.found: dict[str, dict[str, Any]] = {}
        for path in sorted(self.folder.glob("*.json")):
            self._take(json.loads(path.read_text(encoding="utf-8")))
        self.machine = self.found.pop("machine", {})

    def _take(self, result: dict[str, Any]) -> None:
        self.found[result["problem"]] = result

    def add(self, result: dict[str, Any]) -> None:
        """Keep a result, in place of an older one of the same problem."""
        used = {cell["library"] for cell in result.get("cells", [])}
        versions = {name: libraries.version_of(name) for name in sorted(used)}
        result = {**result, "versions": versions}
        name = result["problem"].replace("=", "-")
        self.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(result, indent=1) + "\n"
        (self.folder / f"{name}.json").write_text(text, encoding="utf-8")
        if result["problem"] == "machine":
            self.machine = result
        else:
            self._take(result)

    def cells(self, problem: str) -> dict[tuple[str, str], list[float]]:
        """What was measured: (library, kind) to each round's value."""
        cells = self.found.get(problem, {}).get("cells", [])
        return {(cell["library"], cell["kind"]): cell["values"] for cell in cells}

    def libraries(self, problem: str) -> list[str]:
        """The libraries that were measured, in the order in which they ran."""
        return list(dict.fromkeys(library for library, _ in self.cells(problem)))

    def value(self, problem: str, library: str, kind: str) -> Spread | None:
        """Seconds, or megabytes; None if that was not measured."""
        values = self.cells(problem).get((library, kind))
        return spread(values) if values else None

    def ratio(
        self, problem: str, kind: str, library: str, other: str | None = None
    ) -> Spread | None:
        """dlcourse's `kind` over the library's `other` (by default the same kind).

        Taken within each round.
        """
        cells = self.cells(problem)
        ours = cells.get((OURS, kind))
        theirs = cells.get((library, other or kind))
        if not ours or not theirs:
            return None
        return spread([a / b for a, b in zip(ours, theirs, strict=True)])

    def measured(self, target: Target) -> tuple[Spread | None, str]:
        """What a target asks for, and the library it was compared with."""
        if target.against is None:
            return self.value(target.problem, OURS, target.kind), ""
        library, kind = target.against
        if library != "*":
            return self.ratio(target.problem, target.kind, library, kind), library
        others = [
            (self.ratio(target.problem, target.kind, name, kind), name)
            for name in self.libraries(target.problem)
            if name not in NOT_OTHERS and libraries.has_arrays(name)
        ]
        ratios = [(ratio, name) for ratio, name in others if ratio]
        return max(ratios, key=lambda r: r[0].median, default=(None, ""))

    def least(self, target: Target) -> float | None:
        """The least that a target's figure can be on this machine, if that is known.

        The time of the arithmetic that nobody can leave out, over the other's time.
        """
        seconds = self._arithmetic(target)
        if seconds is None or target.against is None:
            return seconds
        library, kind = target.against
        other = self.value(target.problem, library, kind)
        return None if other is None or library == OURS else seconds / other.median

    def _arithmetic(self, target: Target) -> float | None:
        """Seconds for the products of a training step, for W7's tanh, or W1 by hand."""
        name, kind, machine = target.problem, target.kind, self.machine
        if name == "W1":
            by_hand = self.value(name, "numpy", "train")
            return by_hand and by_hand.median
        if kind == "train" and name in BY_PRODUCTS and name in self.found:
            peak = machine.get("peak")
            return self.found[name]["flops"] / peak if peak else None
        if name == "W7" and "tanh" in machine:
            return problem(name).settings["tanhs"] * machine["tanh"]
        return None

    def versions(self) -> list[str]:
        """The distributions that took part, with their versions."""
        found = [r.get("versions", {}).values() for r in self.found.values()]
        return sorted({version for versions in found for version in versions})
