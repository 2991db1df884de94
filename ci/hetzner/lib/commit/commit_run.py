"""The run of one commit around its jobs: each step is a method, and `closing` ends it well.

The order of the steps, and the jobs themselves, stand in pipeline.py.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shlex
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lib.buckaroo import leftovers, products, settings, wheels
from lib.buckaroo.install_step import LockcheckError
from lib.buckaroo.lock_files import Lockcheck
from lib.buckaroo.placeholders import make_placeholders
from lib.buckaroo.products import Products
from lib.buckaroo.pythons import VERSIONS as PYTHONS
from lib.buckaroo.settings import Settings
from lib.commit import tool_versions
from lib.commit.command_line import Words
from lib.commit.tool_versions import ToolVersions
from lib.common import files, interrupts, redact
from lib.common.interrupts import Interrupted
from lib.git import checkout, tree_hash
from lib.git.checkout import CheckoutError
from lib.github.client import Repository
from lib.github.commit_status import CONTEXT, Delivery, Status
from lib.github.job_statuses import JobStatuses
from lib.github.outbox import Outbox
from lib.github.status_reporter import StatusReporter
from lib.leftovers import cleanup, half_written
from lib.leftovers.snapshot import snapshot_container_state
from lib.model import events, selection
from lib.model.job import Job
from lib.model.selection import Choice
from lib.model.verdict import FAILED, Facts, Verdict
from lib.processes import process_table
from lib.processes.helper_orphans import HelperOrphans
from lib.report import ending, graph_export, log_directory, running_jobs
from lib.report.run_log import RunLog
from lib.report.summary_file import SummaryFile
from lib.storage import history

FULL_SHA = re.compile(r"[0-9a-f]{40}")


class CommitRun:
    """One commit on one checkout: its logs, its tree, its verdict and its status.

    `revision` is what to test; `absent` are jobs that this machine cannot run, and why; `locks`
    keep other runs away. `sha` stays what it is, whatever becomes of a branch: logs, URL, statuses
    and tree are of it. `tree` is known from `prepare_tree` on, `code` at the end.
    """

    def __init__(
        self,
        words: Words,
        config: Settings,
        revision: str,
        absent: Mapping[str, str],
        locks: Sequence[files.Held],
    ) -> None:
        self._words = words
        self._config = config
        self._revision = revision
        self.absent = absent
        self._partial = words.partial or bool(absent)
        self._locks = locks
        self._began = time.monotonic()
        self.tree = config.repo_dir
        self.sha, self._unknown = _pinned(words, config, revision)
        self.log_dir = config.state_dir / "logs" / self.sha
        self.url = f"{config.log_url.rstrip('/')}/{self.sha}" if config.log_url else ""
        self._owned = contextlib.ExitStack()  # closed with the log
        self._mask = redact.Redactor(settings.secrets(config, os.environ))
        owner = log_directory.owned(
            self.log_dir, self._mask(f"pipeline.py {revision}"), waiting=_wait_for
        )
        if held := self._owned.enter_context(owner):
            self._locks = (*locks, held)
        self.log = RunLog(self.log_dir, url=self.url, console=sys.stdout, redact=self._mask)
        self._run_id = process_table.run_id(process_table.table(), os.getpid())
        self._outbox = Outbox(config.state_dir, self._run_id, self.log.line)
        repository = Repository(config.github_api_url, config.github_token, config.github_repo)
        self._reporter = StatusReporter(
            repository, self.log.line, mask=self._mask, outbox=self._outbox
        )
        self._versions = ToolVersions()
        self._helper_orphans = HelperOrphans(self.log.line)
        self._history = config.state_dir / "history.db"
        self._facts = Facts(error="the runner broke")  # until the jobs have ended
        self.code = FAILED
        self.facts: dict[str, Any] = {"in_place": words.in_place}  # of the tree, for summary.json
        self._summary = self.log_dir / "summary.json"

    # ---- the steps, in their order

    def announce(self) -> None:
        """Say what is tested by which runner, and ask the tools for their versions."""
        version = tool_versions.runner_version(self._config)
        self.log.line(f"RUN   {self._revision} of {self._config.repo_dir}, runner {version}")
        try:  # one of an earlier run must not stand for this one
            files.rotate(self._summary)
            self._begin_summary()
        except OSError as error:
            self.log.write_failed(self._summary, error)
        self._versions.ask(settings.job_environment(self._config, os.environ))

    def _begin_summary(self) -> None:
        """Say that the run goes on; its pipeline says more when it begins. Raises OSError."""
        told = {"run": self._run_id, "sha": self.sha, "branch": self.branch, **self.facts}
        chosen = selection.summary_fields(self._words.choice(self.absent), whole=False)
        SummaryFile(self.log_dir, {**told, **chosen}, self._mask).begin([])

    def clean_up(self) -> None:
        """Stop what an earlier run left, and tell what it left untold."""
        self._snapshot("before cleaning up")
        for line in cleanup.cleanup_processes(leftovers.known(self._config), box=self._config.box):
            self.log.line(f"CLEAN {line}")
        half_written.sweep_state(self._config.state_dir)
        if said := history.mend(self._history):
            self.log.line(f"CLEAN {said}")
        with interrupts.cut_short():
            if self._reporter.on:  # otherwise a later run may be able to post
                for line in self._outbox.post_left_over(self._reporter.post):
                    self.log.line(line)
        self._snapshot("after cleaning up")

    def set_pending(self) -> None:
        """Say on the commit that it is being checked."""
        if self._speaks_for_commit:
            self._reporter.queue(Status("pending", self.sha, CONTEXT, "runs", self.url))

    def prepare_tree(self) -> None:
        """Put the commit under test where its jobs run. Raises CheckoutError, OSError."""
        config = self._config
        if self._unknown:
            raise self._unknown
        if self._words.in_place:
            found = checkout.resolve(self.tree, "HEAD")
            self.facts["dirty"] = checkout.is_dirty(self.tree, config.state_dir)
            if self.facts["dirty"]:
                self.log.line("NOTE  uncommitted changes are included")
        elif config.box and FULL_SHA.fullmatch(self._revision):
            found = checkout.prepare_box(self.tree, self._revision, self._words.branch)
        elif config.box:  # fetched before it was named
            checkout.check_out(self.tree, found := self.sha)
        else:
            self.tree = config.worktree_dir
            found = checkout.prepare_worktree(config.repo_dir, self.tree, self.sha)
        if found != self.sha:
            raise CheckoutError(
                f"{self.tree}: expected {self.sha}, which the logs are named after, found {found}: "
                "name a commit that stays, then run again"
            )
        self.log.line(f"TREE  {self.sha} in {self.tree}")
        self._hash_tree()
        make_placeholders(self.tree)
        config.work_dir.mkdir(parents=True, exist_ok=True)
        files.atomic_write(self.log_dir / "versions.txt", self._versions.answers())

    def _hash_tree(self) -> None:
        self.facts.setdefault("dirty", False)
        try:
            if self.facts["dirty"]:
                scratch = self._config.work_dir / "tree-hash"
                self.facts["tree"] = tree_hash.of_directory(
                    self.tree, scratch, self._config.state_dir
                )
            else:
                self.facts["tree"] = tree_hash.of_commit(self.tree, self.sha)
        except CheckoutError as error:  # a repository without a commit in it, say
            self.log.line(f"NOTE  the hash of the tree is not known: {error}")

    def prepare_dependencies(self) -> None:
        """Rebuild what the lock files ask for if they changed. Raises LockcheckError, OSError."""
        pythons = [v for v in PYTHONS if f"test-python-{v}" not in self.absent]
        log = self.log_dir / "rebuild.log"
        check = Lockcheck(self._config, self.tree, log, pythons, self.log.line)
        if reason := check.reason():
            self.log.line(f"LOCKS {reason}: rebuilding the dependencies")
            check.rebuild()
        self._helper_orphans.end()

    def prepare_products(self, table: Sequence[Job], chosen: Choice) -> None:
        """Have there what jobs that are left out made of this very tree, and nothing of another.

        Raises CheckoutError, OSError.
        """
        in_place = " in place" if self._words.in_place else ""
        made = products.Products(self._config, self.tree, self.sha + in_place, self.log.line)
        made.drop_others()
        for job in products.left_out(table, chosen):
            if job.name == "build-wheel" and self._words.phase == "5b":
                self._bring_wheel(made)
            else:
                made.bring(job)
        self._helper_orphans.end()

    def add_jobs(self, facts: Facts) -> None:
        """Add what became of the jobs, and of the locks, without which it is worth nothing."""
        self._facts = facts._replace(
            left_out=tuple(self.absent),
            removed_locks=[str(lock.path) for lock in self._locks if lock.lost],
        )

    @contextlib.contextmanager
    def closing(self) -> Iterator[None]:
        """Run the steps in here; however they end, leave nothing, and tell log and status."""
        try:
            with interrupts.answering(self._tell):
                yield
        except (CheckoutError, LockcheckError, OSError) as error:
            brief = error.brief if isinstance(error, CheckoutError) else str(error)
            self._facts = self._facts._replace(error=brief)
            self.log.line(f"ERROR {error}")
        except Interrupted:
            self.log.line("INTERRUPTED while no jobs ran")
        finally:
            interrupts.record().be_patient()  # what follows tells others how it ended
            self._leave_nothing()
            self._snapshot("after")
            for job, reason in self.absent.items():
                self.log.line(f"NOTE  {job} was left out: {reason}")
            if self._partial:
                self.log.line("no status of the commit is set: this run did not check all of it")
            verdict = self._tell_the_end()
            self.code = verdict.exit_code
            self._set_status(verdict)
            self.log.close()
            self._owned.close()

    # ---- for the pipeline of the jobs

    @property
    def branch(self) -> str:
        """The branch that was named, or HEAD's when nothing was; '' where it is not known."""
        if self._words.branch or self._words.sha:
            return self._words.branch
        with contextlib.suppress(CheckoutError):
            return checkout.current_branch(self._config.repo_dir)
        return ""

    def listeners(self) -> list[events.Listener]:
        """Return who listens to the jobs, beside the log."""
        words, config = self._words, self._config
        made: list[events.Listener] = []
        if not words.only_testcases and not words.first_testcases:
            # how long some of the test cases take says nothing of all
            made.append(history.History(self._history, self._run_id, self.sha))
        if not words.in_place:
            made.append(wheels.WheelKeeper(config, self.sha, self.log.line))
        if config.job_statuses and words.whole_jobs and self._reporter.on:
            made.append(JobStatuses(self._reporter, self.sha, self.url))
        return made

    def rerun(self, pipeline: Path, table: Sequence[Job], job: str) -> str:
        """Return the command that runs one job again, with what it needs taken from this run."""
        command = ["python3", str(pipeline)]
        command += ["--in-place"] if self._words.in_place else [self.sha]
        command += ["--repo", str(self._config.repo_dir)]
        command += ["--state-dir", str(self._config.state_dir), *alone(table, job)]
        return shlex.join(command)

    # ---- the parts of the steps

    def _tell(self) -> None:
        """Say what runs while no jobs do."""
        for line in running_jobs.without_jobs():
            self.log.line(line)

    @property
    def _speaks_for_commit(self) -> bool:
        return not self._partial and FULL_SHA.fullmatch(self.sha) is not None

    def _snapshot(self, label: str) -> None:
        """Keep the state of a box beside the logs; a run is not judged by it."""
        if not self._config.box:
            return
        try:
            snapshot_container_state(label, self.log_dir / "snapshots.txt")
        except OSError as error:
            self.log.line(f"NOTE  no snapshot {label}: {error}")

    def _bring_wheel(self, made: Products) -> None:
        wanted = self.sha
        if self._words.wheel_from:
            wanted = checkout.resolve(self._config.repo_dir, self._words.wheel_from)
        if missing := made.bring_wheel(wanted):
            raise CheckoutError(missing)
        without = ", without what is not committed" if self._words.in_place else ""
        self.log.line(f"NOTE  the wheel is the one that was kept of {wanted}{without}")

    def _leave_nothing(self) -> None:
        self._versions.close()
        if not self._helper_orphans.end():
            self._facts = self._facts._replace(survivors=True)
        self._helper_orphans.close()

    def _tell_the_end(self) -> Verdict:
        """Tell how the run ended; a signal that comes later changes nothing of it."""
        facts = self._facts._replace(seconds=time.monotonic() - self._began)
        if (ended_by := interrupts.record().decide()) is not None:
            facts = facts._replace(signal=ended_by)
        return ending.tell(self.log, self._summary, facts)

    def _set_status(self, verdict: Verdict) -> None:
        if not self._speaks_for_commit or not self._reporter.on:
            return
        status = Status(verdict.state, self.sha, CONTEXT, self._mask(verdict.sentence), self.url)
        self._outbox.keep(status)
        try:
            with interrupts.cut_short():
                left = self._reporter.post(status) is Delivery.UNDELIVERED
        except Interrupted:
            left = True
        if left:
            self.log.line("NOTE  the status is left to the next run")


def alone(table: Sequence[Job], job: str) -> list[str]:
    """Return the words that run one job of an earlier run again, and as little else as can be."""
    by_name = {each.name: each for each in table}
    if any(by_name[name].service for name in graph_export.needed(by_name, job)):
        return ["--only-jobs", job]  # a service has to be started again
    return ["--only-jobs", job, "--no-deps"]  # what it needs is there


def _wait_for(holder: str) -> None:
    print(f"waiting for {holder}, which has the logs of this commit", flush=True)


def _pinned(words: Words, config: Settings, revision: str) -> tuple[str, CheckoutError | None]:
    """Return the commit of a run, or a name that is safe for its logs, and why it is not known.

    On a box a branch is fetched first: what it was before names another commit.
    """
    whole = FULL_SHA.fullmatch(revision)
    try:
        if config.box and not words.in_place and not whole:
            return checkout.fetch(config.repo_dir, revision, words.branch), None
        return checkout.resolve(config.repo_dir, revision), None
    except CheckoutError as error:
        if whole:
            return revision, None if config.box else error
        digest = hashlib.sha256(revision.encode(errors="replace")).hexdigest()
        return f"unresolved-{digest[:12]}", error
