"""Sets what a run found beside what its corpus expects. Pure: green is earned, job by job."""

from __future__ import annotations

import fnmatch
from typing import NamedTuple

from lib.corpus.commits import ANY, Commit
from lib.corpus.ended_run import EndedRun
from lib.model.result import GOOD, Outcome

PASSED = str(Outcome.PASSED)
OF_RUN = "(run)"  # in place of a job: the run as a whole
NOT_RUN = "not run"


class Row(NamedTuple):
    """One job of one commit; `right` is None where nothing is expected, or it was not asked for."""

    commit: str
    job: str
    expected: tuple[str, ...]
    found: str
    right: bool | None

    @property
    def wrong(self) -> bool:
        """Whether it was looked at, and is otherwise than expected."""
        return self.right is False


def rows(commit: Commit, run: EndedRun | None) -> list[Row]:
    """Return a row for each job that ran or is expected; one for the run if that is at fault.

    If the run was asked for some jobs, others need not be there. A run that did not happen is
    wrong, and so is one that shows nothing of what is expected.
    """
    if run is None or run.problem:
        found = run.problem if run else NOT_RUN
        return [Row(commit.name, OF_RUN, ("an answer",), found, right=False)]
    judged = [_judged(commit, job, found) for job, found in run.jobs.items()]
    for pattern, outcomes in commit.expect.items():
        if pattern != ANY and not fnmatch.filter(run.jobs, pattern):
            right = None if run.selected else False
            judged.append(Row(commit.name, pattern, outcomes, NOT_RUN, right))
    judged += _of_run(commit, run)
    if not any(row.right is not None for row in judged):
        expected = ("an outcome of a job",)
        judged.append(Row(commit.name, OF_RUN, expected, "none that is expected", right=False))
    return judged


def matches(expected: tuple[str, ...], found: str) -> bool:
    """Whether an outcome is among those expected; one restored or flaky has passed."""
    return found in expected or (PASSED in expected and found in GOOD)


def _judged(commit: Commit, job: str, found: str) -> Row:
    expected = commit.expected(job)
    return Row(commit.name, job, expected, found, matches(expected, found) if expected else None)


def _of_run(commit: Commit, run: EndedRun) -> list[Row]:
    """Return a row for a run whose exit code is not that of its jobs, none if it is."""
    good = all(found in GOOD or job in run.allowed for job, found in run.jobs.items())
    code = 0 if good else 1
    if run.exit_code == code:
        return []
    found = f"exit code {run.exit_code}: {run.sentence}"
    return [Row(commit.name, OF_RUN, (f"exit code {code}",), found, right=False)]
