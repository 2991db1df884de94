"""The jobs that failed when they last ran, by the newest runs of a store."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from lib.model.result import GOOD, Outcome
from lib.run_directories.stored_run import StoredRun

LOOKED_AT = 20  # newest runs
BAD = (Outcome.FAILED, Outcome.TIMED_OUT)


def jobs(runs: Iterable[StoredRun], branch: str, known: Collection[str]) -> list[str]:
    """Return those of the known jobs that failed when they last ran, in their order.

    `runs` are in the order of their age, the newest first. Runs of another branch do not count if
    the branch is known. A job that was skipped, cut off or left out did not run.
    """
    failed: dict[str, bool] = {}
    looked_at = 0
    for run in runs:
        if run.live or (branch and run.branch and run.branch != branch):
            continue
        if looked_at == LOOKED_AT or len(failed) == len(known):
            break
        looked_at += 1
        for name, outcome in _outcomes(run.summary):
            if name in known and outcome in (*BAD, *GOOD):
                failed.setdefault(name, outcome in BAD)
    return [name for name in known if failed.get(name)]


def _outcomes(summary: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    found = summary.get("jobs")
    for job in found if isinstance(found, list) else ():
        if isinstance(job, dict) and isinstance(job.get("name"), str):
            yield job["name"], str(job.get("outcome"))
