"""Makes the record of a run from its events, at any time. Pure."""

from __future__ import annotations

import math
from collections import deque
from threading import Lock

from lib.model import events
from lib.model.result import Outcome, Result
from lib.timeline.job_times import JobTimes
from lib.timeline.run_record import AttemptSpan, JobRecord, RunRecord

MOST_NOTES = 1000
WROTE = (Outcome.PASSED, Outcome.FLAKY)  # all that they promise


class Timeline:
    """A listener: the record of the run that it listens to.

    The loop only appends events; a reader, of any thread, pays for the rest.
    """

    def __init__(self) -> None:
        self._unread: deque[events.Event] = deque()
        self._reads = Lock()
        self._run = RunRecord()
        self._jobs: dict[str, JobRecord] = {}
        self._times = JobTimes()

    def __call__(self, event: events.Event) -> None:
        """Take an event."""
        self._unread.append(event)

    def record(self) -> RunRecord:
        """Return the run so far. It may be called by any thread, while the run goes on."""
        with self._reads:
            if self._unread:
                while self._unread:
                    self._take(self._unread.popleft())
                self._run = self._run._replace(jobs=tuple(sorted(self._jobs.values(), key=_start)))
            return self._run

    def _take(self, event: events.Event) -> None:
        run = self._run._replace(now=max(self._run.now, event.at))
        match event:
            case events.RunDeclared():
                run = self._declare(event, run)
            case events.RunStarted():
                self._times.begin(event.at)
                self._filter(event.filtered)
            case events.PhaseStarted():
                self._times.phase_began(event.at)
            case events.Interrupted() | events.FastFail():
                run = run._replace(interruption=run.interruption or event.reason)
            case events.Note():
                if len(run.notes) < MOST_NOTES:
                    run = run._replace(notes=(*run.notes, event.text))
            case events.Left():
                run = run._replace(left={name: n for name, n in event.amounts.items() if n})
            case events.RunConcluded():
                run = run._replace(
                    exit_code=event.exit_code, verdict=event.verdict, seconds=event.seconds
                )
            case events.Asked() | events.RunEnded():  # the verdict is that of RunConcluded
                pass
            case _:
                job = self._jobs.get(event.job) or JobRecord(event.job)
                self._jobs[event.job] = self._after(job, event)
        self._run = run

    def _declare(self, event: events.RunDeclared, run: RunRecord) -> RunRecord:
        self._times.declare(event.jobs)
        for job in event.jobs:
            self._jobs[job.name] = JobRecord(
                name=job.name,
                depends_on=job.depends_on,
                resources=job.resources,
                timeout=job.timeout,
                delay=job.delay,
                service=job.service,
                allowed=job.allowed,
                usual=job.usual,
            )
        return run._replace(
            run=event.run, header=event.header, began=event.began, before=event.before
        )

    def _filter(self, names: tuple[str, ...]) -> None:
        for name in names:
            job = self._jobs.get(name) or JobRecord(name)
            self._jobs[name] = job._replace(outcome="skipped", cause="filtered", reason="filtered")

    def _after(self, job: JobRecord, event: events.OfJob) -> JobRecord:
        """Return a job after an event of it."""
        match event:
            case events.Started():
                return self._started(job, event)
            case events.OutputReady():
                self._times.wrote(event.job, event.output, event.at)
                return job._replace(outputs={**job.outputs, event.output: event.at})
            case events.Ready():
                self._times.serves(event.job, event.at)
                return job._replace(served_at=event.at)
            case events.AttemptEnded():
                return _attempt_ended(job, event)
            case events.Leaked():
                return job._replace(leaked=job.leaked + len(event.processes))
            case events.Finished():
                self._times.ended(event.job, event.at)
                return self._finished(job, event.result, event.at)
            case events.RunAgain():
                return job._replace(rerun=event.words)
            case events.TimedOut():
                return job

    def _started(self, job: JobRecord, event: events.Started) -> JobRecord:
        attempts = (*job.attempts, AttemptSpan(event.attempt, event.at))
        log = f"{job.name}.log"
        # it began again: a second pass has no outcome yet
        job = job._replace(attempts=attempts, log=log, outcome="", ended=None, cause="", reason="")
        return job if job.started is not None else self._ready(job, event.at, event.waited_for)

    def _ready(self, job: JobRecord, started: float, waited_for: str) -> JobRecord:
        freed_by, ready = self._times.ready(job.name, started)
        return job._replace(
            started=started, ready_at=ready, freed_by=freed_by, waited_for=waited_for
        )

    def _finished(self, job: JobRecord, result: Result, at: float) -> JobRecord:
        if job.started is None and result.started is not None:
            job = self._ready(job, result.started, result.waited_for)
        # nobody asked for those that no event has told of: at the end they were there
        promised = self._times.outputs(job.name) if result.outcome in WROTE else ()
        return job._replace(
            outputs={**dict.fromkeys(promised, at), **job.outputs},
            outcome=str(result.outcome or ""),
            cause=str(result.cause),
            reason=result.reason,
            allowed=result.allowed,
            ended=at,
            waited_for=job.waited_for or result.waited_for,
            log=job.log or (f"{job.name}.log" if result.begun else ""),
            cache=str(result.cache or ""),
            earlier_run=result.earlier.run if result.earlier else "",
        )


def _attempt_ended(job: JobRecord, event: events.AttemptEnded) -> JobRecord:
    """Return a job after the end of an attempt, which may have had no body.

    It began with the question to its cache, before the body: that was no wait for a place.
    """
    record = event.record
    ended = AttemptSpan(
        record.number,
        record.started,
        event.at,
        str(record.outcome),
        str(record.cause),
        record.code,
        record.reason,
        event.again,
    )
    others = [each for each in job.attempts if each.number != record.number]
    started = job.started if job.started is None else min(job.started, record.started)
    return job._replace(attempts=(*others, ended), started=started)


def _start(job: JobRecord) -> float:
    return math.inf if job.started is None else job.started
