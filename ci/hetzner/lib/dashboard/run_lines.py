"""The runs of the store, each in a line: its state, its jobs so far, those that broke.

A run that goes on is read from its events.jsonl, one that has ended from its summary.json. What was
read is kept until the file changes, since a page asks for the same runs again and again.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import NamedTuple

from lib.event_stream import reading
from lib.event_stream.event_file import NAME as EVENTS
from lib.page import outcomes
from lib.report import verdict_limits
from lib.run_directories import run_report
from lib.run_directories.stored_run import RUNNING, StoredRun
from lib.timeline.run_record import JobRecord, RunRecord

LARGEST = 8_000_000  # bytes of a file of events; a larger one tells no progress
# bytes of a summary: JSON of nothing but brackets takes twenty times as much memory, for each
# of those who ask at the same time
LARGEST_SUMMARY = 2_000_000
MOST = 1000  # runs that are kept


class RunningJob(NamedTuple):
    """A job that runs; `since` is in seconds since the epoch, `usual` None if it is not known.

    Of a service, `usual` is the time until it `serves`, which is until no job needs it.
    """

    name: str
    since: float
    usual: float | None
    serves: bool = False


class RunLine(NamedTuple):
    """A run. `seconds` is None while it goes on; the counts are of the jobs that it selected.

    `limits` are the words on all that makes it less than a verdict on its commit.
    """

    name: str
    sha: str
    branch: str
    state: str  # as in StoredRun.state
    started: float
    seconds: float | None = None
    passed: int = 0
    total: int = 0
    broken: tuple[str, ...] = ()
    running: tuple[RunningJob, ...] = ()
    has_report: bool = False
    limits: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether its verdict is one on its commit."""
        return not self.limits

    @property
    def at_work(self) -> tuple[RunningJob, ...]:
        """The jobs that run and will end by themselves."""
        return tuple(job for job in self.running if not job.serves)

    @property
    def ended(self) -> int:
        """How many of its jobs have ended."""
        return self.passed + len(self.broken)


class RunLines:
    """Reads runs, and keeps what it has read. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[object, RunLine]] = {}

    def line(self, run: StoredRun) -> RunLine:
        """Return a run as it is now."""
        run = StoredRun(run.path, run.key, run.largest)  # what it reads of the files goes with it
        live = run.live
        mark = (live, stamp(run.path / (EVENTS if live else "summary.json")))
        with self._lock:
            found = self._kept.get(run.name)
        if found is not None and found[0] == mark:
            return found[1]
        made = of_record(run, record(run)) if live else _ended(run)
        with self._lock:
            if len(self._kept) >= MOST:
                self._kept.clear()
            self._kept[run.name] = (mark, made)
        return made


def stamp(path: Path) -> tuple[int, int, int]:
    """Return what differs when a file is another, or has other content; zeros without one."""
    try:
        found = path.lstat()
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_size, found.st_mtime_ns)


def record(run: StoredRun) -> RunRecord:
    """Return the record of a run; an empty one if it has none that can be read."""
    if stamp(run.path / EVENTS)[1] > LARGEST:
        return RunRecord()
    try:
        return reading.read(run.path, LARGEST)
    except (OSError, ValueError):
        return RunRecord()


def of_record(run: StoredRun, record: RunRecord) -> RunLine:
    """Return a run that goes on, as its events tell it."""
    jobs = [job for job in record.jobs if not outcomes.is_left_out(job)]
    broken = [job.name for job in jobs if outcomes.is_broken(job) and not job.allowed]
    return RunLine(
        run.name,
        run.sha or str(record.header.get("sha") or ""),
        run.branch or str(record.header.get("branch") or ""),
        RUNNING,
        run.started,
        passed=sum(bool(job.outcome) for job in jobs) - len(broken),
        total=len(jobs),
        broken=tuple(broken),
        running=tuple(_running(job, record) for job in jobs if job.running),
        limits=tuple(verdict_limits.of(record.header)),
    )


def _running(job: JobRecord, record: RunRecord) -> RunningJob:
    last = job.attempts[-1].started if job.attempts else job.started or 0.0
    return RunningJob(job.name, record.began + record.before + last, job.usual, job.serves)


def _ended(run: StoredRun) -> RunLine:
    report = run_report.read(run.summary)
    jobs = [job for job in report.jobs if job.cause != "filtered"]
    broken = tuple(job.name for job in jobs if job.bad and not job.allowed)
    return RunLine(
        run.name,
        report.sha,
        report.branch,
        run.state,
        run.started,
        report.seconds,
        passed=sum(bool(job.outcome) for job in jobs) - len(broken),
        total=len(jobs),
        broken=broken,
        has_report=os.path.lexists(run.path / "report.html"),
        limits=tuple(verdict_limits.of(run.summary)),
    )
