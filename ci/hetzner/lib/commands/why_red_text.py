"""Tells people and programs why a job is red. Pure; the lines may hold any characters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from lib.common.plain_text import counted, duration, one_line
from lib.git.commits_between import Commits
from lib.history.past_runs import JobRun
from lib.history.red_streak import RedStreak

MOST = 20  # lines of a list
SHORT = 7  # characters of a commit
UNKNOWN = "run "  # a tree of this name is known to no other run (past_runs.TREE)


class Tests(NamedTuple):
    """Names of tests: `new` failed in the first red run, `later` began to fail after it."""

    new: Sequence[str] = ()
    later: Sequence[str] = ()


class WhyRed(NamedTuple):
    """The answer on a job that fails, or has failed. `changes` None: not known."""

    job: str
    branch: str
    streak: RedStreak
    reason: str
    log: str
    tests: Tests
    commits: Commits
    no_commits: str  # the reason why they are not known
    changes: Sequence[str] | None


def lines(told: WhyRed) -> Iterator[str]:
    """Yield the lines for people, the most telling first."""
    first, green = told.streak.first, told.streak.green
    yield _verdict(told)
    yield f"  {first.run}: first failure, {told.reason or first.cause or first.outcome}"
    if green is None:
        yield f"  {_no_pass(one_line(told.branch))}"
    else:
        earlier = duration(max(0.0, first.started - green.started))
        yield f"  {green.run}: last pass, {earlier} before"
    yield from _listed("tests that failed there for the first time", told.tests.new)
    yield from _listed("tests that fail since a later run", told.tests.later)
    if green is not None:
        yield from _commits(told, green)
        yield from _around(told, green)
    if told.log:
        yield ""
        yield f"log of the latest failure: {told.log}"


def _no_pass(branch: str) -> str:
    if not branch:
        return "no run before it passed (branch not known: passes of other branches do not count)"
    return f"no run of {branch} before it passed (passes of other branches do not count)"


def _verdict(told: WhyRed) -> str:
    streak = told.streak
    runs = counted(streak.runs, "run")
    where = f" on {one_line(told.branch)}" if told.branch else ""
    if streak.green_again:
        return f"{told.job} is green{where} since {streak.green_again.run}, after {runs} in red"
    return f"{told.job} is red{where} since {_short(streak.first.sha)}, {runs}"


def _commits(told: WhyRed, green: JobRun) -> Iterator[str]:
    yield ""
    if told.no_commits:
        yield f"commits between: {told.no_commits}"
    elif green.sha == told.streak.first.sha:
        yield f"commits between: none, both ran on {_short(green.sha)}{_tree(green, told)}"
    else:
        yield f"commits between: {told.commits.total}"
        for commit in told.commits.newest:
            author, subject = one_line(commit.author), one_line(commit.subject)
            yield f"  {_short(commit.sha)}  {author}: {subject}"
        if (more := told.commits.total - len(told.commits.newest)) > 0:
            yield f"  … and {more} more"
        if told.commits.lost:
            yield f"  and {told.commits.lost} of the last pass that the failure does not have"


def _tree(green: JobRun, told: WhyRed) -> str:
    red = told.streak.first
    if red.tree == green.tree:
        return ", the very same files: it may be flaky"
    known = not any(run.tree.startswith(UNKNOWN) for run in (red, green))
    return ", but on other files" if known else ""


def _around(told: WhyRed, green: JobRun) -> Iterator[str]:
    yield ""
    yield "changed around it:"
    if told.changes is None:
        yield "  not known: environment.json of one of both runs is not there"
    for line in islice(told.changes or (), MOST):
        yield f"  {one_line(line)}"
    if (more := len(told.changes or ()) - MOST) > 0:
        yield f"  … and {more} more, see environment.json of both"
    machine = [f"  {one}" for one in machine_changes(green, told.streak.first)]
    yield from machine
    if told.changes is not None and not told.changes and not machine:
        yield "  nothing that the records tell"


def machine_changes(old: JobRun, new: JobRun) -> list[str]:
    """Return a line for each figure of the machine that both runs of a job have, and differs."""
    figures = (
        ("seconds of the job", old.seconds, new.seconds),
        ("load", old.load, new.load),
        ("cpu pressure in percent", old.cpu_pressure, new.cpu_pressure),
        ("attempts of other jobs meanwhile", old.beside, new.beside),
        ("processors", old.processors, new.processors),
    )
    both = (
        (name, round(a, 1), round(b, 1))
        for name, a, b in figures
        if a is not None and b is not None
    )
    return [f"{name}: {a:g} -> {b:g}" for name, a, b in both if a != b]


def _listed(title: str, names: Sequence[str]) -> Iterator[str]:
    if not names:
        return
    yield ""
    yield f"{title}: {len(names)}"
    yield from (f"  {one_line(name)}" for name in islice(names, MOST))
    if len(names) > MOST:
        yield f"  … and {len(names) - MOST} more"


def _short(sha: str) -> str:
    return sha[:SHORT] or "an unknown commit"


def fields(told: WhyRed) -> dict[str, Any]:
    """Return the answer for programs."""
    streak, commits = told.streak, told.commits
    runs = ("first", "last", "green", "green_again")
    found = {name: getattr(streak, name) for name in runs}
    return {
        "job": told.job,
        "branch": told.branch,
        "red": streak.green_again is None,
        "runs": streak.runs,
        **{name: run and run._asdict() for name, run in found.items()},
        "reason": told.reason,
        "log": told.log,
        "tests": told.tests._asdict(),
        "commits": [commit._asdict() for commit in commits.newest],
        "commits_total": commits.total,
        "commits_unknown": told.no_commits,
        "changes": told.changes,
    }
