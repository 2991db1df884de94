"""The lines that a view shows of its own accord: what runs, and which job is slow. Pure."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping

from lib.common.plain_text import duration
from lib.model.durations import SLOW
from lib.model.events import Event
from lib.terminal.progress import SILENT, Progress, RunningJob

EVERY = 30.0  # seconds between two lines on what runs
MOST = 20  # jobs that a line names


class StatusLines:
    """Follows a run from the time `begun`, on the run's clock; `usual` are seconds by job.

    `silence` returns the seconds since a job has written to its log.
    """

    def __init__(
        self,
        usual: Mapping[str, float],
        begun: float,
        silence: Callable[[str], float] = lambda _: 0.0,
    ) -> None:
        self._progress = Progress({}, usual)
        self._begun = begun
        self._silence = silence
        self._shown = 0  # the number of the last period that a line told of
        self._told: set[tuple[str, float]] = set()  # job and start of the attempts that were slow

    def take(self, event: Event) -> None:
        """Take note of an event."""
        self._progress(event)

    def due(self) -> float:
        """Return the time of the next line."""
        slow = (job.slow_at for job in self._not_slow_yet())
        return min([self._begun + EVERY * (self._shown + 1), *slow])

    def slow_at(self, job: str) -> float:
        """Return the time from which a running job is slow; infinite if that is not known."""
        running = self._progress.running.get(job)
        return math.inf if running is None else running.slow_at

    def lines(self, now: float) -> list[str]:
        """Return the lines that are due."""
        lines = []
        for job in self._not_slow_yet():
            if job.slow_at <= now:
                self._told.add((job.name, job.started))
                usual = f"{job.usual:.3g}"
                lines.append(f"SLOW {job.name} (>{SLOW}× its usual {usual} s)")
        periods = int((now - self._begun) / EVERY)
        if periods > self._shown:  # one line for all that were missed while the program was stopped
            self._shown = periods
            lines.append(self._what_runs(now))
        return lines

    def _not_slow_yet(self) -> list[RunningJob]:
        """Return the running jobs that may become slow, those that were told already left out."""
        running = self._progress.running.values()
        return [job for job in running if (job.name, job.started) not in self._told]

    def _what_runs(self, now: float) -> str:
        running = self._progress.running.values()
        named = [self._running(job, now) for job in itertools.islice(running, MOST)]
        named += [f"{len(running) - MOST} more"] if len(running) > MOST else []
        waiting, ended = self._progress.waiting, len(self._progress.ended)
        since = duration(now - self._begun)
        counts = f"{waiting} waiting, {ended} ended, the run {since}"
        return f"RUNS  {', '.join(named) or 'nothing'}; {counts}"

    def _running(self, job: RunningJob, now: float) -> str:
        seconds = now - job.started
        parts = [duration(seconds), job.doing] if job.doing else [duration(seconds)]
        if job.doing != "serves":
            parts += [f"usually {duration(job.usual)}"] if job.usual else []
            silent = min(self._silence(job.name), seconds)
            parts += [f"silent for {duration(silent)}"] if silent >= SILENT else []
        return f"{job.name} ({', '.join(parts)})"
