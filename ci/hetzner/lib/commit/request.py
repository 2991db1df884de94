"""One call of pipeline.py: its command line, its settings and its jobs."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lib.buckaroo import preparation, settings
from lib.buckaroo.preparation import Work
from lib.buckaroo.settings import Settings, SettingsError
from lib.commit.command_line import Options
from lib.common import redact
from lib.git import checkout
from lib.git.checkout import CheckoutError
from lib.model import graph, job_words, selection
from lib.model.job import Job
from lib.model.result import Earlier
from lib.model.selection import Choice

if TYPE_CHECKING:
    from lib.proof.proving import Rerun

FLAGS = ("state_dir", "timeout", "pytest_workers", "place")  # settings that are flags


@dataclass(frozen=True)
class Request:
    """A command line with the settings and the jobs. `default` is the revision without a SHA."""

    options: Options
    config: Settings
    table: Sequence[Job]
    default: str = "HEAD"

    @property
    def revision(self) -> str:
        """The commit to run, as the command line names it."""
        return self.options.sha or self.default

    @property
    def label(self) -> str:
        """The name of this run for others, without secrets."""
        at = f" at place {self.config.place}" if self.config.place else ""
        name = f"pipeline.py {self.revision} of {self.config.repo_dir}{at}"
        return redact.of_environment()(name)

    @property
    def made(self) -> list[str]:
        """The paths that jobs make: they do not belong to the tree under test."""
        return [path for job in self.table for path in job.outputs.values()]

    @functools.cached_property
    def absent(self) -> Mapping[str, str]:
        """The jobs that this machine cannot run, with reasons; none that was asked for by name."""
        options = self.options
        if options.only_jobs or options.phase != "all":
            return {}
        from lib.buckaroo import missing_tools  # late: a run of named jobs asks nothing

        revision = "" if options.in_place else self.revision
        skipped, first = self._named
        found = missing_tools.absent(self.table, self.config, revision, skipped=skipped)
        asked = graph.closure({job.name: job for job in self.table}, first)
        return {job: why for job, why in found.items() if job not in asked}

    @functools.cached_property
    def _named(self) -> tuple[Collection[str], Collection[str]]:
        """The jobs to skip, and those to run first, as the command line names them."""
        skipped, first = job_words.meant(
            {job.name: job for job in self.table},
            skip_jobs=self.options.skip_jobs or (),
            first_jobs=self.options.first_jobs or (),
        )
        return skipped or (), first or ()

    @property
    def chosen(self) -> Choice:
        """The jobs and test cases to run; nothing is prepared for jobs that do not run."""
        return self._ordered[0]

    @property
    def order_notes(self) -> list[str]:
        """Lines for the log on the jobs that go first since they failed before."""
        return self._ordered[1]

    @functools.cached_property
    def _ordered(self) -> tuple[Choice, list[str]]:
        skipped, first = self._named
        unneeded = preparation.unneeded(self.table, [*skipped, *self.absent])
        without = [*self.absent, *(job for job in unneeded if job not in (*first, *self.absent))]
        chosen = self.options.choice_without(without)
        if not self.options.failed_first:
            return chosen, []
        from lib.commands import flags_of_earlier_runs  # late: few runs ask for earlier ones

        state_dir, branch = self.config.state_dir, self._branch()
        chosen, note = flags_of_earlier_runs.failed_first(state_dir, branch, self.table, chosen)
        return chosen, [note]

    def _branch(self) -> str:
        """Return the branch under test, '' if it is not known."""
        if self.options.branch or self.options.sha:
            return self.options.branch
        with contextlib.suppress(CheckoutError):
            return checkout.current_branch(self.config.repo_dir)
        return ""

    def preparations(self, tree: Path | None = None) -> Work:
        """Return which jobs have dependencies to prepare in a tree. Raises OSError.

        The default is the tree of the last run, which the next one most often finds as it is.
        """
        last = self.config.repo_dir if self.options.in_place else self.config.tree_dir
        names = selection.names(self.table, self.chosen)
        return preparation.work(self.config, tree or last, names)

    def durations(self) -> Mapping[str, float]:
        """Return the recorded usual seconds of the jobs."""
        import sqlite3  # late: a list of the jobs needs no history

        from lib.history.timings import timings

        past = self.config.state_dir / "history.db"
        try:
            beside = selection.names(self.table, self.chosen)
            return timings(past, beside=beside).durations
        except sqlite3.Error as error:
            print(f"{past} cannot be read ({error}): durations are not known", file=sys.stderr)
            return {}

    @property
    def restored(self) -> Mapping[str, str | Earlier]:
        """The jobs that a dry run restores."""
        return {**self.preparations().done, **self._rerun.restored}

    @functools.cached_property
    def _rerun(self) -> Rerun:
        from lib.proof.proving import Rerun  # late: a list of the jobs needs no earlier runs

        if not self.options.only_failed:
            return Rerun("", {}, [])
        from lib.commit import prover  # late: few dry runs are of a rerun

        try:
            return prover.of_dry_run(self)
        except CheckoutError as error:
            return Rerun("", {}, [f"all jobs would run: {error.brief}"])

    def notes(self) -> tuple[list[str], list[str]]:
        """Return the lines before and after a dry run: a missing wheel, jobs that are left out."""
        left_out = [f"NOTE  {job} would be left out: {why}" for job, why in self.absent.items()]
        missing = self._missing_wheel() if self.options.phase == "5b" else ""
        before = [f"no job would run: {missing}; if it were there:"] if missing else []
        before += [f"NOTE  {note}" for note in (*self.order_notes, *self._rerun.notes)]
        return before, left_out

    def _missing_wheel(self) -> str:
        from lib.buckaroo.wheels import missing_wheel  # late: only phase 5b needs it

        try:
            sha = checkout.resolve(self.config.repo_dir, self.options.wheel_from or self.revision)
            return missing_wheel(self.config, sha)
        except CheckoutError as error:
            return error.brief


def load_settings(options: Options, repo: str | None = None) -> Settings:
    """Return the settings of a call. Raises SettingsError.

    `repo` outranks the checkout of the command line. Off the box a run without a checkout is
    refused here; on the box the status of the commit reports it.
    """
    given = {name: getattr(options, name) for name in FLAGS}
    if options.show in ("jobs", "dot", "mermaid"):
        return settings.load_anywhere(given)
    config = settings.load({**given, "repo": repo or options.repo})
    if not options.show and not config.box:
        try:
            checkout.enclosing_checkout(config.repo_dir)
        except CheckoutError as error:
            raise SettingsError(str(error)) from error
    if options.sha and not (options.means_a_commit or config.box):
        from lib.commit import first_word  # late: most runs name no commit, or one by its SHA

        first_word.refuse_unknown(options.sha, config.repo_dir, alone=not options.branch)
    return config
