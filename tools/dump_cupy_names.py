"""Write down which names and keywords the installed CuPy has, for the tests' stand-in.

Run once where CuPy is installed (no GPU is needed): ``python
tools/dump_cupy_names.py``. It writes tests/cupy_names.json, which `tests/stand_in.py`
reads.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path


def main() -> None:
    """Import CuPy and write its names."""
    import cupy

    functions: dict[str, list[str] | None] = {}
    ufuncs, other = [], []
    for name in sorted(n for n in dir(cupy) if not n.startswith("_")):
        value = getattr(cupy, name)
        if type(value).__name__ == "ufunc":
            ufuncs.append(name)
        elif inspect.isclass(value) or inspect.ismodule(value) or not callable(value):
            other.append(name)
        else:
            try:
                functions[name] = list(inspect.signature(value).parameters)
            except (TypeError, ValueError):
                functions[name] = None
    names = {
        "version": cupy.__version__,
        "functions": functions,
        "ufuncs": ufuncs,
        "other": other,
        "ufunc_methods": [n for n in dir(cupy.add) if not n.startswith("_")],
        "array": [n for n in dir(cupy.ndarray) if not n.startswith("__")],
    }
    path = Path(__file__).parent.parent / "tests" / "cupy_names.json"
    text = json.dumps(names, indent=None, sort_keys=True)
    path.write_text(text.replace('], "', '],\n "') + "\n", encoding="utf-8")
    print(f"CuPy {cupy.__version__}: {len(functions)} functions, {len(ufuncs)} ufuncs")


if __name__ == "__main__":
    main()
