"""One JupyterLab and one Chromium for all browser tests: `make browser-test`.

They run only when asked for by name (``pytest tests/browser``), since they take minutes
and need a browser. Screenshots and a log of the measured times are left in
artifacts/browser.
"""

import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .lab import ARTIFACTS, SWITCHES, WINDOW, Lab, Page, find_chromium

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: Any) -> bool | None:
    """Leave these tests out unless this folder, or a file in it, was named."""
    named = [Path(arg.split("::")[0]).resolve() for arg in config.args]
    return None if any(path.is_relative_to(HERE) for path in named) else True


@pytest.fixture(scope="session")
def lab(tmp_path_factory: Any) -> Iterator[Lab]:
    server = Lab(tmp_path_factory.mktemp("lab"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    api = pytest.importorskip(
        "playwright.sync_api", reason="playwright is missing: pip install '.[browser]'"
    )
    chromium = find_chromium()
    if chromium is None:
        pytest.skip("no Chromium found: install it, or name it in $CHROMIUM")
    with api.sync_playwright() as playwright:
        program = playwright.chromium.launch(executable_path=chromium, args=SWITCHES)
        yield program
        program.close()


@pytest.fixture(scope="module")
def open_notebook(lab: Lab, browser: Any) -> Iterator[Callable[[str], Page]]:
    """A function that opens a notebook in a window of its own."""
    contexts = []

    def open_one(name: str) -> Page:
        close_all()
        context = browser.new_context(viewport=WINDOW)
        contexts.append(context)
        return Page(lab, context.new_page(), name)

    def close_all() -> None:
        while contexts:
            contexts.pop().close()
        lab.stop_kernels()

    yield open_one
    close_all()


@pytest.fixture(scope="session")
def shots() -> Path:
    """The folder for screenshots."""
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    return ARTIFACTS


class Log:
    """What was measured, by interactive; written to artifacts/browser."""

    def __init__(self) -> None:
        self.entries: dict[str, dict[str, Any]] = {}

    def add(self, name: str, **values: Any) -> None:
        """Keep the values measured of one interactive."""
        self.entries.setdefault(name, {}).update(values)

    def lines(self) -> list[str]:
        """A table in Markdown."""
        columns = list(dict.fromkeys(k for e in self.entries.values() for k in e))
        columns = [c for c in columns if not c.startswith("_")]
        rows = [["interactive", *columns], ["---"] * (len(columns) + 1)]
        for name, entry in self.entries.items():
            rows.append([name, *(str(entry.get(column, "")) for column in columns)])
        return [f"| {' | '.join(row)} |" for row in rows]

    def write(self) -> None:
        """Save the table, and every single value."""
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
        machine = f"{platform.machine()}, {os.cpu_count()} cores, load {load:.1f}"
        head = [f"{time.strftime('%Y-%m-%d %H:%M')} on {machine}", ""]
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        text = "\n".join(head + self.lines()) + "\n"
        (ARTIFACTS / "measurements.md").write_text(text)
        content = json.dumps({"machine": machine, "measured": self.entries}, indent=1)
        (ARTIFACTS / "measurements.json").write_text(content)


LOG = Log()


@pytest.fixture(scope="session")
def log() -> Log:
    return LOG


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what was measured."""
    if LOG.entries:
        LOG.write()
        terminalreporter.section("measured in the browser")
        for line in LOG.lines():
            terminalreporter.write_line(line)
        terminalreporter.write_line(f"Screenshots and all values: {ARTIFACTS}")
