"""Sets a broken history aside, so that a new one begins. Imports sqlite3: import it late."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from lib.common import database_file, locks, redact
from lib.history import database, schema
from lib.history.timings import LOOKED_AT

OWN = frozenset(  # errors of the file itself; rights, a lock or a full disk have others
    {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
    | {sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH}
)
NOT_OURS = (schema.NewerVersionError, schema.ForeignTablesError)  # such a file stays
PATIENCE = 1.0  # seconds to wait for another run that moves it
LONGEST = 200  # characters of a fault


def mend(path: Path, *, thorough: bool = False) -> str:
    """Move a broken history aside, so that a new one begins; return a line for the log, or ''.

    It looks at what the next run reads, or at each page if it is `thorough`. The latest broken one
    is kept as `<path>.broken`. Raises no OSError and no sqlite3.Error, since no run depends on its
    history; raises Interrupted.
    """
    fault = _fault(path, thorough)
    if not fault:
        return ""
    aside = path.with_name(f"{path.name}.broken")
    try:
        reason = "moving a broken history aside"
        with locks.lock(path.with_suffix(".lock"), reason, timeout=PATIENCE):
            if not _fault(path, thorough):  # another run has done it meanwhile
                return ""
            database_file.move_aside(path, aside)
    except locks.LockTimeoutError:
        return ""  # another run does it
    except OSError as error:
        return f"{path} is broken ({fault}) and cannot be moved away ({error}): do it by hand"
    return f"{path} was broken ({fault}) and is {aside.name} now: durations are recorded anew"


def is_own(error: BaseException | None) -> bool:
    """Whether an error tells of the content of the file."""
    if not isinstance(error, sqlite3.Error) or isinstance(error, NOT_OURS):
        return False
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF in OWN


def _fault(path: Path, thorough: bool) -> str:
    """Return the fault of the file itself, '' if its rights, the disk or a lock are at fault."""
    try:
        with database.reading(path) as opened:
            return _fault_of_pages(opened, thorough) if opened else ""
    except sqlite3.Error as error:
        stays = isinstance(error, NOT_OURS) or path.is_file()
        return str(error) if is_own(error) or not stays else ""


def _fault_of_pages(opened: sqlite3.Connection, thorough: bool) -> str:
    for table in ("runs", "attempts", "outputs"):
        latest = f"SELECT * FROM {table} ORDER BY rowid DESC LIMIT {LOOKED_AT}"
        opened.execute(f"SELECT count(*) FROM ({latest})").fetchone()
    rows = opened.execute("PRAGMA integrity_check(1)").fetchall() if thorough else [("ok",)]
    return "" if rows == [("ok",)] else redact.shorten(f"{rows[0][0]}", LONGEST)
