"""The table of what was aimed at, what is reached, and what this machine allows."""

from __future__ import annotations

from collections.abc import Sequence

from . import libraries
from .markdown import KINDS, amount_text, paragraph, ratio_text, table, threads_text
from .results import Results, Spread
from .targets import TARGETS, Target

HEAD = "workload|what|against|threads|aim|measured|reached|least possible here"
LEAST = """\
*Least possible here* is the time that a workload's products of matrices take alone, at
the best speed that any product reached on this machine ({peaks}), over the other
library's time in the same run. It is given where products bound the workload, W2 to W6;
for W7 it is the time of its `tanh` alone, at the speed of NumPy's in the cache, and for
W1 that of its step written out by hand in NumPy, without any framework. Where it is
**bold** the aim lies below it, out of reach whatever the code around it. DeZero has
two rows for each aim: as it is installed, when NumPy 2 makes it compute in float64, and
kept to float32 by two remedies, which is faster.
"""


def section(all_results: Sequence[Results]) -> str:
    """What was aimed at, and what is reached."""
    by_threads = {results.threads: results for results in all_results}
    rows = []
    yes = unknown = beyond = 0
    for target in TARGETS:
        results = by_threads.get(target.threads)
        found, library = results.measured(target) if results else (None, "")
        least = results.least(target) if results else None
        out_of_reach = least is not None and target.bound < least
        if found is None:
            verdict = "not measured"
            unknown += 1
        elif found.median <= target.bound:
            verdict = "yes"
            yes += 1
        else:
            verdict = "**no**"
            beyond += out_of_reach
        floor = "" if least is None else _least(target, least)
        rows.append(
            [
                target.problem,
                KINDS.get(target.kind, target.kind),
                _against(target, library),
                str(target.threads),
                f"≤ {_bound(target)}",
                "" if found is None else _figure(target, found),
                verdict,
                f"**{floor}**" if out_of_reach else floor,
            ]
        )
    measured = len(TARGETS) - unknown
    missed = measured - yes
    count = (
        f"{yes} of {measured} aims are reached; of the {missed} that are missed, "
        f"{beyond} lie below what is possible on this machine at all."
    )
    if unknown:
        count += f" {unknown} more are not measured."
    parts = ["## What was aimed at\n", paragraph(count)]
    speeds = [_speed(results) for results in all_results if results.machine]
    if speeds:
        parts.append(paragraph(LEAST.format(peaks="; ".join(speeds))))
    parts.append(table(HEAD.split("|"), rows, left=3))
    return "\n".join([*parts, *_without_arrays(all_results)])


def _against(target: Target, library: str) -> str:
    if target.against is None:
        return ""
    name, kind = target.against
    whose = "" if kind == target.kind else f", {KINDS.get(kind, kind)}"
    if name == "*":
        best = f" ({libraries.load(library).NAME})" if library else ""
        return f"the best other framework{best}"
    return f"{libraries.load(name).NAME}{whose}"


def _bound(target: Target) -> str:
    if target.against is None:
        return amount_text(target.kind, target.bound)
    # 0.0667 says less than 1/15
    bound = target.bound
    return f"{bound:.2f}" if bound >= 0.2 else f"1/{1 / bound:.4g}"


def _figure(target: Target, found: Spread) -> str:
    if target.against is None:
        return amount_text(target.kind, found.median)
    return ratio_text(found)


def _least(target: Target, least: float) -> str:
    if target.against is None:
        return amount_text(target.kind, least)
    return f"{least:.2g}"


def _speed(results: Results) -> str:
    """The measured speeds behind the floors, with that many threads."""
    words = f"{results.machine['peak'] / 1e9:.0f} GFLOP/s"
    if "tanh" in results.machine:
        words += f" and {results.machine['tanh'] * 1e9:.2g} ns for a `tanh`"
    return f"{words} with {threads_text(results.threads)}"


def _without_arrays(all_results: Sequence[Results]) -> list[str]:
    """What is said below the table of libraries that "the best other" leaves out."""
    kinds = {t.kind: t for t in TARGETS if t.against and t.against[0] == "*"}
    notes = []
    for results in all_results:
        for kind, target in kinds.items():
            for library in results.libraries(target.problem):
                value = results.value(target.problem, library, kind)
                if value and not libraries.has_arrays(library):
                    note = (
                        f"{libraries.load(library).NAME} computes number by number and "
                        f"needs no array library: its {kind} takes "
                        f"{amount_text(kind, value.median)}. The best other framework "
                        "is the best of those that compute with arrays."
                    )
                    notes.append(paragraph(note))
    return notes
