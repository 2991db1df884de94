"""The files that the jobs of a run ask to keep, and the failed test cases that some of them name.

It costs nothing where no job asks for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from lib.common.plain_text import complaint
from lib.model.cause import Cause
from lib.model.events import Listener
from lib.model.phases import Phases, heeds_filter
from lib.model.result import GOOD, Result
from lib.processes.launch import Place

if TYPE_CHECKING:
    from lib.run_directories.kept_files import KeptFiles
    from lib.test_results.test_case import TestCase

COPYING = 2.0  # seconds that the end of a run waits for JUnit files: their names are its news
READING = 2.0  # seconds for reading them


class JobFiles:
    """The files of one run."""

    def __init__(self) -> None:
        self._kept: KeptFiles | None = None
        self._place: Place | None = None
        self._filter: str | None = ""  # of test cases; None: the run has two passes over them
        self._heeding: set[str] = set()  # jobs that heed a filter of test cases
        self._tests: dict[str, Sequence[TestCase]] = {}  # of jobs that failed by their tests
        self.retry_waits: Callable[[str], bool] | None = None  # see `KeptFiles`

    def begin(self, phases: Phases, place: Place) -> Sequence[Listener]:
        """Return the listener that keeps the files, if a job asks for that."""
        jobs = [node.job for node in phases.nodes]
        if not any(job.keep or job.junit for job in jobs):
            return ()
        from lib.run_directories.kept_files import KeptFiles  # late: only these runs need it
        from lib.test_results import run_tests

        run_tests.forget()
        self._kept = KeptFiles(jobs, place.log_dir, place.cwd, place.env)
        self._place = place
        twice = any(node.repeated for node in phases.nodes)
        self._filter = None if twice else phases.test_filter
        self._heeding = {job.name for job in jobs if heeds_filter(job)}
        self.retry_waits = self._kept.retry_waits
        return (self._kept,)

    def finish(self) -> list[str]:
        """Wait for the copies, once; return notes. Another owner of the log does."""
        kept, self._kept = self._kept, None
        return kept.finish() if kept else []

    def name_failed_tests(self, results: Collection[Result], say: Callable[[str], None]) -> None:
        """Set the failed test cases of failed jobs, all of which have ended. Raises nothing."""
        if self._kept is None:
            return
        until = time.monotonic() + COPYING
        for result in results:
            if result.begun and result.outcome not in GOOD:
                left = until + READING - time.monotonic()
                cases, faults = self._read(result.name, until, left)
                result.failed_tests = _failed(cases)
                if result.cause is Cause.EXIT_CODE and result.name in self._heeding:
                    self._tests[result.name] = cases
                for fault in self._news(faults):
                    say(f"NOTE  {fault}")

    def failed_tests(self, job: str) -> Sequence[str]:
        """Return the failed test cases of a job that has ended. Any thread may call it."""
        return _failed(self._read(job, time.monotonic() + COPYING, READING)[0])

    def testcases(self, jobs: Sequence[str]) -> str:
        """Return the filter that selects exactly the failed test cases of failed jobs.

        Jobs that heed none run as they are. It is '' if there is none for certain, or if a job that
        heeds it failed by something else as well. In a run with a filter it is that one: the files
        tell of no other tests.
        """
        tested = [job for job in jobs if job in self._heeding]
        if not tested or any(job not in self._tests for job in tested) or self._filter is None:
            return ""
        if self._filter:
            return self._filter
        from lib.test_results.test_filter import exact_filter

        return exact_filter({job: self._tests[job] for job in tested})

    def _read(
        self, job: str, until: float, patience: float
    ) -> tuple[Sequence[TestCase], list[str]]:
        """Return the test cases of a job's latest attempt, and a line for each fault.

        It waits for the files `until` then, on the monotonic clock, and reads for `patience`
        seconds at most.
        """
        kept, place = self._kept, self._place
        if kept is None or place is None or not kept.has_tests(job):
            return (), []
        from lib.test_results import run_tests

        lacks = f"{job}: its failed tests are not named:"
        try:
            if not kept.wait_for_tests(job, until):
                return (), [f"{lacks} its files took too long to copy"]
            found, faults = run_tests.read(place.log_dir, [job], patience)
        except Exception as error:  # noqa: BLE001 - a view never breaks a run
            return (), [f"{lacks} {complaint(error)}"]
        return found.get(job, ()), faults

    def _news(self, faults: Sequence[str]) -> Sequence[str]:
        """Return the faults that are not in the log yet."""
        if not faults or self._place is None:
            return faults
        from lib.test_results import run_tests

        return run_tests.news(self._place.log_dir, faults)


def _failed(cases: Sequence[TestCase]) -> tuple[str, ...]:
    from lib.test_results.test_case import FAILED  # late: only red runs need it

    return tuple(case.name for case in cases if case.outcome == FAILED)
