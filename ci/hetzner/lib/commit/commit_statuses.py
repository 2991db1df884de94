"""The statuses that one run of a commit posts: of the commit as a whole, and of its jobs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from lib.buckaroo.settings import Settings
from lib.common import interrupts
from lib.common.interrupts import Interrupted
from lib.github.client import Repository
from lib.github.group_statuses import GroupStatuses
from lib.github.job_statuses import JobStatuses
from lib.github.outbox import Outbox
from lib.github.status_data import CONTEXT, Delivery, Status, with_tests
from lib.github.status_reporter import StatusReporter
from lib.model import events
from lib.model.result import Result
from lib.model.verdict import Verdict


class CommitStatuses:
    """Posts the statuses of one commit; `say` writes a line into the log, `mask` hides secrets.

    `whole`: the run checks all of the commit, so that it may set the status of the commit itself.
    """

    def __init__(
        self,
        config: Settings,
        sha: str,
        url: str,
        run_id: str,
        say: Callable[[str], None],
        mask: Callable[[str], str],
        *,
        whole: bool,
    ) -> None:
        self._sha = sha
        self._url = url
        self._say = say
        self._mask = mask
        self._whole = whole
        self._config = config
        self._outbox = Outbox(config.state_dir, run_id, say)
        repository = Repository(config.github_api_url, config.github_token, config.github_repo)
        self._reporter = StatusReporter(repository, say, mask=mask, outbox=self._outbox)

    def post_left_over(self) -> None:
        """Post the statuses that dead runs have left. Raises Interrupted."""
        if not self._reporter.on:  # a later run may have a token
            return
        with interrupts.cut_short():
            for line in self._outbox.post_left_over(self._reporter.post):
                self._say(line)

    def begin(self) -> None:
        """Queue the status pending; does not wait for GitHub."""
        if self._whole:
            self._reporter.queue(Status("pending", self._sha, CONTEXT, "runs", self._url))

    def listeners(
        self,
        groups: Mapping[str, Collection[str]],
        failed_tests: Callable[[str], Sequence[str]],
        *,
        whole_jobs: bool,
    ) -> list[events.Listener]:
        """Return the listeners that post the statuses of jobs and of groups of them, by name.

        There are none if statuses are off, none of jobs unless the run checks its `whole_jobs`,
        and none of groups unless it checks all of the commit.
        """
        config, made = self._config, list[events.Listener]()
        of = self._reporter, self._sha, self._url
        if config.job_statuses and whole_jobs and self._reporter.on:
            made.append(JobStatuses(*of, failed_tests))
        if config.group_statuses and self._whole and self._reporter.on:
            made += [GroupStatuses(*of, name, jobs, failed_tests) for name, jobs in groups.items()]
        return made

    def end(self, verdict: Verdict, results: Collection[Result]) -> None:
        """Post the verdict on the commit, or leave it to the next run."""
        if not self._whole or not self._reporter.on:
            return
        failed = [test for each in results if not each.acceptable for test in each.failed_tests]
        text = self._mask(with_tests(verdict.sentence, failed))
        status = Status(verdict.state, self._sha, CONTEXT, text, self._url)
        self._outbox.keep(status)
        try:
            with interrupts.cut_short():
                delivery = self._reporter.post(status)
        except Interrupted:
            delivery = Delivery.UNDELIVERED
        if delivery is Delivery.UNDELIVERED:
            self._say("NOTE  the next run posts the status")
