"""What a trained network looks like from outside, in numbers: no drawing here.

Read ``stability.py`` first (how large a learning rate may be), then ``landscape.py``
(the loss over a plane of weights), ``intervals.py`` (how sure a mean of runs is) and
``fitting.py`` (a training that overfits, stage by stage); ``architecture.py`` says what
a model consists of.
"""

from .architecture import Drawing, model_drawing
from .fitting import Fitting, Stop, early_stop
from .intervals import Interval, difference_interval, mean_interval
from .landscape import Landscape, landscape
from .stability import (
    Bowl,
    hessian,
    hessian_products,
    sharpness,
    stability_edge,
)

__all__ = [
    "Bowl",
    "Fitting",
    "Interval",
    "Landscape",
    "Stop",
    "Drawing",
    "difference_interval",
    "early_stop",
    "hessian",
    "hessian_products",
    "landscape",
    "mean_interval",
    "model_drawing",
    "sharpness",
    "stability_edge",
]
