"""Sets a damaged database of the queue aside, and saves from it the rows that can be read."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from lib.commit_queue import connection, facts, open_lock, ownership, schema
from lib.commit_queue.connection import connect
from lib.common import database_file, redact, tree_copy

LONGEST = 200  # characters of a fault
BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def is_possible(error: BaseException) -> bool:
    """Whether an error may come from a damaged file."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in BROKEN


def mend(path: Path) -> None:
    """Set a damaged database aside as `<path>.broken`.

    The new one has all rows that could be read, ids go on where they were, and its fact `damage`
    says what happened. Raises sqlite3.Error, OSError.
    """
    with open_lock.held(path):
        fault = _fault(path)
        if fault:  # else another process has done it meanwhile
            _replace(path, fault)


def _fault(path: Path) -> str:
    """Return the fault of a database after a look at all of it, '' for none."""
    if not path.exists():
        return ""
    try:
        with contextlib.closing(connect(path, "rw")) as database:
            found = database.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.Error as error:
        return str(error) if is_possible(error) else ""
    return "" if found == [("ok",)] else redact.shorten(f"{found[0][0]}", LONGEST)


def _replace(path: Path, fault: str) -> None:
    """Put a new database, with the rows of a damaged one that can be read, in its place."""
    aside, saved = path.with_name(f"{path.name}.broken"), connection.saved(path)
    tree_copy.remove(saved)
    ownership.make(saved)
    with contextlib.closing(connect(saved, "rwc")) as database:
        database.execute("PRAGMA synchronous = FULL")
        database.execute("BEGIN IMMEDIATE")
        schema.make(database, path.parent)
        with contextlib.closing(connect(path, "rw")) as broken:
            broken.text_factory = lambda stored: stored.decode(errors="backslashreplace")
            counts = {table: _copy(broken, database, table) for table in schema.TABLES}
        text = (
            f"{path.name} was damaged ({fault}) and is {aside.name} now: {counts['entries']} "
            "entries were saved; push what is missing again"
        )
        facts.put(database, "damage", text)
        database.execute("COMMIT")
    database_file.move_aside(path, aside)
    saved.rename(path)


def _copy(broken: sqlite3.Connection, database: sqlite3.Connection, table: str) -> int:
    """Copy the rows of a table up to the first that cannot be read; return their number."""
    count = 0
    with contextlib.suppress(sqlite3.Error):
        for row in broken.execute(f"SELECT * FROM {table}"):
            marks = ", ".join("?" for _ in row)
            with contextlib.suppress(sqlite3.Error):  # damage may have made it one of no sense
                database.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", row)
                count += 1
    return count
