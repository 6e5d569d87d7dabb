"""The interactives: what a notebook calls to put controls and a picture on the page.

Each is one file with three things: `compute` (pure, seeded, returns arrays), `draw`
(updates artists) and the function a notebook calls, which wires them into `Explorer`.
Read `controls.py` and `explorer.py` first, then `neuron.py`.
"""

from .activations import activations
from .controls import Choice, Control, Counter, Slider, Stops, Time, Toggle
from .explorer import Explorer
from .landscape import landscape
from .learning_rate import learning_rate
from .learning_rate_sweep import learning_rate_sweep
from .neuron import neuron
from .overfitting import overfitting
from .playground import playground

__all__ = [
    "Choice",
    "Control",
    "Counter",
    "Explorer",
    "Slider",
    "Stops",
    "Time",
    "Toggle",
    "activations",
    "landscape",
    "learning_rate",
    "learning_rate_sweep",
    "neuron",
    "overfitting",
    "playground",
]
