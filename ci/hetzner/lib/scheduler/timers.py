"""What is to be done at which moment of a run. Knows no job and no clock."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable

# seconds by which a time limit that acts is late if a view has kept the loop from looking
LATE = 0.05


class Timers:
    """Actions that are due at moments, in seconds on the clock of whoever asks."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._set = 0  # of two that are due at once, the one that was set first comes first

    def at(self, due: float, action: Callable[[], None]) -> None:
        """Have an action done at a moment."""
        self._set += 1
        heapq.heappush(self._heap, (due, self._set, action))

    def limit(self, due: float, action: Callable[[], None], now: Callable[[], float]) -> None:
        """Have time limits act: late only after one more look at who has ended meanwhile."""

        def act() -> None:
            if now() - due < LATE:
                action()
            else:
                self.at(now() + LATE, action)

        self.at(due, act)

    def due(self) -> float:
        """Return the moment of the next one, infinity if there is none."""
        return self._heap[0][0] if self._heap else math.inf

    def expire(self, now: Callable[[], float]) -> None:
        """Do all that is due by now, which what is done may move on."""
        while self._heap and self._heap[0][0] <= now():
            heapq.heappop(self._heap)[2]()
