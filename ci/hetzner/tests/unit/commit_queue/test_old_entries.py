"""What a clean-up removes of a queue: what ended long ago."""

from __future__ import annotations

import os
import sqlite3
import time
import unittest
from contextlib import closing

from lib.commit_queue import old_entries, old_rows, paths, schema
from lib.commit_queue.entry import Push, Ref
from lib.commit_queue.states import State
from lib.common.waste import Waste
from tests.support.queue_case import A, B, C, QueueCase

DAY = 86_400


class OldEntries(QueueCase):
    def log(self, entry: int, days: float) -> None:
        path = paths.log(self.state, entry)
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
        moment = time.time() - days * DAY
        os.utime(path, (moment, moment))

    def found(self, days_later: float = 0) -> list[Waste]:
        return list(old_entries.find(self.state, 30, time.time() + days_later * DAY))

    def test_old_rows_and_logs_go_and_those_of_open_entries_stay(self) -> None:
        for delivery, sha in (("d1", A), ("d2", B)):
            self.queue.receive(delivery, Push(sha, Ref(delivery), "webhook"), "x")
        self.queue.end(self.take().id, State.PASSED, 0)
        for entry in (1, 2, 7):  # the last is of a database that was lost
            self.log(entry, days=0)
        self.assertEqual(self.found(), [])
        things = self.found(days_later=31)
        self.assertEqual([thing.path.name for thing in things], ["queue.db", "1.log", "7.log"])
        self.assertEqual(things[0].why, "3 rows older than 30 days")
        for thing in things:
            self.assertTrue(thing.remove())
        self.assertEqual([entry.sha for entry in self.queue.entries()], [B])
        self.assertEqual(self.found(days_later=31), [])

    def test_branch_without_entries_is_not_kept(self) -> None:
        for sha, branch in ((A, "gone"), (B, "kept")):
            self.push(sha, branch)
            self.queue.end(self.take().id, State.PASSED, 0)
        self.push(C, "kept")
        self.queue.forget(time.time() + DAY)
        with closing(sqlite3.connect(paths.database(self.state))) as database:
            served = database.execute("SELECT branch FROM served").fetchall()
        self.assertEqual(served, [("kept",)])

    def test_other_files_stay(self) -> None:
        self.push(C)
        self.log(9, days=40)
        for name in ("worker.lock", "notes.log", "9.log.txt"):
            path = paths.directory(self.state) / name
            path.touch()
            os.utime(path, (1, 1))
        self.assertEqual([thing.path.name for thing in self.found()], ["9.log"])

    def test_logs_of_earlier_tries_and_of_preparations_go_too(self) -> None:
        self.push(C)
        names = ["9.0a1b2c3d.name", "9.log.1", "9.prepare.log", "9.prepare.log.12", "entry-9.lock"]
        paths.directory(self.state).mkdir(exist_ok=True)
        for name in names:
            path = paths.directory(self.state) / name
            path.touch()
            os.utime(path, (1, 1))
        self.assertEqual([thing.path.name for thing in self.found()], names)

    def test_state_directory_without_a_queue_gets_none(self) -> None:
        empty = self.state / "empty"
        empty.mkdir()
        self.assertEqual(list(old_entries.find(empty, 30, time.time())), [])
        self.assertEqual(list(empty.iterdir()), [])

    def test_work_grows_with_the_entries_of_a_branch_and_not_with_their_square(self) -> None:
        # nothing else writes to the queue meanwhile
        self.assertLess(self.steps(1600), 8 * self.steps(400))

    def steps(self, kept: int) -> int:
        """Return how many hundred steps SQLite does where one entry of a branch is old."""
        ended = "INSERT INTO entries VALUES (?, ?, 'push', 0, 'passed', '', '', 1, 1, ?, 0, '', 1, "
        done: list[None] = []
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
            schema.make(database, self.state)
            for number in range(1, kept + 2):
                moment = 1 if number == kept // 2 else 3
                database.execute(f"{ended}'', 1, 'w', 0)", (number, f"{number:040x}", moment))
                database.execute("INSERT INTO refs VALUES (?, 'main', 0, '', '')", (number,))
            database.set_progress_handler(lambda: done.append(None), 100)
            self.assertEqual(old_rows.forget(database, 2), 1)
            database.set_progress_handler(None, 0)
            (left,) = database.execute("SELECT count(*) FROM refs").fetchone()
        self.assertEqual(left, kept - kept // 2 + 1)
        return len(done)


if __name__ == "__main__":
    unittest.main()
