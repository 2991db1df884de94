"""Decides which of the ready jobs starts first, by the usual durations of jobs.

Pure functions: no clock, no process, no file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lib.model.graph import dependents_of, ordered
from lib.model.job import Job

SHORT = 1 / 50  # of the longest path: a shorter job costs a run little time


def usual(names: Iterable[str], durations: Mapping[str, float]) -> float:
    """Return the assumed seconds of a job that was never timed: the median of others, or 1."""
    known = sorted(durations[name] for name in names if name in durations)
    return known[len(known) // 2] if known else 1.0


def remaining_paths(by_name: Mapping[str, Job], durations: Mapping[str, float]) -> dict[str, float]:
    """Return for each job the seconds of the longest path from its start to the end of the run.

    `by_name` are the jobs of the run: others neither delay nor follow a job.
    A job with no recorded duration counts as `usual`.
    """
    assumed = usual(by_name, durations)
    dependents = dependents_of(by_name)
    paths: dict[str, float] = {}
    for name in reversed(ordered(by_name, dependents)):
        after = max([paths[dependent] for dependent in dependents[name]], default=0.0)
        paths[name] = after + by_name[name].delay + durations.get(name, assumed)
    return paths


def short_jobs(
    by_name: Mapping[str, Job], durations: Mapping[str, float], paths: Mapping[str, float]
) -> frozenset[str]:
    """Return the jobs that usually take less than a fiftieth of the longest of the paths.

    They start first, so that their failures are known early. A job that was never timed is not
    known to be short, and a service is not short: it holds its resources until its users have
    ended.
    """
    limit = SHORT * max(paths.values(), default=0.0)
    return frozenset(
        name
        for name, job in by_name.items()
        if not job.service and durations.get(name, limit) < limit
    )


def shuffled(names: Iterable[str], seed: int) -> dict[str, float]:
    """Return a random urgency for each job, the same for the same names and seed."""
    import random  # late: few runs shuffle

    draw = random.Random(seed)
    return {name: draw.random() for name in names}
