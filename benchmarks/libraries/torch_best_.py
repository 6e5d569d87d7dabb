"""PyTorch's best in eager mode: fused optimizers, channels last, no version counting.

The networks are those of ``torch_.py``. What is added is what its performance guide
names and what keeps every float32 result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..problems import Problem
from . import Steps, torch_

NAME = "PyTorch, best"
PACKAGE = MODULE = "torch"
setup = torch_.setup


def setup_gpu() -> Callable[[], None]:
    """Let cuDNN try which convolution is the fastest."""
    wait = torch_.setup_gpu()
    import torch

    torch.backends.cudnn.benchmark = True
    return wait


def _best(workload: str) -> Any:
    def steps(problem: Problem) -> Steps:
        import torch

        return getattr(torch_, workload)(
            problem, fused=True, layout=torch.channels_last, mode=torch.inference_mode
        )

    return steps


W1, W2, W3, W4, W5, W5R, W6 = map(_best, "W1 W2 W3 W4 W5 W5R W6".split())
