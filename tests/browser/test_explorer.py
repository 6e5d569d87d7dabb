"""What `Explorer` promises to every interactive, on a small one made for this."""

import nbformat
import pytest

from dlcourse.widgets.page import OWN
from tools.notebook_hygiene import clean, written

SMALL = """
from dataclasses import dataclass
from dlcourse.errors import ConfigError
from dlcourse.widgets import Explorer, Slider, Time

@dataclass(frozen=True)
class Bar:
    height: float

def compute(height, moment):
    if height == 3:
        raise ConfigError("A bar of height 3 falls over.")
    return Bar(height + moment / 100)

def layout(figure):
    axes = figure.subplots()
    axes.set(xlim=(0, 1), ylim=(0, 6))
    return axes.plot([], [], lw=20, animated=True)[0]

def draw(line, bar):
    line.set_data([0.5, 0.5], [0, bar.height])

Explorer(compute, layout, draw, lambda bar: f"The bar is {bar.height:.2f} high.",
         title="A bar", presets={"low": {}, "high": {"height": 5}},
         controls=[Slider("height", 1, 0, 5), Time("moment", 0, 0, 20)])
"""


@pytest.fixture(scope="module")
def bar(lab, open_notebook):
    page = open_notebook(lab.write("test_bar.ipynb", SMALL))
    page.run_all()
    page.page.wait_for_selector("[data-frame]")
    return page, page.interactives()[0]


def wait_for(page, text):
    """Wait until the words below the picture say this."""
    page.page.wait_for_function(
        "text => document.querySelector('[role=status]').innerText.includes(text)",
        arg=text,
        timeout=10_000,
    )


def chosen(chooser):
    """What a dropdown shows; ipywidgets makes its spaces unbreakable."""
    text = chooser.evaluate("e => e.selectedOptions[0].text")
    return text.replace("\u00a0", " ")


def test_an_error_is_shown_in_place_and_the_last_picture_stays(bar, shots):
    page, interactive = bar
    slider = interactive.slider()
    assert interactive.changes(slider.by_keyboard)  # 2
    before = interactive.pixels()
    slider.by_keyboard()  # 3
    page.page.wait_for_selector("[role=alert]:not([hidden])")
    assert interactive.alert().startswith("A bar of height 3 falls over.")
    assert interactive.pixels() == before
    interactive.root.screenshot(path=shots / "error-in-place.png")
    slider.by_keyboard()  # 4
    wait_for(page, "The bar is 4.00 high.")
    assert interactive.alert() == ""
    assert page.problems == []


def test_arrow_keys_move_the_slider_and_not_the_notebook(bar):
    page, interactive = bar
    slider = interactive.slider()
    slider.element.focus()
    value = slider.value()
    page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("ArrowDown")
    assert slider.value() == value - 2
    focus = "() => document.activeElement.getAttribute('aria-label')"
    assert page.page.evaluate(focus) == "height"


def test_a_preset_moves_the_controls_and_reset_brings_them_back(bar):
    page, interactive = bar
    chooser = interactive.root.locator("select")
    chooser.select_option("high")
    wait_for(page, "The bar is 5.00 high.")
    assert interactive.slider().value() == 5
    interactive.slider().by_keyboard()
    wait_for(page, "The bar is 4.00 high.")
    assert chosen(chooser) == OWN
    interactive.root.get_by_role("button", name="Reset").click()
    wait_for(page, "The bar is 1.00 high.")
    assert chosen(chooser) == "low"


def test_time_passes_by_itself_until_the_end(bar):
    page, interactive = bar
    play = interactive.root.get_by_role("button", name="Play")
    play.click()
    page.page.wait_for_selector("button:has-text('Pause')")
    wait_for(page, "The bar is 1.20 high.")
    page.page.wait_for_selector("button:has-text('Play')")
    play.click()  # from the start again
    wait_for(page, "The bar is 1.0")
    interactive.root.get_by_role("button", name="Pause").click()


def test_without_a_kernel_there_is_a_picture_with_words(lab, open_notebook, shots):
    page = open_notebook(lab.write("test_saved.ipynb", SMALL))
    page.run_all()
    page.page.wait_for_selector("[data-frame]")
    page.run("docmanager:save")
    page.page.wait_for_timeout(1000)
    path = lab.notebooks / "test_saved.ipynb"
    notebook = nbformat.read(path, as_version=4)
    assert "widget-view" in path.read_text()
    path.write_text(written(clean(notebook)), encoding="utf-8")
    page = open_notebook("test_saved.ipynb")
    picture = page.page.get_by_alt_text("A bar. The bar is 1.00 high.")
    picture.wait_for()
    assert picture.evaluate("e => e.complete && e.naturalWidth") >= 720
    page.page.screenshot(path=shots / "no-kernel.png")
    assert page.problems == []


def test_a_click_and_a_drag_on_the_picture_choose_a_point(lab, open_notebook):
    call = "from dlcourse import widgets\nwidgets.neuron()"
    page = open_notebook(lab.write("test_pointer.ipynb", call))
    page.run_all()
    page.page.wait_for_selector("[data-frame]")
    box = page.page.locator(".dlcourse-picture").bounding_box()

    def place(x1, x2):  # the plane from −4 to 4, as `neuron.layout` puts it
        right = 0.08 + 0.4167 * (x1 + 4) / 8
        up = 0.115 + 0.70 * (x2 + 4) / 8
        return box["x"] + box["width"] * right, box["y"] + box["height"] * (1 - up)

    mouse = page.page.mouse
    mouse.click(*place(2, 3))
    wait_for(page, "Input (2, 3)")
    mouse.move(*place(0, 0))
    mouse.down()
    wait_for(page, "Input (0, 0)")
    mouse.move(*place(-3, -1), steps=10)
    mouse.up()
    wait_for(page, "Input (−3, −1)")
    mouse.click(*place(5, 0))  # beside the plane
    page.page.wait_for_timeout(300)
    wait_for(page, "Input (−3, −1)")
    assert page.problems == []
