"""Predicts a run: plays recorded durations through the real scheduler.

Pure functions. A duration is taken to be the same however many jobs run beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from lib.model import events, graph, names, selection
from lib.model.durations import Timings
from lib.model.job import Job
from lib.model.result import Result
from lib.model.run_plan import Limits
from lib.model.selection import EVERYTHING, Choice
from lib.simulate import dry_run

NEAR = 1e-6  # seconds by which two moments may differ and be the same


@dataclass(frozen=True, slots=True)
class Scenario:
    """The assumptions of a prediction: jobs, limits, durations and selection.

    With `by_urgency` the longest path goes first, as in a run; else the declared order counts.
    """

    jobs: Sequence[Job]
    pools: Mapping[str, int]
    timings: Timings
    max_parallel: int | None = None
    choice: Choice = EVERYTHING
    by_urgency: bool = True


@dataclass(frozen=True, slots=True)
class Span:
    """The time of a job, in seconds of the run, and the last cause of its wait ('': none)."""

    job: str
    started: float
    ended: float
    after: str


@dataclass(frozen=True, slots=True)
class Prediction:
    """A predicted run.

    `path` is the chain of jobs that the run's end waited for, each up to the start of the next;
    `shares` is the average use of each pool, from 0 to 1; `parallel` the average number of jobs at
    once; `guessed` are the jobs that were never timed.
    """

    seconds: float
    spans: tuple[Span, ...]
    path: tuple[Span, ...]
    shares: Mapping[str, float]
    parallel: float
    restored: tuple[str, ...]
    guessed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cost:
    """The seconds that a run would save without an edge, delay or limit."""

    what: str
    seconds: float


def predict(scenario: Scenario) -> Prediction:
    """Play a run; return the prediction. Raises ValueError for a bad selection."""
    by_name = {job.name: job for job in scenario.jobs}
    durations = scenario.timings.durations
    limits = Limits(scenario.pools, scenario.max_parallel)
    plan = selection.plan(scenario.jobs, scenario.choice, durations, limits)
    if not scenario.by_urgency:
        plan = plan._replace(urgency={}, short=frozenset())
    selected = [node.job.name for node in plan.phases.nodes]
    ends = [0.0]
    released: dict[str, set[float]] = {name: set() for name in selected}

    def listen(event: events.Event) -> None:
        if isinstance(event, events.Ready | events.OutputReady | events.Finished):
            released[event.job].add(event.at)
            ends.append(event.at)

    scheduler = dry_run.make(plan, scenario.timings, listen)
    scheduler.run()
    stuck = [r.reason for r in map(scheduler.results.__getitem__, selected) if not r.acceptable]
    if stuck:
        raise ValueError(f"this run would never come to its end: {stuck[0]}")
    spans = {name: _span(scheduler.results[name]) for name in selected}
    seconds = max(ends)
    shares = _shares(scenario, by_name, spans, seconds)
    path = _path(by_name, spans, released, shares, seconds)
    return Prediction(
        seconds=seconds,
        spans=tuple(sorted(spans.values(), key=lambda span: span.started)),
        path=tuple(reversed(list(path))),
        shares=shares,
        parallel=sum(span.ended - span.started for span in spans.values()) / (seconds or 1),
        restored=tuple(name for name in selected if name in scenario.timings.restored),
        guessed=tuple(name for name in selected if name not in durations),
    )


def _span(result: Result) -> Span:
    return Span(result.name, result.started or 0.0, result.ended or 0.0, result.waited_for)


def _path(
    by_name: Mapping[str, Job],
    spans: Mapping[str, Span],
    released: Mapping[str, set[float]],
    shares: Mapping[str, float],
    end: float,
) -> Iterator[Span]:
    """Yield the jobs that the end waited for, the last first, each up to the start of the next.

    If several ended when a job started, the one counts that freed the scarcest pool.
    """

    def given(cause: Span, to: Span) -> float:
        if cause.job == to.after:
            return math.inf
        both = set(by_name[cause.job].resources) & set(by_name[to.job].resources)
        return max((shares.get(name, 1.0) for name in both), default=0.0)  # 1: a mutex

    last = [span for span in spans.values() if span.ended >= end - NEAR]
    # a service ends because its last user did
    span: Span | None = min(last, key=lambda each: by_name[each.job].service)
    until = end
    while span is not None:
        yield replace(span, ended=until)
        until = span.started
        if not span.after:
            return
        # a delay begins with the end of the dependency; before a wait for a pool it is over
        freed = until - (by_name[span.job].delay if span.after in spans else 0.0)
        causes = [
            spans[name]
            for name, moments in released.items()
            if spans[name].started < freed and any(abs(at - freed) < NEAR for at in moments)
        ]
        span = max(causes, key=partial(given, to=span), default=None)


def _shares(
    scenario: Scenario, by_name: Mapping[str, Job], spans: Mapping[str, Span], seconds: float
) -> dict[str, float]:
    used: dict[str, float] = {}
    for span in spans.values():
        for name, count in by_name[span.job].resources.items():
            used[name] = used.get(name, 0.0) + count * (span.ended - span.started)
    return {
        name: used[name] / (size * seconds)
        for name, size in scenario.pools.items()
        if name in used and size * seconds > 0
    }


def costs(scenario: Scenario) -> list[Cost]:
    """Return the cost of each edge, delay and limit, by a run without it; the dearest first."""
    whole = predict(scenario).seconds
    found = [Cost(what, whole - predict(other).seconds) for what, other in _without_each(scenario)]
    return sorted((cost for cost in found if cost.seconds > NEAR), key=lambda cost: -cost.seconds)


def _without_each(scenario: Scenario) -> Iterator[tuple[str, Scenario]]:
    jobs = scenario.jobs
    for job in jobs:
        for need in graph.needs(job):
            yield f"edge {need}:{job.name}", without_edge(scenario, f"{need}:{job.name}")
        if job.delay:
            others = [each.but(delay=0) if each is job else each for each in jobs]
            yield f"delay of {job.name}", replace(scenario, jobs=others)
    for pool in dict.fromkeys(name for job in jobs for name in job.resources):
        size = scenario.pools.get(pool, 1)
        yield f"pool {pool}={size}", replace(scenario, jobs=[_without(job, pool) for job in jobs])
    if scenario.max_parallel is not None:
        yield f"-j {scenario.max_parallel}", replace(scenario, max_parallel=None)


def _without(job: Job, pool: str) -> Job:
    return job.but(resources={n: c for n, c in job.resources.items() if n != pool})


def without_edge(scenario: Scenario, edge: str) -> Scenario:
    """Return the scenario less an edge `a:b`, so that b does not wait for a. Raises ValueError."""
    source, _, target = edge.partition(":")
    changed = []
    found = False
    for job in scenario.jobs:
        kept = [need for need in job.depends_on if graph.split(need)[0] != source]
        if job.name == target and len(kept) < len(job.depends_on):
            found = True
            changed.append(job.but(depends_on=kept))
        else:
            changed.append(job)
    if not found:
        edges = [f"{need}:{job.name}" for job in scenario.jobs for need in graph.needs(job)]
        raise ValueError(f"{edge!r} is not an edge, such as build:test{names.nearest(edge, edges)}")
    return replace(scenario, jobs=changed)


def with_durations(scenario: Scenario, durations: Mapping[str, float]) -> Scenario:
    """Return the scenario with other durations for some jobs. Raises ValueError."""
    names.refuse_unknown([job.name for job in scenario.jobs], set=list(durations))
    return replace(scenario, timings=scenario.timings.assuming(durations))
