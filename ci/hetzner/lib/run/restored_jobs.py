"""The jobs that are restored from an earlier run, and those that are wanted so but run again.

Only what holds for any pipeline is checked here. Whether the earlier run speaks of the same tree
and the same jobs is for the caller to prove.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from lib.model import restoring, selection
from lib.model.job import Job
from lib.model.names import refuse_unknown
from lib.model.result import Earlier
from lib.model.selection import Choice


def decide(
    jobs: Sequence[Job], chosen: Choice, wanted: Mapping[str, str | Earlier], cwd: Path
) -> tuple[Mapping[str, Earlier], list[str]]:
    """Return the jobs to restore, and a line for each other one of the wanted that is chosen.

    A reason as text is the word of the caller alone, so it is checked what else runs. An `Earlier`
    was decided by what the earlier run has recorded (`lib/proof/proving.py`).

    Raises ValueError for a name that is no job, a reason that is no text, and a filter of test
    cases: an earlier run that speaks of all of them says nothing about the filter.
    """
    _check(jobs, chosen, wanted)
    selected = set(selection.names(jobs, chosen))

    def lacks(job: Job, outputs: Collection[str]) -> str:
        gone = [name for name in sorted(outputs) if not (cwd / job.outputs[name]).exists()]
        return f"its output {gone[0]} ({job.outputs[gone[0]]}) is gone" if gone else ""

    running = [job for job in jobs if job.name in selected]
    results = {n: Earlier(why) if isinstance(why, str) else why for n, why in wanted.items()}
    decision = restoring.decide(running, results, {}, lacks)
    again = {n: why for n, why in decision.again.items() if isinstance(wanted.get(n), str)}
    restored = {job.name: results[job.name] for job in running if job.name in results}
    for name in again:
        del restored[name]
    return restored, [restoring.line(name, why) for name, why in again.items()]


def _check(jobs: Sequence[Job], chosen: Choice, wanted: Mapping[str, str | Earlier]) -> None:
    refuse_unknown({job.name: job for job in jobs}, restored=list(wanted))
    for name, why in wanted.items():
        if not isinstance(why, (str, Earlier)) or not why:
            raise ValueError(f"restored: expected the reason to restore {name}, found {why!r}")
    of_tests = any(job.testcases for job in jobs if job.name in wanted)
    if of_tests and (chosen.only_testcases or chosen.first_testcases):
        raise ValueError(
            "restored and a filter of test cases exclude each other: a restored job counts for all "
            "test cases, and runs none"
        )
