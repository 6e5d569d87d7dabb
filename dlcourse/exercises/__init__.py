"""Exercises of the notebooks, one file per lecture: each name is a check to call.

A notebook calls ``dl.exercises.neuron.z_of_the_example(z)`` and reads what comes back.
Worked solutions are in ``notebooks/solutions/``, not here. Read ``check.py`` next.
"""

from . import learning_rate, multilayer, neuron, overfitting, start
