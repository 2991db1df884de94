"""A queue whose file changes while it is opened: the next look sees the new file."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import unittest
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from lib.commit_queue import connection, open_lock, paths
from lib.commit_queue.connection import Connection
from lib.common import database_file
from tests.support.queue_case import A, B, QueueCase


class ChangesWhileItIsOpened(QueueCase):
    def setUp(self) -> None:
        super().setUp()
        self.path = paths.database(self.state)

    def connection(self, *, writes: bool) -> Connection:
        made = Connection(self.path, writes=writes)
        self.addCleanup(made.close)
        return made

    def commits(self, opened: Connection) -> list[str]:
        with opened.opened() as database:
            return [sha for (sha,) in database.execute("SELECT sha FROM entries")]

    def test_reader_that_found_no_file_sees_the_one_that_came_meanwhile(self) -> None:
        empty = connection._empty

        def beside_a_push(path: Path) -> object:
            made = empty(path)
            self.push(A)
            return made

        reader = self.connection(writes=False)
        with mock.patch.object(connection, "_empty", beside_a_push):
            self.assertEqual(self.commits(reader), [])
        self.assertEqual(self.commits(reader), [A])

    def test_file_that_is_set_aside_right_after_it_was_opened_is_not_used_again(self) -> None:
        self.push(A)
        self.queue.close()
        other = self.state / "other.db"
        shutil.copy(self.path, other)
        with contextlib.closing(sqlite3.connect(other)) as database, database:
            database.execute("UPDATE entries SET sha = ?", (B,))
        held = open_lock.held

        @contextlib.contextmanager
        def replaced_after(path: Path) -> Iterator[None]:
            with held(path):
                yield
            database_file.move_aside(path, self.state / "queue.db.broken")
            other.rename(path)

        writer = self.connection(writes=True)
        with mock.patch.object(open_lock, "held", replaced_after):
            self.assertEqual(self.commits(writer), [A])
        self.assertEqual(self.commits(writer), [B])


if __name__ == "__main__":
    unittest.main()
