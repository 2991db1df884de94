"""Entries whose command could not start: their order, and their table in an older database."""

from __future__ import annotations

import sqlite3
from random import Random

from lib.commit_queue import paths
from lib.commit_queue.states import OPEN, State
from tests.support.queue_case import A, B, C, QueueCase


class FailedStarts(QueueCase):
    def fails(self) -> str:
        """Let the next entry not start; return the letter of its commit."""
        taken = self.take()
        self.queue.could_not_start(taken.id, 1, "no such container")
        return taken.sha[0]

    def test_they_wait_behind_all_others_and_take_turns_until_a_command_begins(self) -> None:
        self.push(A, "main", "push", first=True)
        self.push(B, "main")
        self.push(C, "main")
        self.assertEqual([self.fails() for _ in range(7)], [*"abcabca"])
        self.assertEqual([entry.sha[0] for entry in self.queue.waiting()], [*"bca"])
        self.queue.begun(self.take().id)
        self.assertEqual([entry.sha[0] for entry in self.queue.waiting()], [*"ac"])

    def test_list_has_the_order_of_the_starts(self) -> None:
        random = Random(1)
        for number in range(60):
            sha = f"{number:040x}"
            self.push(sha, random.choice(("main", "one")), "push", random.random() < 0.2)
            if random.random() < 0.5:
                expected = self.queue.waiting()[0]
                taken = self.take()
                self.assertEqual(taken.id, expected.id)
                if random.random() < 0.7:
                    self.queue.could_not_start(taken.id, 1, "away")
                else:
                    self.queue.begun(taken.id, "run")
                    self.queue.end(taken.id, State.PASSED, 0)

    def test_ended_entry_leaves_no_row(self) -> None:
        entry = self.push(A)
        self.fails()
        self.queue.cancel(entry.id, "by hand")
        with sqlite3.connect(paths.database(self.state)) as database:
            self.assertEqual(database.execute("SELECT * FROM failed_starts").fetchall(), [])

    def test_database_of_a_version_without_them_goes_on(self) -> None:
        self.push(A)
        self.queue.close()
        with sqlite3.connect(paths.database(self.state)) as database:
            database.execute("DROP TABLE failed_starts")
        self.assertEqual(self.fails(), "a")
        self.assertEqual(len(self.queue.entries(states=OPEN)), 1)
