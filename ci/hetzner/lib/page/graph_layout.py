"""Lays a graph out in columns: each job right of all that it needs, with few crossings. Pure.

As Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures"
(1981): columns by the longest path, points within columns for long edges, places by the mean of
their neighbours, in a few sweeps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

SWEEPS = 6

Point = tuple[str, str, int]  # a job: ("", job, column); on an edge: (source, target, column)


class Layout(NamedTuple):
    """The places of a graph: column and row of each job, and the points of each edge."""

    places: Mapping[str, tuple[int, int]]
    edges: Mapping[tuple[str, str], Sequence[tuple[int, int]]]


def laid_out(needs: Mapping[str, Sequence[str]]) -> Layout:
    """Return the layout of jobs with what each needs; all of them are keys, and no cycle is."""
    column = _columns(needs)
    needs = without_shortcuts(needs, column)
    chains = {
        (source, target): [
            ("", source, column[source]),
            *((source, target, n) for n in range(column[source] + 1, column[target])),
            ("", target, column[target]),
        ]
        for target, sources in needs.items()
        for source in sources
    }
    columns: list[list[Point]] = [[] for _ in range(max(column.values(), default=-1) + 1)]
    for job, number in column.items():
        columns[number].append(("", job, number))
    for chain in chains.values():
        for point in chain[1:-1]:
            columns[point[2]].append(point)
    _untangle(columns, list(chains.values()))
    place = {
        point: (n, row) for n, points in enumerate(columns) for row, point in enumerate(points)
    }
    return Layout(
        {job: place["", job, number] for job, number in column.items()},
        {edge: [place[point] for point in chain] for edge, chain in chains.items()},
    )


def _columns(needs: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return the column of each job: one more than the last of its needs."""
    column: dict[str, int] = {}
    waiting = list(needs)[::-1]
    while waiting:
        job = waiting[-1]
        missing = [need for need in needs[job] if need not in column]
        if missing and job not in column:
            waiting += missing
            continue
        column[job] = 1 + max((column[need] for need in needs[job]), default=-1)
        waiting.pop()
    return column


def without_shortcuts(
    needs: Mapping[str, Sequence[str]], column: Mapping[str, int]
) -> dict[str, list[str]]:
    """Return the needs of each job without those that another of its needs has already."""
    above: dict[str, set[str]] = {}
    for job in sorted(needs, key=column.__getitem__):
        above[job] = set(needs[job]).union(*(above[need] for need in needs[job]))
    return {
        job: [need for need in mine if not any(need in above[other] for other in mine)]
        for job, mine in ((job, list(dict.fromkeys(mine))) for job, mine in needs.items())
    }


def _untangle(columns: list[list[Point]], chains: Sequence[Sequence[Point]]) -> None:
    """Order the points of each column by the mean place of their neighbours, to and fro."""
    before: dict[Point, list[Point]] = {}
    after: dict[Point, list[Point]] = {}
    for chain in chains:
        for left, right in pairwise(chain):
            after.setdefault(left, []).append(right)
            before.setdefault(right, []).append(left)
    for sweep in range(SWEEPS):
        forth = sweep % 2 == 0
        sides = list(pairwise(columns))
        pairs = sides if forth else [(b, a) for a, b in reversed(sides)]
        for fixed, moved in pairs:
            row = {point: number / max(len(fixed), 1) for number, point in enumerate(fixed)}
            own = {point: number / max(len(moved), 1) for number, point in enumerate(moved)}
            beside = before if forth else after
            moved.sort(key=lambda point: _mean([row[p] for p in beside.get(point, ())], own[point]))


def _mean(places: Sequence[float], otherwise: float) -> float:
    return sum(places) / len(places) if places else otherwise
