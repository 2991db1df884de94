"""The command `history`: recorded runs of jobs, for people or for programs."""

from __future__ import annotations

import argparse
import contextlib
import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lib.commands import argument_types, columns, history_text, page_file
from lib.commands.site import Site
from lib.common import console, json_text, redact
from lib.common.plain_text import printable, utc
from lib.history import database, job_figures, past_runs, past_tests
from lib.history.past_runs import JobRun
from lib.model.names import nearest

SUMMARY = "Tell how often jobs pass, and how long they take."
LIMIT = 100  # runs


class Answer(NamedTuple):
    """The rows of an answer with their `fields`, more of it for JSON, and its lines for people."""

    name: str
    fields: Sequence[str]
    rows: list[dict[str, Any]]
    lines: list[str]
    more: Mapping[str, Any] = {}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--job", default="", metavar="NAME", help="the runs and tests of this job")
    parser.add_argument(
        "--flaky", action="store_true", help="jobs and tests that passed and failed on one tree"
    )
    parser.add_argument("--left", action="store_true", help="what each run left on the machine")
    parser.add_argument("--branch", default="", metavar="NAME", help="runs of this branch only")
    parser.add_argument(
        "--limit",
        type=argument_types.count,
        default=LIMIT,
        metavar="N",
        help=f"the latest N runs (default {LIMIT})",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="for programs")
    form.add_argument("--csv", action="store_true", help="for tables")
    form.add_argument("--html", default="", metavar="FILE", help="write a page for browsers")


def main(given: argparse.Namespace, site: Site) -> int:
    """Print the answer. Raises LookupError, ValueError, OSError."""
    if given.left and (given.job or given.flaky):
        raise ValueError("--left is about whole runs: expected it without --job and --flaky")
    if given.html and (given.job or given.flaky or given.left):
        raise ValueError("--html is a page on all jobs: expected no --job, --flaky or --left")
    with opened_of(site.kept()) as opened:
        if given.html:
            return page_file.write(given.html, _page(opened, given, site))
        told = _answer(opened, given, lambda: [job.name for job in site.jobs()])
    if given.csv:
        text = columns.as_csv(told.fields, told.rows)
    elif given.json:
        text = json.dumps({told.name: told.rows, **told.more})
    else:
        text = "\n".join(map(printable, told.lines))
    return console.put(redact.of_environment()(text))


@contextlib.contextmanager
def opened_of(store: Path) -> Iterator[sqlite3.Connection]:
    """Open the history of a store to read it. Raises LookupError if there is none, OSError."""
    path = store / "history.db"
    try:
        with database.reading(path) as opened:
            if opened is None:
                raise LookupError(f"expected a history, found none at {path}: run something first")
            yield opened
    except sqlite3.Error as error:
        raise OSError(f"{path} cannot be read: {error}") from error


def _answer(
    opened: sqlite3.Connection, given: argparse.Namespace, declared: Callable[[], Collection[str]]
) -> Answer:
    runs = past_runs.latest(opened, given.limit, branch=given.branch, job=given.job)
    if not runs:
        raise LookupError(nothing(opened, given.job, given.branch, declared))
    if given.left:
        return _left(opened, runs)
    if given.flaky:
        return _flaky(opened, runs, given.job)
    found = past_runs.jobs(opened, runs, job=given.job)
    if given.job:
        return _of_job(opened, runs, given.job, found.get(given.job, []))
    rows = [_figures(job, several) for job, several in found.items()]
    return Answer("jobs", FIGURES, rows, history_text.jobs(found))


def _page(opened: sqlite3.Connection, given: argparse.Namespace, site: Site) -> str:
    from lib.commands import history_html  # late: most answers are text

    runs = past_runs.latest(opened, given.limit, branch=given.branch)
    if not runs:
        raise LookupError(nothing(opened, "", given.branch, tuple))
    return history_html.page(opened, runs, given.branch, site.kept())


def nothing(
    opened: sqlite3.Connection, job: str, branch: str, declared: Callable[[], Collection[str]]
) -> str:
    """Return the reason why no run is chosen, with the nearest names."""
    for what, name in (("job", job), ("branch", branch)):
        table = {"job": "attempts", "branch": "runs"}[what]
        known = {str(n) for (n,) in opened.execute(f"SELECT DISTINCT {what} FROM {table}")}
        if name and name not in known:
            names = known | (set(declared()) if what == "job" else set())
            hint = ": it has not run yet" if name in names else nearest(name, names)
            return f"no run of the {what} {name!r} is recorded{hint}"
    return "no such run is recorded"


FIGURES = (
    *("job", "runs", "passed", "pass_rate", "pass_rate_low", "pass_rate_high", "median_seconds"),
    *("p95_seconds", "flaky", "load_factor", "red_since", "red_since_sha", "red_runs"),
)
RUNS = (
    *("run", "started", "job", "sha", "branch", "outcome", "seconds", "attempts", "exit_code"),
    *("cause", "beside", "load", "cpu_pressure"),
)
TRIES = ("job", "test", "trees", "flaky_trees", "passed", "failed")
LEFT = ("run", "started", "sha", "amount", "difference")


def _figures(job: str, runs: Sequence[JobRun]) -> dict[str, Any]:
    told = job_figures.figures(job, runs)
    red = told.red_since
    first = {"red_since": red and red.run, "red_since_sha": red and red.sha}
    return {name: ({**told._asdict(), **first})[name] for name in FIGURES}


def _of_job(
    opened: sqlite3.Connection, runs: Sequence[int], job: str, found: Sequence[JobRun]
) -> Answer:
    tests = past_tests.of_job(opened, runs, job)
    flaky = past_tests.flaky(opened, runs, job)
    rows = [{**run._asdict(), "started": utc(run.started)} for run in found]
    more = {
        "figures": _figures(job, found),
        "tests": [test._asdict() for test in tests],
        "flaky_tests": [{"test": test, **told._asdict()} for (_, test), told in flaky.items()],
    }
    rows = [{name: row[name] for name in RUNS} for row in rows]
    return Answer("runs", RUNS, rows, history_text.of_job(job, found, tests, flaky), more)


def _flaky(opened: sqlite3.Connection, runs: Sequence[int], job: str) -> Answer:
    found = past_runs.jobs(opened, runs, job=job)
    tried = {(name, ""): job_figures.tries(several) for name, several in found.items()}
    tried = {key: told for key, told in tried.items() if told.flaky_trees}
    tried |= past_tests.flaky(opened, runs, job)
    rows = [{"job": j, "test": test, **told._asdict()} for (j, test), told in tried.items()]
    return Answer("flaky", TRIES, rows, history_text.flaky(tried, len(runs)))


def _left(opened: sqlite3.Connection, runs: Sequence[int]) -> Answer:
    rows = [
        {"run": run, "started": utc(started), "sha": sha}
        | {"amount": name, "difference": difference}
        for run, started, sha, amounts in past_runs.leftovers(opened, runs)
        for name, difference in _amounts(amounts).items()
    ]
    return Answer("left", LEFT, rows, history_text.left(rows))


def _amounts(text: str) -> dict[str, float]:
    """Return the amounts that a run recorded; none of a row that is damaged."""
    try:
        found = json_text.parse(text)
    except ValueError:
        return {}
    items = found.items() if isinstance(found, dict) else ()
    return {name: amount for name, amount in items if isinstance(amount, (int, float))}
