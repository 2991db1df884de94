"""A job as its run declares it to listeners: data that a file can hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from lib.model.job import Job
from lib.model.run_plan import RunPlan


class DeclaredJob(NamedTuple):
    """The parts of a job that explain its run.

    `delay` and `timeout` are seconds, `usual` are the seconds that it takes by earlier runs (None:
    not known). `phase` counts from 0. `at_the_end`: it starts when all other jobs have ended.
    """

    name: str
    depends_on: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    resources: Mapping[str, int] = {}
    timeout: float = 0.0
    delay: float = 0.0
    service: bool = False
    allowed: bool = False
    at_the_end: bool = False
    group: tuple[str, ...] = ()
    phase: int = 0
    usual: float | None = None


def of_plan(plan: RunPlan) -> tuple[DeclaredJob, ...]:
    """Return the jobs that a run executes, in declared order."""
    return tuple(
        _declared(node.job, node.phase, plan.durations.get(node.job.name))
        for node in plan.phases.nodes
        if not node.repeated
    )


def _declared(job: Job, phase: int, usual: float | None) -> DeclaredJob:
    return DeclaredJob(
        job.name,
        tuple(job.depends_on),
        tuple(job.outputs),
        job.resources,
        job.timeout,
        job.delay,
        job.service,
        job.allow_failure,
        job.at_the_end,
        tuple(job.groups),
        phase,
        usual,
    )
