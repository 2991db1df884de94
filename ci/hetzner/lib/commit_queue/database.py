"""The open database of the queue: transactions that survive a kill, and errors as sentences.

Safe between threads and between processes. One thread at a time writes, one reads. A file that is
no longer the one at the path, since it was moved aside, is opened anew.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

from lib.commit_queue import schema
from lib.history import network_mounts

PATIENCE = 10.0  # seconds to wait for another process that writes


class QueueError(OSError):
    """The queue cannot be read or written: the disk, its rights, or the file itself."""


class Database:
    """The database of a queue. It is made when it is missing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer = _Connection(path)
        self._reader = _Connection(path)

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give a connection for one transaction, on disk when the block has ended.

        An error in the block takes all of it back. Raises QueueError.
        """
        with self._told(), self._writer.opened() as database:
            database.execute("BEGIN IMMEDIATE")
            before = database.total_changes
            try:
                yield database
                if database.total_changes > before:
                    database.execute("UPDATE facts SET value = value + 1 WHERE name = 'version'")
                database.execute("COMMIT")
            except BaseException:
                if database.in_transaction:  # a full disk may have taken it back already
                    database.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give a connection that sees one state of the queue. Raises QueueError."""
        with self._told(), self._reader.opened() as database:
            database.execute("BEGIN")
            try:
                yield database
            finally:
                if database.in_transaction:
                    database.execute("ROLLBACK")

    def close(self) -> None:
        """Close the file; the next transaction opens it again."""
        self._writer.close()
        self._reader.close()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise QueueError(f"queue {self._path}: {error}") from error


class _Connection:
    """A connection that one thread uses at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None  # device and inode of what is open

    @contextlib.contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            if self._database is None or _identity(self._path) != self._file:
                self._close()
                self._database = _open(self._path)
                self._file = _identity(self._path)
            yield self._database

    def close(self) -> None:
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(
        path, timeout=PATIENCE, isolation_level=None, check_same_thread=False
    )
    try:
        # processes share no memory over a network, which WAL needs (sqlite.org/wal.html)
        mode = "DELETE" if network_mounts.holds(path) else "WAL"
        database.execute(f"PRAGMA journal_mode = {mode}")
        database.execute("PRAGMA synchronous = FULL")  # an accepted push survives a loss of power
        database.execute("BEGIN IMMEDIATE")
        schema.bring_up_to_date(database)
        database.execute("COMMIT")
    except BaseException:
        database.close()
        raise
    return database
