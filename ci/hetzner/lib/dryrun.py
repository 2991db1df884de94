"""What a run would do: the real scheduler with an executor that starts nothing."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence

from lib import events
from lib.scheduler import Limits, Orders, Scheduler
from lib.seam import MISS, Attempt, Exited, Report, Step
from lib.stages import Stages

UNKNOWN = 1.0  # seconds of a job that was never timed


class DryClock:
    """Jumps from one end to the next."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        """Return the moment that was jumped to."""
        return self.time


class DryExecutor:
    """Lets every job pass after its usual time. Services pass when they would be ready."""

    def __init__(self, clock: DryClock, durations: Mapping[str, float]) -> None:
        self._clock = clock
        self._durations = durations
        self._ends: list[tuple[float, int, str, int]] = []
        self._started = 0

    def start(self, attempt: Attempt) -> None:
        """Note when it would end; caches never hold anything."""
        self._started += 1
        body = attempt.step is Step.BODY
        seconds = self._durations.get(attempt.node.job.name, UNKNOWN) if body else 0.0
        code = MISS if attempt.step is Step.RESTORE else 0
        end = self._clock.time + seconds
        heapq.heappush(self._ends, (end, self._started, attempt.node.key, code))

    def stop(self, key: str) -> None:
        """Let it end now."""
        self._ends = [end for end in self._ends if end[2] != key]
        self._started += 1
        heapq.heappush(self._ends, (self._clock.time, self._started, key, -15))

    def kill(self, key: str) -> None:
        """Do nothing: `stop` has ended it."""

    def wait(self, deadline: float) -> Sequence[Report]:
        """Jump to the next end."""
        if self._ends and self._ends[0][0] <= deadline:
            end, _, key, code = heapq.heappop(self._ends)
            self._clock.time = max(self._clock.time, end)
            return [Exited(key, code)]
        self._clock.time = max(self._clock.time, deadline)
        return []


def lines(
    stages: Stages, orders: Orders, limits: Limits, durations: Mapping[str, float]
) -> list[str]:
    """Return one line for each start, in order: when, which job, and what it waited for."""
    clock = DryClock()
    told: list[str] = []

    def listen(event: events.Event) -> None:
        if isinstance(event, events.StageStarted):
            told.append(f"{event.title}:")
        elif isinstance(event, events.RunStarted):
            told.extend(f"   -      skip  {name} (filtered)" for name in event.filtered)
            if event.seed is not None:
                told.append(f"random order, --shuffle={event.seed} gives it again")
        elif isinstance(event, events.Started):
            waited = scheduler.results[event.job].waited_for
            why = f"after {waited}" if waited else "needs nothing"
            guess = "" if event.job in durations else " (never timed: 1 s assumed)"
            told.append(f"{event.at:7.1f} s start {event.job}: {why}{guess}")

    bounds = Limits(limits.pools, limits.max_parallel, math.inf)
    executor = DryExecutor(clock, durations)
    scheduler = Scheduler(stages, executor, clock, listen, bounds, orders)
    scheduler.run()
    told.append(f"{clock.time:7.1f} s end")
    return told
