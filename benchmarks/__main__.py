"""``python -m benchmarks --workload W1,W3 --peers torch,dezero``: time and compare.

Writes the page benchmarks/RESULTS.md (or where ``--output`` says), and beside it the
measurements and the picture. A workload measured alone replaces its older figures; the
rest of the page stays.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from . import libraries, machine, markdown, page
from .cold import cold_rows
from .gpu import run as on_device
from .problems import PROBLEMS, SERIES, problem
from .results import Results
from .timing import OURS, compare

HERE = Path(__file__).parent
COLD = "W8"
GROUPS = {
    "W10": ["W1", "W2"],  # `fit` against the bare step: both are measured there
    "sizes": [
        f"{name}={size}" for name, (_, sizes) in SERIES.items() for size in sizes
    ],
}
COLD_ROUNDS = 5  # at most: each starts dozens of processes
IN_SERIES = ("torch",)  # the peers that run 25 sizes, too


def workloads(text: str) -> list[str]:
    """The problems that "W1,W10,sizes" means; `SystemExit` names what is unknown."""
    wanted = [name for name in text.split(",") if name]
    names = [each for name in wanted for each in GROUPS.get(name, [name])]
    for name in names:
        if name != COLD:
            problem(name)
    return list(dict.fromkeys(names))


def peers(text: str, able: Callable[[list[str]], list[str]] = list) -> list[str]:
    """The libraries that "torch,jax" or "all" means, less those not installed.

    `able` leaves those that can do what is asked.
    """
    known = libraries.names() if text == "all" else [n for n in text.split(",") if n]
    known = able(known)
    found = []
    for name in known:
        if name == OURS:
            continue
        if libraries.is_installed(name):
            found.append(name)
        else:
            print(f"{libraries.load(name).NAME} is not installed and is left out")
    return found


def main(arguments: list[str] | None = None) -> None:
    """Read the command line, measure, and write the page."""
    everything = ",".join([*PROBLEMS, COLD, "sizes"])
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--workload", default=everything, help=f"of {everything},W10")
    parser.add_argument("--peers", default="all", help="all, or names: torch,jax")
    parser.add_argument("--threads", default="1,2", help="one number, or several")
    parser.add_argument("--device", choices=("cpu", "gpu"), default="cpu")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--output", type=Path, help="default: RESULTS.md, or GPU.md")
    parser.add_argument("--plot", type=Path, help="default: size.svg beside the page")
    parser.add_argument(
        "--page-only", action="store_true", help="measure nothing, write the page anew"
    )
    options = parser.parse_args(arguments)
    names = workloads(options.workload)
    if options.device == "gpu":
        others = [] if options.page_only else peers(options.peers, on_device.on_gpu)
        output = options.output or HERE / "GPU.md"
        on_device.main(names, others, options.rounds, output, options.page_only)
        return
    options.output = options.output or HERE / "RESULTS.md"
    counts = [int(count) for count in options.threads.split(",")]
    folder = options.output.parent / "results"
    if not options.page_only:
        others = peers(options.peers)
        for threads in counts:
            measure(Results(folder, threads), names, others, options.rounds)
    known = sorted({*counts, *_measured(folder)})
    all_results = [Results(folder, threads) for threads in known]
    drawing = options.plot or options.output.with_name("size.svg")
    if any("=" in name for name in all_results[0].found):
        from . import picture  # needs matplotlib, which a GPU machine may not have

        picture.draw(all_results[0], drawing)
    notes = HERE / "NOTES.md"
    words = notes.read_text(encoding="utf-8") if notes.exists() else ""
    text = page.page(all_results, drawing.name, words)
    options.output.write_text(text, encoding="utf-8")
    print(f"{options.output} is written")


def measure(results: Results, names: list[str], others: list[str], rounds: int) -> None:
    """Measure the problems, and keep each result as soon as it is there."""
    threads = results.threads
    known = {"problem": "machine", **machine.speeds(threads), **machine.describe()}
    results.add(known)
    for name in names:
        if "=" in name and threads > 1:
            continue  # one thread tells how the cost grows
        print(f"{name}, {threads} thread(s)", flush=True)
        if name == COLD:
            if threads == 1:
                fewer = min(rounds, COLD_ROUNDS)
                beside = [*dict.fromkeys(["numpy", *others])]
                results.add(cold_rows(beside, threads, fewer))
            continue
        able = [o for o in others if o in IN_SERIES] if "=" in name else others
        results.add(compare(name, able, threads, rounds))
        for library in results.libraries(name):
            kind = next(iter(results.cells(name)))[1]
            ratio = results.ratio(name, kind, library)
            value = results.value(name, library, kind)
            if value and ratio:
                beside = "" if library == OURS else markdown.ratio_text(ratio)
                shown = f"{markdown.time_text(value.median):>9} {beside}"
                print(f"  {library:12} {kind} {shown}", flush=True)


def _measured(folder: Path) -> list[int]:
    return [int(path.name.partition("-")[2]) for path in folder.glob("threads-*")]


if __name__ == "__main__":
    main()
