"""Threads that write at the same time share a transaction, and nothing else."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import unittest

from lib.commit_queue import facts, paths
from lib.commit_queue.connection import QueueError
from lib.commit_queue.database import Database
from tests.support.queue_case import A, B, QueueCase
from tests.support.waiting import wait_until

THREADS = 20


class Together(QueueCase):
    def setUp(self) -> None:
        super().setUp()
        self.changes = 0
        self.database = Database(self.state / "other.db", self.changed)
        self.addCleanup(self.database.close)

    def changed(self) -> None:
        self.changes += 1

    def test_change_that_fails_takes_only_itself_back(self) -> None:
        begun, go = threading.Event(), threading.Event()
        outcomes: dict[int, object] = {}

        def wait(database: sqlite3.Connection) -> None:
            begun.set()
            go.wait(60)

        def change(number: int) -> None:
            def action(database: sqlite3.Connection) -> int:
                database.execute("INSERT INTO facts VALUES (?, 1)", (f"n{number}",))
                if number % 3 == 0:
                    raise LookupError(f"refused {number}")
                if number % 3 == 1:
                    database.execute("INSERT INTO no_table VALUES (1)")
                return number

            try:
                outcomes[number] = self.database.write(action)
            except (LookupError, QueueError) as error:
                outcomes[number] = type(error)

        first = threading.Thread(target=self.database.write, args=(wait,))
        first.start()
        begun.wait(60)
        threads = [threading.Thread(target=change, args=(n,)) for n in range(THREADS)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(self.database._waiting) == THREADS, "that all wait for the first")
        go.set()
        for thread in (first, *threads):
            thread.join(60)
        expected = {0: LookupError, 1: QueueError}
        self.assertEqual(outcomes, {n: expected.get(n % 3, n) for n in range(THREADS)})
        ask = "SELECT name FROM facts WHERE name LIKE 'n%' ORDER BY name"
        kept = self.database.read(lambda database: database.execute(ask).fetchall())
        self.assertEqual(kept, sorted((f"n{n}",) for n in range(THREADS) if n % 3 == 2))
        self.assertEqual(self.changes, 1, "they were one transaction")

    def test_killed_process_leaves_no_scratch_files_of_sqlite(self) -> None:
        def held_in_memory(database: sqlite3.Connection) -> bool:
            stores: list[tuple[int]] = database.execute("PRAGMA temp_store").fetchall()
            return stores == [(2,)]  # sqlite.org/pragma.html#pragma_temp_store

        self.assertTrue(self.database.write(held_in_memory))
        self.assertTrue(self.database.read(held_in_memory))

    def test_change_that_changes_nothing_is_no_change(self) -> None:
        before = self.version()
        self.database.write(lambda database: facts.put(database, "mode", "running"))
        self.assertEqual((self.version(), self.changes), (before, 0))
        self.database.write(lambda database: facts.put(database, "mode", "paused"))
        self.assertEqual((self.version(), self.changes), (before + 1, 1))

    def version(self) -> int:
        return int(self.database.read(lambda database: facts.get(database, "version")))

    def test_error_of_the_system_is_a_sentence(self) -> None:
        def action(database: sqlite3.Connection) -> None:
            database.execute("nonsense")

        for use in (self.database.write, self.database.read):
            with self.assertRaisesRegex(QueueError, 'queue .*/other.db: near "nonsense"'):
                use(action)


@unittest.skipUnless(os.geteuid() == 0, "only root makes files for others")
class OfAnotherUser(QueueCase):
    """Root of a container cleans up in a directory that is another user's on the host."""

    def test_files_that_root_makes_are_those_of_the_directory(self) -> None:
        owner, group = 54321, 54322
        os.chown(self.state, owner, group)
        self.push(A)
        self.assert_all_owned(owner, group)
        self.queue.close()
        paths.database(self.state).write_bytes(b"damaged" * 1000)
        self.push(B)
        self.assertIn("damaged", self.queue.damage())
        self.assert_all_owned(owner, group)

    def assert_all_owned(self, owner: int, group: int) -> None:
        found = {path.name: path.stat() for path in self.state.glob("queue.*")}
        owners = {name: (status.st_uid, status.st_gid) for name, status in found.items()}
        owners.pop("queue.db.broken", None)
        self.assertIn("queue.db", owners)
        self.assertIn("queue.lock", owners)
        self.assertEqual(set(owners.values()), {(owner, group)}, owners)


class WriteAheadLog(QueueCase):
    def test_log_that_grew_beside_a_long_reader_gets_small_again(self) -> None:
        log = self.state / "queue.db-wal"
        self.push(A)
        with contextlib.closing(sqlite3.connect(self.state / "queue.db")) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM entries").fetchone()
            for number in range(10):
                self.queue.set_message(str(number) * 2_000_000)
            self.assertGreater(log.stat().st_size, 16_000_000)
        for number in range(3):
            self.queue.set_message(str(number))
        self.assertLess(log.stat().st_size, 16_000_000)


if __name__ == "__main__":
    unittest.main()
