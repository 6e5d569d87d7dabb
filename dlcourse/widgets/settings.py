"""The settings of an interactive: checked values and presets, without any widget.

Read `page.py` next, which shows them, and then `explorer.py`, which ties both together.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import ConfigError, did_you_mean
from .controls import Control


class Settings:
    """What each control is set to, and what it may be set to.

    >>> from dlcourse.widgets import Slider
    >>> presets = {"flat": {"height": 0}}
    >>> settings = Settings("A wave", [Slider("height", 1.0, 0, 5)], presets)
    >>> settings.values
    {'height': 1.0}
    >>> settings.values |= settings.preset("flat")
    >>> settings.preset_now()
    'flat'
    """

    def __init__(
        self,
        title: str,
        controls: Sequence[Control],
        presets: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self.title = title
        self.controls = {control.name: control for control in controls}
        self.values = {control.name: control.value for control in controls}
        self._first = dict(self.values)
        self.presets = {name: self.checked(own) for name, own in presets.items()}

    def checked(self, some: Mapping[str, Any]) -> dict[str, Any]:
        """These settings in their own types; `ConfigError` for one that cannot be."""
        for name in some:
            if name not in self.controls:
                raise ConfigError(
                    f"'{self.title}' has no setting {name!r}. "
                    f"{did_you_mean(name, self.controls)}"
                )
        return {name: self.controls[name].check(value) for name, value in some.items()}

    def preset(self, name: str) -> dict[str, Any]:
        """All values of a preset: what it leaves out has the control's first value."""
        if name not in self.presets:
            raise ConfigError(
                f"'{self.title}' has no preset {name!r}. "
                f"{did_you_mean(name, self.presets)}"
            )
        return self._first | self.presets[name]

    def preset_now(self) -> str | None:
        """The name of the preset that the present values are, or None."""
        names = (name for name in self.presets if self.preset(name) == self.values)
        return next(names, None)
