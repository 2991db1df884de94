"""One connection to the database of the queue, for one thread at a time.

A file that is no longer the one at the path, since it was moved aside or removed, is opened anew.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

from lib.commit_queue import open_lock, ownership, schema
from lib.common import network_mounts

PATIENCE = 10.0  # seconds to wait for another process that writes
LOG_BYTES = 8_000_000  # twice of what SQLite lets it grow to without a reader
Identity = tuple[int, int]  # of a file: its device and inode


class QueueError(OSError):
    """The queue cannot be read or written: the disk, its rights, or the file itself."""


class Connection:
    """A connection. A missing file is made if this one `writes`; else the queue reads as empty."""

    def __init__(self, path: Path, *, writes: bool) -> None:
        self._path = path
        self._writes = writes
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None
        self._file: Identity | None = None  # of the open file, None for none

    @contextlib.contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        """Give the connection to this thread alone. Raises sqlite3.Error, OSError."""
        with self._lock:
            if self._database is None or _identity(self._path) != self._file:
                self._close()
                there = self._writes or self._path.exists()
                self._database, self._file = _open(self._path) if there else _empty(self._path)
            yield self._database

    def close(self) -> None:
        """Close it; the next use opens it again."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None


def _identity(path: Path) -> Identity | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _open(path: Path) -> tuple[sqlite3.Connection, Identity | None]:
    """Open the database, and tell its file, while no other process sets a damaged one aside."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open_lock.held(path):
        if not path.exists() and saved(path).exists():
            saved(path).rename(path)  # who set a damaged one aside was killed before this
        ownership.make(path)
        database = connect(path, "rwc")
        try:
            _prepare(database, path)
        except BaseException:
            database.close()
            raise
        return database, _identity(path)


def saved(path: Path) -> Path:
    """Return the database that is to take the place of a damaged one."""
    return path.with_name(f"{path.name}.saved")


def _empty(path: Path) -> tuple[sqlite3.Connection, None]:
    """Return an empty queue for those who only read; it has no file, whatever is there by now."""
    database = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    schema.make(database, path.parent)
    return database, None


def _prepare(database: sqlite3.Connection, path: Path) -> None:
    is_there = schema.is_there(database)  # first: tables of others stay as they are
    # processes share no memory over a network, which WAL needs (sqlite.org/wal.html)
    mode = "DELETE" if network_mounts.holds(path) else "WAL"
    database.execute(f"PRAGMA journal_mode = {mode}")
    # the log of writes grows beside a long reader; its file is cut afterwards
    database.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")
    database.execute("PRAGMA synchronous = FULL")  # an accepted push survives a loss of power
    database.execute("PRAGMA temp_store = MEMORY")  # a killed process leaves files of SQLite behind
    if not is_there:
        database.execute("BEGIN IMMEDIATE")
        schema.make(database, path.parent)
        database.execute("COMMIT")


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Connect to a database of any content; `mode` is that of an address (sqlite.org/uri.html)."""
    address = f"{path.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(
        address, uri=True, timeout=PATIENCE, isolation_level=None, check_same_thread=False
    )
