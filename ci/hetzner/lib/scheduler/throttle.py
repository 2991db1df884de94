"""Decides whether a start is held back because the machine is under pressure. No clock, no file."""

from __future__ import annotations

import math

from lib.model.result import Load
from lib.scheduler.protocol import Gauge

# the kernel takes its averages every 2 s (kernel/sched/psi.c): a look before that shows nothing new
FRESH = 2.0  # seconds that a reading holds
PATIENCE = 30.0  # seconds after which a start goes ahead whatever the pressure is


class Throttle:
    """Holds starts back while CPU or memory pressure is above `limit` percent (None: never).

    It never does so while nothing runs, since nothing would end the pressure, nor for longer than
    `PATIENCE` from one start to the next. `look_again` is the moment to ask again, infinity unless
    a start is held back.
    """

    def __init__(self, limit: float | None, gauge: Gauge) -> None:
        self._limit = limit
        self._gauge = gauge
        self._read_at = -math.inf
        self._since: float | None = None  # the moment since when a start has been held back
        self.reason = ""
        self.look_again = math.inf

    def blind(self) -> bool:
        """Whether there is a limit, but the machine tells no pressure."""
        return self._limit is not None and self._gauge().pressure is None

    def holds(self, now: float, *, busy: bool) -> bool:
        """Whether a start has to wait now; `busy` tells whether anything runs."""
        if self._limit is None:
            return False
        if self._read_at + FRESH <= now:
            self._read_at = now
            self.reason = self._excess(self._gauge())
        impatient = self._since is not None and self._since + PATIENCE <= now
        if not self.reason or not busy or impatient:
            self.release()
            return False
        if self._since is None:
            self._since = now
        self.look_again = min(self._read_at + FRESH, self._since + PATIENCE)
        return True

    def release(self) -> None:
        """Note that no start is held back any more."""
        self._since, self.look_again = None, math.inf

    def _excess(self, load: Load) -> str:
        above = {
            name: percent
            for name, percent in (("cpu", load.cpu), ("memory", load.memory))
            if percent is not None and self._limit is not None and percent > self._limit
        }
        return ", ".join(f"{name} pressure {percent:.0f} %" for name, percent in above.items())
