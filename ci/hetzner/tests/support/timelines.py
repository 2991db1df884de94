"""The records of runs that a fake executor played."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lib.model import declared_job, events
from lib.timeline.run_record import JobRecord, RunRecord
from lib.timeline.timeline import Timeline
from tests.support.fakes import Fate, Played, jobs, play

BEGAN = 1_000_000.0  # seconds since the epoch


def stream(played: Played, *, before: float = 0.0, after: float = 0.0) -> list[events.Event]:
    """Return all events of a run, which took this long before and after its jobs."""
    end = played.events[-1].at + after
    declared = declared_job.of_plan(played.plan)
    header = {"sha": "0" * 40, "branch": "main", "whole": True}
    return [
        events.RunDeclared(0.0, "run-1", header, BEGAN, before, declared),
        *played.events,
        events.RunConcluded(end, end + before, played.code, "the verdict"),
    ]


def record(played: Played, *, before: float = 0.0, after: float = 0.0) -> RunRecord:
    """Return the record of a run."""
    timeline = Timeline()
    for event in stream(played, before=before, after=after):
        timeline(event)
    return timeline.record()


def job(record: RunRecord, name: str) -> JobRecord:
    """Return a job of a record."""
    found = record.job(name)
    assert found is not None
    return found


def every_kind() -> list[events.Event]:
    """Return the events of runs in which all kinds of them happen."""
    service = {"service": True, "outputs": {"o": "o"}}
    fates: dict[str, Fate | Sequence[Fate]] = {
        "s": Fate(math.inf, writes={"o": 1}),
        "a": [Fate(code=1), Fate(leaves=1.0)],
        "b": Fate(99),
    }
    declared = jobs("s; a<s; b<a; c; d<c", s=service, a={"retries": 1}, b={"timeout": 5})
    whole = play(declared, fates, fails="c", first_jobs=["a"])
    cut = play(jobs("a"), {"a": Fate(9)}, timeout=3)
    fast = play(jobs("a; b", a={"fast_fail": True}), fails="a", fast_fail=True)
    restored = play(jobs("a; b"), restored={"a": "as before"})
    found = [each for run in (whole, cut, fast, restored) for each in stream(run)]
    return [
        *found,
        events.Asked(1.0, (events.Running("a", 1.0, "sleeps"),), 1, 2),
        events.Note(1.0, "a note"),
        events.Left(1.0, {"processes": 1}),
        events.RunAgain(1.0, "a", ("make", "a b")),
    ]
