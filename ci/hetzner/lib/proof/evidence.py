"""The runs of a store that tell something of a tree: the newest of everything, and newer ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from lib.model.result import GOOD, Outcome
from lib.proof.proof_record import RunProof
from lib.run_directories.run_store import RunStore
from lib.run_directories.stored_run import StoredRun

UNREADABLE = "its summary.json cannot be read, so it may be the newest run on this tree"
AHEAD = "its name is later than now, so nothing tells which run is the newest: remove {path}"
NEVER: Mapping[str | None, str] = {  # how an outcome that proves nothing is told
    Outcome.FAILED: "it failed in",
    Outcome.TIMED_OUT: "it timed out in",
    Outcome.SKIPPED: "it was skipped in",
    Outcome.CANCELLED: "it was cut off in",
    None: "it was cut off in",
}


class Evidence(NamedTuple):
    """The newest run of everything on a tree, and all that speaks against its passes.

    `doubt` is why nothing is known: then `run` is the run that is to blame. `red` are the jobs that
    did not pass in a newer run of some jobs, with the reasons.
    """

    run: StoredRun | None
    doubt: str
    red: Mapping[str, str]


def of_tree(store: RunStore, tree: str, now: float) -> Evidence:
    """Return what the runs of a store tell of a tree at this time. Raises OSError.

    A run that does not tell its tree may have been on this one: its passes prove nothing, but a job
    that did not pass in it is red.
    """
    reds: dict[str, str] = {}
    for run in store.runs():
        told = run.summary
        if run.live or (told and told.get("tree") not in (tree, None)):
            continue
        if run.started > now:
            return Evidence(run, AHEAD.format(path=run.path), {})
        if not told or not isinstance(told.get("jobs", []), list):
            return Evidence(run, UNREADABLE, {})
        if told.get("tree") == tree and run.asked_for_all:
            return Evidence(run, "", reds)
        for name, outcome in _outcomes(told).items():
            if outcome not in GOOD:
                reds.setdefault(name, red(outcome, run.name))
    return Evidence(None, "", {})


def red(outcome: str | None, run: str) -> str:
    """Return how an outcome that is no pass is told."""
    return f"{NEVER.get(outcome, 'its outcome is not known in')} {run}"


def contradicted(run: StoredRun, proof: RunProof) -> str:
    """Return a job of which the summary of a run tells another outcome than its proof, or ''.

    The summary of a run that was cut off tells of no job that had ended.
    """
    told = _outcomes(run.summary)
    ended = run.summary.get("exit_code") is not None
    for name, job in proof.jobs.items():
        if told.get(name) != job.outcome and (ended or told.get(name) is not None):
            return name
    return ""


def _outcomes(summary: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the outcomes of the jobs in a summary; None for a job that had not ended."""
    found = summary.get("jobs")
    return {
        str(job.get("name")): None if job.get("outcome") is None else str(job["outcome"])
        for job in (found if isinstance(found, list) else ())
        if isinstance(job, dict)
    }
