"""Several small JavaScript modules made into the one that anywidget asks for.

The front end is written as modules that import from each other, so that each can be
read and tested alone; a widget can be given only one. So every module but the last
becomes a function that returns what it exports, called in the order of the imports.
Read ``view.py`` next.
"""

import re
from pathlib import Path

IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./(\w+)\.js";$', re.M)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|class|const) (\w+))", re.M)


def bundle(folder: Path, entry: str = "main") -> str:
    """The text of `entry` in `folder`, and before it all that it imports."""
    parts: dict[str, str] = {}

    def add(name: str) -> None:
        source = (folder / f"{name}.js").read_text(encoding="utf-8")
        for _, needed in IMPORT.findall(source):
            if needed not in parts:
                add(needed)
        names = ", ".join(EXPORT.findall(source))
        body = EXPORT.sub("", IMPORT.sub(r"const \1 = \2_js;", source))
        if name != entry:
            body = f"const {name}_js = (() => {{\n{body}return {{ {names} }};\n}})();"
        parts[name] = f"// ---- {name}.js\n{body}"

    add(entry)
    return "\n".join(parts.values())
