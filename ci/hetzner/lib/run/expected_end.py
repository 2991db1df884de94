"""Keeps the expected end of a run in the register up to date: a listener to its events."""

from __future__ import annotations

import time

from lib.machine.register import Registration
from lib.model import events
from lib.model.run_plan import RunPlan
from lib.model.usual_length import usual_length

PAUSE = 5.0  # seconds from one look to the next


class ExpectedEnd:
    """Estimates the end anew when a job has ended, by the jobs that are left."""

    def __init__(self, plan: RunPlan, registration: Registration) -> None:
        self._plan = plan
        self._registration = registration
        self._left = {node.job.name for node in plan.phases.nodes}.difference(plan.restored)
        self._started: dict[str, float] = {}
        self._tell(0.0)
        self._due = 0.0

    def __call__(self, event: events.Event) -> None:
        """Follow the starts and ends of jobs."""
        match event:
            case events.Started():
                self._started[event.job] = event.at
            case events.Finished() if not event.again:
                self._left.discard(event.job)
                if self._due <= event.at and self._left:
                    self._tell(event.at)

    def _tell(self, now: float) -> None:
        length = usual_length(remaining(self._plan, self._left, self._started, now))
        end = None if length is None else time.time() + length
        self._registration.change(expected_end=end)
        self._due = now + PAUSE


def remaining(plan: RunPlan, left: set[str], started: dict[str, float], now: float) -> RunPlan:
    """Return the plan of the jobs that are left; of those that run the rest is."""
    nodes = tuple(node for node in plan.phases.nodes if node.job.name in left)
    durations = {
        name: max(0.0, seconds - (now - started.get(name, now)))
        for name, seconds in plan.durations.items()
    }
    return plan._replace(phases=plan.phases._replace(nodes=nodes), durations=durations)
