"""Decides whether a run may take what its job needs, beside the other runs of the machine.

Pure functions over live runs: no file, no clock. A job takes all that it needs or nothing. A name
such as `port:8080` is held by one run of a network namespace at a time; `cpu` and `memory` are
amounts, and the capacity is that of the run that asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lib.machine.live_run import Hold, LiveRun, Wait

# a run that waits asks several times in a second; one that has not for so long is stopped
FRESH = 2.0  # seconds
Capacity = Mapping[str, int]  # of a name that is not in it: one


def is_port(name: str) -> bool:
    """Whether a resource is a port, which belongs to a network namespace."""
    return name.startswith("port:")


def needs(resources: Mapping[str, int], pools: Capacity) -> dict[str, int]:
    """Return the part of a job's resources that runs share: ports, and shares of these pools."""
    return {n: amount for n, amount in resources.items() if is_port(n) or n in pools}


def lacking(
    needs: Mapping[str, int], me: LiveRun, others: Sequence[LiveRun], capacity: Capacity
) -> list[str]:
    """Return the names of which others hold too much for our needs."""
    return [
        name
        for name, amount in needs.items()
        if _held(name, me, [me, *others]) + amount > capacity.get(name, 1)
    ]


def holders(names: Sequence[str], me: LiveRun, others: Sequence[LiveRun]) -> list[LiveRun]:
    """Return the others that hold one of these names."""
    return [run for run in others if any(_held(name, me, [run]) for name in names)]


def goes_first(
    wait: Wait, me: LiveRun, others: Sequence[LiveRun], capacity: Capacity, now: float
) -> LiveRun | None:
    """Return another run that has waited longer for one of our needs, and could take it now.

    Without this a run could give a port back and take it again for ever, between two looks of
    another. One that could not take it yet does not count: it may wait for something that we hold.
    """
    for run in others:
        for theirs in run.waits:
            both = [name for name in wait.needs if name in theirs.needs and _common(name, me, run)]
            rest = [me, *(other for other in others if other is not run)]
            earlier = both and theirs.asked + FRESH >= now and theirs.since < wait.since
            if earlier and not lacking(theirs.needs, run, rest, capacity):
                return run
    return None


def deadlocked(me: LiveRun, others: Sequence[LiveRun], capacity: Capacity) -> list[LiveRun]:
    """Return the runs, ours among them, that wait for each other and for nothing else; else [].

    A service holds its port while the jobs that it serves wait for theirs: two such runs can hold
    what the other needs. A run that is not stuck, or that gets what it waits for from one that is
    not, comes to its end and gives everything back.
    """
    left = [me, *others]
    while True:
        moving = [run for run in left if not run.stuck or _can_go_on(run, left, capacity)]
        if not moving:
            return left if me in left else []
        left = [run for run in left if run not in moving]


def _can_go_on(run: LiveRun, left: Sequence[LiveRun], capacity: Capacity) -> bool:
    rest = [other for other in left if other is not run]
    return any(not lacking(wait.needs, run, rest, capacity) for wait in run.waits)


def gives_way(stuck: Iterable[LiveRun]) -> LiveRun:
    """Return the one of these runs that gives way: the youngest has the least to lose."""
    return max(stuck, key=lambda run: (run.since, run.run))


def _held(name: str, me: LiveRun, runs: Iterable[LiveRun]) -> int:
    return sum(run.holds.get(name, Hold(0)).amount for run in runs if _common(name, me, run))


def _common(name: str, one: LiveRun, other: LiveRun) -> bool:
    """Whether two runs mean the same thing by a name."""
    return not is_port(name) or one.network == other.network
