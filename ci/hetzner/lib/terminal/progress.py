"""Follows the events of a run: which jobs run now, and how many wait and have ended."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from lib.model import events
from lib.model.durations import slow_after
from lib.model.result import Outcome

SILENT = 30.0  # seconds: a job that writes nothing for so long may hang
FAILURES = (Outcome.FAILED, Outcome.TIMED_OUT)


class RunningJob(NamedTuple):
    """A running job: the start of its attempt in seconds of the run, and a word on its activity."""

    name: str
    started: float
    usual: float | None  # seconds
    doing: str = ""  # "serves", "stops", "attempt 2"; '' for a first attempt that runs

    @property
    def slow_at(self) -> float:
        """The time from which its attempt is slow. A service that serves may take any time."""
        return math.inf if self.doing == "serves" else self.started + slow_after(self.usual)


class EndedJob(NamedTuple):
    """The end of a job: its seconds are None if it never started."""

    outcome: Outcome
    reason: str
    seconds: float | None
    acceptable: bool


class Progress:
    """A listener. `needs` are the jobs and outputs that each job waits for, `usual` are seconds.

    The jobs in `last` wait for all others. `running` is in order of start, `ended` in order of end.
    """

    def __init__(
        self,
        needs: Mapping[str, Collection[str]],
        usual: Mapping[str, float],
        last: Collection[str] = (),
    ) -> None:
        self._needs = needs
        self.last = last
        self._usual = usual
        self._met: set[str] = set()  # jobs and outputs that no other waits for any more
        self.names: Sequence[str] = ()
        self.running: dict[str, RunningJob] = {}
        self.ended: dict[str, EndedJob] = {}
        self.failed = 0  # jobs whose failure makes the run red
        self.cancelled = 0  # jobs that a user, a failure or the end of the run has stopped
        self.skipped = 0  # jobs that had to wait for such a job
        self.cut_off = False  # by a signal, its time limit or a failure

    def __call__(self, event: events.Event) -> None:
        """Take note of an event."""
        match event:
            case events.Started():
                doing = f"attempt {event.attempt}" if event.attempt > 1 else ""
                usual = self._usual.get(event.job)
                self.running[event.job] = RunningJob(event.job, event.at, usual, doing)
            case events.Finished():
                self._finished(event)
            case events.RunStarted():
                self.names = event.names
            case events.Ready():
                self._met.add(event.job)
                self._does(event.job, "serves")
            case events.OutputReady():
                self._met.add(f"{event.job}:{event.output}")
            case events.TimedOut():
                self._does(event.job, "stops")
            case events.AttemptEnded():
                self.running.pop(event.job, None)
            case events.Interrupted() | events.FastFail():
                self.cut_off = True

    def _does(self, job: str, doing: str) -> None:
        if job in self.running:
            self.running[job] = self.running[job]._replace(doing=doing)

    def _finished(self, event: events.Finished) -> None:
        self.running.pop(event.job, None)
        if event.again:
            return
        self._met.add(event.job)
        result = event.result
        seconds = None if result.started is None else result.duration
        outcome = result.outcome or event.outcome
        self.ended[event.job] = EndedJob(outcome, result.reason, seconds, result.acceptable)
        if not result.acceptable:
            self.failed += outcome in FAILURES
            self.cancelled += outcome is Outcome.CANCELLED
            self.skipped += outcome is Outcome.SKIPPED

    @property
    def waiting(self) -> int:
        """The number of jobs that neither run nor have ended."""
        return max(0, len(self.names) - len(self.running) - len(self.ended))

    def awaited(self, job: str) -> list[str]:
        """Return the jobs and outputs that this one still waits for."""
        needs = self._needs.get(job, ())
        return [need for need in needs if self._met.isdisjoint((need, need.partition(":")[0]))]
