"""Opens the SQLite database of past runs, for readers and for writers at once.

In the WAL mode of SQLite a reader waits for no writer, and a writer for no reader
(sqlite.org/wal.html). Where the file system cannot do that, the older rollback journal is used.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from lib.common import network_mounts
from lib.history import schema

PATIENCE = 5.0  # seconds to wait for another run that writes: the one wait of a run
MOMENT = 0.2  # seconds that a reader waits: another process opens or closes the database

# the files beside a database that WAL needs can neither be found nor made
NO_ROOM_BESIDE = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR)


@contextlib.contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection | None]:
    """Open the history to read one state of it, with the tables of this version.

    It is None if there is no history yet. Of one that no run has brought up to date since, it has
    the latest rows. Raises sqlite3.Error.
    """
    if not path.exists():
        yield None
        return
    with contextlib.closing(_opened_to_read(path)) as database:
        database.text_factory = _text
        database.execute("BEGIN")
        found = schema.version(database)
        if found == schema.VERSION:
            yield database
        elif found == 0:
            yield None
        else:
            with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
                schema.take_over_latest(database, copy)
                yield copy


@contextlib.contextmanager
def writing(path: Path, patience: float | None = None) -> Iterator[sqlite3.Connection]:
    """Open the history for one transaction, which is committed at the end of the block.

    It waits up to `patience` seconds (default PATIENCE) for other writers, all in all. Makes the
    directory, and brings the tables up to date. Raises sqlite3.Error, OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + (PATIENCE if patience is None else patience)
    with contextlib.closing(_connect(path, "mode=rwc", 0.0)) as database:
        _choose_journal(database, path)
        _wait_until(database, end)
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("BEGIN IMMEDIATE")
        schema.bring_up_to_date(database)
        yield database
        _wait_until(database, end)  # without WAL a commit waits for readers
        database.execute("COMMIT")


@contextlib.contextmanager
def connected(path: Path) -> Iterator[sqlite3.Connection]:
    """Open an existing history for statements that no transaction may hold. Raises sqlite3.Error.

    It waits for a moment only, since it is for what may as well be done later.
    """
    with contextlib.closing(_connect(path, "mode=rw", MOMENT)) as database:
        yield database


def _opened_to_read(path: Path) -> sqlite3.Connection:
    """Open a history; one whose directory may not be written, or is full, is taken as unchanging.

    With the right to write, SQLite first takes back the half transaction of a killed writer.
    """
    database = _connect(path, "mode=rw", MOMENT)  # one that may not be written is opened as well
    try:
        database.execute("PRAGMA user_version")
    except sqlite3.OperationalError as error:
        database.close()
        if error.sqlite_errorcode & 0xFF not in NO_ROOM_BESIDE:
            raise
        return _connect(path, "mode=ro&immutable=1", MOMENT)
    except BaseException:
        database.close()
        raise
    return database


def _text(stored: bytes) -> str:
    """Return a text of a row, which damage may have made one that is no UTF-8."""
    return stored.decode(errors="backslashreplace")


def _connect(path: Path, how: str, seconds: float) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?{how}"
    database = sqlite3.connect(address, uri=True, timeout=seconds, isolation_level=None)
    database.execute("PRAGMA temp_store = MEMORY")  # a killed run leaves files of SQLite behind
    return database


def _choose_journal(database: sqlite3.Connection, path: Path) -> None:
    """Switch to WAL where that works. Another version, and a file that is in use, stay as is."""
    with contextlib.suppress(sqlite3.OperationalError):
        schema.version(database)
        database.execute("PRAGMA auto_vacuum = INCREMENTAL")  # heeded before the first table only
        mode = "DELETE" if network_mounts.holds(path) else "WAL"
        database.execute(f"PRAGMA journal_mode = {mode}")


def _wait_until(database: sqlite3.Connection, end: float) -> None:
    left = max(0, round(1000 * (end - time.monotonic())))
    database.execute(f"PRAGMA busy_timeout = {left}")
