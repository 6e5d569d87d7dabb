"""A plugin of pytest: at the end, how many cases each judge has seen.

A test that loops over cases says so by
``record_property("count", (what, which, how_many))``; the sums are printed at the end,
for each `what` in one paragraph. `what` is a plural ("random graphs").
"""

import textwrap
from collections import Counter, defaultdict
from typing import Any


def pytest_terminal_summary(terminalreporter: Any) -> None:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            if name == "count":
                what, which, how_many = value
                counts[what][which] += how_many
    for what, by_name in counts.items():
        terminalreporter.section(f"{by_name.total():,} {what}")
        each = "; ".join(f"{name} {n:,}" for name, n in sorted(by_name.items()))
        terminalreporter.write_line(textwrap.fill(each, 88))
