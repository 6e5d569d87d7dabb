"""Every committed notebook is executed, tidy and readable without a kernel.

What "tidy" means is written in tools/notebook_hygiene.py; here each rule is shown to
bite, and all notebooks and solutions are held against them.
"""

import copy
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools.execute_notebooks import keep_timings, run
from tools.notebook_hygiene import (
    LONGEST_CELL,
    NOTEBOOKS,
    ROOT,
    WIDGET,
    all_notebooks,
    clean,
    problems,
    written,
)

LECTURES = sorted(NOTEBOOKS.glob("*.ipynb"))
SOLUTIONS = sorted(NOTEBOOKS.glob("solutions/*.ipynb"))
PICTURE = {"text/html": '<img alt="a curve" src="">', "text/plain": "Picture"}


def test_there_are_lectures():
    assert LECTURES, "notebooks/ holds no notebook"


@pytest.mark.parametrize(
    "path", all_notebooks(), ids=lambda p: p.relative_to(ROOT).as_posix()
)
def test_a_committed_notebook_has_no_faults(path):
    assert problems(path) == []


@pytest.mark.parametrize("path", LECTURES, ids=lambda p: p.stem)
def test_each_exercise_has_a_solution(path):
    notebook = nbformat.read(path, as_version=4)
    prose = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    has_exercises = re.search(
        r"^#+ .*\bexercises?\b", prose, re.MULTILINE | re.IGNORECASE
    )
    solved = NOTEBOOKS / "solutions" / path.name
    assert bool(has_exercises) == solved.exists(), f"exercises without {solved.name}"


def test_each_solution_belongs_to_a_lecture():
    assert {path.name for path in SOLUTIONS} <= {path.name for path in LECTURES}


# ------------------------------------------------------- does each rule bite?


def tidy():
    """A small notebook without a fault."""
    shown = new_output("execute_result", PICTURE, execution_count=2)
    cells = [
        new_markdown_cell("# A lecture\n![a neuron](neuron.png)", id="title"),
        new_code_cell("print(1)", id="one", execution_count=1),
        new_code_cell("show()", id="two", execution_count=2, outputs=[shown]),
    ]
    cells[1].outputs = [new_output("stream", name="stdout", text="1\n")]
    return clean(new_notebook(cells=cells))


def faults_of(notebook, tmp_path):
    """What `problems` says of it, once it is a file."""
    path = tmp_path / "notebook.ipynb"
    path.write_text(written(notebook), encoding="utf-8")
    return problems(path)


def test_a_tidy_notebook_has_no_faults(tmp_path):
    assert faults_of(tidy(), tmp_path) == []


def spoil(name):
    """Register a way to spoil the tidy notebook, and the words that must complain."""

    def register(change):
        SPOILED.append(pytest.param(change, name, id=change.__name__))
        return change

    return register


SPOILED = []


@spoil("not executed in order")
def never_run(nb):
    nb.cells[1].execution_count = None


@spoil("not executed in order")
def run_twice(nb):
    nb.cells[2].execution_count = 7


@spoil("raises-exception and the output (ValueError) disagree")
def failing(nb):
    nb.cells[1].outputs = [new_output("error", ename="ValueError", evalue="no")]


@spoil("raises-exception and the output (no error) disagree")
def failing_no_more(nb):
    nb.cells[1].metadata.tags = ["raises-exception"]


@spoil("same id")
def twins(nb):
    nb.cells[1].id = nb.cells[0].id


@spoil("lines of code")
def long(nb):
    nb.cells[1].source = "print(1)\n" * (LONGEST_CELL + 1)


@spoil("empty cell")
def empty(nb):
    nb.cells[1].source = "# nothing\n"


@spoil("more than 1 MB")
def heavy(nb):
    nb.cells[0].source += "a" * 1_000_001


@spoil("changes from run to run")
def widget_state(nb):
    nb.metadata.widgets = {"state": {}}


@spoil("changes from run to run")
def times(nb):
    nb.cells[1].metadata.execution = {"iopub.execute_input": "2026-01-01T00:00:00Z"}


@spoil("shows nothing without a kernel")
def bare_widget(nb):
    nb.cells[2].outputs[0].data = {WIDGET: {"model_id": "5f"}, "text/plain": "VBox()"}


@spoil("in HTML without alt text")
def silent_tag(nb):
    nb.cells[2].outputs[0].data["text/html"] = '<img alt="" src="">'


@spoil("image/png without alt text")
def silent_png(nb):
    nb.cells[2].outputs[0].data = {"image/png": "QUJD", "text/plain": "<Figure>"}


@spoil("an image without alt text")
def silent_markdown(nb):
    nb.cells[0].source = "![](neuron.png)"


@spoil("somebody's machine")
def machine_in_code(nb):
    nb.cells[1].source = "open('/home/ada/data.csv')"


@spoil("somebody's machine in the output")
def machine_in_output(nb):
    nb.cells[1].outputs[0].text = f"{ROOT}/notebooks\n"


@spoil("memory address")
def address(nb):
    nb.cells[2].outputs[0].data["text/plain"] = "<Model object at 0x7f63aa12>"


@spoil("a warning")
def warned(nb):
    text = "RuntimeWarning: overflow encountered in exp\n"
    nb.cells[1].outputs = [new_output("stream", name="stderr", text=text)]


@pytest.mark.parametrize(("change", "words"), SPOILED)
def test_each_rule_bites(change, words, tmp_path):
    notebook = tidy()
    change(notebook)
    assert any(words in fault for fault in faults_of(notebook, tmp_path))


def test_executing_twice_changes_nothing(tmp_path):
    path = tmp_path / "lecture.ipynb"
    cells = [
        "import ipywidgets, time",
        "class Shown(ipywidgets.HTML):\n"
        "    def _repr_mimebundle_(self, **settings):\n"
        "        picture = {'text/html': '<img alt=\"a curve\" src=\"\">'}\n"
        "        return super()._repr_mimebundle_(**settings) | picture\n"
        "Shown('a live control')",
        "print(time.perf_counter(), 's')",
        "1 / 0",
    ]
    ids = ("import", "widget", "timing", "error")
    notebook = new_notebook(cells=[new_code_cell(c, id=i) for c, i in zip(cells, ids)])
    notebook.cells[2].metadata.tags = ["nbval-ignore-output"]
    notebook.cells[3].metadata.tags = ["raises-exception"]
    path.write_text(written(notebook), encoding="utf-8")
    assert run(path, check=True)[0] is False
    assert run(path, check=False)[0] is True
    before = path.read_text(encoding="utf-8")
    assert WIDGET not in before and "a curve" in before
    assert run(path, check=True)[0] is True


def test_an_image_with_alt_text_in_its_metadata_is_fine(tmp_path):
    notebook = tidy()
    output = notebook.cells[2].outputs[0]
    output.data = {"image/png": "QUJD", "text/plain": "Figure"}
    output.metadata = {"image/png": {"alt": "the loss falls"}}
    assert faults_of(notebook, tmp_path) == []


def test_cleaning_mends_and_then_changes_nothing(tmp_path):
    notebook = tidy()
    widget_state(notebook)
    times(notebook)
    notebook.cells[2].outputs[0].data[WIDGET] = {"model_id": "5f"}
    trace = new_output("error", ename="E", evalue="", traceback=[f"File {ROOT}/a.py:1"])
    notebook.cells[1].outputs = [trace]
    notebook.cells[1].metadata.tags = ["raises-exception"]
    once = copy.deepcopy(clean(notebook))
    assert faults_of(once, tmp_path) == []
    assert once.cells[1].outputs[0].traceback == ["File a.py:1"]
    assert clean(copy.deepcopy(once)) == once


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        ("took 1.25 s\n", "took 3e-4 s\n", True),
        ("took 1.25 s\n", "took 1.25 s in all\n", False),
    ],
)
def test_a_timing_stays_until_its_words_change(old, new, kept):
    before, after = (
        new_code_cell(
            "time_it()",
            metadata={"tags": ["nbval-ignore-output"]},
            outputs=[new_output("stream", name="stdout", text=text)],
        )
        for text in (old, new)
    )
    keep_timings(after, before)
    assert (after.outputs == before.outputs) == kept
