"""Every notebook as a student meets it: open it, run all, move everything."""

import time

import pytest

from .lab import ROOT

NOTEBOOKS = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_and_every_control_answers(name, open_notebook, shots, log):
    page = open_notebook(name)
    begin = time.monotonic()
    page.run_all()
    log.add(name, **{"run all": f"{time.monotonic() - begin:.0f} s"})
    assert page.errors() == []
    failed = []
    for number, interactive in enumerate(page.interactives()):
        interactive.root.scroll_into_view_if_needed()
        for way in ("by_keyboard", "by_mouse"):
            failed += [f"{way}: {each}" for each in interactive.try_all(way)]
        stem = name.removesuffix(".ipynb")
        interactive.root.screenshot(path=shots / f"{stem}-{number}.png")
    assert failed == []
    assert page.problems == []
