"""A small interactive for the tests of `Explorer`: a bar of some height."""

from dataclasses import dataclass

from dlcourse.errors import ConfigError
from dlcourse.widgets import Choice, Counter, Explorer, Slider, Time, Toggle

CONTROLS = [
    Slider("height", 1, 0, 5),
    Slider("rate", 0.1, 0.001, 1.0, log=True),
    Choice("kind", "plain", ["plain", "fancy"]),
    Toggle("shown", True),
    Counter("seed", description="New data"),
    Time("moment", 0, 0, 4, interval=0.002),
]
PRESETS = {"low": {}, "high": {"height": 5}, "high and fast": {"height": 5, "rate": 1}}


@dataclass(frozen=True)
class Bar:
    height: float
    seed: int


def layout(figure):
    axes = figure.subplots()
    axes.set(xlim=(0, 1), ylim=(0, 6))
    return axes.plot([], [], lw=20, animated=True)[0]


def draw(line, bar):
    line.set_data([0.5, 0.5], [0, bar.height])


def summary(bar):
    return f"The bar is {bar.height:g} high."


class Made:
    """An Explorer, and the settings its `compute` was called with."""

    def __init__(self, **arguments):
        self.calls = []
        arguments = {"controls": CONTROLS, "presets": PRESETS} | arguments
        self.explorer = Explorer(
            self._compute, layout, draw, summary, title="A bar", **arguments
        )

    def _compute(self, **settings):
        self.calls.append(settings)
        if settings["height"] == 3:
            raise ConfigError("A bar of height 3 falls over.")
        if settings["height"] == 4:
            raise ZeroDivisionError("no reason")
        return Bar(settings["height"] + settings["moment"], settings["seed"])

    def widget(self, name):
        return self.explorer._page._inputs[name]

    @property
    def chooser(self):
        return self.explorer._page._chooser
