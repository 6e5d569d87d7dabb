"""RESULTS.md: the page that says what was measured, and what of the aims is reached."""

from __future__ import annotations

from collections.abc import Sequence

from . import aims, libraries
from .markdown import (
    KINDS,
    amount_text,
    count_text,
    ratio_text,
    table,
    threads_text,
    time_text,
)
from .problems import PROBLEMS, SERIES
from .results import Results
from .timing import OURS

INTRO = """\
# Timings

Written by `python -m benchmarks` (`make bench`); every round's figures are in
[results](results). One warm process for each library, asked in turn, round after round;
all libraries compute in float32 from the same weights and data, and their first losses
agree to 1e-4. Times are medians. A ratio is dlcourse's time over the other library's
in the same round, so **below 1 dlcourse is the faster one**; in brackets the middle
half of the rounds.
"""
COLD = """\
Each figure is from fresh processes. *First step*: after the import, until W2's network
is built and has taken one step; *with the start*: from the start of the process, Python
and the import included. *Memory*: the most that was resident. *Growth*: what 10,000
further steps add.
"""
DISTANCE = """\
The multiplications and additions of the products of matrices in one step, and how many
of them are done in a second; the rest of the time goes to what is not a product. The
time inside NumPy counts for the function that calls it.
"""
SIZES = """\
The training step when one size is doubled four times: the width and the batch of W2,
the image of W6 (batch of 16), the sequence of W5, the number of W9's runs (at once, and
one after another). One thread.
"""


def page(all_results: Sequence[Results], picture: str, notes: str = "") -> str:
    """The whole page, in markdown."""
    parts = [INTRO, machine(all_results), aims.section(all_results)]
    for results in all_results:
        measured = [name for name in PROBLEMS if name in results.found]
        if measured:
            parts.append(f"## {threads_text(results.threads).capitalize()}\n")
            parts += [workload(results, name) for name in measured]
    if any(name in all_results[0].found for name in PROBLEMS):
        parts.append(distance(all_results))
    if notes:
        parts.append(notes)
    cold = [results for results in all_results if "W8" in results.found]
    if cold:
        parts += ["## A fresh process and its memory (W8)\n", COLD, fresh(cold[0])]
    one = all_results[0]
    if any("=" in name for name in one.found):
        parts += ["## Cost against size\n", SIZES, f"![cost against size]({picture})\n"]
        parts.append(sizes(one))
    return "\n".join(parts)


def machine(all_results: Sequence[Results]) -> str:
    """The processor, its peak, and the versions."""
    known = [results for results in all_results if results.machine]
    if not known:
        return ""
    first = known[0].machine
    peaks = ", ".join(
        f"{r.machine['peak'] / 1e9:.0f} GFLOP/s with {threads_text(r.threads)}"
        for r in known
    )
    versions = sorted({v for r in all_results for v in r.versions()})
    others = ", ".join(v for v in versions if not v.startswith("numpy "))
    return (
        f"{first['processor']}, {first['system']}, Python {first['python']}, NumPy "
        f"{first['numpy']}, {others}. The machine's best float32 product of matrices: "
        f"{peaks}.\n"
    )


def workload(results: Results, name: str) -> str:
    """One workload: a row for each library."""
    found = results.found[name]
    kinds = [k for k in KINDS if any(kind == k for _, kind in results.cells(name))]
    head = ["library"]
    for kind in kinds:
        head += [KINDS[kind], "ratio"]
    rows = []
    for library in results.libraries(name):
        row = [libraries.load(library).NAME]
        for kind in kinds:
            value = results.value(name, library, kind)
            ratio = None if library == OURS else results.ratio(name, kind, library)
            row += ["" if value is None else time_text(value.median), ratio_text(ratio)]
        rows.append(row)
    doc = (PROBLEMS[name].__doc__ or "").partition("\n")[0].removesuffix(".")
    gone = [
        f"{libraries.load(each).NAME} is left out: {why}.\n"
        for each, why in found["left_out"].items()
    ]
    return "\n".join([f"### {name}: {doc}\n", table(head, rows), *gone])


def distance(all_results: Sequence[Results]) -> str:
    """How far each workload is from the peak, and where the time goes instead."""
    known = [results for results in all_results if results.machine]
    head = ["workload", "of products", "functions by their own time, one thread"]
    for results in known:
        head += [f"GFLOP/s, {threads_text(results.threads)}", "of the peak"]
    rows = []
    for name in PROBLEMS:
        if name not in all_results[0].found:
            continue
        found = all_results[0].found[name]
        shares = ", ".join(
            f"`{where}` {part:.0%}" for where, part in found["profile"][:4]
        )
        row = [name, count_text(found["flops"]), shares]
        for results in known:
            kind = "train" if results.value(name, OURS, "train") else "infer"
            taken = results.value(name, OURS, kind)
            if taken is None:
                row += ["", ""]
                continue
            speed = found["flops"] / taken.median
            row += [f"{speed / 1e9:.3g}", f"{speed / results.machine['peak']:.1%}"]
        rows.append(row)
    return "\n".join(
        ["## How far from the peak\n", DISTANCE, table(head, rows, left=3)]
    )


def fresh(results: Results) -> str:
    """W8: a row for each library."""
    kinds = list(dict.fromkeys(kind for _, kind in results.cells("W8")))
    rows = []
    for library in results.libraries("W8"):
        row = [libraries.load(library).NAME]
        for kind in kinds:
            value = results.value("W8", library, kind)
            row.append("" if value is None else amount_text(kind, value.median))
        rows.append(row)
    return table(["library", *kinds], rows)


def sizes(results: Results) -> str:
    """The figures behind the picture."""
    rows = []
    for series, (_, steps) in SERIES.items():
        names = [f"{series}={size}" for size in steps]
        cells = dict.fromkeys(cell for name in names for cell in results.cells(name))
        for library, kind in cells:
            if kind not in ("train", "one after another"):
                continue
            values = [results.value(name, library, kind) for name in names]
            times = ["" if v is None else time_text(v.median) for v in values]
            label = libraries.load(library).NAME
            what = label if kind == "train" else f"{label}, {kind}"
            doubled = " ".join(str(size) for size in steps)
            rows.append([f"{series} {doubled}", what, *times])
    head = ["size", "library", "smallest", "×2", "×4", "×8", "×16"]
    return table(head, rows, left=2)
