"""Asks the history for the recorded results of test cases. Imports sqlite3: import it late."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from lib.history import statistics
from lib.history.past_runs import NAME, TREE, listed
from lib.history.statistics import Tries
from lib.test_results.test_case import FAILED, FLAKY, PASSED, SKIPPED


class TestFigures(NamedTuple):
    """A test case in the runs in which it was not skipped; `last_outcome` is of the newest."""

    test: str
    runs: int
    failed: int
    mean_seconds: float
    last_outcome: str


def of_job(opened: sqlite3.Connection, runs: Sequence[int], job: str) -> list[TestFigures]:
    """Return the test cases of a job, the slowest first."""
    # beside max(), a bare column is of the row with the maximum (sqlite.org/lang_select.html)
    rows = opened.execute(
        f"""SELECT CAST(name AS TEXT), count(*), sum(outcome = ?), avg(seconds) AS mean,
            CAST(outcome AS TEXT), max(run)
        FROM tests JOIN test_names ON test_names.id = test
        WHERE run IN {listed(runs)} AND job = ? AND outcome <> ?
        GROUP BY test ORDER BY mean DESC, name""",
        (FAILED, job, SKIPPED),
    )
    return [TestFigures(*fields) for *fields, _ in rows]


def failed(opened: sqlite3.Connection, run: str, job: str) -> list[str]:
    """Return the test cases of a job that failed in a run, by the name of its directory."""
    rows = opened.execute(
        f"""SELECT DISTINCT CAST(name AS TEXT) FROM tests
        JOIN runs ON runs.id = tests.run JOIN test_names ON test_names.id = test
        WHERE {NAME} = ? AND job = ? AND outcome = ? ORDER BY name""",
        (run, job, FAILED),
    )
    return [name for (name,) in rows]


def flaky(
    opened: sqlite3.Connection, runs: Sequence[int], job: str = ""
) -> dict[tuple[str, str], Tries]:
    """Return the tries of each test case that both passed and failed on one tree, by job and name.

    A pass after a failure within one run of a test tool is both.
    """
    rows = opened.execute(
        f"""SELECT CAST(job AS TEXT), CAST(name AS TEXT), {TREE} AS of_tree,
            sum(outcome IN (?, ?)), sum(outcome IN (?, ?))
        FROM tests JOIN runs ON runs.id = tests.run JOIN test_names ON test_names.id = test
        WHERE runs.id IN {listed(runs)} AND ? IN ('', job) AND outcome <> ? AND test IN
            (SELECT test FROM tests WHERE run IN {listed(runs)} AND outcome IN (?, ?))
        GROUP BY test, of_tree""",  # `tree` would be the column
        (PASSED, FLAKY, FAILED, FLAKY, job, SKIPPED, FAILED, FLAKY),
    )
    by_test: dict[tuple[str, str], dict[str, tuple[int, int]]] = {}
    for of, name, tree, passed, failed in rows:
        by_test.setdefault((of, name), {})[tree] = (passed, failed)
    told = {test: statistics.tries(by_tree) for test, by_tree in by_test.items()}
    return {test: tries for test, tries in sorted(told.items()) if tries.flaky_trees}
