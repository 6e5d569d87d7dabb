"""The same workloads on a GPU: ``make gpu-bench``.

That is ``python -m benchmarks --device gpu``: dlcourse on CuPy beside PyTorch, where it
is installed, on the same device. Each library has a warm process of its own; the device
is idle whenever a clock is read; the first losses must be those that dlcourse computes
on the processor. ``device.py`` measures what the device can do, ``counting.py`` what a
step asks of it, and ``page.py`` says which of the two decides. Read ``run.py`` next.
"""
