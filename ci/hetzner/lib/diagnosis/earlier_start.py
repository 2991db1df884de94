"""Tells what would have made a job start earlier, by the record of its run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from lib.timeline.run_record import JobRecord, RunRecord

SHORT = 0.1  # seconds: a smaller gain is not worth a line
PLACES = ("slot", "pool")


class Gain(NamedTuple):
    """Seconds by which a job could have started earlier, and the change that it takes."""

    seconds: float
    text: str


class Freed(NamedTuple):
    """A need that freed a job: `job` or `job:output`, and the seconds that this took to come."""

    need: str
    seconds: float


def chain(record: RunRecord, job: JobRecord) -> list[Freed]:
    """Return the needs of which each freed the job of the next one; the last one freed `job`."""
    found: list[Freed] = []
    seen = {job.name}
    while job.freed_by:
        before = record.job(job.freed_by.partition(":")[0])
        if before is None or before.name in seen:
            break
        seen.add(before.name)
        began = before.attempts[-1].started if before.attempts else before.started or 0.0
        found.append(Freed(job.freed_by, max(0.0, met(record, job.freed_by) - began)))
        job = before
    return found[::-1]


def gains(record: RunRecord, job: JobRecord) -> list[Gain]:
    """Return the changes that would have helped, the greatest gain first.

    Each is for itself, and up to the next hindrance. None helps a job that did not start.
    """
    if job.started is None:
        return []
    own = [Gain(seconds, f"no {what}") for seconds, what in _hindrances(job)]
    found = [*own, *_by_needs(record, job)]
    return sorted((gain for gain in found if gain.seconds >= SHORT), reverse=True)


def _hindrances(job: JobRecord) -> Iterator[tuple[float, str]]:
    """Yield what kept a job that was ready from its first start, with the seconds of each."""
    for wait in job.waits:
        if wait.kind in PLACES:
            yield wait.ended - wait.began, f"wait for {wait.text}"
        elif wait.kind == "delay":
            yield wait.ended - wait.began, f"delay of {wait.text}"


def _by_needs(record: RunRecord, job: JobRecord) -> Iterator[Gain]:
    """Yield the gains by the dependency that was met last, until the next one is the last."""
    times = sorted(((met(record, need), need) for need in job.depends_on), reverse=True)
    if not times or times[0][0] <= 0.0:
        return
    last, need = times[0]
    next_time, next_need = times[1] if len(times) > 1 and times[1][0] > 0.0 else (0.0, "")
    bound = f", then {next_need} holds it back" if next_need else ""
    yield Gain(last - next_time, f"{need} earlier{bound}")
    name = need.partition(":")[0]
    before = record.job(name)
    if before is None:
        return
    if (late := _late(before)) > 0.0:
        yield Gain(min(late, last - next_time), f"{name} in its usual {before.usual:.1f} s")
    for seconds, what in _hindrances(before):
        yield Gain(min(seconds, last - next_time), f"no {what} of {name}")


def _late(job: JobRecord) -> float:
    """Return the seconds that a job took over its usual ones."""
    worked = job.worked
    return 0.0 if worked is None or job.usual is None else max(0.0, worked - job.usual)


def met(record: RunRecord, need: str) -> float:
    """Return when a dependency was met, 0 if that is not known."""
    name, _, output = need.partition(":")
    job = record.job(name)
    if job is None:
        return 0.0
    if output:
        return job.outputs.get(output, job.ended or 0.0)
    at = job.served_at if job.service and job.served_at is not None else job.ended
    return at or 0.0
