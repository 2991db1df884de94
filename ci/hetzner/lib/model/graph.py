"""The graph of the jobs: edges, order, cycles.

Pure functions over jobs: no clock, no process, no file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise

from lib.model.job import Job

MOST_CYCLES = 20  # in one message


def split(dependency: str) -> tuple[str, str | None]:
    """Return the job and, for `"job:output"`, the output that a dependency names."""
    job, colon, output = dependency.partition(":")
    return job, output if colon else None


def needs(job: Job) -> list[str]:
    """Return the names of the jobs that this one depends on, each once, in order."""
    return list(dict.fromkeys([dependency.partition(":")[0] for dependency in job.depends_on]))


def variable(job: str, output: str) -> str:
    """Return the environment variable that carries an output's path to its dependents."""
    return "CI_OUT_" + re.sub(r"[^A-Za-z0-9]", "_", f"{job}_{output}").upper()


def dependents_of(by_name: Mapping[str, Job]) -> dict[str, list[str]]:
    """Return the direct dependents of each job."""
    dependents: dict[str, list[str]] = {name: [] for name in by_name}
    for name, job in by_name.items():
        for need in needs(job):
            if need in dependents:
                dependents[need].append(name)
    return dependents


def order(by_name: Mapping[str, Job]) -> list[str]:
    """Return the jobs, each after its dependencies; jobs of a cycle are left out.

    A dependency that is not among them does not count. Among jobs that could come next the declared
    order decides (Kahn's algorithm).
    """
    return ordered(by_name, dependents_of(by_name))


def ordered(by_name: Mapping[str, Job], dependents: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the same, from `dependents_of` these jobs."""
    unmet = {name: len(by_name.keys() & needs(job)) for name, job in by_name.items()}
    ready = [name for name, count in unmet.items() if count == 0]
    for name in ready:  # grows during the loop: it is the queue
        for dependent in dependents[name]:
            unmet[dependent] -= 1
            if unmet[dependent] == 0:
                ready.append(dependent)
    return ready


def closure(
    by_name: Mapping[str, Job], names: Iterable[str], without: Collection[str] = ()
) -> set[str]:
    """Return the named jobs and all their needs, but not the needs of those in `without`."""
    found: set[str] = set()
    queue = list(names)
    while queue:
        name = queue.pop()
        if name not in found and name not in without:
            found.add(name)
            queue += needs(by_name[name])
    return found


def all_needs(by_name: Mapping[str, Job], name: str) -> set[str]:
    """Return all jobs that one needs, directly or not."""
    return closure(by_name, needs(by_name[name]))


def cycles(by_name: Mapping[str, Job]) -> list[list[str]]:
    """Return cycles of several jobs, each job depending on the next and the last being the first.

    No two share an edge. Without one of its edges each, no cycle is left, but for those beyond
    the first `MOST_CYCLES`.
    """
    if len(order(by_name)) == len(by_name):
        return []
    from graphlib import CycleError, TopologicalSorter

    edges = {name: [need for need in needs(job) if need != name] for name, job in by_name.items()}
    found: list[list[str]] = []
    while len(found) < MOST_CYCLES:
        try:
            TopologicalSorter(edges).prepare()
        except CycleError as error:
            # graphlib lists predecessors first: reversed, each name depends on the next
            cycle = list(reversed(error.args[1]))
            for user, need in pairwise(cycle):
                edges[user].remove(need)
            found.append(cycle)
        else:
            break
    return found


class EndOrder:
    """Knows which job can only begin when another one has ended.

    `position` is a job's place in an order in which each comes after its dependencies.
    """

    def __init__(self, by_name: Mapping[str, Job]) -> None:
        self._by_name = by_name
        self._dependents = dependents_of(by_name)
        order = ordered(by_name, self._dependents)
        self.position = {name: number for number, name in enumerate(order)}

    def before(self, one: str, other: str) -> bool:
        """Whether `other` waits for the end of `one`, not just for its output or its service."""
        by_name, position = self._by_name, self.position
        if by_name[one].service:
            return False
        if one in by_name[other].depends_on:
            return True
        queue = [user for user in self._dependents[one] if one in by_name[user].depends_on]
        seen = set(queue)
        for user in queue:  # grows during the loop
            if user == other:
                return True
            more = {u for u in self._dependents[user] if position[u] <= position[other]} - seen
            seen |= more
            queue += more
        return False
