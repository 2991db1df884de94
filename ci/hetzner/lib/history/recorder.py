"""Records the attempts of a run in the history. A listener."""

from __future__ import annotations

import time
from pathlib import Path

from lib.history import database
from lib.model import events
from lib.model.attempt_outcome import NO_TESTS
from lib.model.cause import Cause
from lib.model.result import AttemptRecord, Outcome


class History:
    """Collects the attempts of a run and writes them in one transaction at its end."""

    def __init__(self, path: Path, run: str, sha: str) -> None:
        self._path = path
        self._run = run
        self._sha = sha
        self._attempts: list[tuple[str, str, str, int, str, float, float]] = []
        self._outputs: list[tuple[str, str, str, float, float]] = []
        self._ready: dict[str, float] = {}  # of attempts that have not ended: when, by job
        self._wrote: dict[str, dict[str, float]] = {}  # the same: when, by job and output

    def __call__(self, event: events.Event) -> None:
        """Note an attempt; write all of them when the run has ended. Raises sqlite3.Error."""
        if isinstance(event, events.Ready):
            self._ready[event.job] = event.at
        elif isinstance(event, events.OutputReady):
            self._wrote.setdefault(event.job, {})[event.output] = event.at
        elif isinstance(event, events.AttemptEnded):
            self._note(event.job, event.record)
        elif isinstance(event, events.Finished) and event.outcome is Outcome.RESTORED:
            if event.result.cause is Cause.EARLIER_RUN:  # that run has noted it; no cache answered
                return
            number = len(event.result.attempts) + 1
            self._add(event.job, number, Outcome.RESTORED, event.result.duration)
        elif isinstance(event, events.RunEnded) and self._attempts:
            self._write()

    def _note(self, job: str, record: AttemptRecord) -> None:
        end = self._ready.pop(job, record.ended)
        wrote = self._wrote.pop(job, {})
        if (
            record.outcome is Outcome.PASSED and record.code == NO_TESTS
        ):  # its time says nothing of one with tests
            return
        self._add(job, record.number, record.outcome, end - record.started)
        if record.outcome is Outcome.PASSED:
            now = time.time()
            self._outputs += [
                (job, output, self._run, at - record.started, now) for output, at in wrote.items()
            ]

    def _add(self, job: str, number: int, outcome: Outcome, seconds: float) -> None:
        row = (job, self._run, self._sha, number, str(outcome), seconds, time.time())
        self._attempts.append(row)

    def _write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with database.opened(self._path) as opened, opened:
            opened.executemany("INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?)", self._attempts)
            opened.executemany("INSERT INTO outputs VALUES (?, ?, ?, ?, ?)", self._outputs)
