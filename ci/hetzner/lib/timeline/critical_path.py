"""Finds the chain of bodies and waits that made a run as long as it was. Pure.

It is walked from the end of the run back to its beginning: from a job to the need that was met
last, or to the job whose end gave it a place, and from there on. Each link ends where the next one
begins, so they sum up to the whole run.
"""

from __future__ import annotations

import bisect
from typing import NamedTuple

from lib.timeline.job_times import ALL_ELSE, PHASE
from lib.timeline.run_record import SHORT, AttemptSpan, JobRecord, RunRecord

WORK = ("run", "serve")  # kinds of links in which a body ran


class Link(NamedTuple):
    """A stretch of the path; its `kind` is that of a `Span`, and `job` '' before and after jobs."""

    job: str
    began: float
    ended: float
    kind: str
    text: str

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.ended - self.began


class CriticalPath(NamedTuple):
    """The links in order of time, and the share of the run (0 to 1) in which a body ran."""

    links: tuple[Link, ...] = ()
    share: float = 0.0

    @property
    def jobs(self) -> tuple[str, ...]:
        """The jobs whose bodies made the run long, in order of time."""
        return tuple(dict.fromkeys(link.job for link in self.links if link.kind in WORK))


def critical_path(record: RunRecord) -> CriticalPath:
    """Return the critical path of a run, or of one that goes on, up to now."""
    links = _Walk(record).links()
    whole = record.end - record.beginning
    worked = sum(link.seconds for link in links if link.kind in WORK)
    return CriticalPath(links, worked / whole if whole > 0 else 0.0)


def place_freed_by(record: RunRecord, job: JobRecord) -> str:
    """Return the job whose end gave another one the place to start in, '' if none is known."""
    if job.started is None:
        return ""
    walk = _Walk(record)
    walk._at = job.started
    return walk._freer(job, job.place[0])


class _Walk:
    """The walk back; `_at` is the beginning of the link that was added last."""

    def __init__(self, record: RunRecord) -> None:
        self._record = record
        self._jobs = {job.name: job for job in record.jobs if job.started is not None}
        self._ends = sorted(
            (end, job.name) for job in self._jobs.values() for end in _ends(job, record.now)
        )
        self._users: dict[str, list[JobRecord]] = {}
        for job in self._jobs.values():
            for need in job.depends_on:
                self._users.setdefault(need.partition(":")[0], []).append(job)
        self._at = record.end
        self._found: list[Link] = []

    def links(self) -> tuple[Link, ...]:
        """Return all links, in order of time."""
        name = self._ended_last(self._at)
        if name:
            self._add("", self._end(name), "end", "after the jobs")
        for _ in range(4 * len(self._ends) + 4):  # a damaged record may lead round in circles
            if not name:
                break
            name = self._through(self._jobs[name])
        self._add("", self._record.beginning, "prepare", "before the jobs")
        return tuple(reversed(self._found))

    def _add(self, job: str, began: float, kind: str, text: str) -> None:
        """Add a link before the others; a wait that is no wait belongs to the link after it."""
        began = max(min(began, self._at), self._record.beginning)
        if began == self._at:
            return
        if kind not in WORK and self._at - began < SHORT and self._found:
            self._found[-1] = self._found[-1]._replace(began=began)
        else:
            self._found.append(Link(job, began, self._at, kind, text))
        self._at = began

    def _through(self, job: JobRecord) -> str:
        """Go through a job from where it freed the next one; return the job before it, or ''."""
        if user := self._last_user(job):
            self._add(job.name, self._end(user), "end", "its last user had ended: it was stopped")
            return user
        attempts = [each for each in job.attempts if each.started < self._at]
        for number in range(len(attempts) - 1, -1, -1):
            self._add(job.name, attempts[number].started, *_work(job, attempts[number]))
            if number and (other := self._between(job, attempts[number - 1])):
                return other
        if not attempts and job.started is not None:
            self._add(job.name, job.started, "run", "its cache was asked")
        return self._before(job)

    def _between(self, job: JobRecord, before: AttemptSpan) -> str:
        """Go from an attempt back to the one before it; return the job that it waited for."""
        ended = self._at if before.ended is None else before.ended
        if before.again:
            text = f"attempt {before.number + 1}"
            if job.waited_for and self._at - ended >= SHORT:
                text = f"{text}: {job.waited_for}"
            self._add(job.name, ended, "retry", text)
            return ""
        other = self._ended_last(self._at, but=job.name)  # the second pass waits for all others
        if other and self._end(other) > ended:
            self._add(job.name, self._end(other), "dependency", PHASE)
            return other
        self._add(job.name, ended, "dependency", PHASE)
        return ""

    def _before(self, job: JobRecord) -> str:
        """Go from the start of a job to the time when it was ready; return what freed it."""
        if job.ready_at is None:
            return ""
        queued = min(job.ready_at + job.delay, self._at)
        kind, name = job.place
        freer = self._freer(job, kind) if self._at - queued >= SHORT else ""
        if freer and self._found:
            self._found[-1] = self._found[-1]._replace(text=f"waited for {name}")
            self._add(job.name, self._end(freer), kind, f"{name}, freed by {freer}")
            return freer
        self._add(job.name, queued, kind, name)
        self._add(job.name, job.ready_at, "delay", f"{job.delay:g} s")
        need = job.freed_by.partition(":")[0]
        if not need:
            return ""
        if need in (PHASE, ALL_ELSE) or need not in self._jobs:
            return self._ended_last(self._at, but=job.name)
        return need

    def _last_user(self, job: JobRecord) -> str:
        """Return the job that a service served last before now; '' if its own work is asked for."""
        if not job.service or job.served_at is None or self._at - job.served_at < SHORT:
            return ""
        ends = [
            (self._end(user.name), user.name)
            for user in self._users.get(job.name, ())
            if user.started is not None and user.started >= job.served_at - SHORT
        ]
        end, name = max((each for each in ends if each[0] <= self._at), default=(0.0, ""))
        return name if end > job.served_at else ""

    def _freer(self, job: JobRecord, kind: str) -> str:
        """Return the job whose end gave this one its place."""
        for end, name in reversed(self._ends[: self._index(self._at)]):
            if self._at - end > 1.0:
                break
            shared = set(job.resources) & set(self._jobs[name].resources)
            if name != job.name and (kind != "pool" or shared):
                return name
        return ""

    def _ended_last(self, at: float, but: str = "") -> str:
        """Return the job that ended last by then, '' if none did."""
        for _, name in reversed(self._ends[: self._index(at)]):
            if name != but:
                return name
        return ""

    def _index(self, at: float) -> int:
        return bisect.bisect(self._ends, (at + 1e-6, "\U0010ffff"))

    def _end(self, name: str) -> float:
        """Return when a job, or an attempt of it, ended last by now."""
        ends = _ends(self._jobs[name], self._record.now)
        return max((end for end in ends if end <= self._at), default=self._at)


def _ends(job: JobRecord, now: float) -> list[float]:
    """Return the ends of a job's attempts; one that runs ends now."""
    ends = [now if each.ended is None else each.ended for each in job.attempts]
    return ends or [now if job.ended is None else job.ended]


def _work(job: JobRecord, attempt: AttemptSpan) -> tuple[str, str]:
    """Return the kind and the text of a link in which a body ran."""
    again = f"attempt {attempt.number}" if len(job.attempts) > 1 else ""
    return ("serve", "until it was ready") if job.service else ("run", again)
