"""Names the failed test cases of failed jobs in their results, once all jobs have ended.

The verdict waits for it a moment: the names are the first question after a red run.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from pathlib import Path

from lib.model.result import GOOD, Result
from lib.report.run_log import complaint
from lib.run_directories.kept_files import KeptFiles
from lib.test_results import run_tests
from lib.test_results.test_case import FAILED

COPYING = 2.0  # seconds that the end of a run waits for JUnit files
READING = 2.0  # seconds for reading them


def add(results: Collection[Result], kept: KeptFiles, run: Path) -> list[str]:
    """Set `failed_tests` of the results; return a line for each fault. Raises nothing."""
    until = time.monotonic() + COPYING
    failed = [result for result in results if result.begun and result.outcome not in GOOD]
    faults = []
    for result in failed:
        result.failed_tests, found = of_job(run, result.name, kept, until)
        faults += found
    return faults


def of_job(run: Path, job: str, kept: KeptFiles, until: float) -> tuple[tuple[str, ...], list[str]]:
    """Return the failed test cases of a job's latest attempt, and a line for each fault.

    It waits for their files until then, on the monotonic clock. Raises nothing.
    """
    if not kept.has_tests(job):
        return (), []
    try:
        if not kept.wait_for_tests(job, until):
            return (), [f"{job}: its failed tests are not named: its files took too long to copy"]
        found, faults = run_tests.read(run, [job], READING)
    except Exception as error:  # noqa: BLE001 - a view never breaks a run
        return (), [f"{job}: its failed tests are not named: {complaint(error)}"]
    return tuple(c.name for c in found.get(job, ()) if c.outcome == FAILED), faults
