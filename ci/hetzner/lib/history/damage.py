"""Sets a broken history aside, so that a new one begins."""

from __future__ import annotations

from pathlib import Path

from lib.common import locks, tree_copy
from lib.history.timings import timings


def mend(path: Path) -> str:
    """Move a broken history aside, so that a new one begins; return a line for the log, or ''.

    The latest broken one is kept as `<path>.broken`. Raises no OSError and no sqlite3.Error, since
    no run depends on its history; raises Interrupted.
    """
    fault = _fault(path)
    if not fault:
        return ""
    try:
        with locks.lock(path.with_suffix(".lock"), "moving a broken history aside"):
            if not _fault(path):  # another run has done it meanwhile
                return ""
            aside = path.with_name(f"{path.name}.broken")
            tree_copy.remove(aside)
            path.rename(aside)  # the next history drops a journal that stays behind
    except OSError as error:
        return f"{path} is broken ({fault}) and cannot be moved away ({error}): do it by hand"
    return f"{path} was broken ({fault}) and is {aside.name} now: durations are recorded anew"


def _fault(path: Path) -> str:
    """Return the fault of the file itself, '' if its rights, the disk or a lock are at fault."""
    import sqlite3

    try:
        timings(path)
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        own = (
            *(sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB),
            *(sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH),
        )
        return str(error) if code in own or not path.is_file() else ""
    return ""
