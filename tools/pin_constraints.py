"""Pin the newest versions of everything the course installs: `make constraints`.

A fresh environment is made in a temporary folder, the course is installed there with
all its extras, and what came is written to constraints.txt. What only another system or
another Python asks for (on Windows a terminal, say) cannot come on this machine: it is
found in the metadata of what did come, and pinned too. Run it with the oldest Python
the course supports, so that every pin fits all of them. GPU libraries are left to the
machine they are for, except CuPy itself. Read pyproject.toml beside it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = "dev,onnx,parity,peers"
GPU_EXTRAS = ("gpu-cuda12", "gpu-cuda13")
# They belong to one build of one library for one system; no pin of ours would fit all.
LEFT_OUT = re.compile(r"nvidia-|cuda-|triton|dlcourse$|pip$")

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SYSTEMS = (
    {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
)
WHEELS = {
    "Linux": "manylinux_2_28_x86_64",
    "Darwin": "macosx_11_0_arm64",
    "Windows": "win_amd64",
}

HEADER = """\
# The exact versions the course is tested with, for Python 3.11 to 3.14 on Linux, macOS
# and Windows. Made by `make constraints`; used as `pip install -c constraints.txt`.
"""


def main() -> None:
    """Make the environment, and let its own Python look around in it."""
    if "--inside" in sys.argv:
        write_pins()
        return
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        place = Path(folder) / ("Scripts" if sys.platform == "win32" else "bin")
        python = str(place / "python")
        install = [python, "-m", "pip", "install", "--quiet", "-e", f"{ROOT}[{EXTRAS}]"]
        subprocess.run(install, check=True)
        subprocess.run([python, __file__, "--inside"], check=True)


def write_pins() -> None:
    """Write constraints.txt from what is installed beside this Python."""
    pins = {
        normal_name(each.metadata["Name"]): public_version(each.version)
        for each in metadata.distributions()
    }
    for extra in GPU_EXTRAS:
        pins |= pins_of_extra(extra)
    for name, (requirement, python, system) in dict(elsewhere(pins)).items():
        pins[name] = newest_wheel(requirement, python, system)
    lines = [
        f"{name}=={version}\n"
        for name, version in sorted(pins.items())
        if not LEFT_OUT.match(name)
    ]
    (ROOT / "constraints.txt").write_text(
        HEADER + "".join(lines), encoding="utf-8", newline="\n"
    )
    print(f"constraints.txt: {len(lines)} pins")


def normal_name(name: str) -> str:
    """The one spelling of a package's name: lower case, single hyphens.

    >>> normal_name("Jupyter_Core")
    'jupyter-core'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def public_version(version: str) -> str:
    """A version without the mark of a local build.

    >>> public_version("2.13.0+cpu")
    '2.13.0'
    """
    return version.split("+")[0]


def pins_of_extra(extra: str) -> dict[str, str]:
    """What an extra would bring that need not be installed here to be known."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run"]
    command += ["--report", "-", "-e", f"{ROOT}[{extra}]"]
    report = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    found = (item["metadata"] for item in report["install"])
    return {
        normal_name(each["name"]): public_version(each["version"]) for each in found
    }


def elsewhere(pins: Iterable[str]) -> Iterator[tuple[str, tuple[str, str, str]]]:
    """Requirements of the installed packages that hold on other systems only."""
    from packaging.requirements import Requirement

    for each in metadata.distributions():
        for line in each.requires or ():
            requirement = Requirement(line)
            name = normal_name(requirement.name)
            if requirement.marker is None or name in pins or LEFT_OUT.match(name):
                continue
            for system in SYSTEMS:
                for python in PYTHONS:
                    place = {**system, "python_version": python, "extra": ""}
                    place["python_full_version"] = f"{python}.0"
                    if requirement.marker.evaluate(place):
                        bare = f"{requirement.name}{requirement.specifier}"
                        yield name, (bare, python, system["platform_system"])


def newest_wheel(requirement: str, python: str, system: str) -> str:
    """The newest version that has a wheel for that Python on that system."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary=:all:", "--python-version", python]
        command += ["--platform", WHEELS[system], "--dest", folder, requirement]
        subprocess.run(command, check=True)
        (wheel,) = Path(folder).glob("*.whl")
    return wheel.name.split("-")[1]


if __name__ == "__main__":
    main()
