"""Break the engine on purpose, and see whether a test notices: `make mutation`.

A mutant is the source with one small error in it. If some test fails, the mutant is
killed; if none does, it survives, and either the error changes nothing that can be
seen, or a test is missing. A sample is drawn, line by line, from a seed. Mutants live
in a copy of the project in a temporary folder, so that an interrupt leaves nothing
behind in the working tree. Which errors are made stands in ``mutants.py``.

The known tools do not fit here. mutmut 3 passes over decorated functions and over what
stands outside of functions, so over every ``@op`` and every gradient rule; cosmic-ray
writes its mutants into the working tree and has no way to draw a sample.
"""

from __future__ import annotations

import argparse
import itertools
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .mutants import Mutant, mutants_of, sample

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("dlcourse", "tests", "tools", "pyproject.toml")
FILES = (
    *(f"dlcourse/{name}.py" for name in ("autodiff", "op", "tensor", "modes")),
    *("dlcourse/backend.py", "dlcourse/schedules.py", "dlcourse/models/repeating.py"),
    *("dlcourse/ops/**/*.py", "dlcourse/optimizers/*.py"),
)

# Who judges a file: in each table the first row whose beginning fits. The nearest are
# asked first, as they are most likely to notice; then the judges; then, about those who
# have survived so far, all the others.
NEAREST = {
    "dlcourse/models/repeating": ["tests/models/test_repeating.py"],
    "dlcourse/ops/kernels/blocks": ["tests/ops/test_blocks.py"],
    "dlcourse/ops/kernels/scattering": ["tests/ops/test_way_back.py"],
    "dlcourse/ops/kernels/winograd": ["tests/ops/test_winograd.py"],
    "dlcourse/ops/kernels/attention": ["tests/ops", "-k", "attention"],
    "dlcourse/ops/kernels/conv": ["tests/ops", "-k", "conv"],
    "dlcourse/ops/kernels/gru": ["tests/ops", "-k", "gru"],
    "dlcourse/ops/kernels/linear": ["tests/ops", "-k", "linear"],
    "dlcourse/ops/kernels/losses": ["tests/ops", "-k", "cross_entropy"],
    "dlcourse/ops/kernels/lstm": ["tests/ops", "-k", "lstm"],
    "dlcourse/ops/kernels/norm": ["tests/ops", "-k", "norm"],
    "dlcourse/ops/kernels/pool": ["tests/ops", "-k", "pool"],
    "dlcourse/ops/kernels/recurrent": ["tests/ops", "-k", "rnn or lstm or gru"],
    "dlcourse/ops/kernels/softmax": ["tests/ops", "-k", "softmax"],
    "dlcourse/ops/kernels/windows": ["tests/ops", "-k", "conv or pool"],
}
OF_OPS = ["tests/ops", "tests/test_higher_orders.py", "tests/test_tensor.py"]
OF_OPTIMIZERS = [
    f"tests/test_{name}.py" for name in ("optimizers", "optimizer_corners", "schedules")
]
OF_THE_ENGINE = [
    *(f"tests/test_{name}.py" for name in ("autodiff", "tensor", "modes", "backend")),
    *("tests/test_higher_orders.py", "tests/test_testing.py", "tests/ops"),
]
JUDGES = {
    "dlcourse/ops/": OF_OPS,
    "dlcourse/optimizers/": OF_OPTIMIZERS,
    "dlcourse/schedules": OF_OPTIMIZERS,
    "": OF_THE_ENGINE,
}
# These look at pages, pictures and the project's own text: no judges of a number.
NO_JUDGES = ["tests/plots", "tests/widgets", "tests/exercises"] + [
    f"tests/test_{name}.py"
    for name in ("architecture", "mutate", "notebooks", "project", "readme")
]
OTHERS = ["tests", *(f"--ignore={name}" for name in (*NO_JUDGES, "tests/ops"))]
MEMORY = 8 << 30  # bytes a test run may take: a mutant may ask for the impossible

# ------------------------------------------------------------------------ the court


def judges(path: str) -> list[list[str]]:
    """The tests for a file as arguments of pytest: one list after the other."""
    nearest = [args for key, args in NEAREST.items() if path.startswith(key)][:1]
    return [
        *nearest,
        next(args for key, args in JUDGES.items() if path.startswith(key)),
    ]


class Court:
    """A copy of the project in which mutants are judged one by one."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.folder = folder
        self.said = folder / "output.txt"
        self.process: subprocess.Popen | None = None
        self.moments = itertools.count(1_000_000_000)
        folder.mkdir()
        for name in COPIED:
            if (root / name).is_dir():
                skip = shutil.ignore_patterns("__pycache__")
                shutil.copytree(root / name, folder / name, ignore=skip)
            elif (root / name).exists():
                shutil.copy(root / name, folder / name)

    def passes(self, args: Sequence[str], limit: float | None) -> bool | None:
        """Do these tests pass? None if they take longer than `limit` seconds."""
        here = [a for a in args if a[:5] != "tests" or (self.folder / a).exists()]
        if here[0][:5] != "tests":
            return True
        threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
        plain = {"PYTHONPATH": str(self.folder), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        options = [
            "-x",
            "-q",
            "--tb=line",
            "-p",
            "no:cacheprovider",
            "-m",
            "not timing",
        ]
        with self.said.open("w") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pytest", *options, *here],
                cwd=self.folder,
                env={**os.environ, **threads, **plain},
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if hasattr(resource, "prlimit"):
            limits = (MEMORY, MEMORY)
            resource.prlimit(self.process.pid, resource.RLIMIT_AS, limits)
        try:
            return self.process.wait(limit) in (0, 5)  # 5: no test of that name
        except subprocess.TimeoutExpired:
            return None
        finally:
            self.stop()

    def stop(self) -> None:
        """End the tests that run here, and what they have started."""
        if self.process and self.process.poll() is None:
            if hasattr(os, "killpg"):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.kill()
            self.process.wait()

    def write(self, path: str, source: bytes) -> None:
        """Write a file, at a time of its own: older bytecode is seen to be stale."""
        (self.folder / path).write_bytes(source)
        os.utime(self.folder / path, times=(next(self.moments),) * 2)

    def verdict(self, mutant: Mutant, source: bytes, runs: dict) -> str:
        """Is the mutant "killed", "timed out" or has it "survived"?

        `runs` are the tests to run, in order, with the seconds each run may take.
        """
        self.write(mutant.path, mutant.spoil(source))
        try:
            for args, limit in runs.items():
                passed = self.passes(args, limit)
                if not passed:
                    return "timed out" if passed is None else "killed"
            return "survived"
        finally:
            self.write(mutant.path, source)

    def limit(self, args: Sequence[str]) -> float:
        """The seconds these tests may take, from a run where nothing is broken."""
        start = time.monotonic()
        if not self.passes(args, None):
            said = self.said.read_text(encoding="utf-8", errors="replace")
            raise SystemExit(f"A test fails without any mutant:\n{said}")
        return 20 + 4 * (time.monotonic() - start)


def trial(
    courts: Sequence[Court],
    mutants: Sequence[Mutant],
    sources: dict[str, bytes],
    judges: Callable[[str], list[list[str]]],
) -> dict[Mutant, str]:
    """The verdict on each mutant, with as many judged at once as there are courts."""
    asked = {tuple(args): None for mutant in mutants for args in judges(mutant.path)}
    limits = {args: courts[0].limit(args) for args in asked}
    free: queue.SimpleQueue[Court] = queue.SimpleQueue()
    for court in courts:
        free.put(court)

    def judge(mutant: Mutant) -> str:
        source, start = sources[mutant.path], time.monotonic()
        runs = {args: limits[args] for args in map(tuple, judges(mutant.path))}
        court = free.get()
        try:
            verdict = court.verdict(mutant, source, runs)
        finally:
            free.put(court)
        shown = f"{mutant.path}:{mutant.line}"
        if verdict == "survived":
            shown = mutant.difference(source)
        print(f"{verdict:9} {time.monotonic() - start:4.0f} s  {shown}", flush=True)
        return verdict

    with ThreadPoolExecutor(len(courts)) as pool:
        try:
            return dict(zip(mutants, pool.map(judge, mutants)))
        except BaseException:  # Ctrl-C, too
            pool.shutdown(wait=False, cancel_futures=True)
            for court in courts:
                court.stop()
            raise


def report(verdicts: dict[Mutant, str], sources: dict[str, bytes]) -> str:
    """Each survivor with its place, and the counts."""
    killed, late = (list(verdicts.values()).count(v) for v in ("killed", "timed out"))
    survivors = [m for m, verdict in verdicts.items() if verdict == "survived"]
    lines = [m.difference(sources[m.path]) for m in survivors]
    lines.append(
        f"{len(verdicts)} mutants: {killed} killed, {late} timed out, "
        f"{len(survivors)} survived; {noticed(verdicts):.1f} % noticed"
    )
    return "\n".join(lines)


def noticed(verdicts: dict[Mutant, str]) -> float:
    """The percentage of mutants that a test has noticed."""
    survived = list(verdicts.values()).count("survived")
    return 100 * (1 - survived / len(verdicts))


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge a sample of mutants; the exit status says whether enough were noticed."""
    parser = argparse.ArgumentParser(prog="tools.mutate", description="mutation check")
    parser.add_argument("--sample", type=int, default=200, help="how many mutants")
    parser.add_argument("--seed", type=int, default=0, help="another seed: others")
    parser.add_argument("--files", nargs="+", default=FILES, help="which, as globs")
    parser.add_argument("--jobs", type=int, default=1, help="copies side by side")
    parser.add_argument("--least", type=float, default=85, help="percentage asked")
    parser.add_argument("--output", type=Path, help="a file for the report")
    parser.add_argument("--again", type=Path, help="a report: its survivors only")
    parser.add_argument("--quick", action="store_true", help="ask the nearest only")
    parser.add_argument("--root", type=Path, default=ROOT, help="the project")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="mutants-") as temporary:
        courts = [Court(options.root, Path(temporary, "0"))]
        copy = courts[0].folder  # from here on the project may change: this does not
        courts += [Court(copy, Path(temporary, str(i))) for i in range(1, options.jobs)]
        paths = {path for glob in options.files for path in copy.glob(glob)}
        sources = {
            p.relative_to(copy).as_posix(): p.read_bytes() for p in sorted(paths)
        }
        everyone = [m for name, text in sources.items() for m in mutants_of(name, text)]
        chosen = sample(everyone, options.sample, options.seed)
        if options.again:
            known = options.again.read_text(encoding="utf-8")
            chosen = [m for m in chosen if m.difference(sources[m.path]) in known]
        if not chosen:
            raise SystemExit("There is nothing to mutate.")
        print(f"{len(chosen)} of {len(everyone)} mutants", flush=True)
        verdicts = trial(courts, chosen, sources, judges)
        left = [m for m, verdict in verdicts.items() if verdict == "survived"]
        if left and not options.quick:
            verdicts |= trial(courts, left, sources, lambda path: [OTHERS])
    text = report(verdicts, sources)
    print(text)
    if options.output:
        options.output.write_text(text + "\n", encoding="utf-8")
    return int(noticed(verdicts) < options.least)


if __name__ == "__main__":
    # started in the background, Ctrl-C would be ignored here and in the tests of Ctrl-C
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.default_int_handler)
    sys.exit(main())
