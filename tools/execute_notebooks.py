"""Execute notebooks in place, so that a second run changes nothing: `make notebooks`.

Each runs in a fresh kernel, in its own folder, two at a time; what a run leaves behind
by chance is taken out by `notebook_hygiene.py` (read it first). Of cells tagged
``nbval-ignore-output`` (timings) the old outputs stay where the new ones differ in
numbers only. With paths as arguments only those notebooks run; with ``--check`` none is
written, and a difference is a failure.
"""

from __future__ import annotations

import re
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from .notebook_hygiene import all_notebooks, clean, problems, written

AT_ONCE = 2
SECONDS_PER_CELL = 120
SECONDS_PER_NOTEBOOK = 90  # what a student should wait for at most

# what a timing may say anew in each run: numbers, and the pixels of a picture
CHANGING = re.compile(r'base64,[^"]*|[-+]?\d[\d.,]*(?:e[-+]?\d+)?')


def execute(path: Path) -> tuple[str, float]:
    """The text of the notebook after a run, and the seconds it took."""
    notebook = nbformat.read(path, as_version=4)
    before = {cell.id: cell.copy() for cell in notebook.cells}
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=SECONDS_PER_CELL,
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.parent)}},
    )
    started = time.perf_counter()
    client.execute()
    seconds = time.perf_counter() - started
    for cell in notebook.cells:
        keep_timings(cell, before[cell.id])
    return written(clean(notebook)), seconds


def keep_timings(cell: Any, before: Any) -> None:
    """Put back the outputs of a timing whose words are still the same."""
    timing = "nbval-ignore-output" in cell.metadata.get("tags", [])
    if timing and wording(cell.outputs) == wording(before.outputs):
        cell.outputs = before.outputs


def wording(outputs: list[Any]) -> list[str]:
    """What outputs say, whatever the numbers and the pictures."""
    texts = []
    for each in outputs:
        data = each.get("data", {"text": each.get("text", "")})
        texts += [f"{kind} {text}" for kind, text in data.items() if "text" in kind]
    return [CHANGING.sub("#", text) for text in texts]


def run(path: Path, check: bool) -> tuple[bool, str]:
    """Execute one notebook; whether all is well, and a line to print."""
    try:
        text, seconds = execute(path)
    except CellExecutionError as error:
        return False, f"failed\n{error}"
    changed = text != path.read_text(encoding="utf-8")
    if changed and not check:
        path.write_text(text, encoding="utf-8", newline="\n")
    faults = problems(path)
    if seconds > SECONDS_PER_NOTEBOOK:
        faults.append(f"{SECONDS_PER_NOTEBOOK} s is the longest a student should wait")
    verdict = f"{'changed' if changed else 'the same'} after {seconds:.0f} s"
    well = not faults and not (changed and check)
    return well, "\n  ".join([verdict, *faults])


def main() -> None:
    """Execute the notebooks named, or all of them."""
    arguments = sys.argv[1:]
    check = "--check" in arguments
    named = [Path(each).resolve() for each in arguments if each != "--check"]
    all_well = True
    with ProcessPoolExecutor(AT_ONCE) as pool:
        tasks = {pool.submit(run, p, check): p for p in named or all_notebooks()}
        for task in as_completed(tasks):
            well, line = task.result()
            all_well &= well
            print(f"{tasks[task].name}: {line}", flush=True)
    sys.exit(0 if all_well else 1)


if __name__ == "__main__":
    main()
