"""The figures of a job, by its share in recorded runs. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lib.history import statistics
from lib.history.past_runs import JobRun
from lib.history.statistics import Tries
from lib.model.cause import Cause
from lib.model.result import Outcome

LOADED = 20.0  # percent of CPU pressure from which a machine is loaded


class JobFigures(NamedTuple):
    """How often a job passes and how long it takes. None is unknown.

    `runs` are those in which it passed or failed. The rate has the Wilson interval of 95 %. Seconds
    are of passes. `load_factor` compares the usual seconds on a loaded machine with those alone.
    `red_since` is the run in which it failed first since its last pass, `red_runs` the number of
    failures since.
    """

    job: str
    runs: int
    passed: int
    pass_rate: float | None
    pass_rate_low: float | None
    pass_rate_high: float | None
    median_seconds: float | None
    p95_seconds: float | None
    flaky: int
    load_factor: float | None
    red_since: JobRun | None
    red_runs: int


def figures(job: str, newest_first: Sequence[JobRun]) -> JobFigures:
    """Return the figures of a job's runs."""
    tried = [run for run in newest_first if run.passed or run.red]
    timed = _timed(tried)
    passed = sum(run.passed for run in tried)
    low, high = statistics.wilson(passed, len(tried)) or (None, None)
    seconds = [run.seconds for run in timed]
    red_since, red_runs = statistics.first_red((run.red, run) for run in tried) or (None, 0)
    return JobFigures(
        job=job,
        runs=len(tried),
        passed=passed,
        pass_rate=passed / len(tried) if tried else None,
        pass_rate_low=low,
        pass_rate_high=high,
        median_seconds=statistics.median(seconds),
        p95_seconds=statistics.percentile(seconds, 95),
        flaky=sum(run.outcome == Outcome.FLAKY for run in tried),
        load_factor=statistics.load_factor(
            [run.seconds for run in timed if run.beside == 0 and loaded(run) is False],
            [run.seconds for run in timed if loaded(run)],
        ),
        red_since=red_since,
        red_runs=red_runs,
    )


def recent(newest_first: Sequence[JobRun], most: int) -> list[float | None]:
    """Return the seconds of the latest runs, the oldest first; None for a failure."""
    tried = [run for run in newest_first if run.passed or run.red]
    return [run.seconds if run.passed else None for run in reversed(tried[:most])]


def loaded(run: JobRun) -> bool | None:
    """Whether the machine had more to do than it could when the job ended; None if unknown."""
    if run.cpu_pressure is not None:
        return run.cpu_pressure >= LOADED
    if run.load is None or run.processors is None:
        return None
    return run.load > run.processors


def tries(runs: Sequence[JobRun]) -> Tries:
    """Return the attempts of a job that passed or failed, by tree."""
    by_tree: dict[str, tuple[int, int]] = {}
    for run in runs:
        passed, failed = by_tree.get(run.tree, (0, 0))
        if run.passed or run.failed:
            by_tree[run.tree] = (passed + run.passed, failed + run.failed)
    return statistics.tries(by_tree)


def _timed(runs: Sequence[JobRun]) -> list[JobRun]:
    """Return the passes whose seconds tell of the job: not those without any tests."""
    return [run for run in runs if run.passed and run.cause != Cause.NO_TESTS]
