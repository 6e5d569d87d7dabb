"""One file for each library, all with the same few names, none needed but dlcourse's.

``NAME`` is what the tables call it, ``PACKAGE`` the distribution that `pip` knows, and
``MODULE`` what a program imports; ``ARRAYS = False`` marks a library without arrays;
``setup(threads)`` is called once, before anything else. A function named like a
workload, ``W3(problem)``, sets the network up with the problem's own weights, data and
settings, and returns what can be timed:

- ``"train"``: one step (forward, loss, backward, update), which returns the loss before
  its update as a float;
- ``"infer"``: the forward pass alone, without a graph; it returns when the result is
  there, not when it was merely asked for;
- ``"train_on_batch"``, where the library checks each batch it is handed: the same step
  through that;
- ``"fit"``, where the library has a training loop of its own: as many steps through it
  as ``problem.settings["fit_steps"]`` says.

``setup_gpu()``, where there is one, takes the place of ``setup``: from then on the
library computes on the GPU; it returns a function that waits until the GPU is idle.
There ``problem.settings`` has a "device", PyTorch's name of it, and a "read", which
leaves a step's loss on the device instead of waiting for it.

What a library cannot do, it does not define. All sizes are read from the problem's
arrays, for a size series runs the same function at other sizes. Libraries are imported
inside functions and in ``setup``: a file must load where its library is missing.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any

Steps = dict[str, Callable[[], Any]]


def names() -> list[str]:
    """The libraries there are files for: "dlcourse", "torch", "torch-best" …"""
    files = sorted(Path(__file__).parent.glob("*_.py"))
    return [f.stem[:-1].replace("_", "-") for f in files if f.stem != "__init__"]


def load(name: str) -> ModuleType:
    """The file of the library of that name."""
    if name not in names():
        known = ", ".join(names())
        raise SystemExit(f"There is no library {name!r}; known: {known}.")
    return importlib.import_module(f"{__name__}.{name.replace('-', '_')}_")


def is_installed(name: str) -> bool:
    """Can the library of that name be imported here?"""
    return importlib.util.find_spec(load(name).MODULE) is not None


def has_arrays(name: str) -> bool:
    """Does the library of that name compute with arrays?"""
    return getattr(load(name), "ARRAYS", True)


def version_of(name: str) -> str:
    """The distribution and its version, as "torch 2.13.0"."""
    package = load(name).PACKAGE
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return package
