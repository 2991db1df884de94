"""Finds when a job became red, and its last pass before. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lib.history.past_runs import JobRun
from lib.model.result import Outcome


class RedStreak(NamedTuple):
    """The latest failures of a job without a pass between them.

    `first` is the oldest of them, `last` the newest, `runs` their number. `green` is the pass
    before, `green_again` the first one after; None if there is none.
    """

    first: JobRun
    last: JobRun
    runs: int
    green: JobRun | None
    green_again: JobRun | None


def latest(newest_first: Sequence[JobRun]) -> RedStreak | None:
    """Return the latest failures of a job, None if it never failed.

    A job that an earlier run has proven, or a cache restored, counts as passed.
    """
    tried = [run for run in newest_first if run.red or _green(run)]
    ends = next((at for at, run in enumerate(tried) if run.red), None)
    if ends is None:
        return None
    begins = next((at for at in range(ends, len(tried)) if not tried[at].red), len(tried))
    return RedStreak(
        first=tried[begins - 1],
        last=tried[ends],
        runs=begins - ends,
        green=tried[begins] if begins < len(tried) else None,
        green_again=tried[ends - 1] if ends else None,
    )


def _green(run: JobRun) -> bool:
    return run.passed or run.outcome == Outcome.RESTORED
