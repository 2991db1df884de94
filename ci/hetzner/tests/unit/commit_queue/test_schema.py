"""A queue.db outlives the versions of the runner: an older one is read, and a newer one."""

from __future__ import annotations

import contextlib
import sqlite3
import unittest

from lib.commit_queue import paths, schema
from lib.commit_queue.entry import Push, Ref
from lib.commit_queue.store import CommitQueue
from tests.support.queue_case import A, B, QueueCase

# version 2 as it was first: later versions of the runner may add to it, and change nothing
FIRST = {
    "entries": "id, sha, source, first, state, reason, asked_to_end, created, started, ended, "
    "exit_code, run, tries, repeat, speaks, worker, place",
    "refs": "entry, branch, pull, fork, before",
    "served": "branch, fork, turn",
    "deliveries": "delivery, event, answer, received",
    "statuses": "id, entry, sha, state, description, run",
    "facts": "name, value",
}


class Versions(QueueCase):
    def database(self) -> sqlite3.Connection:
        self.queue.close()
        made = sqlite3.connect(paths.database(self.state), isolation_level=None)
        return self.enterContext(contextlib.closing(made))

    def test_columns_are_those_that_older_versions_write(self) -> None:
        self.push(A)
        database = self.database()
        for table, columns in FIRST.items():
            found = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            self.assertEqual(found[: len(columns.split(", "))], columns.split(", "), table)
        self.assertEqual(database.execute("PRAGMA user_version").fetchone(), (2,))

    def test_queue_of_an_older_version_is_taken_over(self) -> None:
        self.push(A)
        database = self.database()
        for table in schema.LATER:
            database.execute(f"DROP TABLE {table}")
        database.execute("DROP INDEX statuses_of_commit")
        database.close()
        with contextlib.closing(CommitQueue(self.state)) as queue:
            self.assertEqual(queue.push(Push(B, Ref("b"), "webhook")).id, 2)
            self.assertEqual([entry.sha for entry in queue.waiting()], [A, B])
            self.assertEqual(queue.receive("d", Push(B, Ref("b"), "webhook"), "{entry}"), "2")


if __name__ == "__main__":
    unittest.main()
