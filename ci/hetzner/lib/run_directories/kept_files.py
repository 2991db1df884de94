"""Keeps files of jobs in the directory of the run: a listener that copies in a thread of its own.

Nothing waits for a copy but the next attempt of the same job, for a while: it may write the same
files. The files of a job's latest attempt are in `kept/<job>/`, those of an
earlier one in `kept/<job>.1/`, and so on, as it is with logs. Its JUnit files come first and have a
place of their own, see `lib/test_results/run_tests.py`: at its end a run waits for them a while.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lib.common import threads
from lib.common.plain_text import complaint
from lib.model import events
from lib.model.job import Job
from lib.run_directories import keep_copy
from lib.test_results import run_tests

KEPT = "kept"  # in the directory of a run
SLACK = 0.1  # seconds by which the clock of a file system may be behind ours
RETRY_BUDGET = 5.0  # seconds that a further attempt of the job waits for them
BUDGET = 10.0  # seconds at the end of a run for the copies that are not done
STOP = 1.0  # seconds after that for the thread to notice that it is to stop


class Ended(NamedTuple):
    """An attempt of a job that ended: its files are newer than `began`, seconds since the epoch."""

    job: Job
    began: float
    patience: float  # until when another attempt waits, on the monotonic clock
    tests_copied: threading.Event
    copied: threading.Event


class KeptFiles:
    """Copies the files that jobs ask to keep, after each of their attempts.

    `finish` must be called once all jobs have ended. The thread that copies begins with the first
    attempt that ends.
    """

    def __init__(
        self, jobs: Sequence[Job], run: Path, cwd: Path, environ: Mapping[str, str]
    ) -> None:
        self._jobs = {job.name: job for job in jobs if job.keep or job.junit}
        self._run = run
        self._cwd = cwd
        self._environ = environ
        self._began: dict[str, float] = {}
        self._before: dict[str, float] = {}  # the end of the attempt before
        self._ended: queue.SimpleQueue[Ended | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._latest: dict[str, Ended] = {}  # by job
        self._stopped = threading.Event()
        self._done = threading.Event()
        self._notes: list[str] = []

    def __call__(self, event: events.Event) -> None:
        """Note the start of an attempt, and have its files copied when it has ended."""
        if isinstance(event, events.Started) and event.job in self._jobs:
            before = self._before.get(event.job, 0.0)
            self._began[event.job] = max(time.time() - SLACK, before)
        elif isinstance(event, events.AttemptEnded) and event.job in self._began:
            self._before[event.job] = time.time()
            job, began = self._jobs[event.job], self._began.pop(event.job)
            patience = time.monotonic() + RETRY_BUDGET
            ended = Ended(job, began, patience, threading.Event(), threading.Event())
            self._latest[job.name] = ended
            self._ended.put(ended)
            if self._thread is None:
                thread = threading.Thread(target=self._work, name="kept files", daemon=True)
                threads.start(thread)
                self._thread = thread

    def retry_waits(self, job: str) -> bool:
        """Whether the next attempt of a job is to wait for the files of the one before it."""
        before = self._latest.get(job)
        if before is None or before.copied.is_set():
            return False
        return time.monotonic() < before.patience

    def has_tests(self, job: str) -> bool:
        """Whether a job has run that declares JUnit files."""
        return job in self._latest and bool(self._jobs[job].junit)

    def wait_for_tests(self, job: str, until: float) -> bool:
        """Wait for the JUnit files of a job's latest attempt; return whether all are there.

        `until` is on the monotonic clock. Any thread may call it.
        """
        return self._latest[job].tests_copied.wait(max(0.0, until - time.monotonic()))

    def finish(self) -> list[str]:
        """Wait for the copies, within the budget; return a note on each job that lacks some.

        Copies that are not done by then end, so that none is made in a directory that is gone.
        Ctrl-C ends them at once, and is not passed on: the verdict is told by now, and stays.
        """
        if self._thread is not None:
            self._ended.put(None)
            late = f"{BUDGET:g} s were not enough"
            try:
                self._done.wait(BUDGET)  # a join that Ctrl-C ends takes the thread for ended
            except KeyboardInterrupt:
                late = "Ctrl-C came"
            if not self._done.is_set():
                self._stopped.set()
                self._done.wait(STOP)
                return [*self._notes, f"files of jobs are not all kept: {late}"]
        return list(self._notes)

    def _work(self) -> None:
        while (ended := self._ended.get()) is not None and not self._stopped.is_set():
            if ended.job.junit:
                target = run_tests.place(self._run, ended.job.name)
                self._copy(ended, ended.job.junit_patterns, target)
            ended.tests_copied.set()
            if ended.job.keep:
                self._copy(ended, ended.job.keep, self._run / KEPT / ended.job.name)
            ended.copied.set()
        self._done.set()

    def _copy(self, ended: Ended, patterns: Sequence[str], target: Path) -> None:
        job = ended.job
        place = keep_copy.Place(self._cwd / job.cwd, {**self._environ, **job.env}, target)
        try:
            problems = keep_copy.keep(patterns, place, ended.began, self._stopped.is_set)
        except Exception as error:  # noqa: BLE001 - a view never breaks a run
            problems = [complaint(error)]
        self._notes += [f"{job.name}: not all files are kept: {text}" for text in problems]
