"""Posts a commit status for each job, beside that of the whole commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lib.github.status_data import CONTEXT, Status, with_tests
from lib.github.status_reporter import StatusReporter
from lib.model import events
from lib.model.job_fields import RUN_LOG
from lib.model.result import Outcome, Result

AT_THE_END = 10.0  # seconds that the end of a run waits for the statuses of its jobs


class JobStatuses:
    """Posts a status when a job starts, and when it ends. A listener.

    A job of two passes over its test cases has failed with the first that fails, but it has passed
    only after both. `failed_tests` returns the failed test cases of a job that has failed; it may
    wait for their files, in the thread that posts.
    """

    def __init__(
        self,
        reporter: StatusReporter,
        sha: str,
        url: str,
        failed_tests: Callable[[str], Sequence[str]] = lambda _: (),
    ) -> None:
        self._reporter = reporter
        self._sha = sha
        self._url = url
        self._failed_tests = failed_tests
        self._half: set[str] = set()  # jobs that have passed once, and have another pass to come

    def __call__(self, event: events.Event) -> None:
        """Queue the status of a start or an end."""
        if isinstance(event, events.Started) and event.attempt == 1:
            self._post("pending", event.job, "runs", event.job)
        elif isinstance(event, events.Finished):
            if event.again and event.result.acceptable:
                self._half.add(event.job)
            else:
                self._half.discard(event.job)
                self._ended(event.job, event.result)
        elif isinstance(event, events.RunEnded):
            for job in sorted(self._half):
                self._post("error", job, "not all of its test cases were run", job)
            self._reporter.flush(AT_THE_END)

    def _ended(self, job: str, result: Result) -> None:
        state = "success" if result.acceptable else "failure"
        if result.outcome is Outcome.CANCELLED:
            state = "error"
        reason = f": {result.reason}" if result.reason else ""
        log = job if result.begun else RUN_LOG
        status = self._status(
            state, job, f"{result.outcome} in {result.duration:.0f} s{reason}", log
        )
        if state == "failure" and result.begun:
            self._reporter.queue(status, lambda told: self._with_tests(told, job))
        else:
            self._reporter.queue(status)

    def _with_tests(self, status: Status, job: str) -> Status:
        text = with_tests(status.description, self._failed_tests(job))
        return status._replace(description=text)

    def _post(self, state: str, job: str, text: str, log: str) -> None:
        self._reporter.queue(self._status(state, job, text, log))

    def _status(self, state: str, job: str, text: str, log: str) -> Status:
        url = f"{self._url}/{log}.log" if self._url else ""
        return Status(state, self._sha, f"{CONTEXT}/{job}", text, url)
