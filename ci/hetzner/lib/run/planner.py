"""Makes the plans of a pipeline's runs: the chosen jobs, less those that an earlier run proved."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lib.model import selection
from lib.model.job import Job
from lib.model.result import Earlier
from lib.model.run_plan import Limits, RunPlan
from lib.model.selection import NOTHING_RESTORED, Choice


class Planner(NamedTuple):
    """Knows the jobs of a pipeline, their usual seconds, its limits and its working directory."""

    jobs: Sequence[Job]
    durations: Mapping[str, float] | None  # None: those of the runs in the store
    limits: Limits
    cwd: Path
    store: Path | None

    def plan(
        self, chosen: Choice, wanted: Mapping[str, str | Earlier] = NOTHING_RESTORED
    ) -> RunPlan:
        """Return the plan of a run; of the `wanted` jobs, those that can be are restored.

        Its notes tell why others are not. Raises ValueError as `selection.plan` does.
        """
        if chosen.shuffle is True:
            chosen = chosen._replace(shuffle=int.from_bytes(os.urandom(4), "big"))
        restored, notes = self._to_restore(chosen, wanted) if wanted else (NOTHING_RESTORED, [])
        durations = self._usual(chosen, notes) if self.durations is None else self.durations
        plan = selection.plan(self.jobs, chosen, durations, self.limits, restored)
        return plan._replace(notes=notes)

    def _usual(self, chosen: Choice, notes: list[str]) -> Mapping[str, float]:
        """Return the usual seconds of jobs by the runs in the store; add a note if it is broken."""
        past = self.store and self.store / "history.db"
        if past is None or not os.access(past, os.F_OK):
            return {}
        import sqlite3  # late: only the second run in a store has a past

        from lib.history.timings import timings

        beside = selection.names(self.jobs, chosen)
        try:
            return timings(past, beside=beside).durations
        except sqlite3.Error as error:
            notes.append(f"{past} cannot be read ({error}): durations are not known")
            return {}

    def _to_restore(
        self, chosen: Choice, wanted: Mapping[str, str | Earlier]
    ) -> tuple[Mapping[str, Earlier], list[str]]:
        """Return the jobs to restore, and a line for each of the others that were wanted."""
        from lib.run import restored_jobs  # late: few runs restore jobs of an earlier one

        return restored_jobs.decide(self.jobs, chosen, wanted, self.cwd)
