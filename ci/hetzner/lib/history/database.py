"""The SQLite database of past runs: its tables, and the way to open it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

# a restored job counts as an attempt here; `seconds` of a service end when it was ready, since the
# time that it served depends on other jobs
TABLES = {
    "attempts": """CREATE TABLE attempts (
        job TEXT NOT NULL,
        run TEXT NOT NULL,
        sha TEXT NOT NULL,
        number INTEGER NOT NULL,
        outcome TEXT NOT NULL,
        seconds REAL NOT NULL,
        ended_at REAL NOT NULL
    )""",
    "outputs": """CREATE TABLE outputs (
        job TEXT NOT NULL,
        output TEXT NOT NULL,
        run TEXT NOT NULL,
        seconds REAL NOT NULL,
        ended_at REAL NOT NULL
    )""",
}
VERSION = 2  # of the tables and their meaning; in 1 a service's seconds were its whole life
PATIENCE = 5.0  # seconds to wait for another run that writes


@contextlib.contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the database. The tables of another version have another meaning: they are dropped."""
    import sqlite3  # late: it takes milliseconds, and only pipeline.py has a history

    def version() -> int:
        return int(database.execute("PRAGMA user_version").fetchone()[0])

    with contextlib.closing(sqlite3.connect(path, timeout=PATIENCE)) as database:
        if version() == VERSION:
            _refuse_other_tables(database)
        else:
            database.execute("BEGIN IMMEDIATE")
            if version() != VERSION:  # no other run has brought it up to date meanwhile
                for name, statement in TABLES.items():
                    database.execute(f"DROP TABLE IF EXISTS {name}")
                    database.execute(statement)
                database.execute(f"PRAGMA user_version = {VERSION}")
            database.commit()
        yield database


def _refuse_other_tables(database: sqlite3.Connection) -> None:
    import sqlite3

    found = dict(database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
    if any(found.get(n, "").split() != statement.split() for n, statement in TABLES.items()):
        raise sqlite3.DatabaseError("its tables are not ours")
