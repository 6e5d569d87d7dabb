"""Files of named arrays, written whole or not at all, read without trust.

A file is written beside its final place, synced, and renamed. Reading checks the sizes
that a header claims before it allocates, and never unpickles. Read ``storage.py`` next.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ConfigError, FileFormatError


def write_whole(path: Any, write: Callable[[str], None]) -> None:
    """Let `write` fill a temporary file, then put it in the place of `path` at once."""
    path = Path(path)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        write(name)
        with open(name, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise


def write_arrays(
    path: Any, arrays: Mapping[str, np.ndarray], notes: Mapping[str, str] | None = None
) -> None:
    """Write named arrays (and notes) to ``.safetensors``, or arrays to ``.npz``."""
    path = Path(path)
    plain = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    if path.suffix == ".npz":

        def write(name: str) -> None:
            with open(name, "wb") as file:
                np.savez(file, **plain)

    elif path.suffix == ".safetensors":
        from safetensors.numpy import save_file

        def write(name: str) -> None:
            save_file(plain, name, metadata=dict(notes or {}))

    else:
        raise ConfigError(
            f"{path.name}: the name must end in .safetensors or .npz, which says the "
            "format."
        )
    if not path.parent.is_dir():
        raise ConfigError(f"There is no folder {str(path.parent)!r} to write to.")
    write_whole(path, write)


def read_arrays(path: Any) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The arrays and notes of a file written by `write_arrays`.

    Raises `FileFormatError` for a file that is cut short, of another format, or that
    claims more than it holds.
    """
    path = Path(path)
    if not path.is_file():
        raise FileFormatError(f"There is no file {str(path)!r}.")
    if path.suffix == ".npz":
        return _read_npz(path), {}
    if path.suffix != ".safetensors":
        raise ConfigError(f"{path.name}: the name must end in .safetensors or .npz.")
    from safetensors import SafetensorError, safe_open

    try:  # the library compares the header with the file's length before it allocates
        with safe_open(str(path), framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return arrays, dict(file.metadata() or {})
    except (SafetensorError, OSError, ValueError) as problem:
        raise FileFormatError(
            f"{path.name} is not a whole safetensors file: {problem}."
        ) from None


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    arrays = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                with archive.open(entry) as file:
                    version = np.lib.format.read_magic(file)
                    read = (
                        np.lib.format.read_array_header_1_0
                        if version == (1, 0)
                        else np.lib.format.read_array_header_2_0
                    )
                    shape, _, dtype = read(file)
                    size = int(np.prod(shape, dtype=object)) * dtype.itemsize
                    if dtype.hasobject or size > entry.file_size:
                        raise FileFormatError(
                            f"{path.name}: {entry.filename} claims {size} bytes, but "
                            f"holds {entry.file_size}."
                        )
        with np.load(path, allow_pickle=False) as file:
            for name in file.files:
                arrays[name] = file[name]
    except FileFormatError:
        raise
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, KeyError) as problem:
        raise FileFormatError(
            f"{path.name} is not a whole .npz file: {problem}."
        ) from None
    return arrays
