"""Transactions of the queue that survive a kill and a loss of power; errors as sentences.

Threads that write at the same time share one transaction, since the disk is the slow part: each
returns when its change is on disk, and a change that fails takes only itself back.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from lib.commit_queue import damage
from lib.commit_queue.connection import Connection, QueueError

T = TypeVar("T")
Action = Callable[[sqlite3.Connection], object]


class _Write:
    """A change that is to be made, and its outcome."""

    def __init__(self, action: Action) -> None:
        self.action = action
        self.wakeup = threading.Lock()  # free when it is done, or is to lead
        self.wakeup.acquire()
        self.done = False
        self.result: object = None
        self.error: BaseException | None = None


class Database:
    """The database of a queue; `changed` is called after each change, and raises nothing."""

    def __init__(self, path: Path, changed: Callable[[], None]) -> None:
        self.path = path
        self._changed = changed
        self._writer = Connection(path, writes=True)
        self._reader = Connection(path, writes=False)
        self._changing = threading.Lock()
        self._waiting: list[_Write] = []
        self._led = False  # whether a thread makes the changes that wait, or is told to

    def write(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Make a change, and return the result of the action when it is on disk.

        Raises QueueError, and errors of the action, which take its change back.
        """
        mine = _Write(action)
        with self._changing:
            self._waiting.append(mine)
            leads, self._led = not self._led, True
        if not leads:
            mine.wakeup.acquire()
        if not mine.done:
            self._lead()
        if isinstance(mine.error, sqlite3.Error):
            raise QueueError(f"queue {self.path}: {mine.error}") from mine.error
        if mine.error is not None:
            raise mine.error
        return mine.result  # type: ignore[return-value]

    def read(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Ask a question of one state of the queue. Raises QueueError, and errors of it."""
        try:
            try:
                return self._ask(question)
            except sqlite3.Error as error:
                if not self._mend(error):
                    raise
                return self._ask(question)
        except sqlite3.Error as error:
            raise QueueError(f"queue {self.path}: {error}") from error

    def _ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        with self._reader.opened() as database:
            database.execute("BEGIN")
            try:
                return question(database)
            finally:
                if database.in_transaction:
                    database.execute("ROLLBACK")

    def close(self) -> None:
        """Close the file; the next transaction opens it again."""
        self._writer.close()
        self._reader.close()

    def _lead(self) -> None:
        """Make all changes that wait, as one transaction; then the first that came since leads."""
        with self._changing:
            writes, self._waiting = self._waiting, []
        try:
            self._commit(writes)
        finally:
            with self._changing:
                following = self._waiting[:1]
                self._led = bool(following)
            for write in (*writes, *following):
                write.wakeup.release()

    def _commit(self, writes: list[_Write]) -> None:
        try:
            try:
                self._transaction(writes)
            except sqlite3.Error as error:
                if not self._mend(error):
                    raise
                self._transaction(writes)
        except BaseException as error:
            for write in writes:
                write.error = error
            if not isinstance(error, Exception):
                raise
        finally:
            for write in writes:
                write.done = True

    def _transaction(self, writes: list[_Write]) -> None:
        with self._writer.opened() as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                before = database.total_changes
                for write in writes:
                    _try(database, write)
                changed = database.total_changes > before
                if changed:
                    database.execute("UPDATE facts SET value = value + 1 WHERE name = 'version'")
                database.execute("COMMIT")
            except BaseException:
                if database.in_transaction:
                    database.execute("ROLLBACK")
                raise
        if changed:
            self._changed()

    def _mend(self, error: sqlite3.Error) -> bool:
        """Set a damaged file aside, and return True; False for an error of another kind."""
        possible = damage.is_possible(error)
        if possible:
            damage.mend(self.path)
        return possible


def _try(database: sqlite3.Connection, write: _Write) -> None:
    """Make one change of a transaction; one that fails is taken back, the others stay."""
    database.execute("SAVEPOINT one")
    try:
        write.error = None
        write.result = write.action(database)
    except Exception as error:
        # a full disk, for one, takes the whole transaction back (sqlite.org/lang_transaction.html)
        if not database.in_transaction or damage.is_possible(error):
            raise
        database.execute("ROLLBACK TO one")
        write.error = error
    database.execute("RELEASE one")
