"""The command `why-red`: since when a job fails, and everything that is known to have changed."""

from __future__ import annotations

import argparse
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from lib.commands import answer, environment_changes, history, why_red_text
from lib.commands.site import Site
from lib.commands.why_red_text import WhyRed
from lib.common import redact
from lib.common.plain_text import counted
from lib.git import commits_between
from lib.git.commits_between import Commits
from lib.git.git_command import CheckoutError
from lib.history import past_runs, past_tests, red_streak
from lib.history.past_runs import JobRun
from lib.history.red_streak import RedStreak
from lib.report.environment_differences import differences
from lib.run_directories import run_report
from lib.run_directories.run_store import RunStore
from lib.run_directories.stored_run import StoredRun

SUMMARY = "Tell since when a job fails, and what has changed since it passed."
LIMIT = 1000  # runs of a branch
MOST_COMMITS = 20


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("job", metavar="JOB")
    parser.add_argument(
        "--branch", default="", metavar="NAME", help="(default: that of its latest run)"
    )
    parser.add_argument("--json", action="store_true", help="for programs")


def main(given: argparse.Namespace, site: Site) -> int:
    """Print the answer. Raises LookupError, OSError."""
    with history.opened_of(site.kept()) as opened:
        branch, runs = _runs(opened, given, site)
        streak = red_streak.latest(runs)
        tests = _tests(opened, streak) if streak else why_red_text.Tests()
    mask = redact.of_environment()
    if streak is None:
        latest = counted(len(runs), "run")
        none = f"{given.job} never failed in its latest {latest}{_of(branch)}"
        return answer.as_json(None) if given.json else answer.lines([mask(none)])
    kept = {run.name: run for run in RunStore(site.kept()).runs()}
    first, green = (kept.get(run.run) if run else None for run in (streak.first, streak.green))
    commits, no_commits = _commits(site.repo, streak)
    told = WhyRed(
        job=given.job,
        branch=branch,
        streak=streak,
        reason=_reason(first, given.job),
        log=_log(kept.get(streak.last.run), given.job),
        tests=tests,
        commits=commits,
        no_commits=no_commits,
        changes=_changes(green, first),
    )
    if given.json:
        return answer.as_json(why_red_text.fields(told))
    return answer.lines(map(mask, why_red_text.lines(told)))


def _runs(
    opened: sqlite3.Connection, given: argparse.Namespace, site: Site
) -> tuple[str, list[JobRun]]:
    """Return the branch, and the runs of the job on it, the newest first. Raises LookupError."""
    numbers = past_runs.latest(opened, LIMIT, branch=given.branch, job=given.job)
    if not numbers:
        names = [job.name for job in site.jobs()]
        raise LookupError(history.nothing(opened, given.job, given.branch, lambda: names))
    runs = past_runs.jobs(opened, numbers, job=given.job).get(given.job, [])
    branch = given.branch or (runs[0].branch if runs else "")
    return branch, [run for run in runs if run.branch == branch]


def _tests(opened: sqlite3.Connection, streak: RedStreak) -> why_red_text.Tests:
    """Return the tests that failed first, and those that fail now."""
    green, first, last = streak.green, streak.first, streak.last
    before = set(past_tests.failed(opened, green.run, green.job)) if green else set()
    found = past_tests.failed(opened, first.run, first.job)
    since = past_tests.failed(opened, last.run, last.job) if last != first else found
    return why_red_text.Tests(
        new=tuple(name for name in found if name not in before),
        later=tuple(name for name in since if name not in {*found, *before}),
    )


def _commits(repo: Callable[[], Path], streak: RedStreak) -> tuple[Commits, str]:
    """Return the commits since the pass, or the reason why they are not known."""
    none, green, red = Commits((), 0, 0), streak.green, streak.first
    if green is None:
        return none, ""
    if not green.sha or not red.sha:
        return none, "not known: a run was not told its commit"
    if green.sha == red.sha:
        return none, ""
    try:
        return commits_between.between(repo(), green.sha, red.sha, MOST_COMMITS), ""
    except (CheckoutError, ValueError, OSError) as error:
        brief = error.brief if isinstance(error, CheckoutError) else str(error)
        return none, f"not known: {brief}"


def _changes(green: StoredRun | None, first: StoredRun | None) -> Sequence[str] | None:
    """Return the changes of the environment, None if one of both records is not there."""
    records: list[Mapping[str, object]] = [
        environment_changes.environment(run) for run in (green, first) if run
    ]
    if len(records) < 2 or not all(records):
        return None
    return differences(*records)


def _reason(run: StoredRun | None, job: str) -> str:
    jobs = run_report.read(run.summary).jobs if run else ()
    return next((each.reason for each in jobs if each.name == job), "")


def _log(run: StoredRun | None, job: str) -> str:
    path = run.path / f"{job}.log" if run else None
    return str(path) if path and path.is_file() else ""


def _of(branch: str) -> str:
    return f" of {branch}" if branch else ""
