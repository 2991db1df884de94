"""A run as data: its jobs, their attempts and their waits. Every view of a run is made from it.

All times are seconds on the run's clock, which begins with the jobs: a checkout before them has
negative times. A time of None is not known, or has not come yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from lib.model.durations import slow_after

SHORT = 0.01  # seconds: the loop takes as long between two steps; a wait is longer


class Span(NamedTuple):
    """A stretch of time and its `kind`.

    "dependency" | "slot" | "pool" | "delay" | "retry" are waits, "run" | "serve" the work of a
    body, "prepare" | "end" are before and after the jobs. `text` tells people more.
    """

    began: float
    ended: float
    kind: str
    text: str


class AttemptSpan(NamedTuple):
    """One try of a job; `outcome` is '' while it runs, `code` None without a process.

    `again`: it is followed by another try of the same pass.
    """

    number: int
    started: float
    ended: float | None = None
    outcome: str = ""
    cause: str = ""
    code: int | None = None
    reason: str = ""
    again: bool = False


class JobRecord(NamedTuple):
    """One job of a run.

    `outcome` is '' while it has none. `ready_at` is the time when all its needs were met, and
    `freed_by` the need that was met last. `served_at` is the time when a service was ready.
    `outputs` are the times when its outputs were written, or known to be there, `usual` the
    seconds that it takes by earlier runs. `waited_for` is the dependency, pool or delay that
    held it back last. `cache` is the state of its cache (`CacheState`), '' without one. `log`
    is a path below the run's directory, '' without a log of this run. `earlier_run` is the run
    that it was restored from. `rerun` are the words that run it again, () if they are not
    known.
    """

    name: str
    depends_on: tuple[str, ...] = ()
    resources: Mapping[str, int] = {}
    timeout: float = 0.0
    delay: float = 0.0
    service: bool = False
    allowed: bool = False
    usual: float | None = None
    outcome: str = ""
    cause: str = ""
    reason: str = ""
    attempts: tuple[AttemptSpan, ...] = ()
    ready_at: float | None = None
    freed_by: str = ""
    served_at: float | None = None
    outputs: Mapping[str, float] = {}
    waited_for: str = ""
    started: float | None = None
    ended: float | None = None
    cache: str = ""
    log: str = ""
    earlier_run: str = ""
    rerun: tuple[str, ...] = ()
    leaked: int = 0  # processes that it left

    @property
    def running(self) -> bool:
        """Whether it has started and has no outcome yet."""
        return self.started is not None and not self.outcome

    @property
    def serves(self) -> bool:
        """Whether it is a service that is ready for others now."""
        ready, last = self.served_at, self.attempts[-1].started if self.attempts else 0.0
        return self.running and ready is not None and ready >= last

    @property
    def seconds(self) -> float | None:
        """The seconds from its first start to its end; None if either is not known."""
        if self.started is None or self.ended is None:
            return None
        return self.ended - self.started

    @property
    def worked(self) -> float | None:
        """The seconds that compare with `usual`: of its last attempt; of a service until ready."""
        if not self.attempts:
            return None
        last = self.attempts[-1]
        end = self.served_at if self.service and self.served_at is not None else last.ended
        return None if end is None else max(0.0, end - last.started)

    @property
    def slow(self) -> bool:
        """Whether it worked far longer than usual."""
        return self.worked is not None and self.worked >= slow_after(self.usual)

    @property
    def waits(self) -> tuple[Span, ...]:
        """What it waited for, in order of time: its needs, its delay, a place, its next attempts.

        A wait that is shorter than `SHORT` is left out.
        """
        found = []
        if self.ready_at is not None:
            if self.freed_by:
                found.append(Span(0.0, self.ready_at, "dependency", self.freed_by))
            if self.started is not None:
                queued = min(self.ready_at + self.delay, self.started)
                found.append(Span(self.ready_at, queued, "delay", f"{self.delay:g} s"))
                found.append(Span(queued, self.started, *self.place))
        for before, after in zip(self.attempts, self.attempts[1:], strict=False):
            if before.ended is not None:
                retry = ("retry", f"attempt {after.number}")
                why = retry if before.again else ("dependency", "the phase before")
                found.append(Span(before.ended, after.started, *why))
        return tuple(span for span in found if span.ended - span.began >= SHORT)

    @property
    def place(self) -> tuple[str, str]:
        """The kind of place that it had to wait for once it was ready, and its name."""
        if self.waited_for in ("", self.freed_by):
            return "slot", "a free slot"
        named = self.waited_for.split(", ")
        pool = any(name in self.resources for name in named)
        return ("pool" if pool else "slot"), self.waited_for


class RunRecord(NamedTuple):
    """One run.

    `run` is the name of its directory, '' without a store. `header` has the fields of summary.json
    on the tree and the selection. It `began` at this time, in seconds since the epoch, `before`
    seconds before its clock. `seconds` are those from its beginning to its end, None while it goes
    on; `now` is the time of its last event. `verdict` is the sentence of its END line. `jobs` come
    in order of their start, those that never started last. `left` are the amounts on the machine
    that differ from before, `interruption` is the reason why it was cut off, '' if it was not.
    """

    run: str = ""
    header: Mapping[str, object] = {}
    began: float = 0.0
    before: float = 0.0
    seconds: float | None = None
    now: float = 0.0
    exit_code: int | None = None
    verdict: str = ""
    jobs: tuple[JobRecord, ...] = ()
    notes: tuple[str, ...] = ()
    left: Mapping[str, int] = {}
    interruption: str = ""
    skipped: int = 0  # damaged lines of its file

    @property
    def beginning(self) -> float:
        """The time of its beginning."""
        return -self.before

    @property
    def end(self) -> float:
        """The time of its end, or of its last event."""
        return self.now if self.seconds is None else self.seconds - self.before

    def job(self, name: str) -> JobRecord | None:
        """Return a job, None if the run has none of this name."""
        return next((job for job in self.jobs if job.name == name), None)
