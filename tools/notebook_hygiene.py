"""What a committed notebook looks like: `problems` finds faults, `clean` mends some.

A saved notebook is read on a code host, where no kernel runs, and compared cell by
cell by the tests. So it is committed executed, every picture says in words what it
shows, and nothing in it changes from one run to the next: no random ids of widgets, no
times, no paths of somebody's machine. Used by `execute_notebooks.py` (read it next), by
the tests and, as ``python -m tools.notebook_hygiene [--fix] FILES``, before a commit.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"

LONGEST_CELL = 12  # lines of code
LARGEST_FILE = 1_000_000  # bytes

# as JupyterLab writes it when a notebook is saved
KERNEL = {
    "display_name": "Python 3 (ipykernel)",
    "language": "python",
    "name": "python3",
}
LANGUAGE = {
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "pygments_lexer": "ipython3",
}
CELL_METADATA = {"collapsed", "deletable", "editable", "jupyter", "slideshow", "tags"}
WIDGET = "application/vnd.jupyter.widget-view+json"

MACHINE_PATH = re.compile(r"(?<![\w.:/])/(?:home|root|Users|tmp|usr|opt|var)/|[A-Z]:\\")
IMAGE_TAG = re.compile(r"<(?:img|svg)\b[^>]*>")
ALT_TEXT = re.compile(r"""\b(?:alt|aria-label)=(?:"[^"]*\w[^"]*"|'[^']*\w[^']*')""")
EMPTY_MARKDOWN_ALT = re.compile(r"!\[\s*\]\(")


def all_notebooks() -> list[Path]:
    """Every lecture and every solution, in the order of the course."""
    found = [*NOTEBOOKS.glob("*.ipynb"), *NOTEBOOKS.glob("solutions/*.ipynb")]
    return sorted(found, key=lambda path: (path.name, len(path.parts)))


def problems(path: Path) -> list[str]:
    """What is wrong with a committed notebook, one sentence for each fault."""
    found = []
    if path.stat().st_size > LARGEST_FILE:
        found.append(f"the file has {path.stat().st_size:,} bytes: more than 1 MB")
    text = path.read_text(encoding="utf-8")
    notebook = nbformat.v4.reads(text)  # as it is: nbformat.reads would repair it
    if (notebook.nbformat, notebook.nbformat_minor) < (4, 5):
        return [*found, "the format is older than 4.5: cells have no ids"]
    ids = [cell.get("id") for cell in notebook.cells]
    if len(set(ids)) < len(ids):
        return [*found, "two cells have the same id"]
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        return [*found, f"not a valid notebook: {error.message}"]
    codes = [cell for cell in notebook.cells if cell.cell_type == "code"]
    counts = [cell.execution_count for cell in codes]
    if counts != list(range(1, len(codes) + 1)):
        found.append(f"not executed in order from a fresh kernel: {counts}")
    for number, cell in enumerate(notebook.cells):
        check = code_problems if cell.cell_type == "code" else markdown_problems
        found += [f"cell {number} ({cell.get('id')}): {each}" for each in check(cell)]
    if not found and text != written(clean(notebook)):
        found.append("its metadata changes from run to run; mend it with --fix")
    return found


def markdown_problems(cell: Any) -> Iterator[str]:
    """The faults of a cell of prose."""
    tags = IMAGE_TAG.findall(cell.source)
    if EMPTY_MARKDOWN_ALT.search(cell.source) or not all(map(ALT_TEXT.search, tags)):
        yield "an image without alt text"
    if names_a_machine(cell.source):
        yield "a path of somebody's machine"


def code_problems(cell: Any) -> Iterator[str]:
    """The faults of a cell of code and of its outputs."""
    lines = [line.strip() for line in cell.source.splitlines()]
    code = [line for line in lines if line and not line.startswith("#")]
    if not code:
        yield "an empty cell of code"
    if len(code) > LONGEST_CELL:
        yield f"{len(code)} lines of code; {LONGEST_CELL} at most"
    if names_a_machine(cell.source):
        yield "a path of somebody's machine"
    failed = [each for each in cell.outputs if each.output_type == "error"]
    if bool(failed) != ("raises-exception" in cell.metadata.get("tags", [])):
        name = failed[0].ename if failed else "no error"
        yield f"the tag raises-exception and the output ({name}) disagree"
    for output in cell.outputs:
        yield from output_problems(output)


def output_problems(output: Any) -> Iterator[str]:
    """The faults of one output."""
    if output.output_type == "stream":
        text = output.text
        if output.name == "stderr" and "Warning" in text:
            yield f"a warning: {text.strip().splitlines()[-1]}"
    elif output.output_type == "error":
        text = "\n".join([output.evalue, *output.traceback])
    else:
        text = output.data.get("text/plain", "")
        yield from picture_problems(output)
    if names_a_machine(text):
        yield "a path of somebody's machine in the output"
    if re.search(r"\bat 0x[0-9a-f]{6,}", text) and output.output_type != "error":
        yield "a memory address in the output: another one in every run"


def picture_problems(output: Any) -> Iterator[str]:
    """What a reader without a kernel, or without eyes, would miss."""
    page = output.data.get("text/html", "")
    tags = IMAGE_TAG.findall(page)
    if not all(map(ALT_TEXT.search, tags)):
        yield "an image in HTML without alt text"
    for kind in output.data:
        alt = output.metadata.get(kind, {}).get("alt", "")
        if kind.startswith("image/") and not tags and not alt.strip():
            yield f"{kind} without alt text"
    if WIDGET in output.data:
        yield "a widget that shows nothing without a kernel: add a picture or HTML"


def names_a_machine(text: str) -> bool:
    """Does a path of the machine at hand, or of a usual one, occur in `text`?"""
    return str(ROOT) in text or MACHINE_PATH.search(text) is not None


# ---------------------------------------------------------------- mending


def clean(notebook: Any) -> Any:
    """Take out, in place, what differs from run to run or is of no use to a reader."""
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": KERNEL, "language_info": LANGUAGE}
    )
    for cell in notebook.cells:
        for key in set(cell.metadata) - CELL_METADATA:
            del cell.metadata[key]
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                output.traceback = [relative(line) for line in output.traceback]
            elif output.output_type == "stream":
                output.text = relative(output.text)
            elif "text/html" in output.data or any("image/" in k for k in output.data):
                # without a kernel, JupyterLab would prefer the widget that is not there
                output.data.pop(WIDGET, None)
    return notebook


def relative(text: str) -> str:
    """`text` with the paths of this checkout told from its root."""
    text = text.replace(f"{ROOT}{os.sep}", "")
    if ROOT.is_relative_to(Path.home()):  # as a traceback abbreviates it
        text = text.replace(f"~{os.sep}{ROOT.relative_to(Path.home())}{os.sep}", "")
    return text


def written(notebook: Any) -> str:
    """The notebook as it stands in its file."""
    return nbformat.v4.writes(notebook) + "\n"


def main() -> None:
    """Check the notebooks named, or all; with ``--fix`` clean them first."""
    arguments = sys.argv[1:]
    fix = "--fix" in arguments
    named = [Path(each) for each in arguments if each != "--fix"]
    faults = 0
    for path in named or all_notebooks():
        if fix:
            notebook = nbformat.read(path, as_version=4)
            text = written(clean(notebook))
            path.write_text(text, encoding="utf-8", newline="\n")
        for problem in problems(path):
            print(f"{path}: {problem}")
            faults += 1
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
