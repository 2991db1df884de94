"""The time in which commands cannot start: their container is away, or docker. No I/O.

It ends when a command begins. Until then one is tried at a time, after ever longer pauses; an entry
that is new is tried at once, since the fault may have been that of the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds from a start that failed to the next; it doubles


class Outage:
    """What is known of the last starts. `why` says why commands cannot start, '' if they can."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.over()

    def over(self) -> None:
        """A command has begun."""
        self.why = ""
        self._tried: set[int] = set()
        self._pause = FIRST_PAUSE
        self._again = -math.inf

    def failed(self, entry: int, reason: str) -> None:
        """The command of an entry could not start, and nobody knows whose fault that is."""
        self.why = f"commands cannot start, which is tried again and again: {reason}"
        self._tried.add(entry)
        self._again = self._now() + self._pause
        self._pause = min(LONGEST_PAUSE, 2 * self._pause)

    @property
    def rests(self) -> bool:
        """Whether it is too early for the next try."""
        return self._now() < self._again

    def has_tried(self, entry: int) -> bool:
        """Whether an entry could not start since a command began."""
        return entry in self._tried
