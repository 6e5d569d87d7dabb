"""Look at an interactive in a real JupyterLab: ``python -m tests.browser.look neuron``.

Writes screenshots to artifacts/browser/look-*.png and prints what went wrong on the
page. Further arguments are Python for the call: ``look neuron 'preset="AND"'``. With a
path to a notebook instead of a name, the whole notebook is run and shown.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from .lab import ARTIFACTS, SWITCHES, WINDOW, Lab, Page, find_chromium


def main() -> None:
    """Open, run, photograph."""
    name, *arguments = sys.argv[1:]
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        lab = Lab(Path(folder))
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=SWITCHES
        )
        try:
            if name.endswith(".ipynb"):
                notebook = Path(name).name
            else:
                call = f"widgets.{name}({', '.join(arguments)})"
                notebook = lab.write(
                    f"{name}.ipynb", f"from dlcourse import widgets\n{call}"
                )
            page = Page(lab, browser.new_page(viewport=WINDOW), notebook)
            page.run_all()
            page.page.wait_for_timeout(500)
            page.page.screenshot(path=ARTIFACTS / "look-page.png")
            for number, interactive in enumerate(page.interactives()):
                path = ARTIFACTS / f"look-{Path(name).stem}-{number}.png"
                interactive.root.screenshot(path=path)
                print(path)
            print(*page.problems, *page.errors(), sep="\n")
        finally:
            browser.close()
            lab.stop_kernels()
            lab.stop()


if __name__ == "__main__":
    main()
