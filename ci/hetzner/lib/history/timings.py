"""The usual durations of jobs, by the runs of the history. Imports sqlite3: import it late."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from lib.history import database
from lib.model.cause import Cause
from lib.model.durations import Timings
from lib.model.result import Outcome

K = TypeVar("K")
Row = tuple[int, str, str, float]  # run, job, outcome or output, seconds
RECENT = 3  # passes of a job that its usual duration is taken from
LOOKED_AT = 5000  # latest rows that are searched for them
FIRST_LOOKED_AT = 500  # that are enough in most cases


def timings(path: Path, beside: Collection[str] = ()) -> Timings:
    """Return the usual seconds: medians of recent passes. Empty without a history.

    Runs in which all jobs of `beside` were tried count before others: the seconds of a job depend
    on the jobs that run beside it. Raises sqlite3.Error for a file that is no such database.
    """
    with database.reading(path) as opened:
        if opened is None:
            return Timings()
        for most in (FIRST_LOOKED_AT, LOOKED_AT):
            attempts, outputs = _latest(opened, most)
            alike = _alike(attempts, beside)
            if len(attempts) < most or _are_enough(attempts, alike, beside):
                break
    every = _usual(attempts, outputs)
    best = _usual([r for r in attempts if r[0] in alike], [r for r in outputs if r[0] in alike])
    return Timings(
        durations={**every.durations, **best.durations},
        outputs={**every.outputs, **best.outputs},
        restored={
            **{job: s for job, s in every.restored.items() if job not in best.durations},
            **best.restored,
        },
    )


def _latest(opened: sqlite3.Connection, most: int) -> tuple[list[Row], list[Row]]:
    """Return the latest attempts, and the outputs of their runs; the latest come first."""
    sane = "seconds BETWEEN 0 AND 1e9"  # SQLite sorts every text after any number
    attempts = opened.execute(
        f"SELECT run, job, outcome, seconds FROM attempts WHERE {sane} AND cause <> ? "
        "ORDER BY rowid DESC LIMIT ?",
        (Cause.NO_TESTS, most),  # its time says nothing of one with tests
    ).fetchall()
    outputs = opened.execute(
        f"SELECT run, job, output, seconds FROM outputs WHERE {sane} AND run >= ? "
        "ORDER BY rowid DESC LIMIT ?",
        (min((run for run, *_ in attempts), default=0), LOOKED_AT),
    ).fetchall()
    return attempts, outputs


def _alike(attempts: Sequence[Row], beside: Collection[str]) -> set[int]:
    """Return the runs in which all jobs of `beside` were tried."""
    jobs_of: dict[int, set[str]] = {}
    for run, job, _, _ in attempts:
        jobs_of.setdefault(run, set()).add(job)
    return {run for run, jobs in jobs_of.items() if jobs.issuperset(beside)}


def _are_enough(attempts: Sequence[Row], alike: Collection[int], beside: Collection[str]) -> bool:
    """Whether older attempts cannot change the usual seconds of `beside`."""
    passes = Counter(job for run, job, o, _ in attempts if o == Outcome.PASSED and run in alike)
    return bool(beside) and all(passes[job] >= RECENT for job in beside)


def _usual(attempts: Sequence[Row], outputs: Sequence[Row]) -> Timings:
    """Return the usual seconds by these rows, the latest first."""
    passed = ((job, s) for _, job, outcome, s in attempts if outcome == Outcome.PASSED)
    return Timings(
        durations=_medians(passed),
        outputs=_medians(((job, output), s) for _, job, output, s in outputs),
        restored=_restored((job, outcome, s) for _, job, outcome, s in attempts),
    )


def _restored(rows: Iterable[tuple[str, str, float]]) -> dict[str, float]:
    last: dict[str, tuple[str, float]] = {}
    for job, outcome, seconds in rows:
        if outcome in (Outcome.PASSED, Outcome.RESTORED):
            last.setdefault(job, (outcome, seconds))
    return {job: s for job, (outcome, s) in last.items() if outcome == Outcome.RESTORED}


def _medians(rows: Iterable[tuple[K, float]]) -> dict[K, float]:
    recent: dict[K, list[float]] = {}
    for key, seconds in rows:
        if len(recent.setdefault(key, [])) < RECENT:
            recent[key].append(seconds)
    return {key: sorted(several)[len(several) // 2] for key, several in recent.items()}
