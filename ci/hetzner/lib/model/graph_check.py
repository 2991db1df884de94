"""Finds the problems of the jobs of a pipeline as a whole.

Pure functions: no clock, no process, no file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from lib.model.graph import cycles, order, split, variable
from lib.model.job import Job
from lib.model.names import nearest
from lib.model.output_paths import overwritten, shared_paths
from lib.model.pool_names import pool_problems


def problems(jobs: Sequence[Job], pools: Mapping[str, int], cwd: str = "") -> list[str]:
    """Return the problems of the jobs as a whole, a sentence each.

    Relative outputs are relative to `cwd`.
    """
    by_name = {job.name: job for job in jobs}
    found = [
        f"job {name}: the name is used by {count} jobs, names must be unique"
        for name, count in Counter(job.name for job in jobs).items()
        if count > 1
    ]
    for job in jobs:
        found += _edge_problems(job, by_name)
        found += pool_problems(job, pools)
    found += _collisions(jobs)
    circles = [
        f"cycle: {' -> '.join(c)} (each depends on the next): take one out of depends_on"
        for c in cycles(by_name)
    ]
    if not circles and len(order(by_name)) == len(by_name):  # no job depends on itself
        found += shared_paths(by_name, cwd) + overwritten(by_name, cwd)
    return found + circles


def _edge_problems(job: Job, by_name: Mapping[str, Job]) -> list[str]:
    problems = []
    for dependency in job.depends_on:
        target, output = split(dependency)
        if target == job.name:
            problems.append(
                f"job {job.name}: depends_on {dependency!r} is the job itself: take it out"
            )
        elif target not in by_name:
            problems.append(
                f"job {job.name}: depends_on {dependency!r} is not a job{nearest(target, by_name)}"
            )
        elif by_name[target].at_the_end and not job.at_the_end:
            problems.append(
                f'job {job.name}: depends_on {dependency!r}: {target} has when="end", so it starts '
                "when all others have ended, and only another one at the end can wait for it"
            )
        elif output is not None and output not in by_name[target].outputs:
            known = by_name[target].outputs
            problems.append(
                f"job {job.name}: depends_on {dependency!r}: {target} promises "
                f"{', '.join(known) or 'no outputs'}, not {output!r}{nearest(output, known)}"
            )
    return problems


def _collisions(jobs: Sequence[Job]) -> list[str]:
    owners: dict[str, list[str]] = {}
    for name, job in {job.name: job for job in jobs}.items():
        for output in job.outputs:
            owners.setdefault(variable(name, output), []).append(f"{name}:{output}")
    return [
        f"outputs {' and '.join(several)} would share the variable {name}: rename one"
        for name, several in owners.items()
        if len(several) > 1
    ]
