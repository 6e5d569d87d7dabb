"""What a reader does with an interactive: moves its controls, and looks at the picture.

Nothing here looks into the kernel: what a reader cannot see does not count. Both kinds
of interactives are known, those of `Explorer` and the playground. Read
`test_interactives.py` next.
"""

import json
import statistics
import time
from dataclasses import dataclass
from typing import Any

CONTROLS = (
    ".noUi-handle, select, input[type=range], input[type=number], "
    "input[type=checkbox], button"
)

# A fingerprint of every picture inside an element.
PIXELS = """
async root => {
    let text = "";
    for (const image of root.querySelectorAll("img, canvas")) {
        let blob;
        if (image.tagName === "IMG") {
            await image.decode().catch(() => {});
            blob = await (await fetch(image.src)).blob();
        } else {
            blob = await new Promise(done => image.toBlob(done));
        }
        const bytes = await blob.arrayBuffer();
        const digest = await crypto.subtle.digest("SHA-256", bytes);
        text += Array.from(new Uint8Array(digest, 0, 8)).join(".") + " ";
    }
    return text;
}
"""

# What a screen reader would call a control.
NAME = """
control => {
    const own = label => [...label.childNodes]
        .filter(node => !node.contains(control) && node.tagName !== "CANVAS")
        .map(node => node.textContent).join(" ");
    return (control.getAttribute("aria-label")
        || [...control.labels ?? []].map(own).join(" ")
        || control.innerText || control.title || "").trim();
}
"""

# Words that do not fit into their box, and boxes that do not fit onto the page.
CLIPPED = """
root => {
    const found = [];
    const page = root.closest(".jp-OutputArea-output").getBoundingClientRect();
    const words = "label, button, select, output, p, span, b";
    for (const e of root.querySelectorAll(words)) {
        const box = e.getBoundingClientRect();
        if (!box.width || getComputedStyle(e).position === "absolute") continue;
        const hides = getComputedStyle(e).overflowX !== "visible";
        if (hides && e.scrollWidth > e.clientWidth + 1 && !e.title)
            found.push("too narrow: " + e.innerText);
        if (box.right > page.right + 1) found.push("beyond the edge: " + e.innerText);
    }
    const panel = root.querySelector(".dlcourse-controls")?.getBoundingClientRect();
    for (const e of root.querySelectorAll(".dlcourse-controls *"))
        if (e.getBoundingClientRect().right > panel.right + 1)
            found.push("beyond the controls: " + (e.innerText || e.className));
    for (const e of root.querySelectorAll("img, canvas"))
        if (e.getBoundingClientRect().right > page.right + 1)
            found.push("picture beyond the edge");
    return found;
}
"""

# Times from the press of a key to the picture that answers it, as the page sees them.
WATCH_KEYS = """
root => {
    const view = root.parentElement.querySelector("[data-frame]");
    const watch = { pressed: null, times: [] };
    const press = () => { watch.pressed = performance.now(); };
    document.addEventListener("keydown", press, true);
    const observer = new MutationObserver(() => {
        const pressed = watch.pressed;
        watch.pressed = null;
        if (pressed !== null)
            requestAnimationFrame(() => watch.times.push(performance.now() - pressed));
    });
    observer.observe(view, { attributeFilter: ["data-frame"] });
    watch.stop = () => {
        observer.disconnect();
        document.removeEventListener("keydown", press, true);
    };
    window.keyWatch = watch;
}
"""

# Moves in quick succession, more to one side than to the other; resolves when no new
# picture has come for a second, with the time from the last move to the last picture.
BURST = """
async (control, { moves, seconds }) => {
    const root = control.closest(".dlcourse-explorer, .dlpg");
    const view = root.parentElement.querySelector("[data-frame]");
    let shown = performance.now(), pictures = 0;
    const observer = new MutationObserver(() => {
        shown = performance.now();
        pictures += 1;
    });
    observer.observe(view, { attributeFilter: ["data-frame"] });
    const step = up => {
        if (control.type === "range") {
            control.valueAsNumber += up ? 1 : -1;
            control.dispatchEvent(new Event("input", { bubbles: true }));
        } else {
            const key = up ? "ArrowRight" : "ArrowLeft";
            control.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
        }
    };
    const begin = performance.now();
    for (let done = 0; done < moves;) {
        const due = (performance.now() - begin) / 1000 / seconds * moves;
        for (; done < Math.min(due, moves); done++) step(done % 5 < 3);
        await new Promise(next => setTimeout(next, 1));
    }
    const last = performance.now();
    while (performance.now() - Math.max(shown, last) < 1000)
        await new Promise(next => setTimeout(next, 20));
    observer.disconnect();
    return { took: (last - begin) / 1000, settled: (shown - last) / 1000, pictures };
}
"""


@dataclass
class Control:
    """One control on the page."""

    page: Any
    element: Any
    name: str
    kind: str  # slider, range, number, checkbox, select or button

    def value(self) -> float:
        """The number a slider stands at."""
        if self.kind == "range":
            return float(self.element.input_value())
        return float(self.element.get_attribute("aria-valuenow"))

    def shown(self) -> float:
        """The number that stands beside an `Explorer`'s slider."""
        text = self.element.evaluate(
            "e => e.closest('.dlcourse-control').querySelector('.widget-readout')"
            ".innerText"
        )
        return float(text.replace("−", "-"))

    def by_keyboard(self) -> None:
        """Move it with keys alone."""
        self.element.focus()
        press = self.page.keyboard.press
        if self.kind in ("slider", "range"):
            top = "aria-valuemax" if self.kind == "slider" else "max"
            at_end = self.value() >= float(self.element.get_attribute(top)) - 1e-9
            press("ArrowLeft" if at_end else "ArrowRight")
        elif self.kind == "select":
            here, there = self._neighbor()
            press("ArrowDown" if there > here else "ArrowUp")
        elif self.kind == "number":
            press("ArrowUp")
            press("Enter")
        else:
            press("Space")

    def by_mouse(self) -> None:
        """Move it with the mouse alone."""
        if self.kind == "slider":
            self._drag()
        elif self.kind == "range":
            box = self.element.bounding_box()
            low, high = (float(self.element.get_attribute(a)) for a in ("min", "max"))
            left = (self.value() - low) / (high - low) > 0.5
            middle = box["y"] + box["height"] / 2
            self.page.mouse.click(
                box["x"] + box["width"] * (0.2 if left else 0.8), middle
            )
        elif self.kind == "select":
            # The list that opens belongs to the system, not to the page.
            self.element.select_option(index=self._neighbor()[1])
        elif self.kind == "number":
            box = self.element.bounding_box()
            self.element.hover()
            self.page.mouse.click(box["x"] + box["width"] - 9, box["y"] + 6)
            self.element.blur()
        else:
            self.element.click()

    def _neighbor(self) -> tuple[int, int]:
        """Where a dropdown stands, and the option beside it."""
        here, options = self.element.evaluate(
            "e => [e.selectedIndex, [...e.options].map(o => o.text)]"
        )
        later = here + 1 < len(options) and not options[here + 1].startswith("(")
        return here, here + 1 if later or here == 0 else here - 1

    def _drag(self) -> None:
        handle = self.element.bounding_box()
        track = self.element.locator("xpath=ancestor::*[contains(@class,'noUi-base')]")
        box = track.bounding_box()
        x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
        left = x > box["x"] + box["width"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(
            box["x"] + box["width"] * (0.2 if left else 0.8), y, steps=5
        )
        self.page.mouse.up()


class Interactive:
    """One interactive on the page, and what a reader can do with it."""

    def __init__(self, page: Any, root: Any) -> None:
        self.page, self.root = page, root

    def controls(self) -> list[Control]:
        """Everything that can be moved, in reading order; "Reset" last."""
        found = self.root.locator(CONTROLS)
        controls = []
        for number in range(found.count()):
            element = found.nth(number)
            if not element.is_visible():
                continue
            kind = element.evaluate(
                "e => e.matches('.noUi-handle') ? 'slider'"
                " : e.tagName === 'INPUT' ? e.type : e.tagName.toLowerCase()"
            )
            name = element.evaluate(NAME)
            controls.append(Control(self.page, element, name, kind))
        return sorted(controls, key=lambda control: control.name == "Reset")

    def pixels(self) -> str:
        """A fingerprint of all that is painted."""
        return self.root.evaluate(PIXELS)

    def settings(self) -> dict[str, Any] | None:
        """The settings the picture was made for, where the page says so."""
        views = self.root.locator("[data-settings]")
        if not views.count():
            return None
        return json.loads(views.first.get_attribute("data-settings"))

    def alert(self) -> str:
        """The error message on the page, or nothing."""
        return self.root.locator("[role=alert]").first.inner_text()

    def wait_still(self, seconds: float = 30) -> None:
        """Wait until nothing is being computed."""
        busy = self.root.locator("[aria-busy=true]")
        end = time.monotonic() + seconds
        while busy.count():
            assert time.monotonic() < end, f"still computing after {seconds} s"
            time.sleep(0.05)

    def changes(self, act: Any, seconds: float = 10) -> bool:
        """Whether the picture changes after `act`."""
        before = self.pixels()
        act()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.pixels() != before:
                return True
            time.sleep(0.02)
        return False

    def try_all(self, way: str) -> list[str]:
        """Move every control in one `way`; those that the picture did not answer."""
        failed = []
        for control in self.controls():
            self.wait_still()
            if not self.changes(getattr(control, way)):
                failed.append(f"{control.name} ({control.kind})")
            if control.element.inner_text() == "Pause":  # it was Play
                control.element.click()
            if self.alert():
                failed.append(f"{control.name}: {self.alert()}")
        self.wait_still()
        return failed

    def slider(self) -> Control:
        """The first slider."""
        kinds = ("slider", "range")
        return next(c for c in self.controls() if c.kind in kinds)

    def key_times(self, presses: int = 25) -> list[float]:
        """Milliseconds from the press of an arrow key to the changed picture."""
        slider = self.slider()
        slider.element.focus()
        self.root.evaluate(WATCH_KEYS)
        for number in range(presses):
            key = "ArrowRight" if number % 2 else "ArrowLeft"
            self.page.keyboard.press(key)
            self.page.wait_for_function(
                "count => keyWatch.times.length > count", arg=number, timeout=10_000
            )
            self.wait_still()
            self.page.wait_for_timeout(60)  # a reader is no machine
        times = self.page.evaluate("() => { keyWatch.stop(); return keyWatch.times; }")
        return [round(t, 1) for t in times]

    def burst(self, moves: int = 200, seconds: float = 0.5) -> dict[str, float]:
        """Move the first slider very often; what became of it."""
        slider = self.slider()
        return slider.element.evaluate(BURST, {"moves": moves, "seconds": seconds})


def describe(times: list[float]) -> str:
    """Times in words."""
    return (
        f"median {statistics.median(times):.0f} ms, "
        f"fastest {min(times):.0f} ms, slowest {max(times):.0f} ms"
    )
