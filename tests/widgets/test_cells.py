"""A second run of a cell replaces what the first one made."""

import pytest

from dlcourse.widgets import cells


class Kernel:
    """As much of a kernel as is asked: the request it is working on."""

    def __init__(self):
        self.kernel = self
        self.request = {}

    def get_parent(self):
        return self.request

    def run(self, cell, run):
        self.request = {"metadata": {"cellId": cell}, "header": {"msg_id": run}}


class Interactive:
    closed = False

    def close(self):
        self.closed = True


@pytest.fixture
def kernel(monkeypatch):
    made = Kernel()
    monkeypatch.setattr(cells, "get_ipython", lambda: made)
    monkeypatch.setattr(cells, "_alive", {})
    return made


def make():
    found = Interactive()
    cells.replace_earlier(found)
    return found


def test_another_run_of_the_cell_closes_the_first(kernel):
    kernel.run("a", "1")
    first, beside = make(), make()
    kernel.run("b", "2")
    elsewhere = make()
    assert not (first.closed or beside.closed)
    kernel.run("a", "3")
    second = make()
    assert first.closed
    assert beside.closed
    assert not (second.closed or elsewhere.closed)


def test_without_a_notebook_nothing_is_closed(kernel, monkeypatch):
    one, two = make(), make()  # a kernel, but no cell: a console
    monkeypatch.setattr(cells, "get_ipython", lambda: None)
    three = make()
    assert not (one.closed or two.closed or three.closed)
