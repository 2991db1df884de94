"""Keeps files of jobs in the directory of the run: a listener that copies in a thread of its own.

No dependent waits for a copy. Only the next attempt of the same job does, for a while: it may write
the same files. The files of a job's latest attempt are in `kept/<job>/`, those of an
earlier one in `kept/<job>.1/`, and so on, as it is with logs.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lib.model import events
from lib.model.job import Job
from lib.model.result import GOOD
from lib.run_directories import keep_copy

KEPT = "kept"  # in the directory of a run
SLACK = 0.1  # seconds by which the clock of a file system may be behind ours
RETRY_BUDGET = 5.0  # seconds that a further attempt of the job waits for them
BUDGET = 10.0  # seconds at the end of a run for the copies that are not done


class Ended(NamedTuple):
    """An attempt of a job that ended: its files are newer than `began`, seconds since the epoch."""

    job: Job
    began: float
    copied: threading.Event


class KeptFiles:
    """Copies the files that jobs ask to keep, after each of their attempts.

    `finish` must be called once all jobs have ended. The thread that copies begins with the first
    attempt that ends.
    """

    def __init__(
        self, jobs: Sequence[Job], run: Path, cwd: Path, environ: Mapping[str, str]
    ) -> None:
        self._jobs = {job.name: job for job in jobs if job.keep}
        self._target = run / KEPT
        self._cwd = cwd
        self._environ = environ
        self._began: dict[str, float] = {}
        self._before: dict[str, float] = {}  # the end of the attempt before
        self._ended: queue.SimpleQueue[Ended | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._notes: list[str] = []

    def __call__(self, event: events.Event) -> None:
        """Note the start of an attempt, and have its files copied when it has ended."""
        if isinstance(event, events.Started) and event.job in self._jobs:
            before = self._before.get(event.job, 0.0)
            self._began[event.job] = max(time.time() - SLACK, before)
        elif isinstance(event, events.AttemptEnded) and event.job in self._began:
            self._before[event.job] = time.time()
            job, record = self._jobs[event.job], event.record
            ended = Ended(job, self._began.pop(event.job), threading.Event())
            self._ended.put(ended)
            if self._thread is None:
                thread = threading.Thread(target=self._work, name="kept files", daemon=True)
                thread.start()
                self._thread = thread
            if record.number <= job.retries and record.outcome not in GOOD:
                ended.copied.wait(RETRY_BUDGET)

    def finish(self) -> list[str]:
        """Wait for the copies, within the budget; return a note on each job that lacks some."""
        if self._thread is not None:
            self._ended.put(None)
            self._thread.join(BUDGET)
            if self._thread.is_alive():
                self._notes.append(f"files of jobs are not all kept: {BUDGET:g} s were not enough")
        return list(self._notes)

    def _work(self) -> None:
        while (ended := self._ended.get()) is not None:
            job = ended.job
            place = keep_copy.Place(
                self._cwd / job.cwd, {**self._environ, **job.env}, self._target / job.name
            )
            try:
                problems = keep_copy.keep(job.keep, place, ended.began)
            except Exception as error:  # noqa: BLE001 - a view never breaks a run
                problems = [f"{type(error).__name__}: {error}"]
            self._notes += [f"{job.name}: not all files are kept: {text}" for text in problems]
            ended.copied.set()
