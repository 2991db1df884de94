"""Estimates how long a run takes, from the usual durations of its jobs. Pure."""

from __future__ import annotations

from lib.model.run_plan import RunPlan
from lib.model.urgency import remaining_paths, usual


def usual_length(plan: RunPlan) -> float | None:
    """Return the usual seconds of a run, None if none of its jobs was ever timed.

    It is the longest path, or the work for the scarcest pool if that takes longer. Waits at the
    edges of both are left out: it is a figure for people who wait.
    """
    jobs = [node.job for node in plan.phases.nodes if node.job.name not in plan.restored]
    by_name = {job.name: job for job in jobs}
    if plan.durations.keys().isdisjoint(by_name):
        return None
    assumed = usual(by_name, plan.durations)
    work: dict[str, float] = {}
    for job in jobs:
        seconds = plan.durations.get(job.name, assumed)
        for name, amount in job.resources.items():
            work[name] = work.get(name, 0.0) + seconds * amount
    pools = [seconds / plan.limits.pools.get(name, 1) for name, seconds in work.items()]
    return max([*remaining_paths(by_name, plan.durations).values(), *pools])
