"""Posts a commit status for a group of jobs: an early word, long before the whole run has ended."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Sequence

from lib.github.status_data import CONTEXT, Status, with_tests
from lib.github.status_reporter import StatusReporter
from lib.model import events
from lib.model.job_fields import RUN_LOG
from lib.model.result import Outcome, Result


class GroupStatuses:
    """Posts a status when a run starts, and one when its group of jobs has an outcome. A listener.

    The group has failed with the first of its jobs that has, and has passed once all of them have;
    a job of two passes over its test cases has passed only after both. Jobs that the run leaves out
    are named; without any job of the group nothing is posted.
    """

    def __init__(
        self,
        reporter: StatusReporter,
        sha: str,
        url: str,
        name: str,
        jobs: Collection[str],
        failed_tests: Callable[[str], Sequence[str]],
    ) -> None:
        self._reporter = reporter
        self._sha = sha
        self._url = url
        self._context = f"{CONTEXT}/{name}"
        self._jobs = jobs
        self._failed_tests = failed_tests
        self._without = ""
        self._count = 0
        self._waits_for: set[str] = set()  # empty once the group has its last status

    def __call__(self, event: events.Event) -> None:
        """Queue the status of a start or an end."""
        if isinstance(event, events.RunStarted):
            self._begin(event.names)
        elif isinstance(event, events.Finished) and event.job in self._waits_for:
            self._finished(event)
        elif isinstance(event, events.RunEnded) and self._waits_for:
            missing = ", ".join(sorted(self._waits_for))
            self._end("error", f"not all of its jobs have ended: {missing}")

    def _begin(self, names: Collection[str]) -> None:
        self._waits_for = set(self._jobs) & set(names)
        self._count = len(self._waits_for)
        if left_out := sorted(set(self._jobs) - self._waits_for):
            self._without = f", without {', '.join(left_out)}"
        if self._waits_for:
            self._queue("pending", f"{self._jobs_named}{self._without}")

    @property
    def _jobs_named(self) -> str:
        return "1 job" if self._count == 1 else f"{self._count} jobs"

    def _finished(self, event: events.Finished) -> None:
        if not event.result.acceptable:
            self._failed(event.job, event.result)
        elif not event.again:
            self._waits_for.discard(event.job)
            if not self._waits_for:
                text = f"{self._jobs_named} passed in {event.at:.0f} s{self._without}"
                self._queue("success", text)

    def _failed(self, job: str, result: Result) -> None:
        reason = f": {result.reason}" if result.reason else ""
        text = f"{job} {result.outcome} in {result.duration:.0f} s{reason}"
        if result.outcome is Outcome.CANCELLED:
            self._end("error", text)
        else:
            self._end("failure", text, job if result.begun else "")

    def _end(self, state: str, text: str, job: str = "") -> None:
        self._waits_for.clear()
        self._queue(state, text, job)

    def _queue(self, state: str, text: str, job: str = "") -> None:
        """Queue a status; that of a `job` which has run leads to its log and names failed tests."""
        url = f"{self._url}/{job or RUN_LOG}.log" if self._url else ""
        status = Status(state, self._sha, self._context, text, url)
        self._reporter.queue(status, functools.partial(self._with_tests, job) if job else None)

    def _with_tests(self, job: str, told: Status) -> Status:
        return told._replace(description=with_tests(told.description, self._failed_tests(job)))
