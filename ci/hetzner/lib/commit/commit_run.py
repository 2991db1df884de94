"""The run of one commit around its jobs: each step is a method, and `closing` ends it well.

The order of the steps, and the jobs themselves, stand in pipeline.py.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

from lib.buckaroo import leftovers, settings, wheels
from lib.buckaroo.placeholders import make_placeholders
from lib.commands import name_file
from lib.commit import disk_room, run_again_command, views_of_run
from lib.commit.commit_statuses import CommitStatuses
from lib.commit.event_outlets import EventOutlets
from lib.commit.request import Request
from lib.commit.reuse import EarlierRuns
from lib.commit.tested_commit import TestedCommit
from lib.commit.tool_versions import ToolVersions
from lib.common import interrupts, redact, version
from lib.common.interrupts import Interrupted
from lib.common.locks import Held
from lib.git.checkout import CheckoutError
from lib.history.recorder import History, RunFields
from lib.leftovers import cleanup, snapshot, stale_checkouts
from lib.model import events, selection
from lib.model.result import Earlier
from lib.model.run_facts import Facts
from lib.model.verdict import FAILED, Verdict
from lib.processes import process_table
from lib.processes.tool_orphans import ToolOrphans
from lib.report import running_jobs, verdict_writer
from lib.report.rerun_command import RerunCommand
from lib.report.run_log import RunLog
from lib.report.summary_json import SummaryFile
from lib.run_directories.run_store import RunStore


class CommitRun:
    """One commit on one checkout: its logs, its tree, its verdict and its status.

    `locks` keep other runs away. The exit code `code` is known at the end.
    """

    def __init__(self, request: Request, locks: Sequence[Held]) -> None:
        self._request = request
        self._options = options = request.options
        self._config = config = request.config
        self._partial = options.partial or bool(request.absent)
        self._began = time.monotonic()
        self.commit = TestedCommit(request)
        mask = redact.Redactor(settings.secrets(config, os.environ))
        self._mask = mask
        self._owned = contextlib.ExitStack()  # closed with the log
        label = mask(f"pipeline.py {request.revision}")
        self._store = RunStore(config.state_dir)
        logs = self._owned.enter_context(self._store.begin(self.commit.found, label))
        self.log_dir = logs.path
        # a status leads to the run that it tells of, also when the commit has had a newer one
        self.url = f"{config.log_url.rstrip('/')}/{logs.path.name}" if config.log_url else ""
        self._locks = (*locks, logs.lock) if logs.lock else locks
        self.log = RunLog(self.log_dir, url=self.url, views=options.views(), redact=mask)
        self.log.began = self._began
        asked = options.output.listeners(mask)
        self._events = EventOutlets(self.log_dir, mask, self.log.line, asked)
        self._branch = ""  # asked once: a second signal after the verdict would end the question
        self._run_id = process_table.run_id(process_table.table(), os.getpid())
        whole = self.commit.known and not self._partial
        self._statuses = CommitStatuses(
            config, self.commit.sha, self.url, self._run_id, self.log.line, mask, whole=whole
        )
        self.earlier = EarlierRuns(request, self.commit, self.log_dir, self.log.line)
        self._versions = ToolVersions()
        self._tools: dict[str, dict[str, str | None]] = {}
        self._tool_orphans = ToolOrphans(self.log.line)
        self._history = History(config.state_dir / "history.db", self.log_dir)
        self._summary = self.log_dir / "summary.json"
        self._facts = Facts(error="the runner broke")  # until the jobs have ended
        self._finish_copies: Callable[[], Sequence[str]] = list
        self._failed_tests: Callable[[str], Sequence[str]] = lambda _: ()
        self.code = FAILED

    # ---- the steps, in their order

    def announce(self) -> None:
        """Log the revision and the runner, and ask the tools for their versions."""
        revision, repo = self.commit.revision, self._config.repo_dir
        name_file.write(self._options.name_to, self.log_dir.name, self.log.line)
        self.log.line(f"RUN   {revision} of {repo}, runner {version.full()}")
        for name in redact.too_short(os.environ, self._config.secret_names):
            self.log.line(f"NOTE  {name} is not masked: it has under {redact.SHORTEST} characters")
        try:
            self._begin_summary()
        except OSError as error:
            self.log.write_failed(self._summary, error)
        more = {"chromium": self._config.chromium} if self._config.chromium else {}
        self._versions.ask(settings.job_environment(self._config, os.environ), more)
        self._tool_orphans.spare()

    def _begin_summary(self) -> None:
        """Write that the run goes on; its pipeline writes more later. Raises OSError."""
        self._branch = self.commit.branch
        SummaryFile(self.log_dir, self._header(), self._mask).begin([])
        whole = self.asks_for_all and not self._options.in_place
        self._store.publish(self.log_dir, self.commit.found, whole=whole)

    def _header(self) -> dict[str, object]:
        """Return the fields of summary.json that are known before the jobs begin."""
        commit, asked = self.commit, self.asks_for_all
        fields = {"run": self._run_id, "sha": commit.sha, "branch": self._branch, **commit.fields}
        chosen = selection.summary_fields(self._request.chosen, whole=False, asked_for_all=asked)
        return {**fields, **chosen}

    def clean_up(self) -> None:
        """Stop the leftovers of earlier runs, and post the statuses that they did not."""
        self._snapshot("before cleaning up")
        for line in cleanup.cleanup_processes(leftovers.known(self._config), box=self._config.box):
            self.log.line(f"CLEAN {line}")
        from lib.history import damage  # late: sqlite3 takes a while to import

        if said := damage.mend(self._config.state_dir / "history.db"):
            self.log.line(f"CLEAN {said}")
        self._statuses.post_left_over()
        self._snapshot("after cleaning up")

    def set_pending(self) -> None:
        """Set the status of the commit to pending."""
        self._statuses.begin()

    def prepare_tree(self) -> None:
        """Put the commit under test where its jobs run. Raises CheckoutError, OSError."""
        disk_room.require(self._config, self.log.line)
        stale_checkouts.record(self._config)
        self.commit.prepare(self.log.line)
        make_placeholders(self.commit.tree)
        self._config.work_dir.mkdir(parents=True, exist_ok=True)

    def prepare_products(self) -> None:
        """Take what earlier runs on this tree made or proved. Raises CheckoutError, OSError."""
        self.earlier.take()
        self._tool_orphans.end()

    def restored(self) -> Mapping[str, str | Earlier]:
        """Return the jobs that need not run: those with nothing to prepare, and the proven ones.

        Say why jobs prepare something. Raises OSError.
        """
        work, proven = self._request.preparations(self.commit.tree), self.earlier.restored
        for name, why in work.to_do.items():
            if name not in proven:
                self.log.line(f"LOCKS {why}: {name} runs")
        return {**work.done, **proven}

    def kept_files(
        self, finish: Callable[[], Sequence[str]], failed_tests: Callable[[str], Sequence[str]]
    ) -> None:
        """Take what waits for the copies of kept files, and what names a job's failed tests."""
        self._finish_copies, self._failed_tests = finish, failed_tests

    def add_jobs(self, facts: Facts) -> None:
        """Add the facts on the jobs, and on the locks that kept other runs away."""
        self._facts = facts._replace(
            left_out=tuple(self._request.absent),
            removed_locks=[str(lock.path) for lock in self._locks if lock.lost],
        )

    @contextlib.contextmanager
    def closing(self) -> Iterator[None]:
        """Run the steps within; then stop their leftovers, and write the verdict."""
        try:
            with interrupts.answering(self._tell_what_runs):
                yield
        except (CheckoutError, OSError) as error:
            brief = error.brief if isinstance(error, CheckoutError) else str(error)
            self._facts = self._facts._replace(error=brief)
            self.log.line(f"ERROR {error}")
        except Interrupted:
            self.log.line("INTERRUPTED while no jobs ran")
        finally:
            interrupts.record().be_patient()  # the remaining steps write and post the verdict
            self._leave_nothing()
            self._snapshot("after")
            for job, reason in self._request.absent.items():
                self.log.line(f"NOTE  {job} was left out: {reason}")
            if self._partial:
                self.log.line("no status of the commit is set: this run did not check all of it")
            verdict = self._tell_the_end()
            self.code = verdict.exit_code
            self._statuses.end(verdict, self._facts.results.values())
            self._record_for_later_runs(verdict)
            self.log.close()
            self._options.output.answer(self.log_dir, self._mask, self.log.page)
            self._owned.close()

    # ---- for the pipeline of the jobs

    @property
    def asks_for_all(self) -> bool:
        """Whether all jobs were asked for; this machine may leave some out."""
        return self._options.asks_for_all

    def listeners(self, groups: Mapping[str, Collection[str]]) -> list[events.Listener]:
        """Return the listeners to the events of the jobs, beside the log.

        `groups` are those of jobs that have a status of their own, by name.
        """
        options, config = self._options, self._config
        made: list[events.Listener] = [self._events, *self.earlier.listeners()]
        if not self._with_a_filter:
            made.append(self._history)
        if not options.in_place:
            made.append(wheels.WheelKeeper(config, self.commit.sha, self.log.line))

        def failed_tests(job: str) -> Sequence[str]:
            return self._failed_tests(job)  # which is set later

        more = self._statuses.listeners(groups, failed_tests, whole_jobs=options.whole_jobs)
        return [*made, *more]

    def rerun(self, program: Path) -> RerunCommand:
        """Return the command that runs jobs again, with the outputs of this run."""
        sha = "" if self._options.in_place else self.commit.sha
        place = str(program), sha, self._config, self._request.table
        return RerunCommand(lambda jobs, tests: run_again_command.command(*place, jobs, tests))

    # ---- the parts of the steps

    def _tell_what_runs(self) -> None:
        """Answer SIGUSR1 while no jobs run."""
        for line in running_jobs.without_jobs():
            self.log.line(line)

    def _snapshot(self, label: str) -> None:
        """Record the state of a box beside the logs; it changes no verdict."""
        if self._config.box:
            snapshot.record(self.log_dir, self.log.line, label)

    def _leave_nothing(self) -> None:
        self._tools = self._versions.end()
        if not self._tool_orphans.end():
            self._facts = self._facts._replace(survivors=True)
        self._tool_orphans.close()

    def _record_for_later_runs(self, verdict: Verdict) -> None:
        """Write the records that other runs use, and clean up; another signal ends it."""
        try:
            self._events.conclude(self._header(), verdict, self._facts.seconds)
            for note in self._finish_copies():
                self.log.line(f"NOTE  {note}")
            self._record(verdict)
            self.earlier.finish(self._facts)
            disk_room.clean(self._config, self.log.line)
            views_of_run.write(self.log, self._config, self.commit.tree, self._tools, self._mask)
        except Interrupted:  # the verdict is told: the exit code is its own
            self.log.line("NOTE  a second signal: not all is recorded that later runs could use")

    def _record(self, verdict: Verdict) -> None:
        """Write the run into the history: last, since other runs may write, too."""
        if self._with_a_filter:
            return
        fields = RunFields(
            self._run_id,
            self.commit.sha,
            self.commit.branch,
            tree=self.commit.fields.get("tree"),
            dirty=self.commit.fields.get("dirty"),
            whole=not self._partial,
            asked_for_all=self.asks_for_all,
            exit_code=verdict.exit_code,
            seconds=time.monotonic() - self._began,
        )
        for line in self._history.write(fields):
            self.log.line(f"NOTE  {line}")

    @property
    def _with_a_filter(self) -> bool:
        """Whether test cases are chosen: the time of some of them says nothing of all."""
        return bool(self._options.only_testcases or self._options.first_testcases)

    def _tell_the_end(self) -> Verdict:
        """Write the verdict; a later signal does not change it."""
        facts = self._facts._replace(seconds=time.monotonic() - self._began)
        if (ended_by := interrupts.record().decide()) is not None:
            facts = facts._replace(signal=ended_by)
        self._facts = facts
        return verdict_writer.write(self.log, self._summary, facts)
