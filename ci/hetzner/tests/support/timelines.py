"""The records of runs that a fake executor played."""

from __future__ import annotations

from lib.model import declared_job, events
from lib.timeline.run_record import JobRecord, RunRecord
from lib.timeline.timeline import Timeline
from tests.support.fakes import Played

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
