"""Gathers what the page of past runs shows, from the history and the events of the newest runs."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from lib.commands import recorded_run
from lib.diagnosis import most_waited
from lib.history import job_figures, past_runs, past_tests
from lib.history.statistics import Tries
from lib.page import history_page
from lib.page.history_page import PastRuns
from lib.run_directories.run_store import RunStore
from lib.timeline import critical_path
from lib.timeline.critical_path import CriticalPath

TIMED = 20  # runs whose events are read: each takes milliseconds


def page(opened: sqlite3.Connection, runs: Sequence[int], branch: str, store: Path) -> str:
    """Return the page on these runs of a history, the newest first. Raises OSError."""
    jobs = past_runs.jobs(opened, runs)
    names = {run.run for several in jobs.values() for run in several}
    paths = list(itertools.islice(_paths(store, names), TIMED))
    tried = {(job, ""): job_figures.tries(several) for job, several in jobs.items()}
    flaky: dict[tuple[str, str], Tries]
    flaky = {key: tries for key, tries in tried.items() if tries.flaky_trees}
    return history_page.view(
        PastRuns(
            branch=branch,
            runs=len(runs),
            jobs=jobs,
            flaky=flaky | past_tests.flaky(opened, runs),
            waited=most_waited.most_waited(paths),
            timed=len(paths),
        )
    )


def _paths(store: Path, names: Collection[str]) -> Iterator[CriticalPath]:
    """Yield the critical paths of runs of these names, the newest first. Raises OSError."""
    for run in RunStore(store).runs():
        if run.name in names:
            try:
                record = recorded_run.record_of(run)
            except LookupError:  # it has no events
                continue
            if record.seconds is not None:
                yield critical_path.critical_path(record)
