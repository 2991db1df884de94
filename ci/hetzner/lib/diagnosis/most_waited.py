"""Tells what several runs waited for, by their critical paths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lib.timeline.critical_path import WORK, CriticalPath, Link

OTHERS = {
    "prepare": "(before the jobs)",
    "end": "(after the jobs)",
    "delay": "(delays)",
    "retry": "(other attempts)",
}


class WaitedFor(NamedTuple):
    """A job or a place, and its seconds on the critical path: a run waits for it so long.

    `seconds` are the mean of all runs, `runs` the number of those in which it had a part.
    """

    name: str
    seconds: float
    runs: int


def most_waited(paths: Sequence[CriticalPath]) -> list[WaitedFor]:
    """Return all that runs with these critical paths waited for, the longest wait first."""
    seconds: dict[str, float] = {}
    runs: dict[str, set[int]] = {}
    for number, path in enumerate(paths):
        for link in path.links:
            name = _name(link)
            seconds[name] = seconds.get(name, 0.0) + max(0.0, link.seconds)
            runs.setdefault(name, set()).add(number)
    order = sorted(seconds, key=lambda name: -seconds[name])
    return [WaitedFor(name, seconds[name] / len(paths), len(runs[name])) for name in order]


def _name(link: Link) -> str:
    if link.kind in WORK:
        return link.job
    place, _, _ = link.text.partition(", freed by ")
    return OTHERS.get(link.kind) or f"({place or link.kind})"
