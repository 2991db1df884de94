"""The durations of jobs, recorded or assumed, and when a job is slow. No clock, no file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

SLOW = 2  # times its usual seconds
NEVER_SLOW = 5.0  # seconds: a job that ends sooner is not slow


class Timings(NamedTuple):
    """Seconds since the start of an attempt that passed.

    `durations` end with the end of a job, or with the readiness of a service. `outputs` end with
    the writing of an output that a job waited for, by job and output. `restored` holds the jobs
    that came from the cache when they last passed.
    """

    durations: Mapping[str, float] = {}
    outputs: Mapping[tuple[str, str], float] = {}
    restored: Mapping[str, float] = {}

    def assuming(self, durations: Mapping[str, float]) -> Timings:
        """Return the same with other durations for some jobs, which then run, cache or not."""
        restored = {job: s for job, s in self.restored.items() if job not in durations}
        return Timings({**self.durations, **durations}, self.outputs, restored)


def slow_after(usual: float | None) -> float:
    """Return the seconds after which an attempt is slow, from its usual seconds.

    It is infinite if those are not known, or none.
    """
    return max(SLOW * usual, NEVER_SLOW) if usual else math.inf
