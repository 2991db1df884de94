"""What is due at which moment of a run. Knows no job and no clock."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

# seconds by which a time limit that acts is late if a view has kept the loop from looking
LATE = 0.05


class Timers(Generic[T]):
    """What is due, by moments in seconds on the run's clock."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, bool, T]] = []
        self._set = 0  # of two that are due at once, the one that was set first comes first

    def at(self, due: float, what: T) -> None:
        """Have something be due at a moment."""
        self._push(due, what, patient=False)

    def limit(self, due: float, what: T) -> None:
        """Set a time limit; if it is late, the loop looks once more for what has ended."""
        self._push(due, what, patient=True)

    def _push(self, due: float, what: T, *, patient: bool) -> None:
        self._set += 1
        heapq.heappush(self._heap, (due, self._set, patient, what))

    def due(self) -> float:
        """Return the moment of the next one, infinity if there is none."""
        return self._heap[0][0] if self._heap else math.inf

    def expired(self, now: Callable[[], float]) -> Iterator[T]:
        """Yield all that is due by now, which acting on it may move on."""
        while self._heap and self._heap[0][0] <= (moment := now()):
            due, _, patient, what = heapq.heappop(self._heap)
            if patient and moment - due >= LATE:
                self._push(moment + LATE, what, patient=False)
            else:
                yield what
