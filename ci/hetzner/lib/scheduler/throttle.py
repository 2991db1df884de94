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

    Never with nothing running, since waiting for it could then last for ever; never longer than
    `PATIENCE` from one start to the next. `look_again` is when to ask again: infinite unless
    something is held back, so that nobody is woken without need.
    """

    def __init__(self, limit: float | None, gauge: Gauge) -> None:
        self._limit = limit
        self._gauge = gauge
        self._read_at = -math.inf
        self._since: float | None = None  # when what is held back now was held back first
        self.reason = ""
        self.look_again = math.inf

    def blind(self) -> bool:
        """Whether there is a limit, but nothing that tells the pressure."""
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
        """Note that nothing waits for the pressure to fall any more."""
        self._since, self.look_again = None, math.inf

    def _excess(self, load: Load) -> str:
        above = {
            name: percent
            for name, percent in (("cpu", load.cpu), ("memory", load.memory))
            if percent is not None and self._limit is not None and percent > self._limit
        }
        return ", ".join(f"{name} pressure {percent:.0f} %" for name, percent in above.items())
