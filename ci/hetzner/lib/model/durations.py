"""The durations of jobs, recorded or assumed. Data only: no clock, no file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


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
