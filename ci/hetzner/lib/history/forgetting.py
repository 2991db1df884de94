"""Removes old runs from the history, and gives their room back. Imports sqlite3: import it late."""

from __future__ import annotations

import contextlib
import itertools
import math
import sqlite3
from pathlib import Path

from lib.history import database
from lib.history.past_runs import listed

ALWAYS = 20  # newest runs that stay, however old: durations come from them
AT_ONCE = 50  # runs in one transaction, so that a run which ends meanwhile waits for a moment only


def forget_before(path: Path, moment: float) -> int:
    """Remove the runs that started before a moment, in seconds since the epoch; return how many.

    The newest ones stay. Others may write meanwhile; the file shrinks at the end. Raises OSError if
    it cannot be read or written.
    """
    try:
        old = _started_before(path, moment)
        rest = iter(old)
        while some := list(itertools.islice(rest, AT_ONCE)):
            _remove(path, some)
        if old:
            _shrink(path)
    except sqlite3.Error as error:
        raise OSError(f"old runs stay in {path}: {error}") from error
    return len(old)


def count(path: Path, before: float = math.inf) -> int:
    """Return how many runs `forget_before` would remove. Raises sqlite3.Error."""
    return len(_started_before(path, before))


def start_of(path: Path, number: int) -> float:
    """Return when the run started that so many newer ones follow; 0 without one, sqlite3.Error."""
    query = "SELECT CAST(started AS REAL) FROM runs ORDER BY started DESC, id DESC LIMIT 1 OFFSET ?"
    with database.reading(path) as opened:
        found = opened.execute(query, (max(0, number - 1),)).fetchone() if opened else None
    return float(found[0]) if found else 0.0


def _started_before(path: Path, moment: float) -> list[int]:
    newest = "SELECT id FROM runs ORDER BY started DESC, id DESC LIMIT ?"
    old = f"SELECT id FROM runs WHERE started < ? AND id NOT IN ({newest})"
    with database.reading(path) as opened:
        rows = opened.execute(old, (moment, ALWAYS)).fetchall() if opened else []
    return [int(number) for (number,) in rows]


def _remove(path: Path, runs: list[int]) -> None:
    with database.writing(path) as opened:
        for table in ("attempts", "outputs", "tests"):
            opened.execute(f"DELETE FROM {table} WHERE run IN {listed(runs)}")
        opened.execute(f"DELETE FROM runs WHERE id IN {listed(runs)}")


def _shrink(path: Path) -> None:
    """Give the free pages back to the disk, unless that fails: the next runs fill them then."""
    with database.writing(path) as opened:
        opened.execute("DELETE FROM test_names WHERE id NOT IN (SELECT test FROM tests)")
    with contextlib.suppress(sqlite3.Error), database.connected(path) as opened:
        if opened.execute("PRAGMA auto_vacuum").fetchone() == (0,):  # taken over from version 2
            opened.execute("PRAGMA auto_vacuum = INCREMENTAL")
            opened.execute("VACUUM")
        # of a row without columns, which each page gives, `execute` takes the first for the end
        opened.executescript("PRAGMA incremental_vacuum")
        opened.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
