"""Ends of delays and time limits, by moments. Holds no clock."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

from lib.scheduler.attempt import Attempt
from lib.scheduler.nodes import NodeRun
from lib.scheduler.protocol import StepKind

# seconds: a time limit that is later than this waits for one more look at the processes
LATE = 0.05


class RunLimit(NamedTuple):
    """The run has used up its timeout."""


class StepLimit(NamedTuple):
    """A step has used up the timeout of its job, if it still runs."""

    node: NodeRun
    attempt: Attempt
    kind: StepKind


class DelayEnd(NamedTuple):
    """The delay of a node is over, if the node still waits for that."""

    node: NodeRun


Timer = RunLimit | StepLimit | DelayEnd


class Timers:
    """Timers by their moments, in seconds on the run's clock."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, bool, Timer]] = []
        self._set = 0  # of two that are due at once, the one that was set first comes first

    def set(self, due: float, timer: Timer, *, patient: bool = False) -> None:
        """Set a timer; a `patient` one that is late waits for one more look at the processes."""
        self._set += 1
        heapq.heappush(self._heap, (due, self._set, patient, timer))

    def due(self) -> float:
        """Return the moment of the next one, infinity if there is none."""
        return self._heap[0][0] if self._heap else math.inf

    def expired(self, now: Callable[[], float]) -> Iterator[Timer]:
        """Yield the timers that are due by now, which acting on one may move on."""
        while self._heap and self._heap[0][0] <= (moment := now()):
            due, _, patient, timer = heapq.heappop(self._heap)
            if patient and moment - due >= LATE:
                self.set(moment + LATE, timer)
            else:
                yield timer
