"""The mutation check, checked: the errors it makes, what it leaves alone, verdicts."""

import ast

import pytest

from tools import mutate
from tools.mutants import mutants_of, sample

# a piece of source, and every mutant of it
ERRORS = {
    "arithmetic": ("a + b", ["a - b"]),
    "arithmetic, nested": ("a * (b - c)", ["a / (b - c)", "a * ((b + c))"]),
    "in place": ("a += b", ["a -= b", "pass"]),
    "power": ("x ** n", ["x * n"]),
    "mask": ("~a | b", ["~a & b", "(a) | b"]),
    "boundary": ("a < b", ["a <= b", "a >= b"]),
    "chain": ("a <= b > c", ["a < b > c", "a > b > c", "a <= b >= c", "a <= b <= c"]),
    "equality": ("a == b", ["a != b"]),
    "identity": ("a is not b", ["a is b"]),
    "membership": ("a in b", ["a not in b"]),
    "and": ("a and b", ["a or b"]),
    "or": ("a or b", ["a and b"]),
    "not": ("not a", ["a"]),
    "sign": ("-a", ["a"]),
    "whole number": ("2", ["3", "1", "0"]),
    "minus one": ("f(axis=-1)", ["f(axis=0)", "f(axis=-2)", "pass"]),
    "number": ("0.5", ["1.5", "0.0"]),
    "zero": ("0.0", ["1.0", "0.001"]),
    "flag": ("f(keepdims=True)", ["f(keepdims=False)", "pass"]),
    "slice": ("x[a:b:c]", ["x[:b:c]", "x[a::c]", "x[a:b]"]),
    "either": ("a if b else c", ["c if b else a"]),
    "condition": ("if a:\n    b", ["if not a:\n    b"]),
    "loop": ("while a:\n    break", ["while not a:\n    break", "while a: continue"]),
    "filter": ("[a for a in b if a]", ["[a for a in b if not a]"]),
    "call": ("f(a)", ["pass"]),
    "entry": ("a[b] = c", ["pass"]),
    "attribute": ("a.b = c", ["pass"]),
    "error": ("raise E(1, f'{a + b}')", ["pass"]),
    "result": (
        "def f(a: 1 | 2) -> 2 | 3:\n    return a",
        ["def f(a: 1 | 2) -> 2 | 3:\n    return None"],
    ),
    "default": (
        "def f(a=None, *, b='same'): pass",
        ["def f(a=0, *, b='same'): pass", "def f(a=None, *, b='something else'): pass"],
    ),
}
LEFT_ALONE = {
    "words": "'a docstring, 1 + 1'",
    "message": "x = f'{a + 1} words' + b",
    "representation": "def __repr__(self):\n    return 1 + 1",
    "hint": "x: 1 + 1",
    "names": "__all__ = [1 + 1]",
    "nothing returned": "def f():\n    return None",
}


def spoilt(source):
    """The source with each error in turn."""
    encoded = source.encode()
    return [m.spoil(encoded).decode() for m in mutants_of("a.py", encoded)]


def plain(source):
    """Whatever its spelling, the same code reads the same."""
    return ast.unparse(ast.parse(source))


@pytest.mark.parametrize("source, expected", ERRORS.values(), ids=ERRORS)
def test_the_errors_that_are_made(source, expected):
    assert sorted(map(plain, spoilt(source))) == sorted(map(plain, expected))


@pytest.mark.parametrize("source", LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_what_is_left_alone(source):
    assert not spoilt(source)


def test_a_mutant_changes_its_own_bytes_only():
    source = "π = 'σ'; y = w * x  # why\nz = f(\n    ρ - 1,\n)\n"
    assert "π = 'σ'; y = (w / x)  # why\nz = f(\n    ρ - 1,\n)\n" in spoilt(source)
    [minus] = [m for m in mutants_of("a.py", source.encode()) if "+ 1" in m.text]
    assert (
        minus.difference(source.encode()) == "a.py:3\n  -     ρ - 1,\n  +     (ρ + 1),"
    )


def test_a_sample_is_drawn_by_line_and_from_its_seed():
    source = "".join(f"x{i} = a{i} + 1 * 2 - 3\n" for i in range(40)).encode()
    mutants = mutants_of("a.py", source)
    drawn = sample(mutants, 30, seed=0)
    assert len({mutant.line for mutant in drawn}) == 30
    assert drawn == sample(mutants, 30, seed=0) != sample(mutants, 30, seed=1)
    assert {m.line for m in sample(mutants, 45, seed=0)} == set(range(1, 41))
    assert set(sample(mutants, 10_000, seed=0)) == set(mutants)


FILES = sorted(path for glob in mutate.FILES for path in mutate.ROOT.glob(glob))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_judge_exists(path):
    near = mutate.judges(path.relative_to(mutate.ROOT).as_posix())
    for args in [*near, mutate.OTHERS]:
        paths = [a.removeprefix("--ignore=") for a in args if "tests" in a]
        assert paths and all((mutate.ROOT / each).exists() for each in paths)


# ------------------------------------------------------------------ a toy project

TOY = {
    "dlcourse/__init__.py": "",
    "dlcourse/ops/toy.py": "smaller = lambda x, y: x < y\n",
    "tests/ops/test_toy.py": """
from dlcourse.ops.toy import smaller

def test_smaller():
    assert smaller(1, 2) and not smaller(2, 1)
""",
    "pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['.']\n",
}
HOLE = """dlcourse/ops/toy.py:1
  - smaller = lambda x, y: x < y
  + smaller = lambda x, y: (x <= y)
2 mutants: 1 killed, 0 timed out, 1 survived; 50.0 % noticed
"""


def contents(folder):
    return {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")}


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A project with a test that forgets the tie; temporary folders lie beside it."""
    for name, text in TOY.items():
        (tmp_path / "toy" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "toy" / name).write_text(text, encoding="utf-8")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(mutate.tempfile, "tempdir", str(tmp_path / "temporary"))
    before = contents(tmp_path)
    yield tmp_path / "toy"
    assert contents(tmp_path) == before, "the tree was touched, or a copy left behind"


def test_a_survivor_is_reported(toy, tmp_path_factory, capsys):
    output = tmp_path_factory.mktemp("report") / "report.txt"
    asked = ["--root", str(toy), "--output", str(output)]
    assert mutate.main(asked) == 1
    assert output.read_text(encoding="utf-8") == HOLE
    assert HOLE in capsys.readouterr().out


def test_only_survivors_again_and_a_test_too_late(
    toy, tmp_path_factory, monkeypatch, capsys
):
    output = tmp_path_factory.mktemp("report") / "report.txt"
    output.write_text(HOLE, encoding="utf-8")
    monkeypatch.setattr(mutate.Court, "limit", lambda court, args: 0.001)
    assert mutate.main(["--root", str(toy), "--again", str(output)]) == 0
    assert "1 mutants: 0 killed, 1 timed out, 0 survived" in capsys.readouterr().out


def test_a_broken_test_is_no_judge(toy, monkeypatch):
    broken = toy / "tests/ops/test_toy.py"
    healthy = broken.read_text(encoding="utf-8")
    broken.write_text("def test_smaller():\n    assert False\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="fails without any mutant"):
        mutate.main(["--root", str(toy)])
    broken.write_text(healthy, encoding="utf-8")


def test_an_interrupt_leaves_no_mutant_behind(toy, monkeypatch):
    def interrupted(court, args, limit):
        if limit is None:
            return True  # nothing is broken yet
        broken = (court.folder / "dlcourse/ops/toy.py").read_text(encoding="utf-8")
        assert broken != TOY["dlcourse/ops/toy.py"]
        raise KeyboardInterrupt

    monkeypatch.setattr(mutate.Court, "passes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        mutate.main(["--root", str(toy)])
