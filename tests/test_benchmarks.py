"""The benchmarks do the same work in each library, and their arithmetic is right.

Nothing here is timed: whether dlcourse is fast is measured, by ``make bench``.
"""

import json

import numpy as np
import pytest

from benchmarks import libraries, machine, timing
from benchmarks.__main__ import main, peers, workloads
from benchmarks.markdown import ratio_text, table, time_text
from benchmarks.page import page
from benchmarks.problems import PROBLEMS, SERIES, problem
from benchmarks.results import Results, Spread, spread
from benchmarks.targets import TARGETS, Target
from benchmarks.worker import first_losses, profile, seconds

# The first losses, before any update and after one and two, computed with PyTorch.
LOSSES = {
    "W1": [0.746587, 0.736833, 0.728352],
    "W2": [2.763922, 1.590519, 0.775705],
    "W3": [2.305072, 2.302190, 2.296774],
    "W4": [2.886287, 1.776139, 0.938570],
    "W5": [4.163281, 4.155127, 4.147242],
    "W5R": [4.319885, 4.279890, 4.241089],
    "W6": [0.083322, 0.083257, 0.083195],
    "W7": [0.778557, 0.778557, 0.778557],
}


def result(name: str, **cells: list[float]) -> dict:
    """A measurement: cells named library__kind, in seconds for each round."""
    return {
        "problem": name,
        "threads": 1,
        "flops": 1_000_000,
        "left_out": {"micrograd": "its process ended early"},
        "profile": [["ops/kernels/linear.py: linear", 0.75], ["tensor.py: f", 0.25]],
        "cells": [
            {"library": library, "kind": kind, "unit": "s", "values": values}
            for key, values in cells.items()
            for library, kind in [key.split("__")]
        ],
    }


@pytest.fixture
def measured(tmp_path):
    """A folder of results in which dlcourse takes half of PyTorch's time, or twice."""
    kept = Results(tmp_path / "results", 1)
    kept.add(
        {"problem": "machine", "peak": 1e11, "processor": "a processor"}
        | {"system": "Linux", "python": "3.11", "numpy": "2.4 (a BLAS)"}
    )
    # a busy moment in the second round: the ratios do not see it
    kept.add(
        result(
            "W2",
            dlcourse__train=[1, 9, 1],
            torch__train=[2, 18, 2],
            dlcourse__fit=[1.2, 10.8, 1.2],
        )
    )
    kept.add(result("W3", dlcourse__train=[0.004], torch__train=[0.002]))
    for size in SERIES["width"][1]:
        name = f"width={size}"
        kept.add(result(name, dlcourse__train=[size / 1e4], torch__train=[size / 1e3]))
    return tmp_path


# ---------------------------------------------------------------- the same work


@pytest.mark.parametrize("name", LOSSES)
def test_the_course_computes_the_losses_of_pytorch(name):
    steps = getattr(libraries.load("dlcourse"), name)(problem(name))
    for losses in first_losses(steps).values():
        assert losses == pytest.approx(LOSSES[name], rel=timing.SAME)
        if "train" in steps:
            assert len(set(losses)) == len(losses), "the weights do not move"
    if "train" in steps:
        assert np.isfinite(steps["infer"]().data).all()


def test_all_runs_at_once_end_as_one_after_another():
    steps = libraries.load("dlcourse").W9(problem("runs=3"))
    at_once, alone = (steps[kind]() for kind in ("train", "one after another"))
    assert at_once == pytest.approx(alone, rel=timing.SAME)


def test_every_workload_has_a_figure_in_the_course():
    ours = libraries.load("dlcourse")
    assert set(LOSSES) | {"W9"} == set(PROBLEMS)
    assert all(hasattr(ours, name) for name in PROBLEMS)


@pytest.mark.parametrize("name, count", [("W2", 407_050), ("W3", 61_706), ("W1", 65)])
def test_the_networks_are_those_of_the_lecture(name, count):
    assert sum(w.size for w in problem(name).weights.values()) == count


def test_products_are_counted():
    # 784-512-10: forward, both weights' gradients, one gradient of an input
    assert problem("W2").flops == 2 * 128 * (2 * 784 * 512 + 3 * 512 * 10)
    assert problem("width=64").flops == 2 * 128 * (2 * 784 * 64 + 3 * 64 * 10)
    # a convolution's rows are the places of its output; the first has no input gradient
    first, second = 64 * 28 * 28 * 25 * 6, 64 * 10 * 10 * 150 * 16
    dense = 64 * (400 * 120 + 120 * 84 + 84 * 10)
    assert problem("W3").flops == 2 * (2 * first + 3 * second + 3 * dense)


@pytest.mark.parametrize("name", libraries.names())
def test_a_library_file_loads_without_its_library(name):
    one = libraries.load(name)
    assert one.NAME and one.PACKAGE and one.MODULE and callable(one.setup)
    assert any(hasattr(one, workload) for workload in PROBLEMS)


# ---------------------------------------------------------------- names


def test_groups_of_workloads():
    assert workloads("W10,W1,W8") == ["W1", "W2", "W8"]
    sizes = workloads("sizes")
    assert len(sizes) == 25 and all(problem(n).name == n for n in sizes[::6])


@pytest.mark.parametrize("name", ["W33", "width", "width=wide", "depth=3"])
def test_an_unknown_workload_is_named(name):
    with pytest.raises(SystemExit, match=f"{name}.*known: W1, W2"):
        workloads(f"W1,{name}")


def test_an_unknown_library_is_named():
    with pytest.raises(SystemExit, match="'pytorch'; known: .*torch"):
        peers("pytorch")


def test_a_library_that_is_not_installed_is_left_out_and_said_so(monkeypatch, capsys):
    monkeypatch.setattr(libraries.load("torch"), "MODULE", "not_installed_anywhere")
    assert peers("numpy,torch,dlcourse") == ["numpy"]
    assert capsys.readouterr().out == "PyTorch is not installed and is left out\n"


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_a_target_names_what_exists(target):
    assert target.problem in {*PROBLEMS, "W8"}
    if target.against:
        assert target.against[0] in {*libraries.names(), "*"}


# ---------------------------------------------------------------- arithmetic


@pytest.mark.parametrize("wrong", [1.001, float("nan"), float("inf"), -1.0])
def test_nobody_is_fast_and_wrong(wrong):
    ours = {"train": [2.0, 1.0]}
    timing.check_losses(ours, {"train": [2.0001, 1.0 - 1e-5]})
    with pytest.raises(timing.LeftOut, match="its losses"):
        timing.check_losses(ours, {"train": [2.0, wrong]})


def test_the_spread_is_the_middle_half():
    assert spread([5.0, 1.0, 3.0, 2.0, 4.0]) == Spread(3.0, 2.0, 4.0)
    assert spread([2.0]) == Spread(2.0, 2.0, 2.0)


def test_ratios_are_taken_within_a_round(measured):
    found = Results(measured / "results", 1)
    assert found.ratio("W2", "train", "torch") == Spread(0.5, 0.5, 0.5)
    ratio = found.ratio("W2", "fit", "dlcourse", "train")
    assert ratio.median == pytest.approx(1.2)
    assert found.value("W2", "torch", "train").median == 2
    assert found.ratio("W2", "train", "jax") is None
    assert found.libraries("W2") == ["dlcourse", "torch"]


def test_the_best_of_all_others_is_found(tmp_path):
    found = Results(tmp_path, 1)
    cells = {"dlcourse__import": [1.0], "numpy__import": [0.5]}
    found.add(result("W8", **cells, torch__import=[9.0], thinc__import=[4.0]))
    ratio, library = found.measured(Target("W8", "import", ("*", "import"), 1.0))
    assert (ratio.median, library) == (0.25, "thinc")


def test_a_library_without_arrays_is_compared_with_nobody_and_named(tmp_path):
    found = Results(tmp_path / "results", 1)
    cells = {"dlcourse__import": [1.0], "autograd__import": [2.0]}
    found.add(result("W8", **cells, micrograd__import=[9.6e-5]))
    ratio, library = found.measured(Target("W8", "import", ("*", "import"), 1.0))
    assert (ratio.median, library) == (0.5, "autograd")
    text = page([found], "size.svg")
    assert "micrograd computes number by number" in text and "takes 96 µs." in text


# 1 MFLOP at 100 GFLOP/s are 10 µs; 10.7584 million tanh at 2 ns are 21.5 ms
@pytest.mark.parametrize(
    "target, least",
    [
        (Target("W2", "train", ("torch", "train"), 1.0), 10e-6 / 2),
        (Target("W7", "infer", ("torch", "infer"), 1.0), 21.5168e-3 / 0.1),
        (Target("W7", "infer", None, 0.015), 21.5168e-3),
        (Target("W2", "train", ("jax", "train"), 1.0), None),  # not measured
        (Target("W4", "train", ("torch", "train"), 1.0), None),
        (Target("W1", "train", ("torch", "train"), 1.0), None),  # Python bounds it
        (Target("W2", "fit", ("dlcourse", "train"), 1.0), None),
        (Target("W8", "import", ("torch", "import"), 1.0), None),
    ],
    ids=str,
)
def test_the_least_that_is_possible(measured, target, least):
    found = Results(measured / "results", 1)
    found.add(result("W7", dlcourse__infer=[0.03], torch__infer=[0.1]))
    found.add(result("W1", dlcourse__train=[1.0], torch__train=[2.0]))
    found.machine = {**found.machine, "tanh": 2e-9}
    assert found.least(target) == (least if least is None else pytest.approx(least))


def test_an_aim_below_the_least_is_counted_and_marked(measured):
    folder = measured / "results"
    slow = {"dlcourse__train": [0.4], "torch__train": [1e-5]}
    Results(folder, 1).add(result("W2", **slow))  # 10 µs of products
    text = page([Results(folder, 1)], "size.svg")
    assert "1 lie below what is possible" in text.replace("\n", " ")
    assert "| ≤ 0.80 | 4e+04 | **no** | **1** |" in text


def test_the_machine_is_measured():
    found = machine._speeds(1, duration=0.01)
    assert 1e8 < found["peak"] < 1e14 and 1e-11 < found["tanh"] < 1e-6
    assert machine._speeds(2, duration=0.01)["tanh"] < 1e-6
    json.dumps(found)


def test_a_workload_measured_again_replaces_its_older_figures(measured):
    folder = measured / "results"
    Results(folder, 1).add(result("W3", dlcourse__train=[0.001], torch__train=[0.004]))
    found = Results(folder, 1)
    assert found.ratio("W3", "train", "torch").median == 0.25
    assert found.ratio("W2", "train", "torch").median == 0.5


def test_shares_of_the_time():
    def slow():
        return sum(range(20_000))

    shares = profile(slow, 3)
    assert shares[0][0] == "test_benchmarks.py: slow"
    assert 0.9 < sum(share for _, share in shares) <= 1.0 + 1e-9
    assert seconds(slow, 2) > 0


# ---------------------------------------------------------------- the page


def test_numbers_as_they_are_read():
    assert [time_text(t) for t in (1.5, 0.0123, 4.56e-6)] == [
        "1.5 s",
        "12.3 ms",
        "4.56 µs",
    ]
    assert ratio_text(Spread(0.5, 0.25, 0.75)) == "0.5 (0.25–0.75)"
    assert ratio_text(Spread(0.5, 0.5, 0.5)) == "0.5"
    assert ratio_text(None) == ""
    assert table(["a", "b"], [["x", "1"]]) == "| a | b |\n| --- | ---: |\n| x | 1 |\n"


def test_the_page_says_what_is_reached(measured):
    output = measured / "RESULTS.md"
    main(["--page-only", "--output", str(output)])
    text = output.read_text(encoding="utf-8")
    assert "| W2 | training step | PyTorch | 1 | ≤ 0.80 | 0.5 | yes | 5e-06 |" in text
    assert "| W3 | training step | PyTorch | 1 | ≤ 0.95 | 2 | **no** | 0.005 |" in text
    assert "| W1 | training step | PyTorch | 1 | ≤ 0.20 |  | not measured |  |" in text
    assert "1 of 3 aims are reached; of the 2 that are missed, 0 lie below" in text
    assert "micrograd is left out: its process ended early." in text
    assert "| PyTorch | 2 s | 0.5 |" in text
    assert "100 GFLOP/s with one thread" in text
    # 1 MFLOP in 4 ms are 0.25 GFLOP/s, of 100
    assert "`ops/kernels/linear.py: linear` 75%" in text and "| 0.25 | 0.2% |" in text
    assert "(size.svg)" in text and "| 6.4 ms | 12.8 ms | 25.6 ms |" in text
    picture = (measured / "size.svg").read_text(encoding="utf-8")
    assert "<svg" in picture
    assert "2026" not in picture.partition("<defs")[0], "a date would change each time"


def test_a_page_of_nothing_is_a_page(tmp_path):
    text = page([Results(tmp_path, 1)], "size.svg")
    assert "0 of 0 aims are reached" in text and "size.svg" not in text


# ---------------------------------------------------------------- processes


def test_a_process_answers(tmp_path, monkeypatch):
    monkeypatch.setattr(timing, "BUDGET", 1e-4)
    found = timing.compare("W1", [], threads=1, rounds=2)
    kinds = {cell["kind"]: cell["values"] for cell in found["cells"]}
    assert set(kinds) == {"train", "infer", "fit", "train_on_batch"}
    assert all(len(values) == 2 and min(values) > 0 for values in kinds.values())
    assert found["flops"] == problem("W1").flops and found["left_out"] == {}
    json.dumps(found)


def test_memory_and_import_are_seen():
    from benchmarks.cold import ask

    answer = ask("dlcourse", ["imported", "dlcourse"], threads=1)
    assert answer["import"] > 0 and 5 < answer["memory, imported"] < 500


def test_a_library_that_fails_is_left_out_and_the_others_go_on(monkeypatch, capfd):
    # a process of its own imports what is here; NumPy's file knows no W2
    monkeypatch.setattr(timing, "BUDGET", 1e-4)
    monkeypatch.setattr(libraries.load("numpy"), "W2", None, raising=False)
    found = timing.compare("W2", ["numpy"], threads=1, rounds=1)
    assert found["left_out"] == {
        "numpy": "its process ended early (its error is above)"
    }
    assert {cell["library"] for cell in found["cells"]} == {"dlcourse"}
    assert "AttributeError" in capfd.readouterr().err
