"""Compares the names of resources with those of the pools.

Pure functions: no clock, no process, no file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from lib.model.job import Job

MACHINES = (
    "the size that the machine grants by default: pass Pipeline(resources=…) for another size"
)
NO_POOL = "a name without a pool is a mutex of one"
SAME = {  # other words for the pools that every machine has
    "cpu": {"core", "cores", "processor", "processors", "vcpu", "vcpus", "nproc"},
    "memory": {"mem", "ram", "mib", "memory_mb", "memory_mib"},
}


def pool_problems(job: Job, pools: Mapping[str, int]) -> list[str]:
    """Find each resource of which the job wants more than its pool holds."""
    return [
        f"job {job.name}: resource {name!r}: wants {count}, the pool has {pools.get(name, 1)}"
        + (f" ({MACHINES})" if name in SAME else "")
        + ("" if name in pools else f" ({NO_POOL}{_asked(like_a_pool(name, pools))})")
        for name, count in job.resources.items()
        if count > pools.get(name, 1)
    ]


def pool_questions(jobs: Iterable[Job], pools: Collection[str]) -> list[str]:
    """Return a question for each resource without a pool whose name is nearly another one."""
    users: dict[str, list[str]] = {}
    for job in jobs:
        for name in job.resources:
            if name not in pools and ":" not in name:  # `port:8889` has a form of its own
                users.setdefault(name, []).append(job.name)
    shared = [name for name, several in users.items() if len(several) > 1]
    return [
        f"resource {name!r} of {', '.join(several)}: {NO_POOL}{_asked(near)}"
        for name, several in users.items()
        if (near := like_a_pool(name, pools) or (len(several) == 1 and _like(name, shared)))
    ]


def like_a_pool(name: str, pools: Collection[str]) -> str:
    """Return the pool with nearly the same name, '' if there is none."""
    import difflib  # late: most names are those of pools, or of ports

    plain = name.lower()
    for pool in pools:
        same = plain in SAME.get(pool, ()) or plain == pool.lower()
        if same or (sorted(plain) == sorted(pool.lower()) and len(pool) > 2):
            return pool
    # `gpu` is another thing than `cpu`: a letter too many or too few, or one of many
    return next(iter(difflib.get_close_matches(plain, pools, n=1, cutoff=0.8)), "")


def _like(name: str, others: Collection[str]) -> str:
    """Return the mutex of several jobs with nearly the same name; numbers are no typos."""
    near = like_a_pool(name, others)
    return "" if re.sub(r"\d", "", near) == re.sub(r"\d", "", name) else near


def _asked(near: str) -> str:
    return f"; did you mean {near!r}?" if near else ""
