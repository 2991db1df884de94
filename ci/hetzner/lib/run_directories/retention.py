"""Decides which runs of a store go. Pure: no clock, no file.

Runs go by age, count and bytes, the oldest first. Those that are worth most stay longer: a red run
of all jobs, and the newest run of all jobs of each branch. They go only after the others, and only
at `LONGER` times the age. But they never fill a store: half of the runs that it keeps are the
newest, whatever these are. A live run never goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lib.common.plain_text import counted, size

DAY = 86_400.0  # seconds
LONGER = 3
HALF_MADE = 3_600.0  # seconds after which a directory without a log is of a run that never began


class Limits(NamedTuple):
    """The bounds of a store."""

    days: float = 30
    runs: float = 200
    bytes: float = 5_000_000_000


DEFAULT = Limits()


class KnownRun(NamedTuple):
    """The facts of a run that retention decides by."""

    name: str
    started: float  # seconds since the epoch
    size: int = 0  # bytes
    live: bool = False
    begun: bool = True  # it has a log
    whole: bool = False  # it was asked for all jobs of its commit
    red: bool = False  # it failed, or was cut off
    branch: str = ""


def reasons(runs: Sequence[KnownRun], limits: Limits, now: float) -> dict[str, str]:
    """Return the runs that go, by name, each with the reason; `runs` are the newest first."""
    lasting = _lasting(runs)
    going: dict[str, str] = {}
    for run in runs:
        days = limits.days * (LONGER if run.name in lasting else 1)
        if not run.begun and now - run.started > HALF_MADE:
            going[run.name] = "its run never began"
        elif now - run.started > days * DAY:
            going[run.name] = f"older than {days:g} days"
    there = [run for run in runs if run.live or run.name not in going]
    count, total = len(there), sum(run.size for run in there)
    recent = {run.name for run in there[: max(1, int(limits.runs) // 2)]}
    oldest_first = there[::-1]
    for run in sorted(oldest_first, key=lambda run: (run.name in recent, run.name in lasting)):
        if count <= limits.runs and total <= limits.bytes:
            break
        if not run.live and (run.begun or now - run.started > HALF_MADE):
            more = count > limits.runs
            text = (
                f"more than {counted(limits.runs, 'run')}"
                if more
                else f"more than {size(limits.bytes)}"
            )
            going[run.name] = text
            count, total = count - 1, total - run.size
    return {run.name: going[run.name] for run in runs if run.name in going and not run.live}


def _lasting(runs: Sequence[KnownRun]) -> set[str]:
    """Return the runs that stay longer: red whole ones, and the newest whole one of a branch."""
    found, branches = set(), set()
    for run in runs:
        if run.whole and (run.red or run.branch not in branches):
            found.add(run.name)
        if run.whole:
            branches.add(run.branch)
    return found
