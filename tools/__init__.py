"""What keeps the repository in order; the course itself never imports it.

`notebook_hygiene` says what a committed notebook looks like, `execute_notebooks` makes
it so, `pin_constraints` pins versions. Each is called by the Makefile.
"""
