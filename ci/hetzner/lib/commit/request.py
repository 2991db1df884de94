"""One call of pipeline.py: its command line, its settings and its jobs."""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lib.buckaroo import settings
from lib.buckaroo.settings import Settings, SettingsError
from lib.commit.command_line import Options
from lib.git import checkout
from lib.git.checkout import CheckoutError
from lib.model import job_words, selection
from lib.model.job import Job
from lib.model.selection import Choice


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

    @functools.cached_property
    def absent(self) -> Mapping[str, str]:
        """The jobs that this machine cannot run, with reasons; none that was asked for by name."""
        options = self.options
        if options.only_jobs or options.phase != "all":
            return {}
        from lib.buckaroo import missing_tools  # late: a run of named jobs asks nothing

        revision = "" if options.in_place else self.revision
        skipped, first = job_words.meant(
            {job.name: job for job in self.table},
            skip_jobs=options.skip_jobs or (),
            first_jobs=options.first_jobs or (),
        )
        found = missing_tools.absent(self.table, self.config, revision, skipped=skipped or ())
        return {job: why for job, why in found.items() if job not in (first or ())}

    @property
    def chosen(self) -> Choice:
        """The jobs and test cases to run."""
        return self.options.choice_without(self.absent)

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

    def notes(self) -> tuple[list[str], list[str]]:
        """Return the lines before and after a dry run: a missing wheel, jobs that are left out."""
        left_out = [f"NOTE  {job} would be left out: {why}" for job, why in self.absent.items()]
        missing = self._missing_wheel() if self.options.phase == "5b" else ""
        return [f"no job would run: {missing}; if it were there:"] if missing else [], left_out

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
    given = {name: getattr(options, name) for name in ("state_dir", "timeout", "pytest_workers")}
    if options.show in ("jobs", "dot", "mermaid"):
        return settings.load_anywhere(given)
    config = settings.load({**given, "repo": repo or options.repo})
    if not options.show and not config.box:
        try:
            checkout.enclosing_checkout(config.repo_dir)
        except CheckoutError as error:
            raise SettingsError(str(error)) from error
    if options.sha and not (options.after_dashes or options.demo or config.box):
        from lib.commit import first_word  # late: most runs name no commit, or one by its SHA

        first_word.refuse_unknown(options.sha, config.repo_dir)
    return config
