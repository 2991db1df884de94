"""Compares runs: their jobs that got slower or faster, those that are flaky, and other ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lib.model.cause import Cause
from lib.model.result import GOOD, Outcome
from lib.timeline.run_record import JobRecord, RunRecord

LEAST_SECONDS, LEAST_SHARE = 0.5, 0.1  # a smaller change of a job's seconds is chance
RAN = (Outcome.PASSED, Outcome.FLAKY)  # outcomes whose seconds compare
UNCHANGED = (
    "no job ended otherwise; of those that passed in both, none took notably longer or shorter"
)
NOT_IN_BOTH = "not in both the first and the last"


class JobChange(NamedTuple):
    """A job in several runs, the oldest first; '' and None where it had no part, or no time."""

    name: str
    outcomes: tuple[str, ...]
    seconds: tuple[float | None, ...]

    @property
    def change(self) -> float:
        """The seconds that it took more in the newest run than in the oldest; 0 if unknown."""
        old, new = self.seconds[0], self.seconds[-1]
        ran = all(outcome in RAN for outcome in (self.outcomes[0], self.outcomes[-1]))
        return new - old if ran and old is not None and new is not None else 0.0

    @property
    def notable(self) -> bool:
        """Whether its seconds changed by more than chance."""
        least = max(LEAST_SECONDS, LEAST_SHARE * (self.seconds[0] or 0.0))
        return abs(self.change) >= least


class Comparison(NamedTuple):
    """Several runs, the oldest first, and their jobs in the order of the newest run."""

    runs: tuple[RunRecord, ...]
    jobs: tuple[JobChange, ...]
    other_ends: tuple[JobChange, ...]  # the outcome of the newest run is another one
    slower: tuple[JobChange, ...]
    faster: tuple[JobChange, ...]
    flaky: tuple[str, ...]  # they passed and failed on one tree
    not_in_all: tuple[str, ...]  # they had no part in the oldest or in the newest run

    @property
    def unchanged(self) -> bool:
        """Whether all jobs that both runs have ended alike, in about the same time."""
        return not (self.other_ends or self.slower or self.faster)

    @property
    def around(self) -> str:
        """The title of what differs around the runs: of several, the first and the last count."""
        runs = "them" if len(self.runs) == 2 else "the first and the last of them"
        return f"changed around {runs}"


def compare(runs: Sequence[RunRecord]) -> Comparison:
    """Compare the newest run with the oldest; `runs` come the oldest first."""
    names = dict.fromkeys(job.name for run in reversed(runs) for job in run.jobs)
    by_run = [{job.name: job for job in run.jobs} for run in runs]
    jobs = tuple(_job(name, [found.get(name) for found in by_run]) for name in names)
    notable = sorted((job for job in jobs if job.notable), key=lambda job: -abs(job.change))
    return Comparison(
        runs=tuple(runs),
        jobs=jobs,
        other_ends=tuple(job for job in jobs if _ends_otherwise(job)),
        slower=tuple(job for job in notable if job.change > 0.0),
        faster=tuple(job for job in notable if job.change < 0.0),
        flaky=tuple(job.name for job in jobs if _flaky(job, runs)),
        not_in_all=tuple(job.name for job in jobs if "" in _ends(job)),
    )


def _job(name: str, found: Sequence[JobRecord | None]) -> JobChange:
    parts = [job if job and job.cause != Cause.FILTERED else None for job in found]
    return JobChange(
        name,
        tuple(job.outcome if job else "" for job in parts),
        tuple(job.worked if job else None for job in parts),
    )


def _ends(job: JobChange) -> tuple[str, str]:
    """Return the oldest and the newest outcome; how a pass came about is none of its own."""
    old, new = (RAN[0] if each in GOOD else each for each in (job.outcomes[0], job.outcomes[-1]))
    return old, new


def _ends_otherwise(job: JobChange) -> bool:
    old, new = _ends(job)
    return "" not in (old, new) and old != new


def _flaky(job: JobChange, runs: Sequence[RunRecord]) -> bool:
    if Outcome.FLAKY in job.outcomes:
        return True
    by_tree: dict[object, set[bool]] = {}
    for run, outcome in zip(runs, job.outcomes, strict=True):
        tree = run.header.get("tree")
        if tree and outcome in (*GOOD, Outcome.FAILED, Outcome.TIMED_OUT):
            by_tree.setdefault(str(tree), set()).add(outcome in GOOD)
    return any(len(ends) > 1 for ends in by_tree.values())
