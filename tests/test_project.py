"""One truth about what is installed: pyproject, constraints, environment.yml agree.

pyproject.toml says what is needed, constraints.txt which exact versions are tested,
environment.yml the same for conda. The tests read all three, and every import of the
package, so that none can be changed alone.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.test_architecture import SOURCES, imports_of

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
EXTRAS = PROJECT["optional-dependencies"]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")

CONSTRAINTS = (ROOT / "constraints.txt").read_text(encoding="utf-8")
ENVIRONMENT = (ROOT / "environment.yml").read_text(encoding="utf-8")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def requirements(*extras: str) -> list[Requirement]:
    """What the course needs, with these extras; its own name stands for others."""
    extra = [line for each in extras for line in EXTRAS[each]]
    needed = [Requirement(line) for line in [*PROJECT["dependencies"], *extra]]
    return [each for each in needed if each.name != PROJECT["name"]]


def pins() -> dict[str, Version]:
    """The exact version of each package in constraints.txt."""
    lines = [line for line in CONSTRAINTS.splitlines() if not line.startswith("#")]
    found = dict(line.split("==") for line in lines)
    assert len(found) == len(lines), "a package is pinned twice"
    return {name: Version(version) for name, version in found.items()}


def conda() -> dict[str, str]:
    """The packages in environment.yml with their ranges of versions."""
    lines = re.findall(r"^  - ([a-z][\w.-]*)([<>=][^\s]*)?$", ENVIRONMENT, re.MULTILINE)
    return {
        name: limits
        for name, limits in lines
        if name not in ("conda-forge", "nodefaults")
    }


@pytest.mark.parametrize("requirement", requirements(*EXTRAS), ids=str)
def test_each_requirement_is_pinned_within_its_range(requirement):
    name = canonicalize_name(requirement.name)
    assert name in pins(), "run `make constraints`"
    assert requirement.specifier.contains(pins()[name])


def test_constraints_are_plain_pins_in_order():
    names = list(pins())
    assert names == sorted(names) == [canonicalize_name(name) for name in names]
    assert not any(version.local for version in pins().values())
    assert not [n for n in names if re.match("nvidia|cuda-|triton", n)], (
        "for one machine"
    )


@pytest.mark.parametrize("requirement", requirements("test"), ids=str)
def test_conda_installs_the_same(requirement):
    assert requirement.name in conda(), "add it to environment.yml"
    same = Requirement(requirement.name + conda()[requirement.name])
    assert same.specifier == requirement.specifier


def test_conda_installs_nothing_else():
    needed = {requirement.name for requirement in requirements("test")}
    assert set(conda()) - needed == {"python", "pip"}
    assert "  - pip:\n      - -e .\n" in ENVIRONMENT


def test_every_library_the_package_imports_is_declared():
    declared = {canonicalize_name(r.name) for r in requirements(*EXTRAS)}
    distributions = packages_distributions()
    imported = {module.split(".")[0] for path in SOURCES for module in imports_of(path)}
    ours = {PROJECT["name"], "tests", "__future__"}
    for module in imported - set(sys.stdlib_module_names) - ours:
        names = {canonicalize_name(n) for n in distributions.get(module, [module])}
        # CuPy and its kin are absent here; then the module is named like its package
        known = names & declared or any(d.startswith(module) for d in declared)
        assert known, f"{module} is imported but pyproject.toml does not name it"


def test_the_supported_pythons_are_told_alike():
    said = [c.split(" :: ")[-1] for c in PROJECT["classifiers"] if " :: 3." in c]
    assert tuple(said) == PYTHONS
    assert PROJECT["requires-python"] == f">={PYTHONS[0]}"
    assert conda()["python"] == f">={PYTHONS[0]},<3.{int(PYTHONS[-1][2:]) + 1}"
    hosted = "".join(path.read_text(encoding="utf-8") for path in WORKFLOWS)
    assert set(re.findall(r'"(3\.\d+)"', hosted)) == set(PYTHONS)


def test_pre_commit_uses_the_pinned_tools():
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    used = [line.split("==") for line in re.findall(r"[\w-]+==[\w.]+", text)]
    assert {name for name, _ in used} == {"ruff", "nbformat"}
    assert all(pins()[name] == Version(version) for name, version in used)


def test_nothing_says_where_packages_come_from():
    files = ["pyproject.toml", "constraints.txt", "environment.yml", "Makefile"]
    files += [".ci/run", ".pre-commit-config.yaml", *map(str, WORKFLOWS)]
    for name in files:
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text and "index-url" not in text, name


def test_the_popup_about_news_is_off():
    (source, target), *more = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"][
        "shared-data"
    ].items()
    assert not more and (ROOT / source).is_file()
    settings = Path(sys.prefix) / "share/jupyter/lab/settings"
    assert Path(target).parent == Path("share/jupyter/lab/settings/overrides.d")
    if not (settings.parent / "schemas").is_dir():
        pytest.skip(f"JupyterLab is not installed in {sys.prefix}")
    from jupyterlab_server.settings_utils import get_settings

    lab = settings.parent
    found, _ = get_settings(
        str(settings),
        str(lab / "schemas"),
        "",
        labextensions_path=[],
        schema_name="@jupyterlab/apputils-extension:notification",
    )
    properties = found["schema"]["properties"]
    assert properties["fetchNews"]["default"] == "false"
    assert properties["checkForUpdates"]["default"] is False


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
def test_make_help_lists_every_target():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = set(
        re.search(r"\.PHONY: ((?:.*\\\n)*.*)", text)[1].replace("\\", "").split()
    )
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True)
    shown = set(re.findall(r"^  make ([\w-]+) +\S", listed.stdout, re.MULTILINE))
    assert shown == phony


def test_the_check_of_a_bare_machine_calls_make_test():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "make test" in script.read_text(encoding="utf-8")
