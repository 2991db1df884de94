"""Remembers how long jobs take, in a SQLite database under the state directory. A listener."""

from __future__ import annotations

import time
from pathlib import Path

from lib import events
from lib.model import Outcome

SCHEMA = """
CREATE TABLE IF NOT EXISTS attempts (
    job TEXT NOT NULL,
    run TEXT NOT NULL,
    sha TEXT NOT NULL,
    number INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    seconds REAL NOT NULL,
    ended_at REAL NOT NULL
)
"""
RECENT = 10  # passes of a job that its usual duration is taken from


class History:
    """Collects the attempts of a run and writes them in one transaction at its end."""

    def __init__(self, path: Path, run: str, sha: str) -> None:
        self._path = path
        self._run = run
        self._sha = sha
        self._rows: list[tuple[str, str, str, int, str, float, float]] = []

    def __call__(self, event: events.Event) -> None:
        """Note an attempt; write all of them when the run has ended. Raises sqlite3.Error."""
        if isinstance(event, events.AttemptEnded):
            record = event.record
            seconds = record.ended - record.started
            row = (event.job, self._run, self._sha, record.number, str(record.outcome))
            self._rows.append((*row, seconds, time.time()))
        elif isinstance(event, events.RunEnded) and self._rows:
            self._write()

    def _write(self) -> None:
        import contextlib
        import sqlite3

        self._path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(self._path, timeout=5)) as database, database:
            database.execute(SCHEMA)
            database.executemany("INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?)", self._rows)


def durations(path: Path) -> dict[str, float]:
    """Return each job's usual seconds: the median of its recent passes. {} without a history.

    Raises sqlite3.Error for a file that is no such database.
    """
    if not path.exists():
        return {}
    import contextlib
    import sqlite3

    found: dict[str, list[float]] = {}
    with contextlib.closing(sqlite3.connect(path, timeout=5)) as database:
        database.execute(SCHEMA)
        query = "SELECT job, seconds FROM attempts WHERE outcome = ? ORDER BY ended_at DESC"
        for job, seconds in database.execute(query, (str(Outcome.PASSED),)):
            if len(found.setdefault(job, [])) < RECENT:
                found[job].append(seconds)
    return {job: sorted(recent)[len(recent) // 2] for job, recent in found.items()}
