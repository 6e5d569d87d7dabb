"""What waits for its first use is found then, under the names its modules have."""

import subprocess
import sys
from importlib import import_module

import pytest

import dlcourse
from dlcourse import callbacks, layers, lazy, models

PACKAGES = (dlcourse, callbacks, layers, models)
ROOMS = [(package, room) for package in PACKAGES for room in package._LATER]


@pytest.mark.parametrize(
    "package, room",
    ROOMS,
    ids=[f"{package.__name__}.{room}" for package, room in ROOMS],
)
def test_a_room_has_the_names_that_are_said_of_it(package, room):
    module = import_module(f"{package.__name__}.{room}")
    names = package._LATER[room]
    for name in names:
        assert getattr(package, name) is getattr(module, name)
        assert name in package.__all__ or name == "EpochLines"
    if package is layers:
        assert sorted(names) == sorted(module.__all__), "a layer that nobody finds"
    if package is dlcourse:
        assert getattr(package, room) is module


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_all_names_are_seen_and_no_others_are_found(package):
    assert set(package.__all__) <= set(dir(package))
    with pytest.raises(AttributeError, match=f"'{package.__name__}' has no .*'nobody'"):
        package.nobody  # noqa: B018


def test_a_name_is_looked_for_once(monkeypatch):
    asked = []

    def counting(name):
        asked.append(name)
        return import_module(name)

    monkeypatch.setattr(lazy, "import_module", counting)
    monkeypatch.delitem(vars(layers), "Conv3D", raising=False)
    assert layers.Conv3D is layers.Conv3D
    assert asked == ["dlcourse.layers.conv"]


def loaded_by(code):
    """The modules that a fresh process has loaded after `code`."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; import sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_a_first_step_loads_what_it_needs_and_no_more():
    loaded = loaded_by(
        "import dlcourse as dl;"
        "m = dl.Sequential([dl.Input((3,)), dl.layers.Dense(2)]);"
        "m.compile('sgd', 'mse'); m.train_on_batch([[1, 2, 3]], [[1, 2]])"
    )
    assert "dlcourse.layers.core" in loaded
    for name in (
        "json zipfile csv signal traceback dlcourse.layers.conv "
        "dlcourse.models.storage dlcourse.models.summary dlcourse.origin"
    ).split():
        assert name not in loaded, name


@pytest.mark.parametrize(
    "first",
    "callbacks layers.conv layers.attention models.sweep models.checkpoint "
    "optimizers metrics initializers analysis plots".split(),
)
def test_any_part_may_be_imported_first(first):
    assert f"dlcourse.{first}" in loaded_by(f"import dlcourse.{first}")
