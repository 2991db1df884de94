"""Makes `trace.json`: a run in the Trace Event Format, which ui.perfetto.dev and Chrome open. Pure.

Each job has a track with its waits and its attempts, and an arrow comes from the job that it waited
for last. The critical path has a track of its own. Counters: `trace_counters`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from lib.report.run_inputs import RunInputs
from lib.timeline.critical_path import WORK, critical_path
from lib.timeline.run_record import AttemptSpan, JobRecord, RunRecord, Span
from lib.views import trace_counters
from lib.views.trace_events import TraceEvents, Track

RUN, JOBS = 1, 2  # groups of tracks
WHOLE, CRITICAL = Track(RUN, 1), Track(RUN, 2)
BEFORE_AN_END = 1e-6  # seconds: an arrow begins within a bar, and ends are outside


def view(inputs: RunInputs) -> str:
    """Return the trace of a run."""
    record, samples = inputs.record, inputs.samples
    made = TraceEvents(record.beginning)
    made.name_group(RUN, "run")
    _add_run(made, record)
    made.name_group(JOBS, "jobs")
    placed = {job.name: (Track(JOBS, number), job) for number, job in enumerate(record.jobs, 1)}
    for track, job in placed.values():
        _add_job(made, job, track, record.end)
    for track, job in placed.values():
        if found := placed.get(job.freed_by.partition(":")[0]):
            _add_arrow(made, found, (track, job), record.end)
    trace_counters.add(made, record, samples)
    about = {"run": record.run, "verdict": record.verdict, **record.header}
    whole = {"traceEvents": made.events, "displayTimeUnit": "ms", "otherData": about}
    return json.dumps(whole, separators=(",", ":"), default=str)


def _add_run(made: TraceEvents, record: RunRecord) -> None:
    made.name_track(WHOLE, "run")
    title = record.verdict or "the run goes on"
    made.slice(WHOLE, record.beginning, record.end, title, "run", {"notes": record.notes})
    made.name_track(CRITICAL, "critical path")
    for link in critical_path(record).links:
        texts = (link.job,) if link.kind in WORK else (link.job, link.text)
        name = ": ".join(filter(None, texts))
        made.slice(CRITICAL, link.began, link.ended, name, link.kind, {"text": link.text})


def _add_job(made: TraceEvents, job: JobRecord, track: Track, end: float) -> None:
    made.name_track(track, job.name)
    bars: list[tuple[float, float, AttemptSpan | Span]]
    bars = [(wait.began, wait.ended, wait) for wait in job.waits]
    bars += [(a.started, end if a.ended is None else a.ended, a) for a in job.attempts]
    for began, ended, what in sorted(bars, key=lambda bar: bar[:2]):
        if isinstance(what, AttemptSpan):
            made.slice(track, began, ended, _title(job, what), "run", _facts(job, what))
        else:
            made.slice(track, began, ended, f"waits: {what.text}", what.kind)
    for output, at in job.outputs.items():
        made.instant(track, at, f"output {output}", "output")
    if job.served_at is not None:
        made.instant(track, job.served_at, "ready", "service")


def _title(job: JobRecord, attempt: AttemptSpan) -> str:
    return f"{job.name}, attempt {attempt.number}" if attempt.number > 1 else job.name


def _facts(job: JobRecord, attempt: AttemptSpan) -> Mapping[str, object]:
    facts = {
        "outcome": attempt.outcome,
        "cause": attempt.cause,
        "reason": attempt.reason,
        "exit code": attempt.code,
        "usual seconds": job.usual,
        "resources": dict(job.resources),
        "log": job.log,
    }
    return {name: fact for name, fact in facts.items() if fact not in (None, "", {})}


def _add_arrow(
    made: TraceEvents, start: tuple[Track, JobRecord], end: tuple[Track, JobRecord], now: float
) -> None:
    """Add an arrow from the need that was met last to the job that it freed, if both have bars."""
    (from_track, before), (to_track, job) = start, end
    if not before.attempts or not job.attempts or job.ready_at is None:
        return
    last = before.attempts[-1]
    ended = now if last.ended is None else last.ended
    left = max(last.started, min(job.ready_at, ended - BEFORE_AN_END))
    made.arrow((from_track, left), (to_track, job.attempts[0].started), "needs")
