"""A test case and how it ended. Data only."""

from __future__ import annotations

from typing import NamedTuple

PASSED, FAILED, SKIPPED, FLAKY = "passed", "failed", "skipped", "flaky"
_SEVERITY = {outcome: rank for rank, outcome in enumerate((SKIPPED, PASSED, FLAKY, FAILED))}
# test runners, as the names of their suites tell; jest's titles are full names, those of its
# reporter jest-junit are made by a template of the user
PYTEST, JEST, VITEST, PLAYWRIGHT = "pytest", "jest", "vitest", "playwright"
JEST_JUNIT = "jest-junit"


class TestCase(NamedTuple):
    """A test case of a job: `outcome` is passed, failed, skipped or flaky.

    A flaky one passed after a failure: in one run of its test runner, or in a later attempt of the
    job. `name` is unique in the job, for people; `classname` and `title` are its parts as the file
    has them. `message` is the first line of its failure. `tool` is the test runner that wrote it,
    '' for an unknown one. All texts are one line, masked and bounded.
    """

    job: str
    name: str
    outcome: str
    seconds: float
    classname: str = ""
    title: str = ""
    message: str = ""
    tool: str = ""


def worse(one: str, other: str) -> str:
    """Return the worse of two outcomes."""
    return max(one, other, key=_SEVERITY.__getitem__)
