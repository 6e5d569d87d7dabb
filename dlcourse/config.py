"""Names and settings: how ``"he_normal"`` becomes an object, and an object a dict.

Keras lets every part be given as a string, an object or a config dict. The three are
turned into each other here, once, for layers, losses, optimizers and the rest. Only
names in a module's own list are ever looked up: nothing found in a file is imported or
run.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .errors import ConfigError, did_you_mean


class Configurable:
    """Something that can say its settings and be made from them.

    Each constructor argument is kept in an attribute of the same name, so that
    ``get_config`` can read them back and ``from_config(config)`` makes a twin.
    """

    @classmethod
    def _arguments(cls) -> list[str]:
        """The constructor's argument names, those passed on to parents included."""
        names: list[str] = []
        for parent in cls.__mro__:
            if "__init__" not in vars(parent):
                continue
            parameters = inspect.signature(parent.__init__).parameters.values()
            names += [
                p.name
                for p in parameters
                if p.name not in ("self", *names)
                and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
            ]
            if not any(p.kind is p.VAR_KEYWORD for p in parameters):
                break
        return names

    def get_config(self) -> dict[str, Any]:
        """The settings as a dict of plain values: numbers, strings, lists, dicts."""
        return {
            name: _plain(getattr(self, name))
            for name in self._arguments()
            if hasattr(self, name)
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """A new object with these settings; unknown ones raise `ConfigError`."""
        known = cls._arguments()
        for name in config:
            if name not in known:
                raise ConfigError(
                    f"{cls.__name__} has no setting {name!r}. "
                    + did_you_mean(name, known)
                )
        return cls(**config)


def _plain(value: Any) -> Any:
    if isinstance(value, Configurable):
        return {"class_name": type(value).__name__, "config": value.get_config()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if callable(value):
        name = getattr(value, "__name__", repr(value))
        return "exponential" if name == "exp" else name  # Keras's word for it
    return value


def snake(name: str) -> str:
    """GlorotUniform → glorot_uniform, Conv2DTranspose → conv2d_transpose."""
    made = ""
    for i, letter in enumerate(name):
        around = name[max(0, i - 1) : i + 2]
        if i and letter.isupper() and not around.isupper():
            made += "_"
        made += letter
    return made.lower()  # not by `re`: compiling its pattern took 0.3 ms of a start


def resolve(
    kind: str,
    value: Any,
    parent: type,
    namespace: Mapping[str, Any],
    public: Sequence[str],
    aliases: Mapping[str, str] | None = None,
    spell: Callable[[str], str] = snake,
    functions: bool = False,
) -> Any:
    """Turn a name, a config dict, a class or an object into an object of `parent`.

    Names may be the class's (``"HeNormal"``), what `spell` makes of it
    (``"he_normal"``), or one of `aliases`; with `functions` any function will do.
    Raises `ConfigError` with the nearest right name.
    """
    classes = {
        name: namespace[name]
        for name in public
        if isinstance(namespace.get(name), type)
        and issubclass(namespace[name], parent)
        and namespace[name] is not parent
    }
    if isinstance(value, parent):
        return value
    if isinstance(value, type) and issubclass(value, parent):
        return value()
    if isinstance(value, Mapping) and "class_name" in value:
        found = _find(kind, value["class_name"], classes, {}, spell)
        return found.from_config(value.get("config", {}))
    if isinstance(value, str):
        return _find(kind, value, classes, aliases or {}, spell)()
    if functions and callable(value) and not isinstance(value, type):
        return value
    raise ConfigError(
        f"{kind} must be a name or {_article(parent.__name__)}, not {value!r}. "
        + did_you_mean("", [spell(name) for name in classes])
    )


def _find(
    kind: str,
    name: str,
    classes: Mapping[str, type],
    aliases: Mapping[str, str],
    spell: Callable[[str], str],
) -> Any:
    table = {key.lower(): value for key, value in classes.items()}
    table.update({spell(key): value for key, value in classes.items()})
    table.update({alias: classes[target] for alias, target in aliases.items()})
    if str(name).lower() in table:
        return table[str(name).lower()]
    names = sorted({*aliases, *(spell(key) for key in classes)})
    raise ConfigError(f"There is no {kind} {name!r}. {did_you_mean(name, names)}")


def _article(word: str) -> str:
    return f"{'an' if word[0] in 'AEIOU' else 'a'} {word}"
