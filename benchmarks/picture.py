"""The picture of cost against size, in the course's style."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

from dlcourse.plots.style import CLASS_COLORS, CLASS_MARKERS, course_style

from . import libraries
from .problems import SERIES
from .results import Results

TITLES = {
    "width": "Dense: hidden units",
    "batch": "Dense: samples in a batch",
    "image": "Autoencoder: pixels along an edge",
    "sequence": "LSTM: steps of the sequence",
    "runs": "Learning rates: networks trained",
}
KINDS = ("train", "one after another")


def draw(results: Results, path: Path) -> None:
    """Write the picture: a panel for each series, a curve for each library."""
    with course_style(), mpl.rc_context({"svg.hashsalt": "sizes"}):
        figure = Figure(figsize=(12, 7), layout="constrained")
        panels = figure.subplots(2, 3).flat
        styles: dict[tuple[str, str], int] = {}
        handles = {}
        measured = {name.partition("=")[0] for name in results.found if "=" in name}
        shown = [series for series in SERIES if series in measured]
        for series, axes in zip(shown, panels, strict=False):
            sizes = SERIES[series][1]
            for size in sizes:
                for cell in results.cells(f"{series}={size}"):
                    if cell[1] in KINDS:
                        styles.setdefault(cell, len(styles))
            for (library, kind), number in styles.items():
                found = [
                    (size, results.value(f"{series}={size}", library, kind))
                    for size in sizes
                ]
                points = [(s, 1e3 * value.median) for s, value in found if value]
                if not points:
                    continue
                label = libraries.load(library).NAME
                (handles[(library, kind)],) = axes.loglog(
                    *zip(*points, strict=True),
                    color=CLASS_COLORS[number % len(CLASS_COLORS)],
                    marker=CLASS_MARKERS[number % len(CLASS_MARKERS)],
                    label=label if kind == "train" else f"{label}, {kind}",
                    markersize=7,
                )
            what = "200 steps" if series == "runs" else "a step"
            axes.set(title=TITLES[series], ylabel=f"time of {what} (ms)")
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
            axes.yaxis.set_minor_locator(NullLocator())
            axes.set_xticks(sizes, [str(size) for size in sizes])
            axes.xaxis.set_minor_locator(NullLocator())
        legend = figure.axes[len(shown)]
        legend.axis("off")
        legend.legend(handles=list(handles.values()), loc="center", fontsize=13)
        for unused in figure.axes[len(shown) + 1 :]:
            unused.remove()
        metadata = {"Date": None} if path.suffix == ".svg" else None
        figure.savefig(path, metadata=metadata)
