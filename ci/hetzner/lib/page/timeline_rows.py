"""Chooses what a timeline shows: the jobs that have rows, and the outputs that others wait for.

Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from lib.page import outcomes
from lib.page.scale import Scale
from lib.timeline.run_record import JobRecord, RunRecord

MOST_ROWS = 80
MOST_GATES = 8
LANES = 4
LETTER, WIDE = 0.62, 100  # percent of a wide picture that a letter takes; the whole of it


class Gate(NamedTuple):
    """An output at the moment when it was written; jobs waited for it.

    `lane` is the line of its label, so that no two labels overlap; None if none has room.
    """

    at: float
    job: str
    output: str
    lane: int | None


def rows(record: RunRecord, critical: Collection[str]) -> list[JobRecord]:
    """Return the jobs to show, in their order: of very many those that tell most.

    These are those of the critical path, those that are no plain pass, and the longest.
    """
    jobs = [job for job in record.jobs if not outcomes.is_left_out(job)]
    if len(jobs) <= MOST_ROWS:
        return jobs
    ranked = sorted(jobs, key=lambda job: (_rank(job, critical), -(job.seconds or 0.0)))
    chosen = {job.name for job in islice(ranked, MOST_ROWS)}
    return [job for job in jobs if job.name in chosen]


def _rank(job: JobRecord, critical: Collection[str]) -> int:
    if outcomes.is_broken(job):
        return 0
    if job.name in critical:
        return 1
    return 2 if job.outcome in ("flaky", "cancelled") else 3


def gates(record: RunRecord, scale: Scale) -> list[Gate]:
    """Return the outputs that other jobs depend on, in order of time, not more than MOST_GATES."""
    wanted = {need for job in record.jobs for need in job.depends_on}
    found = sorted(
        (at, job.name, output)
        for job in record.jobs
        for output, at in job.outputs.items()
        if not wanted.isdisjoint((job.name, f"{job.name}:{output}"))
    )
    return list(_in_lanes(islice(found, MOST_GATES), scale))


def _in_lanes(found: Iterable[tuple[float, str, str]], scale: Scale) -> Iterator[Gate]:
    """Yield each gate in the first lane whose last label ends before its own begins."""
    ends = [0.0] * LANES
    for at, job, output in found:
        length = LETTER * (len(label(job, output)) + 2)
        start = WIDE * scale.share(at)
        start = max(0.0, start - length) if start + length > WIDE else start
        lane = next((n for n, end in enumerate(ends) if end <= start), None)
        if lane is not None:
            ends[lane] = start + length
        yield Gate(at, job, output, lane)


def label(job: str, output: str) -> str:
    """Return the words for an output."""
    return f"{job}: {output}"
