"""What a trained network looks like from outside, in numbers: no drawing here.

Read ``stability.py`` first (how large a learning rate may be), then ``landscape.py``
(the loss over a plane of weights).
"""

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
    "Landscape",
    "hessian",
    "hessian_products",
    "landscape",
    "sharpness",
    "stability_edge",
]
