"""Decides which jobs a run restores from an earlier one, and which run again.

What is not proven runs again, and so does all that depends on it. Pure: whether an output is still
there is asked of the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from lib.model import graph
from lib.model.job import Job
from lib.model.job_fields import NOTHING
from lib.model.result import Earlier

UNKNOWN = "no earlier run has proven it"
REGARDLESS = "it runs after any outcome of other jobs"

# returns why outputs of a job cannot be used, '' if they can
Lacks = Callable[[Job, Collection[str]], str]


class Decision(NamedTuple):
    """By job in declared order: the result to restore, or the reason to run it again."""

    restored: Mapping[str, Earlier]
    again: Mapping[str, str]


def decide(
    jobs: Sequence[Job],
    proven: Mapping[str, Earlier],
    unproven: Mapping[str, str],
    lacks: Lacks,
    prepare: Mapping[str, str] = NOTHING,
) -> Decision:
    """Decide for each job of a run.

    `proven` are the jobs that an earlier run has proven, `unproven` others with the reason. Those
    in `prepare` are proven, but have to do their work again, for the reason given, if a job needs
    it that runs: they make what others use, which is the same each time.
    """
    decider = _Decider(jobs, lacks, prepare)
    for job in jobs:
        if job.name not in proven:
            decider.run(job.name, unproven.get(job.name, UNKNOWN))
        elif job.regardless:
            decider.run(job.name, REGARDLESS)
    again = decider.again()
    return Decision(
        {job.name: proven[job.name] for job in jobs if job.name not in again},
        {job.name: again[job.name] for job in jobs if job.name in again},
    )


def line(job: str, why: str) -> str:
    """Return the line of the log on a job that is not restored."""
    return f"{job} runs again: {why}"


class _Decider:
    """Follows what the run of a job means to its dependents and its needs.

    A job that is `changed` may end otherwise than before, or hands out new outputs: its dependents
    run, too. One that is only `started` again serves a job that runs, or prepares for it: the
    results of its other users stand.
    """

    def __init__(self, jobs: Sequence[Job], lacks: Lacks, prepare: Mapping[str, str]) -> None:
        self._by_name = {job.name: job for job in jobs}
        self._dependents = graph.dependents_of(self._by_name)
        self._lacks = lacks
        self._prepare = prepare
        self._changed: dict[str, str] = {}
        self._started: dict[str, str] = {}
        self._queue: list[str] = []

    def run(self, name: str, why: str) -> None:
        """Let a job run for its own sake."""
        if name not in self._changed:
            self._started.pop(name, None)
            self._changed[name] = why
            self._queue.append(name)

    def again(self) -> Mapping[str, str]:
        """Follow all consequences; return the jobs that run."""
        while self._queue or self._prepare_services():
            name = self._queue.pop()
            if name in self._changed:
                for user in self._dependents[name]:
                    self.run(user, f"it depends on {name}, which runs again")
            self._provide(self._by_name[name])
        return {**self._changed, **self._started}

    def _provide(self, user: Job) -> None:
        """Let the needs of a job that runs be met."""
        for need in self._needs(user.name):
            job = self._by_name[need]
            if job.service or need in self._prepare:
                service = f"{user.name}, which runs, needs this service"
                self._started[need] = self._prepare.get(need, service)
                self._queue.append(need)
            elif (outputs := _wanted(user, job)) and (why := self._lacks(job, outputs)):
                self.run(need, why)

    def _prepare_services(self) -> bool:
        """Run the jobs again that used a service before a job that runs and depends on them.

        They may have put something into the service, which a fresh one does not hold. Return
        whether there were any.
        """
        services = {name for name in self._started if self._by_name[name].service}
        origin = {name: name for name in (*self._changed, *self._started)}
        walk = list(origin) if services else []
        for name in walk:  # grows during the loop
            for need in self._needs(name):
                if need in origin:
                    continue
                origin[need] = origin[name]
                walk.append(need)
                if used := services.intersection(graph.needs(self._by_name[need])):
                    text = f"it used the service {min(used)}, which starts again"
                    self.run(need, f"{text}, and {origin[name]} depends on it")
        return bool(self._queue)

    def _needs(self, name: str) -> list[str]:
        """Return the needs of a job that belong to the run and do not run already."""
        running = self._changed, self._started
        needs = graph.needs(self._by_name[name])
        return [n for n in needs if n in self._by_name and not any(n in each for each in running)]


def _wanted(user: Job, need: Job) -> set[str]:
    """Return the outputs of a job that another one depends on."""
    found: set[str] = set()
    for dependency in user.depends_on:
        target, output = graph.split(dependency)
        if target == need.name:
            found |= set(need.outputs) if output is None else {output}
    return found
