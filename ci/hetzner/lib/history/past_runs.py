"""Asks the history for the recorded runs of jobs. Imports sqlite3: import it late."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from lib.model.result import Outcome

# a tree that passed and failed is flaky; without its hash, the commit stands for it if it was not
# changed, and the run otherwise: a fix that is not committed makes nothing flaky
TREE = """coalesce(runs.tree, CASE WHEN runs.dirty IS 0 AND runs.sha <> '' THEN runs.sha END,
    'run ' || runs.id)"""
NAME = "CASE WHEN runs.directory <> '' THEN runs.directory ELSE runs.run END"
KINDS = {  # of a share in a run: where a column of a damaged row is of another kind, it is made one
    "job": "TEXT",
    NAME: "TEXT",
    "runs.started": "REAL",
    "sha": "TEXT",
    "branch": "TEXT",
    TREE: "TEXT",
    "processors": "INTEGER",
    "outcome": "TEXT",
    "attempts.seconds": "REAL",
    "code": "INTEGER",
    "cause": "TEXT",
    "load": "REAL",
    "cpu_pressure": "REAL",
    "beside": "INTEGER",
}
COLUMNS = ", ".join(f"CAST({column} AS {kind})" for column, kind in KINDS.items())
RED = (Outcome.FAILED, Outcome.TIMED_OUT)


class JobRun(NamedTuple):
    """A job in one recorded run: its last attempt, and how many attempts failed before.

    `run` is the name of the run's directory, or the identity of its process where there is none.
    `outcome` is `flaky` for a pass after a failure. `seconds` and the load are of the last attempt;
    `beside` is the number of attempts of other jobs meanwhile. None is unknown.
    """

    job: str
    run: str
    started: float
    sha: str
    branch: str
    tree: str
    processors: int | None
    outcome: str
    seconds: float
    exit_code: int | None
    cause: str
    load: float | None
    cpu_pressure: float | None
    beside: int | None
    attempts: int = 1
    failed: int = 0

    @property
    def passed(self) -> bool:
        """Whether it passed at last."""
        return self.outcome in (Outcome.PASSED, Outcome.FLAKY)

    @property
    def red(self) -> bool:
        """Whether it failed at last."""
        return self.outcome in RED


def latest(opened: sqlite3.Connection, limit: int, *, branch: str = "", job: str = "") -> list[int]:
    """Return the latest recorded runs, the newest first: of a branch, and with a job, if given."""
    wanted: list[object] = []
    where = "1"
    if branch:
        where, wanted = "branch = ?", [branch]
    if job:
        where += " AND id IN (SELECT run FROM attempts WHERE job = ?)"
        wanted.append(job)
    rows = opened.execute(
        f"SELECT id FROM runs WHERE {where} ORDER BY started DESC, id DESC LIMIT ?",
        (*wanted, limit),
    )
    return [int(run) for (run,) in rows]


def jobs(
    opened: sqlite3.Connection, runs: Sequence[int], *, job: str = ""
) -> dict[str, list[JobRun]]:
    """Return each job's share in these runs, the newest first; of one job, if given."""
    rows = opened.execute(
        f"""SELECT runs.id, {COLUMNS} FROM attempts JOIN runs ON runs.id = attempts.run
        WHERE runs.id IN {listed(runs)} AND ? IN ('', job) AND attempts.seconds BETWEEN 0 AND 1e9
        ORDER BY job, runs.started DESC, runs.id DESC, attempts.rowid""",
        (job,),
    )
    found: dict[str, list[JobRun]] = {}
    before: object = None
    for number, *fields in rows:
        one = JobRun(*fields)
        several = found.setdefault(one.job, [])
        if before == (number, one.job):
            one = _after(several.pop(), one)
        elif one.red:
            one = one._replace(failed=1)
        several.append(one)
        before = (number, one.job)
    return found


def _after(earlier: JobRun, last: JobRun) -> JobRun:
    """Return a job's share in a run with one more attempt."""
    failed = earlier.failed + last.red
    outcome = Outcome.FLAKY if last.outcome == Outcome.PASSED and failed else last.outcome
    return last._replace(outcome=str(outcome), attempts=earlier.attempts + 1, failed=failed)


def listed(runs: Sequence[int]) -> str:
    """Return a list of numbers in SQL."""
    return f"({', '.join(str(int(run)) for run in runs)})"


def leftovers(opened: sqlite3.Connection, runs: Sequence[int]) -> list[tuple[str, float, str, str]]:
    """Return what each of these runs left, the newest first: run, start, commit, amounts as JSON.

    Runs that counted nothing are left out.
    """
    return opened.execute(
        f"""SELECT CAST({NAME} AS TEXT), CAST(started AS REAL), CAST(sha AS TEXT),
            CAST(leftovers AS TEXT) FROM runs
        WHERE id IN {listed(runs)} AND leftovers <> '{{}}' ORDER BY started DESC, id DESC"""
    ).fetchall()
