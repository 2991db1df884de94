"""Tells people when a job of a run started, and why not earlier. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from lib.common.plain_text import duration, one_line, table
from lib.diagnosis import earlier_start
from lib.diagnosis.earlier_start import Gain
from lib.timeline import critical_path
from lib.timeline.run_record import JobRecord, RunRecord, Span

MOST_GAINS = 5
SHORT = 0.05  # seconds: a shorter wait would be shown as none


class Explained(NamedTuple):
    """The answer on a job; `cache` are lines on its cache."""

    record: RunRecord
    job: JobRecord
    gains: Sequence[Gain]
    cache: Sequence[str]


def lines(told: Explained) -> Iterator[str]:
    """Yield the lines for people; they may hold any characters."""
    job = told.job
    yield f"{job.name}: {_outcome(job)}, in {told.record.run or 'this run'}"
    yield ""
    yield from table(_steps(told.record, job), right=(0, 1))
    if before := earlier_start.chain(told.record, job):
        yield ""
        links = [f"{one_line(each.need)} {duration(each.seconds)}" for each in before]
        yield f"what it waited for in turn: {' -> '.join([*links, job.name])}"
    if told.gains:
        yield ""
        yield "it would have started earlier, by up to"
        gains = ((duration(gain.seconds), gain.text) for gain in islice(told.gains, MOST_GAINS))
        yield from (f"  {line}" for line in table(gains, right=(0,)))
    elif job.started is not None:
        yield ""
        yield "nothing held it back"
    if told.cache:
        yield ""
        yield from map(one_line, told.cache)


def _outcome(job: JobRecord) -> str:
    if not job.outcome:
        return "running" if job.running else "waiting"
    reason = f" ({one_line(job.reason)})" if job.reason else ""
    if job.worked is None or not job.attempts:
        return f"{job.outcome}{reason}"
    return f"{job.outcome}{reason} in {duration(job.worked)}{_usual(job)}"


def _usual(job: JobRecord) -> str:
    return "" if job.usual is None else f", usually {duration(job.usual)}"


def _steps(record: RunRecord, job: JobRecord) -> Iterator[tuple[str, str, str]]:
    """Yield a row for each step: when it began, how long it took, and a name for it."""
    if job.started is None:
        yield (
            "-",
            "-",
            f"did not start: {job.reason or job.outcome or job.waited_for or 'it waits'}",
        )
        return
    steps: list[tuple[float, float | None, str]]
    waits = [wait for wait in job.waits if wait.ended - wait.began >= SHORT]
    steps = [(wait.began, wait.ended, _wait(record, job, wait)) for wait in waits]
    for attempt in job.attempts:
        text = f"attempt {attempt.number} ran" if len(job.attempts) > 1 else "it ran"
        steps.append((attempt.started, attempt.ended, text))
    if not job.attempts:
        steps.append((job.started, job.ended, "restored" if job.cache == "hit" else "no body ran"))
    for began, ended, text in sorted(steps, key=lambda step: step[0]):
        yield f"{began:.1f} s", _seconds(began, ended), text
    if job.served_at is not None:
        yield f"{job.served_at:.1f} s", "", "it was ready for others"
    if job.ended is not None:
        yield f"{job.ended:.1f} s", "", job.outcome


def _wait(record: RunRecord, job: JobRecord, wait: Span) -> str:
    if wait.kind == "delay":
        return f"its delay of {wait.text}"
    if wait.kind == "retry":
        return "between the attempts"
    freer = critical_path.place_freed_by(record, job) if wait.kind in earlier_start.PLACES else ""
    return f"waited for {wait.text}" + (f", until {freer} had ended" if freer else "")


def _seconds(began: float, ended: float | None) -> str:
    return "" if ended is None else f"{ended - began:.1f} s"


def fields(told: Explained) -> dict[str, Any]:
    """Return the answer for programs."""
    job = told.job
    return {
        "run": told.record.run,
        "job": job.name,
        "outcome": job.outcome,
        "reason": job.reason,
        "started": job.started,
        "ended": job.ended,
        "seconds": job.worked,
        "usual_seconds": job.usual,
        "waits": [wait._asdict() for wait in job.waits],
        "freed_by": [each._asdict() for each in earlier_start.chain(told.record, job)],
        "gains": [gain._asdict() for gain in told.gains],
        "cache": list(told.cache),
    }
