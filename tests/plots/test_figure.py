"""A shown figure: a small picture, its words everywhere, text fit to be compared."""

import base64
import io
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from dlcourse import plots
from dlcourse.errors import ConfigError
from dlcourse.plots import figure as module

ROOT = Path(__file__).resolve().parents[2]
ALT = "A falling line,\n   from 2 to 1 & <below>."
WORDS = "A falling line, from 2 to 1 & <below>."


@pytest.fixture
def shown(monkeypatch):
    """What a page would get from `show`: pairs of data and metadata."""
    outputs = []
    formatter = DisplayFormatter()
    monkeypatch.setattr(
        module, "display", lambda o: outputs.append(formatter.format(o))
    )
    return outputs


def test_the_picture_carries_its_words_in_all_places(shown):
    figure, axes = plots.subplots(size=(4, 3))
    axes.plot([2, 1])
    plots.show(figure, ALT)
    (data, metadata), (words, _) = shown
    assert set(data) == {"image/png", "text/plain"}
    assert data["text/plain"] == WORDS
    assert metadata["image/png"] == {"alt": WORDS, "width": 400}
    assert "A falling line, from 2 to 1 &amp; &lt;below&gt;." in words["text/html"]
    assert "<summary>" in words["text/html"]
    image = Image.open(io.BytesIO(data["image/png"]))
    assert image.size == (600, 450)
    assert image.text["Description"] == WORDS
    assert len(data["image/png"]) < 15_000


def test_what_is_drawn_is_what_is_shown(shown):
    figure, axes = plots.subplots(size=(2, 2))
    axes.set_axis_off()
    axes.imshow([[0.0, 1.0]], cmap="gray", aspect="auto")
    plots.show(figure, "Black beside white.")
    pixels = np.asarray(Image.open(io.BytesIO(shown[0][0]["image/png"])).convert("L"))
    middle = pixels[150]
    assert middle[75] < 10 and middle[225] > 245


def test_small_marks_keep_their_color_beside_a_large_map(shown):
    figure, axes = plots.subplots(size=(6, 4))
    plane = np.linspace(0, 1, 200)
    axes.imshow(plane[:, None] + plane, cmap="viridis", aspect="auto")
    axes.scatter([100], [100], s=60, c=[plots.CLASS_COLORS[4]])
    plots.show(figure, "One purple point on a map.")
    image = Image.open(io.BytesIO(shown[0][0]["image/png"])).convert("RGB")
    away = np.asarray(image, int) - [0xCC, 0x79, 0xA7]
    assert np.abs(away).max(axis=-1).min() < 16


def test_a_pyplot_figure_is_closed(shown):
    from matplotlib import pyplot

    figure, _ = pyplot.subplots()
    number = figure.number
    plots.show(figure, "Empty axes.")
    assert not pyplot.fignum_exists(number)


@pytest.mark.parametrize("alt", ["", "  \n", None, 3])
def test_a_picture_without_words_is_refused(shown, alt):
    figure, _ = plots.subplots()
    with pytest.raises(ConfigError, match="cannot see"):
        plots.show(figure, alt)
    assert not shown


def test_sizes_and_shapes_of_subplots():
    figure, axes = plots.subplots()
    assert figure.get_size_inches().tolist() == [5, 4] and axes.figure is figure
    figure, axes = plots.subplots(2, 3, sharey=True)
    assert figure.get_size_inches().tolist() == [12, 8] and axes.shape == (2, 3)
    figure, _ = plots.subplots(size=(3, 2))
    assert figure.get_size_inches().tolist() == [3, 2]


def test_in_a_plain_program_the_words_are_printed(capsys):
    figure, _ = plots.subplots()
    plots.show(figure, ALT)
    assert capsys.readouterr().out.splitlines()[0] == WORDS


def test_the_notebook_check_compares_the_words_and_not_the_pixels(shown, tmp_path):
    figure, axes = plots.subplots(size=(2, 2))
    axes.plot([3, 1])
    plots.show(figure, "A line.")
    saved = [
        new_output("display_data", _for_a_file(data), metadata=metadata)
        for data, metadata in shown
    ]
    source = (
        "from dlcourse import plots\n"
        "figure, axes = plots.subplots(size=(2, 2))\n"
        "axes.set(xlim=(0, 5))\n"
        "plots.show(figure, '{words}')"
    )
    cells = [
        new_code_cell(source.format(words=words), outputs=saved, execution_count=1)
        for words in ("A line.", "A bend.")
    ]
    path = tmp_path / "two.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    check = "pytest", "--nbval", "--nbval-current-env", "-q", "-p", "no:cacheprovider"
    done = subprocess.run(
        [sys.executable, "-m", *check, str(path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "A bend." in done.stdout


def _for_a_file(data):
    """Pictures in base64, as they stand in a saved notebook."""
    return {
        kind: base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for kind, value in data.items()
    }
