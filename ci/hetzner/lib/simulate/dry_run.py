"""Plays a run: the real scheduler with an executor that starts nothing."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence

from lib.model import events, urgency
from lib.model.durations import Timings
from lib.model.phases import Node
from lib.model.result import Load
from lib.model.run_plan import Limits, RunPlan
from lib.scheduler.loop import Scheduler
from lib.scheduler.protocol import MISS, Exited, Gone, Listens, Report, Step, StepKind, Wrote


class DryClock:
    """Jumps from one event to the next."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        """Return the time of the latest event."""
        return self.time


class DryExecutor:
    """Lets every job write its outputs and pass after its usual time.

    A service is ready after its usual time, and serves until it is stopped. A job that was never
    timed takes `usual` seconds.
    """

    def __init__(self, clock: DryClock, timings: Timings, usual: float) -> None:
        self._clock = clock
        self._timings = timings
        self._usual = usual
        self._happenings: list[tuple[float, int, str, Report]] = []
        self._count = 0

    def _after(self, seconds: float, key: str, report: Report) -> None:
        self._count += 1
        heapq.heappush(self._happenings, (self._clock.time + seconds, self._count, key, report))

    def start(self, step: Step) -> None:
        """Plan the reports of a step."""
        key, name = step.node.key, step.node.job.name
        if step.kind is StepKind.RESTORE:
            restored = self._timings.restored.get(name)
            code = MISS if restored is None else 0
            self._after(restored or 0.0, key, Exited(key, code))
        elif step.kind is StepKind.STORE:
            self._after(0.0, key, Exited(key, 0))
        else:
            self._body(step, self._timings.durations.get(name, self._usual))

    def _body(self, step: Step, seconds: float) -> None:
        key, job = step.node.key, step.node.job
        for output in step.watch:
            when = self._timings.outputs.get((job.name, output), seconds)
            self._after(min(when, seconds), key, Wrote(key, output))
        if job.listens:
            self._after(seconds, key, Listens(key, tuple(job.listens)))
        elif not job.service:
            self._after(seconds, key, Exited(key, 0))
        elif not job.outputs:
            self._after(seconds, key, Exited(key, 0, left=("the service",)))

    def stop(self, key: str, *, hung: bool = False) -> None:
        """End a tree now."""
        self._happenings = [each for each in self._happenings if each[2] != key]
        heapq.heapify(self._happenings)
        self._after(0.0, key, Gone(key))

    def kill(self, key: str) -> None:
        """Do nothing: `stop` has ended the tree."""

    def wait(self, deadline: float) -> Sequence[Report]:
        """Jump to the next report."""
        if self._happenings and self._happenings[0][0] <= deadline:
            moment, _, _, report = heapq.heappop(self._happenings)
            self._clock.time = max(self._clock.time, moment)
            return [report]
        if deadline == math.inf:
            raise RuntimeError("bug: nothing would ever happen again")
        self._clock.time = max(self._clock.time, deadline)
        return []


def make(plan: RunPlan, timings: Timings, listener: events.Listener) -> Scheduler:
    """Return the scheduler of a run in which nothing fails or times out."""
    clock = DryClock()
    usual = urgency.usual([node.job.name for node in plan.phases.nodes], timings.durations)
    nodes = tuple(_without_timeout(node, timings, usual) for node in plan.phases.nodes)
    unhurried = plan._replace(
        phases=plan.phases._replace(nodes=nodes),
        limits=Limits(plan.limits.pools, plan.limits.max_parallel),
    )
    executor = DryExecutor(clock, timings, usual)
    return Scheduler(unhurried, executor, clock, listener, lambda: Load(0.0))


def _without_timeout(node: Node, timings: Timings, usual: float) -> Node:
    """Return the node with a time limit that its assumed duration does not exceed."""
    if timings.durations.get(node.job.name, usual) < node.job.timeout:
        return node
    return node._replace(job=node.job.but(timeout=math.inf))


def lines(plan: RunPlan, durations: Mapping[str, float]) -> list[str]:
    """Return one line for each start, in order: its time, the job, and the reason of its wait."""
    rows: list[str] = []

    def listen(event: events.Event) -> None:
        if isinstance(event, events.PhaseStarted):
            rows.append(f"{event.title}:")
        elif isinstance(event, events.RunStarted):
            rows.extend(f"   -      skip  {name} (filtered)" for name in event.filtered)
            if event.seed is not None:
                rows.append(f"random order, --shuffle={event.seed} gives it again")
        elif isinstance(event, events.Started):
            waited = scheduler.results[event.job].waited_for
            why = f"after {waited}" if waited else "needs nothing"
            why += ", first since it is short" if event.job in plan.short else ""
            guess = "" if event.job in durations else " (never timed: the median is assumed)"
            rows.append(f"{event.at:7.1f} s start {event.job}: {why}{guess}")
        elif isinstance(event, events.Finished) and event.result.earlier:
            rows.append(f"   -      restored {event.job}: {event.reason}")
        elif isinstance(event, events.RunEnded):
            rows.append(f"{event.at:7.1f} s end")

    scheduler = make(plan, Timings(durations), listen)
    scheduler.run()
    return rows
