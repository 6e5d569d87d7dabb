"""One interactive per run of a cell: a second run replaces what the first one made.

Without this, the controls of the run before would go on computing, unseen. Read
`explorer.py` next.
"""

from typing import Any, Protocol

from IPython import get_ipython


class Closable(Protocol):
    """Whatever can be taken off the page."""

    def close(self) -> None:
        """Stop, and leave the page."""


_alive: dict[str, list[tuple[str, Closable]]] = {}  # by cell: (run, interactive)


def replace_earlier(interactive: Closable) -> None:
    """Close what an earlier run of the cell that is running now has made.

    JupyterLab says in each request which cell it runs; elsewhere nothing is closed.
    """
    kernel: Any = getattr(get_ipython(), "kernel", None)
    request = kernel.get_parent() if kernel is not None else {}
    cell = request.get("metadata", {}).get("cellId")
    if cell is None:
        return
    run = request["header"]["msg_id"]
    mine = [(run, interactive)]
    for earlier, old in _alive.get(cell, []):
        if earlier == run:
            mine.append((run, old))
        else:
            old.close()
    _alive[cell] = mine
