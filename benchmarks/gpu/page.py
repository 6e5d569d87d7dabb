"""GPU.md: absolute times on the device, how far from its peaks, what bounds them."""

from __future__ import annotations

from collections.abc import Sequence

from ..markdown import count_text, paragraph, table, time_text
from ..page import workload
from ..results import Results
from ..timing import OURS

INTRO = """\
# Timings on a GPU

Written by `python -m benchmarks --device gpu` (`make gpu-bench`); every round's figures
are in [results/gpu](results/gpu). dlcourse on CuPy, one warm process for each library,
asked in turn, round after round; before each look at the clock the device has finished.
All compute in float32 (TF32 is off) from the same weights and data, and their first
losses agree to 1e-4 with those of dlcourse on the processor. Times are medians, of one
step in a row of many whose losses stay on the device. A ratio is dlcourse's time over
the other library's in the same round: **below 1 dlcourse is the faster one**.
"""
RULE = """\
Three times are compared, each from measured figures. *Launches*: the operations of a
step, counted behind a stand-in for CuPy, times the {launch} that a smallest kernel
takes from one start to the next. *Memory*: the bytes of all their operands and results,
at the {bandwidth} at which this device copies. *Products*: the multiplications and
additions of the products of matrices, at the {peak} of its best float32 product. The
longest of the three is what bounds the workload; the last column says how much of the
measured time it accounts for. (The figures of W7 are of one look at all weight vectors,
those of W9 of 200 steps of 64 runs at once.)
"""


def bound(found: Results, name: str) -> tuple[dict[str, float], str]:
    """Seconds for launches, memory and products alone, and which is the longest."""
    machine, measured = found.machine, found.found[name]
    asked = measured["asked"]
    seconds = {
        "launches": asked["operations"] * machine["launch"],
        "memory": asked["bytes"] / machine["bandwidth"],
        "products": measured["flops"] / machine["peak"],
    }
    return seconds, max(seconds, key=lambda what: seconds[what])


def page(found: Results, names: Sequence[str]) -> str:
    """The whole page, in markdown."""
    tried = [name for name in names if name in found.found]
    failed = [name for name in tried if "failed" in found.found[name]]
    measured = [name for name in tried if name not in failed]
    parts = [INTRO, device(found), *(workload(found, name) for name in measured)]
    parts += [paragraph(f"{found.found[name]['failed']}.") for name in failed]
    if measured:
        parts += ["## What bounds each workload\n", rule(found)]
        parts.append(table(HEAD, [row(found, name) for name in measured], left=1))
    return "\n".join(parts)


HEAD = (
    "workload,step,of products,TFLOP/s,of the peak,operations,waits,launches alone,"
    "memory alone,products alone,bound by,of the time"
).split(",")


def device(found: Results) -> str:
    """The device, its peaks, and the versions."""
    machine = found.machine
    others = ", ".join(v for v in found.versions() if not v.startswith("numpy "))
    return paragraph(
        f"{machine['device']}, CUDA {machine['cuda']} (driver {machine['driver']}), "
        f"CuPy {machine['cupy']}; {machine['processor']}, {machine['system']}, Python "
        f"{machine['python']}, NumPy {machine['numpy']}, {others}. Measured peaks: "
        f"{_speed(machine)} for a float32 product of matrices, "
        f"{machine['bandwidth'] / 1e9:.0f} GB/s for a copy (read and written), "
        f"{time_text(machine['launch'])} for a smallest kernel."
    )


def rule(found: Results) -> str:
    """How it is decided what bounds a workload."""
    machine = found.machine
    return paragraph(
        RULE.format(
            launch=time_text(machine["launch"]),
            bandwidth=f"{machine['bandwidth'] / 1e9:.0f} GB/s",
            peak=_speed(machine),
        )
    )


def row(found: Results, name: str) -> list[str]:
    """One workload's line of that table."""
    kind = "train" if found.value(name, OURS, "train") else "infer"
    taken = found.value(name, OURS, kind).median  # type: ignore[union-attr]
    measured = found.found[name]
    seconds, longest = bound(found, name)
    speed = measured["flops"] / taken
    return [
        name,
        time_text(taken),
        count_text(measured["flops"]),
        f"{speed / 1e12:.3g}",
        f"{speed / found.machine['peak']:.1%}",
        str(measured["asked"]["operations"]),
        str(measured["asked"]["waits"]),
        *(time_text(seconds[what]) for what in ("launches", "memory", "products")),
        longest,
        f"{seconds[longest] / taken:.0%}",
    ]


def _speed(machine: dict) -> str:
    return f"{machine['peak'] / 1e12:.3g} TFLOP/s"
