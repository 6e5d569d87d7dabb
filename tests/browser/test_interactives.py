"""Every interactive in a real JupyterLab, from a notebook that holds nothing else."""

import re
import statistics

import pytest

from dlcourse import widgets

from .lab import ROOT
from .reader import CLIPPED, describe

NAMES = [name for name in widgets.__all__ if name.islower()]

# Speed is logged, not tested: only what would be broken on any machine fails.
SLOWEST_KEY = 1500  # ms, the median
SLOWEST_BURST = 5  # s


@pytest.fixture(scope="module", params=NAMES)
def opened(request, lab, open_notebook):
    """An interactive after "run all", as (its name, the page, the interactive)."""
    name = request.param
    call = f"from dlcourse import widgets\nwidgets.{name}()"
    page = open_notebook(lab.write(f"test_{name}.ipynb", call))
    page.run_all()
    page.page.wait_for_selector("[data-frame]", timeout=20_000)
    return name, page, page.interactives()[0]


def test_it_appears_without_an_error(opened, shots):
    name, page, interactive = opened
    interactive.wait_still()
    interactive.root.screenshot(path=shots / f"{name}.png")
    assert page.errors() == []
    assert page.problems == []
    assert interactive.alert() == ""


def test_it_says_in_words_what_is_seen(opened):
    _, _, interactive = opened
    pictures = interactive.root.locator("img, canvas[role=img]")
    for number in range(pictures.count()):
        picture = pictures.nth(number)
        text = picture.get_attribute("alt") or picture.get_attribute("aria-label")
        assert len(text) > 20
    assert len(interactive.root.locator("[role=status]").first.text_content()) > 20


def test_every_control_has_a_name_of_its_own(opened):
    _, _, interactive = opened
    names = [control.name for control in interactive.controls()]
    assert all(names), names
    assert len(set(names)) == len(names), names


def test_nothing_is_clipped(opened):
    _, _, interactive = opened
    assert interactive.root.evaluate(CLIPPED) == []


@pytest.mark.parametrize("way", ["by_keyboard", "by_mouse"])
def test_every_control_answers(opened, way, shots):
    name, page, interactive = opened
    notebook = find_notebook(name)
    if notebook:
        pytest.skip(f"its controls are moved {way} in {notebook}")
    failed = interactive.try_all(way)
    interactive.root.screenshot(path=shots / f"{name}-after-{way}.png")
    assert failed == []
    assert page.problems == []


def find_notebook(name):
    """The first notebook that shows this interactive, or None."""
    calls = re.compile(rf"\bwidgets\.{name}\(")
    paths = sorted((ROOT / "notebooks").glob("*.ipynb"))
    return next((p.name for p in paths if calls.search(p.read_text("utf-8"))), None)


def test_a_key_changes_the_picture_soon(opened, log):
    name, _, interactive = opened
    times = interactive.key_times()
    assert len(times) == 25
    median = statistics.median(times)
    log.add(name, **{"key to picture": describe(times), "_key_ms": times})
    assert median < SLOWEST_KEY


def test_a_burst_of_moves_ends_on_the_last_value(opened, log):
    name, _, interactive = opened
    slider = interactive.slider()
    found = interactive.burst(moves=200, seconds=0.5)
    words = (
        f"{found['settled']:.2f} s after the last move, {found['pictures']} pictures"
    )
    log.add(name, **{"200 moves in 0.5 s settle": words, "_burst": found})
    assert found["settled"] < SLOWEST_BURST
    settings = interactive.settings()
    if settings is not None:
        assert any(near(value, slider.shown()) for value in settings.values())


def near(one: object, other: float) -> bool:
    """Are the two the same number, as far as a slider shows it?"""
    if isinstance(one, bool | str):
        return False
    return abs(one - other) <= 0.006 * max(1, abs(other))


def test_running_the_cell_again_leaves_one(opened):
    _, page, _ = opened
    page.run_all()
    page.page.wait_for_selector("[data-frame]", timeout=20_000)
    again = page.interactives()
    assert len(again) == 1
    assert again[0].changes(again[0].slider().by_keyboard)
    assert page.problems == []
