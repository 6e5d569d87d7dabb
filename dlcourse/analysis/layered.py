"""Where the boxes of a graph go, so that its arrows run down and hardly cross.

Sugiyama, Tagawa and Toda's method (1981, "Methods for visual understanding of
hierarchical system structures"), in its four steps: each box gets a level below all
that feed it; an arrow over several levels gets a place in each, so that it never runs
through a box; each level is ordered by its neighbors' mean place; at last come
coordinates. A chain too long for a page goes on in a further column. Read
``architecture.py`` next, which says what the boxes are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

GAP = 2.2  # between levels, in the height of a letter, as all lengths here
SLOPE = 0.05  # and this much more for each unit that an arrow goes aside
BETWEEN = 1.6  # between boxes side by side
LANE = 1.2  # for an arrow that passes by
GUTTER = 3.2  # between columns
TURN = 1.1  # how far from the boxes an arrow to the next column turns
ROUNDS = 12  # of ordering
SWEEPS = 200  # of moving, at most


@dataclass(frozen=True)
class Placement:
    """Boxes and arrows in a plane; y grows downwards.

    `corners` (N, 2) are the boxes' left and upper edges. Each edge has a path (K, 2):
    between two points it runs straight, or in a curve if both coordinates change.
    """

    corners: np.ndarray
    paths: list[np.ndarray]
    size: tuple[float, float]


def place(
    sizes: np.ndarray, edges: Sequence[tuple[int, int]], columns: int = 1
) -> Placement:
    """Put boxes of `sizes` (N, 2) on levels, in at most `columns` columns.

    `edges` are pairs of numbers, from the lower one to the higher one. A column ends
    only where no more than one edge goes on.

    >>> drawn = place(np.full((2, 2), 4.0), [(0, 1)])
    >>> drawn.size, drawn.paths[0].tolist()
    ((4.0, 10.2), [[2.0, 4.0], [2.0, 6.2]])
    """
    sizes = np.asarray(sizes, dtype=float)
    graph = _Levels(sizes, sorted(set(edges)))
    graph.order()
    spans = graph.columns(columns)
    x, left, height = np.zeros(len(graph.half)), 0.0, 0.0
    tops = np.zeros(len(graph.rows))
    rights = []
    for first, last in spans:
        across, width = graph.across(first, last)
        y = 0.0
        for level in range(first, last):
            y += graph.gap(level - 1, across) if level > first else 0.0
            x[graph.rows[level]] = across[graph.rows[level]] + left
            tops[level] = y
            y += graph.heights[level]
        height = max(height, y)
        rights.append(left + width)
        left += width + GUTTER
    bottoms = tops + graph.heights
    level = graph.level[: len(sizes)]
    corners = np.stack([x[: len(sizes)], (tops + bottoms)[level] / 2], 1) - sizes / 2
    starts = {first: k for k, (first, _) in enumerate(spans)}
    paths = {}
    for (u, v), chain in graph.chains.items():
        start = (_port(x, sizes, u, chain[1]), corners[u, 1] + sizes[u, 1])
        end = (_port(x, sizes, v, chain[-2]), corners[v, 1])
        k = starts.get(int(level[v]), 0)
        if k and len(chain) == 2:  # on to the next column
            start, end = (x[u], start[1]), (x[v], end[1])
            low, gutter = bottoms[level[u]] + TURN, rights[k - 1] + GUTTER / 2
            height = max(height, low)
            middle = [(x[u], low), (gutter, low), (gutter, -TURN), (x[v], -TURN)]
        else:
            middle = [(start[0], bottoms[level[u]])]
            for vertex in chain[1:-1]:
                at = graph.level[vertex]
                middle += [(x[vertex], tops[at]), (x[vertex], bottoms[at])]
            middle.append((end[0], tops[level[v]]))
        paths[u, v] = _without_doubles([start, *middle, end])
    above = np.array([0.0, TURN if len(spans) > 1 else 0.0])  # where arrows turn
    return Placement(
        corners + above,
        [paths[edge] + above for edge in edges],
        (float(rights[-1]), float(height + above[1])),
    )


class _Levels:
    """The vertices on their levels: boxes first, then places of passing arrows."""

    def __init__(self, sizes: np.ndarray, edges: Sequence[tuple[int, int]]) -> None:
        n = len(sizes)
        level = [0] * n
        for u, v in sorted(edges, key=lambda edge: edge[1]):
            level[v] = max(level[v], level[u] + 1)
        fed = {v for _, v in edges}
        for v in range(n):  # what nothing feeds stands just above what it feeds
            targets = [level[b] for a, b in edges if a == v]
            if v not in fed and targets:
                level[v] = min(targets) - 1
        self.edges = edges
        self.chains: dict[tuple[int, int], list[int]] = {}
        passing: dict[tuple[int, int], int] = {}  # one for all arrows from one box
        self.links: dict[tuple[int, int], bool] = {}  # is it more than a short cut?
        strong = _no_short_cuts(n, edges)
        for u, v in edges:
            chain = [u]
            for between in range(level[u] + 1, level[v]):
                if (u, between) not in passing:
                    passing[u, between] = len(level)
                    level.append(between)
                chain.append(passing[u, between])
            self.chains[u, v] = [*chain, v]
            for link in zip(chain, [*chain[1:], v], strict=True):
                self.links[link] = self.links.get(link, False) or (u, v) in strong
        self.level = np.array(level)
        rows: dict[int, list[int]] = defaultdict(list)
        for vertex, at in enumerate(level):
            rows[at].append(vertex)
        self.rows = [rows[at] for at in range(max(level) + 1)]
        self.half = np.full(len(level), LANE / 2)
        self.half[:n] = (sizes[:, 0] + BETWEEN) / 2
        self.heights = np.array(
            [max((sizes[v, 1] for v in row if v < n), default=0.0) for row in self.rows]
        )
        self.boxes = n
        self.above: dict[int, list[int]] = defaultdict(list)
        self.below: dict[int, list[int]] = defaultdict(list)
        for a, b in self.links:
            self.above[b].append(a)
            self.below[a].append(b)

    # -- fewer crossings

    def order(self) -> None:
        """Sort each level by the mean place of its neighbors, again and again."""
        best = [list(row) for row in self.rows]
        fewest = self.crossings()
        for sweep in range(ROUNDS):
            if fewest == 0:
                break
            down = sweep % 2 == 0
            rows = self.rows[1:] if down else self.rows[-2::-1]
            for row in rows:
                place = self._places()
                near = self.above if down else self.below
                row.sort(
                    key=lambda v: np.mean([place[a] for a in near[v]] or [place[v]])
                )
            found = self.crossings()
            if found < fewest:
                fewest, best = found, [list(row) for row in self.rows]
        self.rows = best

    def _places(self) -> dict[int, float]:
        """How far along its row each vertex is, from 0 to 1."""
        return {v: (k + 0.5) / len(row) for row in self.rows for k, v in enumerate(row)}

    def crossings(self) -> int:
        """How many pairs of links cross."""
        place = self._places()
        ends: dict[int, list[tuple[float, float]]] = defaultdict(list)
        for a, b in self.links:
            ends[self.level[a]].append((place[a], place[b]))
        return sum(
            (p[0] - q[0]) * (p[1] - q[1]) < 0
            for pairs in ends.values()
            for i, p in enumerate(pairs)
            for q in pairs[:i]
        )

    # -- columns

    def columns(self, count: int) -> list[tuple[int, int]]:
        """The levels of each column: ranges as even in height as cuts allow."""
        cuts = [0]
        for level in range(1, len(self.rows)):
            over = [
                (u, v) for u, v in self.edges if self.level[u] < level <= self.level[v]
            ]
            if len(over) == 1 and len(self.chains[over[0]]) == 2:
                cuts.append(level)
        cuts.append(len(self.rows))
        ends = np.concatenate([[0.0], np.cumsum(self.heights + GAP)])
        shortest = 1.5 * self.heights.min()  # a single box looks lost
        best = {0: (0.0, [0])}  # of the levels before a cut: longest column, its cuts
        found = (np.inf, [0, len(self.rows)])
        for _ in range(count):
            longer: dict[int, tuple[float, list[int]]] = {}
            for first, (longest, before) in best.items():
                for last in cuts:
                    length = ends[last] - ends[first] - GAP
                    worst = max(longest, length)
                    if length >= shortest and worst < longer.get(last, (np.inf,))[0]:
                        longer[last] = (worst, [*before, last])
            best = longer
            found = min(found, best.get(cuts[-1], found), key=lambda b: b[0])
        return list(zip(found[1][:-1], found[1][1:], strict=True))

    # -- coordinates

    def across(self, first: int, last: int) -> tuple[np.ndarray, float]:
        """Each vertex's place from left to right, and the width of these levels."""
        rows = self.rows[first:last]
        used = np.array([v for row in rows for v in row])
        lines = self._lines(set(used.tolist()))
        near = [self._near(line, set(used.tolist())) for line in lines]
        weight = np.ones(len(self.half))
        for v in range(self.boxes, len(weight)):  # a short cut gives way to boxes
            weight[v] = 1.0 if self.links[self.above[v][0], v] else 0.01
        wide = [row for row in rows if len(row) > 1]
        x = np.zeros(len(self.half))
        for sweep in range(SWEEPS if wide else 0):
            before = x.copy()
            if sweep < SWEEPS // 2:  # later on, only keep apart and straight
                for k in range(len(lines))[:: 1 if sweep % 2 else -1]:
                    if near[k]:
                        x[lines[k]] = (x[lines[k][0]] + np.mean(x[near[k]])) / 2
            wanted = x.copy()
            for row in wide:
                x[row] = _apart(x[row], self.half[row], weight[row])
            for line in lines:  # all go as far as the one that had to go farthest
                moved = x[line] - wanted[line]
                x[line] = wanted[line[0]] + moved[np.abs(moved).argmax()]
            if np.abs(x - before).max() < 1e-4:
                break
        for row in wide:  # a line may be crooked, but never may boxes touch
            if (np.diff(x[row]) < self.half[row][1:] + self.half[row][:-1] - 0.1).any():
                x[row] = _apart(x[row], self.half[row], weight[row])
        edge = np.where(used < self.boxes, BETWEEN / 2, 0.0)
        left = (x[used] - self.half[used] + edge).min()
        right = (x[used] + self.half[used] - edge).max()
        return np.round(x - left, 3), float(round(right - left, 3))

    def _lines(self, inside: set[int]) -> list[list[int]]:
        """The vertices that should stand straight below each other.

        A line goes on where only one thing leads, short cuts left aside.
        """
        following = {}
        for a, b in self.links:
            if a not in inside or b not in inside:
                continue
            ways = [w for w in self.below[a] if self.links[a, w]]
            ways += [w for w in self.above[b] if self.links[w, b]]
            if ways == [b, a] or min(a, b) >= self.boxes:
                following[a] = b
        lines = []
        for start in sorted(inside - set(following.values())):
            line = [start]
            while line[-1] in following:
                line.append(following[line[-1]])
            lines.append(line)
        return sorted(lines, key=lambda line: self.level[line[0]])

    def _near(self, line: list[int], inside: set[int]) -> list[int]:
        """What leads to a line and where it leads, without short cuts if possible."""
        links = [(a, self.links[a, v]) for v in line for a in self.above[v]]
        links += [(b, self.links[v, b]) for v in line for b in self.below[v]]
        links = [(a, strong) for a, strong in links if a in inside - set(line)]
        return [a for a, strong in links if strong] or [a for a, _ in links]

    def gap(self, level: int, x: np.ndarray) -> float:
        """The room below a level: more where arrows go far aside."""
        aside = [abs(x[a] - x[b]) for a, b in self.links if self.level[a] == level]
        return GAP + SLOPE * max(aside, default=0.0)


def _no_short_cuts(n: int, edges: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    """The edges without which their ends would not be joined."""
    reach = [0] * n  # from each vertex, as bits
    targets: dict[int, list[int]] = defaultdict(list)
    for u, v in edges:
        targets[u].append(v)
    for u in reversed(range(n)):
        for v in targets[u]:
            reach[u] |= 1 << v | reach[v]
    return {(u, v) for u, v in edges if not any(reach[w] >> v & 1 for w in targets[u])}


def _apart(wanted: np.ndarray, half: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Places nearest to those wanted (least squares) at which nothing overlaps.

    With the widths taken off, the places must not fall: neighbors that would overlap
    are pooled at their weighted mean.
    """
    widths = np.concatenate([[0.0], np.cumsum(half[:-1] + half[1:])])
    pools: list[list[float]] = []  # mean, weight, how many
    for value, heavy in zip(wanted - widths, weight):
        pools.append([float(value), float(heavy), 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            b, a = pools.pop(), pools.pop()
            total = a[1] + b[1]
            mean = (a[0] * a[1] + b[0] * b[1]) / total
            pools.append([mean, total, a[2] + b[2]])
    return widths + np.repeat([p[0] for p in pools], [int(p[2]) for p in pools])


def _port(x: np.ndarray, sizes: np.ndarray, box: int, other: int) -> float:
    """Where on its box an arrow begins or ends: a little towards its other end."""
    most = 0.3 * sizes[box, 0]
    return float(x[box] + np.clip(0.3 * (x[other] - x[box]), -most, most))


def _without_doubles(points: list[tuple[float, float]]) -> np.ndarray:
    """The corners of a path: no point twice, none in the middle of a straight line."""
    kept = [np.array(points[0], dtype=float)]
    for point in np.array(points[1:], dtype=float):
        if np.abs(point - kept[-1]).max() < 1e-6:
            continue
        if len(kept) > 1:
            still = np.abs(kept[-1] - kept[-2]) < 1e-6
            if (still & (np.abs(point - kept[-1]) < 1e-6)).any():
                kept.pop()
        kept.append(point)
    return np.array(kept)
