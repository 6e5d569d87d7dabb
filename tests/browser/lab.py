"""JupyterLab and Chromium for the tests: start both, open a notebook, run it.

`Lab` is one server with its own folders, so that nobody's settings or workspaces
matter. `Page` is one open notebook. Read `reader.py` next: what is done on the page.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Any

import nbformat

from .reader import Interactive

ROOT = Path(__file__).resolve().parents[2]
ARTIFACTS = ROOT / "artifacts" / "browser"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WINDOW = {"width": 1280, "height": 900}

# Messages on the console that are JupyterLab's own and say nothing about the course.
HARMLESS = ("favicon.ico",)

# On JupyterLab's own objects, which `expose_app_in_browser` lets a test ask.
IDLE = """
() => {
    const panel = window.jupyterapp?.shell.currentWidget;
    return panel?.sessionContext?.isReady
        && panel.sessionContext.session?.kernel?.connectionStatus === "connected"
        && panel.sessionContext.session.kernel.status === "idle";
}
"""
ALL_RAN = """
() => window.jupyterapp.shell.currentWidget.content.widgets.every(cell =>
    cell.model.type !== "code" || !cell.model.sharedModel.getSource().trim()
    || (cell.model.executionCount && cell.model.executionState !== "running"))
"""
CELLS = "() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells"
# A page without pictures still loading, and without fonts or views still to come.
SETTLED = """
() => [...document.querySelectorAll(".jp-OutputArea img")].every(i => i.complete)
    && ![...document.querySelectorAll(".jp-OutputArea")].some(
        area => area.innerText.includes("Loading widget"))
"""


def find_chromium() -> str | None:
    """The path of a Chromium, from $CHROMIUM or from the usual names."""
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, CHROMIUM)), None)


class Lab:
    """One JupyterLab server on a free port, with all it writes in `folder`.

    It serves a copy of the course's notebooks.
    """

    def __init__(self, folder: Path) -> None:
        self.notebooks = folder / "notebooks"
        shutil.copytree(ROOT / "notebooks", self.notebooks)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._log = open(folder / "server.log", "w")  # noqa: SIM115 - closed in stop
        own = {
            "JUPYTER_CONFIG_DIR": folder / "config",
            "JUPYTER_DATA_DIR": folder / "data",
            "JUPYTER_RUNTIME_DIR": folder / "runtime",
            "JUPYTERLAB_SETTINGS_DIR": folder / "settings",
            "JUPYTERLAB_WORKSPACES_DIR": folder / "workspaces",
            "IPYTHONDIR": folder / "ipython",
            "PYTHONPATH": ROOT,
        }
        command = [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
            f"--port={self.port}",
            "--ServerApp.port_retries=0",
            f"--ServerApp.root_dir={self.notebooks}",
            "--IdentityProvider.token=",
            "--ServerApp.disable_check_xsrf=True",
            "--LabApp.expose_app_in_browser=True",  # "run all" without finding a menu
        ]
        self._process = subprocess.Popen(
            command,
            env=os.environ | {name: str(value) for name, value in own.items()},
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self._wait()

    def _wait(self, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and self._process.poll() is None:
            try:
                self.ask("/api/status")
                return
            except (OSError, HTTPException, ValueError):  # not there yet
                time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"JupyterLab did not start:\n{self.log()}")

    def log(self) -> str:
        """What the server has said so far."""
        return Path(self._log.name).read_text()

    def ask(self, path: str, method: str = "GET") -> Any:
        """The answer of the server's own interface."""
        request = urllib.request.Request(self.address + path, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def stop_kernels(self) -> None:
        """End every kernel, so that the next test has the machine to itself."""
        for session in self.ask("/api/sessions"):
            self.ask(f"/api/sessions/{session['id']}", "DELETE")

    def stop(self) -> None:
        """End the server."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._log.close()

    def write(self, name: str, *cells: str) -> str:
        """Save a notebook of these cells, not executed; returns its name."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        nbformat.write(notebook, self.notebooks / name)
        return name


class Page:
    """One notebook, open in a browser."""

    def __init__(self, lab: Lab, page: Any, name: str) -> None:
        self.lab, self.page, self.name = lab, page, name
        self.problems: list[str] = []
        page.on("pageerror", lambda error: self.problems.append(f"page: {error}"))
        page.on("console", self._listen)
        page.goto(f"{lab.address}/lab/workspaces/test/tree/{name}?reset")
        page.wait_for_selector(".jp-Notebook", timeout=60_000)

    def _listen(self, message: Any) -> None:
        text = message.text
        where = message.location.get("url", "")
        if message.type == "error" and not any(h in text + where for h in HARMLESS):
            self.problems.append(f"console: {text} ({where})")

    def run(self, command: str) -> None:
        """Execute one of JupyterLab's commands."""
        self.page.evaluate("name => void jupyterapp.commands.execute(name)", command)

    def wait_idle(self, seconds: float = 60) -> None:
        """Wait until the kernel is there and has nothing more to do."""
        self.page.wait_for_function(IDLE, timeout=seconds * 1000)

    def run_all(self, seconds: float = 150) -> None:
        """Run every cell, as from the menu, and wait for the last picture."""
        self.wait_idle()
        self.run("notebook:run-all-cells")
        self.page.wait_for_function(ALL_RAN, timeout=seconds * 1000)
        self.wait_idle()
        self.page.wait_for_function(SETTLED, timeout=20_000)

    def errors(self) -> list[str]:
        """Errors of cells, but not those that the notebook makes on purpose."""
        found = []
        for number, cell in enumerate(self.page.evaluate(CELLS)):
            on_purpose = "raises-exception" in cell["metadata"].get("tags", [])
            for output in cell.get("outputs", []):
                if output["output_type"] == "error" and not on_purpose:
                    error = f"{output['ename']}: {output['evalue']}"
                    found.append(f"cell {number}: {error}")
        return found

    def interactives(self) -> list[Interactive]:
        """The interactives on the page, from top to bottom."""
        found = self.page.locator(".dlcourse-explorer, .dlpg")
        return [Interactive(self.page, found.nth(i)) for i in range(found.count())]
