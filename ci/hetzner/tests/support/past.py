"""Makes histories of runs that never were."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lib.history import database
from lib.history.recorder import insert_tests
from lib.test_results.test_case import TestCase

CAUSES = {"failed": "exit code", "timed out": "timeout"}


def add_run(
    path: Path,
    attempts: str,
    *,
    sha: str = "a" * 40,
    branch: str = "main",
    tree: str | None = None,
    dirty: bool | None = False,
    started: float | None = None,
    seconds: float = 10.0,
    beside: int | None = 3,
    pressure: float | None = 1.0,
    outputs: str = "",
    tests: str = "",
    leftovers: str = "{}",
) -> str:
    """Record a run of `"a=passed b=failed,passed"`, attempts by job; return its directory's name.

    `outputs` are `"a:dist"`, `tests` are `"a:test_x=passed"`, results by job and test. Each run
    starts after the one before, unless `started` is given.
    """
    with database.writing(path) as opened:
        (number,) = opened.execute("SELECT coalesce(max(id), 0) + 1 FROM runs").fetchone()
        name = f"20260101T{number:06}Z-{sha[:7]}"
        began = float(number * 1000) if started is None else started
        run = (number, f"r{number}-1", name, sha, branch, tree, dirty, 1, 1, 0, began, 60.0, 8)
        opened.execute(f"INSERT INTO runs VALUES ({'?, ' * 13} ?)", (*run, leftovers))
        for job, outcomes in _pairs(attempts):
            for at, outcome in enumerate(outcomes.split(","), start=1):
                tried = outcome.replace("-", " ")
                opened.execute(
                    f"INSERT INTO attempts VALUES ({'?, ' * 11} ?)",
                    (
                        *(number, job, at, tried, seconds, began + 50, int(tried != "passed")),
                        *(CAUSES.get(tried, ""), 2.0, pressure, None, beside),
                    ),
                )
        for output in outputs.split():
            row = (number, *output.split(":"), seconds, began + 50)
            opened.execute("INSERT INTO outputs VALUES (?, ?, ?, ?, ?)", row)
        results = []
        for test, outcome in _pairs(tests):
            job, _, case = test.partition(":")
            results.append(TestCase(job, case, outcome, seconds))
        insert_tests(opened, number, results)
    return name


def _pairs(text: str) -> Iterable[tuple[str, str]]:
    for word in text.split():
        name, _, value = word.partition("=")
        yield name, value
