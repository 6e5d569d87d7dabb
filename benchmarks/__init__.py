"""Side-by-side timings of dlcourse and other libraries: ``python -m benchmarks``.

Each library runs in one warm process of its own; the parent asks them in turn, round
after round, and takes the ratio within each round, so that a busy moment of the machine
hits all alike. Before anything is timed, all must have computed the same losses from
the same weights and data: nobody is fast and wrong. Read ``problems.py`` next.
"""
