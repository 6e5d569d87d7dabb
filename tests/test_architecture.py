"""The house keeps its shape: floors, one door to the GPU, words on public names.

The rules are told as tables, so that a new room takes one row. Where reading the source
is enough, nothing is run.
"""

import ast
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import dlcourse

PACKAGE = Path(dlcourse.__file__).parent
ROOT = PACKAGE.parent

# From the ground up. A file may import from its own floor and from those below.
FLOORS = (
    {"lazy", "errors", "config", "backend", "tuning"},
    {"modes", "origin", "diagnosis", "tensor", "op", "autodiff"},
    {"ops"},
    {"initializers", "regularizers", "losses", "metrics", "optimizers", "schedules"},
    {"layers"},
    {"models", "callbacks"},
    {"applications", "unsupervised"},
    {"analysis", "export"},
    {"plots"},
    {"widgets", "exercises"},
)
# Beside the stairs: what they may import, and nothing else of the package.
ASIDE = {
    "datasets": {"errors", "config", "backend"},
    "source": {"errors"},
    "testing": {"errors", "config", "backend", "tensor", "op", "autodiff", "ops"},
}
# The folders that may import a library that is large, slow to load or optional.
ROOMS = {
    "matplotlib": {"plots", "widgets"},
    "PIL": {"plots", "widgets"},
    "IPython": {"plots", "widgets", "exercises"},
    "ipywidgets": {"widgets"},
    "anywidget": {"widgets"},
    "traitlets": {"widgets"},
    "sklearn": {"datasets"},
    "onnx": {"export"},
    "onnxruntime": set(),
    "torch": set(),
    "keras": set(),
}
NOT_AT_IMPORT = ("matplotlib", "ipywidgets", "anywidget", "sklearn", "onnx", "cupy")


SOURCES = sorted(PACKAGE.rglob("*.py"))
EVERYWHERE = [
    path
    for folder in ("dlcourse", "tests", "tools", "benchmarks")
    for path in sorted((ROOT / folder).rglob("*.py"))
]


def name_of(path: Path) -> str:
    """The name to put on a test: the path as seen from the repository."""
    return path.relative_to(ROOT).as_posix()


def module_of(path: Path) -> str:
    """The dotted name of a file of the package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    """The file or folder directly below the package; "" for the package itself."""
    return module.split(".")[1] if "." in module else ""


MODULES = {module_of(path): path for path in SOURCES}


def imports_of(path: Path, *, at_load: bool = False) -> Iterator[str]:
    """The dotted names a file imports; with `at_load` not those inside functions."""
    module = module_of(path)
    here = module if path.name == "__init__.py" else module.rpartition(".")[0]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in walk_loading(tree) if at_load else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            up = here.split(".")[: len(here.split(".")) - node.level + 1]
            base = ".".join([*(up if node.level else []), *filter(None, [node.module])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield inner if inner in MODULES else base


def walk_loading(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run when the file is imported, and no type checker's."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from walk_loading(child)


def test_the_rooms_are_found():
    assert len(MODULES) == len(SOURCES), "a file and a folder have the same name"
    assert {"errors", "backend", "autodiff", "ops"} <= {room_of(m) for m in MODULES}
    assert {"dlcourse.errors", "numpy"} <= set(imports_of(PACKAGE / "backend.py"))
    assert "dlcourse.layers.base" in set(imports_of(PACKAGE / "layers" / "core.py"))


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_imports_point_down(path):
    room = room_of(module_of(path))
    if not room:
        return  # the package's own __init__ gathers all floors: that is its purpose
    allowed = {room} | ASIDE.get(room, set())
    if room not in ASIDE:
        at = [number for number, floor in enumerate(FLOORS) if room in floor]
        assert at, f"{room} has no floor; add it to FLOORS in {name_of(Path(__file__))}"
        allowed = set().union(ASIDE, *FLOORS[: at[0] + 1])
    ours = {m for m in imports_of(path) if m.split(".")[0] == "dlcourse"}
    wrong = {module for module in ours if room_of(module) not in allowed}
    assert not wrong, f"{name_of(path)} imports upwards: {sorted(wrong)}"


def test_no_file_waits_for_itself():
    graph = {
        module: {other for other in imports_of(path, at_load=True) if other in MODULES}
        for module, path in MODULES.items()
        if path.name != "__init__.py"
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as cycle:
        pytest.fail(f"files import each other: {' -> '.join(cycle.args[1])}")


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_large_libraries_stay_in_their_rooms(path):
    room = room_of(module_of(path))
    libraries = {module.split(".")[0] for module in imports_of(path)}
    wrong = {each for each in libraries if room not in ROOMS.get(each, {room})}
    assert not wrong, f"{name_of(path)} imports {sorted(wrong)}"


def test_cupy_is_named_in_one_file():
    # "cupy" as a whole word, also in messages and comments, in either spelling
    naming = {
        name_of(path)
        for path in SOURCES
        if re.search(r"cupy", path.read_text(encoding="utf-8"), re.IGNORECASE)
    }
    assert naming == {"dlcourse/backend.py"}


def test_importing_the_course_is_light():
    code = (
        "import sys, dlcourse; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "numpy" in loaded
    assert not set(loaded) & set(NOT_AT_IMPORT)


@pytest.mark.timing
def test_importing_the_course_takes_little_more_than_numpy():
    def seconds(package: str) -> float:
        code = (
            "import time; start = time.perf_counter(); "
            f"import {package}; print(time.perf_counter() - start)"
        )
        command = [sys.executable, "-c", code]
        return float(subprocess.run(command, capture_output=True, check=True).stdout)

    seconds("dlcourse")  # the first compiles to bytecode
    pairs = [(seconds("dlcourse"), seconds("numpy")) for _ in range(7)]
    ours, numpy = map(min, zip(*pairs))
    print(f"import dlcourse {1000 * ours:.0f} ms, numpy {1000 * numpy:.0f} ms")
    assert ours <= 1.5 * numpy


# ---------------------------------------------------------------- words


@pytest.mark.parametrize("path", EVERYWHERE, ids=name_of)
def test_a_file_says_what_it_is(path):
    text = path.read_text(encoding="utf-8")
    said = ast.get_docstring(ast.parse(text)) or ""
    assert len(said.split()) >= 4, f"{name_of(path)} needs a docstring: what and why"


def public_names() -> Iterator[tuple[str, object]]:
    """Every public function, class and method that the package itself defines."""
    for info in pkgutil.walk_packages(dlcourse.__path__, "dlcourse."):
        if any(part.startswith("_") for part in info.name.split(".")):
            continue
        module = importlib.import_module(info.name)
        for name, thing in vars(module).items():
            ours = getattr(thing, "__module__", None) == info.name
            if name.startswith("_") or not ours or not callable(thing):
                continue
            yield f"{info.name}.{name}", thing
            for inner, method in vars(thing).items() if inspect.isclass(thing) else ():
                if not inner.startswith("_") and (
                    inspect.isroutine(method) or isinstance(method, property)
                ):
                    yield f"{info.name}.{name}.{inner}", getattr(thing, inner)


def test_every_public_name_says_what_it_is():
    names = dict(public_names())
    assert len(names) > 100
    # a method that overrides another may leave the words to it, as getdoc does
    silent = [name for name, thing in names.items() if not inspect.getdoc(thing)]
    assert not silent
