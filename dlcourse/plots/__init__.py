"""Pictures: every function here draws on the Axes it is given, and computes nothing.

What is drawn was worked out before, by a model, a data set or ``analysis``; so a
picture never takes long, and a test can ask the artists what they show. A notebook
makes a figure, draws on it, and shows it together with the words for those who cannot
see it:

    figure, axes = plots.subplots()
    plots.scatter_classes(axes, x, y)
    plots.show(figure, "Two moons of points that no straight line parts.")

A model is drawn, with shapes and numbers of weights, by ``plots.show_model(model)``.

Read ``style.py`` first, then ``data.py``, ``training.py`` and ``figure.py``.
"""

from .data import Regions, decision_regions, image_mosaic, move_points, scatter_classes
from .figure import show, subplots
from .intervals import run_intervals
from .model_graph import model_graph, show_model
from .style import CLASS_COLORS, CLASS_MARKERS, STYLE, course_style
from .training import loss_curves, run_band

__all__ = [
    "CLASS_COLORS",
    "CLASS_MARKERS",
    "STYLE",
    "Regions",
    "course_style",
    "decision_regions",
    "image_mosaic",
    "loss_curves",
    "model_graph",
    "move_points",
    "run_band",
    "run_intervals",
    "scatter_classes",
    "show",
    "show_model",
    "subplots",
]
