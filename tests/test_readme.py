"""What the README promises: its code runs, its links and files exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_code_runs_and_says_what_it_hopes(capsys):
    [code] = re.findall(r"```python\n(.*?)```", README, re.S)
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out == "above 95 % of digits never seen before: True\n"


def test_every_link_leads_somewhere():
    links = re.findall(r"\]\((?!http)([^)]+)\)", README)
    missing = [link for link in links if not (ROOT / link).exists()]
    assert links and not missing


def test_every_notebook_is_on_the_map():
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        assert f"notebooks/{path.name}" in README


def test_the_commands_are_those_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"\bmake (lab|test|gpu-test)\b", README)):
        assert re.search(rf"^{target}:", makefile, re.M)
