"""The benchmarks on a GPU, proven on the stand-in for CuPy as far as that can be.

Processes of their own find it under CuPy's name, by a file ``cupy.py`` on their path.
So the whole way from the command line to GPU.md is gone; only the figures are no GPU's.
"""

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import dlcourse as dl
from benchmarks import libraries, timing, worker
from benchmarks.__main__ import main
from benchmarks.gpu import counting, device, page, run
from benchmarks.problems import problem
from benchmarks.results import Results
from tests import stand_in
from tests.device.memory import counters

CUPY = """\
import sys, types
from tests import stand_in
cupy = stand_in.module("cupy")
cupy.__version__ = "0 (stand-in)"
runtime = cupy.cuda.runtime
runtime.deviceSynchronize = lambda: None
runtime.getDeviceProperties = lambda number: {"name": b"a pretended device"}
runtime.runtimeGetVersion = lambda: 12040
runtime.driverGetVersion = lambda: 12060
sys.modules["cupy"] = cupy
"""
MACHINE = {
    "problem": "machine",
    "processor": "a processor",
    "system": "Linux",
    "python": "3.11",
    "numpy": "2.4 (a BLAS)",
    "device": "a pretended device",
    "cuda": "12.4",
    "driver": "12.6",
    "cupy": "0",
    "peak": 2e13,  # operations a second
    "bandwidth": 5e11,  # bytes a second
    "launch": 5e-6,  # seconds
}


@pytest.fixture
def cupy_in_processes(tmp_path, monkeypatch):
    """Let processes find the stand-in as CuPy."""
    folder = tmp_path / "path"
    folder.mkdir()
    (folder / "cupy.py").write_text(CUPY)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), str(timing.ROOT)]))


@pytest.fixture
def device_here(monkeypatch):
    """The stand-in as the backend of this process."""
    module = stand_in.module("cupy")
    waits = []
    module.cuda.runtime.deviceSynchronize = lambda: waits.append(None)
    monkeypatch.setitem(sys.modules, "cupy", module)
    yield waits
    dl.use_backend("numpy")


# ---------------------------------------------------------------- the whole way


def test_from_the_command_line_to_the_page(
    cupy_in_processes, tmp_path, monkeypatch, capsys
):
    small = "print(json.dumps({**describe(), **speeds(32, 4096, 0.01)}))"
    code = f"import json; from benchmarks.gpu.device import *; {small}"
    real = subprocess.run

    def quickly(command, **how):  # a product of 8192 × 8192 takes a processor minutes
        if command[-1] == "benchmarks.gpu.device":
            select = "import dlcourse; dlcourse.use_backend('cupy');"
            command = [sys.executable, "-c", select + code]
        return real(command, **how)

    monkeypatch.setattr(subprocess, "run", quickly)
    monkeypatch.setattr(timing, "BUDGET", 1e-4)
    output = tmp_path / "GPU.md"
    arguments = ["--device", "gpu", "--peers", "", "--output", str(output)]
    main([*arguments, "--workload", "W1,W8,W7", "--rounds", "2"])
    text = output.read_text(encoding="utf-8")
    assert "a pretended device, CUDA 12.4 (driver 12.6), CuPy 0 (stand-in)" in text
    assert "### W1: 2-16-1" in text and "| dlcourse |" in text
    assert "### W2" not in text and "W8" not in text
    head, rule, *rows = text[text.index("| workload |") :].strip().splitlines()
    assert [row.split(" | ")[0] for row in rows] == ["| W1", "| W7"]
    assert head.count("|") == rule.count("|") == rows[0].count("|")
    kept = json.loads((tmp_path / "results" / "gpu" / "W1.json").read_text())
    assert kept["asked"]["operations"] > 20 and kept["flops"] == problem("W1").flops
    capsys.readouterr()
    main([*arguments, "--page-only"])
    assert output.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    "cupy, words",
    [
        ("raise ImportError", ["CuPy is not installed", "pip install", "cuda12"]),
        (
            CUPY + "def none(): raise RuntimeError('no driver')\n"
            "runtime.getDeviceCount = none",
            ["finds no usable GPU (no driver)", "nvidia-smi"],
        ),
        (CUPY + "runtime.getDeviceCount = lambda: 0", ["this machine has no GPU"]),
    ],
    ids=["no CuPy", "no driver", "no device"],
)
def test_without_a_gpu_it_says_what_to_do(cupy_in_processes, tmp_path, cupy, words):
    (tmp_path / "path" / "cupy.py").write_text(cupy)
    command = [sys.executable, "-m", "benchmarks", "--device", "gpu", "--peers", ""]
    output = tmp_path / "GPU.md"
    done = subprocess.run(
        [*command, "--output", str(output)],
        capture_output=True,
        text=True,
        cwd=timing.ROOT,
    )
    assert done.returncode == 1 and not output.exists()
    assert "Traceback" not in done.stderr
    for word in ["There is no GPU to measure", *words, "make gpu-bench CUDA=12"]:
        assert word in done.stderr
    assert not (tmp_path / "results").exists()


def test_nothing_but_numpy_is_needed(cupy_in_processes, tmp_path):
    """Neither pytest nor matplotlib nor another library: here they refuse to load."""
    for name in ("matplotlib", "pytest", "torch", "tqdm", "sklearn"):
        (tmp_path / "path" / f"{name}.py").write_text("raise ImportError('not here')")
    code = (
        "from benchmarks.__main__ import main; from benchmarks.worker import prepare;"
        "steps, task, wait = prepare('W1', 'dlcourse', 1, True);"
        "steps['train'](); steps['infer'](); wait();"
        "from benchmarks.gpu import counting; print(counting.ask('W1'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=timing.ROOT
    )
    assert done.returncode == 0, done.stderr
    assert "operations" in done.stdout


def test_a_wrong_device_is_found_out(cupy_in_processes, tmp_path, monkeypatch, capsys):
    """Losses are compared with the processor's, also where there is no peer."""
    wrong = """
def tanh(x, *out, right=cupy.tanh):
    y = right(x, *out)
    y *= 1.01
    return y


cupy.tanh = tanh
"""
    (tmp_path / "path" / "cupy.py").write_text(CUPY + wrong)
    monkeypatch.setattr(device, "ask", lambda: MACHINE)
    monkeypatch.setattr(timing, "BUDGET", 1e-4)
    found = run.results(tmp_path / "results")
    run.measure(found, ["W1", "W2"], [], 1)
    why = "W1: dlcourse cannot be measured: its losses (train) are"
    assert why in capsys.readouterr().out
    text = page.page(found, run.NAMES)
    assert why in text
    assert "### W2" in text and "### W1" not in text  # the others went on


# ---------------------------------------------------------------- the clock


def test_the_device_is_idle_whenever_the_clock_is_read(monkeypatch):
    log = []
    monkeypatch.setattr(worker.time, "perf_counter", lambda: log.append("clock") or 0.0)
    worker.seconds(lambda: log.append("step"), 2, lambda: log.append("wait"))
    assert log == ["wait", "clock", "step", "step", "wait", "clock"]


@pytest.mark.parametrize("name", ["W1", "W2", "W3", "W5R", "W6"])
def test_a_step_leaves_its_loss_on_the_device(device_here, name):
    steps, _, wait = worker.prepare(name, "dlcourse", 1, on_gpu=True)
    assert dl.get_backend() == "cupy" and set(steps) <= set(worker.GPU_KINDS)
    wait()
    assert len(device_here) == 1
    steps["train"]()
    counters.reset()
    loss = steps["train"]()
    assert isinstance(loss, stand_in.ndarray)
    assert counters.synchronizations <= (name[:2] == "W5")  # are all words known?
    assert isinstance(steps["infer"]().data, stand_in.ndarray)
    second = run.expected_losses(name)["train"][1]
    assert loss.item() == pytest.approx(second, rel=timing.SAME)


def test_the_peers_are_those_that_can(monkeypatch):
    able = run.on_gpu(libraries.names())
    assert able == ["dlcourse", "torch", "torch-best"]
    with pytest.raises(SystemExit, match="no library"):
        run.on_gpu(["tensorflow"])


# ---------------------------------------------------------------- what is counted


def counts(work):
    """Operations and bytes of `work(xp)`, for arrays of 100 float32 (400 bytes)."""
    code = (
        "from tests import stand_in; from benchmarks.gpu import counting;"
        "xp, tally = counting.watched_module(stand_in);"
        "a, b, w = xp.ones(100, 'f'), xp.ones(100, 'f'), xp.ones((100, 10), 'f');"
        "i = xp.arange(10); big = xp.ones((1000, 10), 'f'); tally.reset();"
        f"{work}; print(*tally.figures().values())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=timing.ROOT,
    )
    return [int(value) for value in done.stdout.split()]


@pytest.mark.parametrize(
    "work, operations, size, waits",
    [
        ("a + b", 1, 1200, 0),
        ("a += b", 1, 1200, 0),
        ("xp.add(a, b, out=a)", 1, 1200, 0),
        ("xp.tanh(a)", 1, 800, 0),
        ("a.sum()", 1, 404, 0),
        ("a.reshape(10, 10).T[2:, ::2]", 0, 0, 0),
        ("w.T.reshape(-1)", 1, 8000, 0),  # a copy
        ("xp.empty(5); a.shape; len(a); a.dtype", 0, 0, 0),
        ("xp.asarray(a)", 0, 0, 0),
        ("xp.asarray(a, 'float64')", 1, 1200, 0),
        ("a[...] = 0", 1, 400, 0),
        ("a[:50] = b[50:]", 1, 400, 0),
        ("big[i]", 1, 880, 0),  # ten rows read and written, ten indices
        ("xp.dot(a, w)", 1, 4440, 0),
        ("xp.concatenate([a, b])", 1, 1600, 0),
        ("xp.add.at(a, i, b[:10])", 1, 920, 0),
        ("float(a[0]); (a > 0).any()", 2, 601, 1),
        ("a[a > 0]", 2, 1400, 1),
    ],
)
def test_operations_and_bytes(work, operations, size, waits):
    assert counts(work) == [operations, size, waits]


def test_a_step_is_counted_the_same_each_time():
    first, again = counting.ask("W2"), counting.ask("W2")
    assert first == again and first["waits"] == 0
    weights = sum(w.nbytes for w in problem("W2").weights.values())
    assert first["operations"] >= 20 and first["bytes"] > 9 * weights  # Adam's alone


# ---------------------------------------------------------------- what bounds


def result(name, step, **asked):
    return {
        "problem": name,
        "threads": 1,
        "flops": problem(name).flops,
        "left_out": {},
        "profile": [],
        "asked": {"waits": 0, **asked},
        "cells": [
            {"library": "dlcourse", "kind": "train", "unit": "s", "values": [step]},
            {"library": "torch", "kind": "train", "unit": "s", "values": [step / 2]},
        ],
    }


@pytest.mark.parametrize(
    "name, operations, size, longest",
    [
        ("W1", 40, 300_000, "launches"),  # 200, 0.6 and 0.002 µs
        ("W2", 10, 1_000_000_000, "memory"),  # 50, 2000 and 10 µs
        ("W4", 10, 1_000_000, "products"),  # 50, 2 and 252 µs
    ],
)
def test_the_longest_of_three_times_bounds(tmp_path, name, operations, size, longest):
    found = Results(tmp_path, 1, "gpu")
    found.add(MACHINE)
    found.add(result(name, 0.004, operations=operations, bytes=size))
    seconds, bound = page.bound(found, name)
    assert bound == longest
    assert seconds["launches"] == pytest.approx(operations * 5e-6)
    assert seconds["memory"] == pytest.approx(size / 5e11)
    assert seconds["products"] == pytest.approx(problem(name).flops / 2e13)
    text = page.page(found, run.NAMES)
    row = text.strip().splitlines()[-1]
    assert f"| {longest} | {max(seconds.values()) / 0.004:.0%} |" in row
    assert "| 4 ms |" in row and f"| {operations} | 0 |" in row
    assert "| PyTorch | 2 ms | 2 |" in text  # dlcourse takes twice as long
    assert "20 TFLOP/s for a float32 product" in text.replace("\n", " ")


def test_speeds_of_the_device(device_here):
    dl.use_backend("cupy")
    found = device.speeds(side=16, copied=4096, duration=0.01)
    assert set(found) == {"peak", "bandwidth", "launch"}
    assert all(0 < value < np.inf for value in found.values())
    assert len(device_here) >= 6, "the device was waited for before each look"


def test_settings_of_the_device_change_nothing_on_the_processor():
    task = problem("W1")
    plain = libraries.load("dlcourse").W1(task)
    kept = libraries.load("dlcourse").W1(
        replace(task, settings={**task.settings, "read": worker.left_there})
    )
    assert type(plain["train"]()) is float
    assert float(kept["train"]()) == pytest.approx(0.746587, rel=1e-4)
