"""The queue from a push to an end."""

from __future__ import annotations

import contextlib
import sqlite3
import unittest

from lib.commit_queue import paths
from lib.commit_queue.entry import Push, Ref
from lib.commit_queue.states import ENDED, OPEN, State
from lib.commit_queue.store import CommitQueue
from tests.support.queue_case import A, QueueCase

RUN = "20260101T000000Z-aaaaaaa"


class Life(QueueCase):
    def test_entry_waits_runs_and_ends(self) -> None:
        pushed = self.push(A)
        self.assertEqual((pushed.state, pushed.refs, pushed.tries), ("waiting", (Ref("topic"),), 0))
        self.assertEqual(self.queue.peek(), pushed)
        taken = self.take()
        self.assertEqual((taken.id, taken.state, taken.tries), (pushed.id, State.RUNNING, 1))
        self.assertIsNone(self.queue.take("w", 1))
        self.queue.begun(taken.id, RUN)
        self.assertTrue(self.queue.end(taken.id, State.PASSED, 0))
        ended = self.queue.entry(taken.id)
        self.assertEqual((ended.state, ended.exit_code, ended.run), (State.PASSED, 0, RUN))
        assert ended.started is not None and ended.ended is not None
        self.assertLessEqual(ended.created, ended.started)
        self.assertLessEqual(ended.started, ended.ended)

    def test_end_is_final(self) -> None:
        self.push(A)
        taken = self.take()
        for state in sorted(ENDED):
            self.assertEqual(self.queue.end(taken.id, state, 0), state is min(ENDED))
        self.assertEqual(self.state_of(taken), min(ENDED))

    def test_database_itself_refuses_a_second_end(self) -> None:
        self.push(A)
        self.queue.end(self.take().id, State.PASSED, 0)
        database = sqlite3.connect(paths.database(self.state))
        self.addCleanup(database.close)
        for change in ("state = 'failed'", "exit_code = 1", "state = 'waiting'"):
            with self.assertRaisesRegex(sqlite3.IntegrityError, "ends again"):
                database.execute(f"UPDATE entries SET {change}")

    def test_database_itself_keeps_entries_that_have_not_ended(self) -> None:
        self.push(A)
        database = sqlite3.connect(paths.database(self.state))
        self.addCleanup(database.close)
        with self.assertRaisesRegex(sqlite3.IntegrityError, "has not ended"):
            database.execute("DELETE FROM entries")

    def test_only_states_of_an_end_are_ends(self) -> None:
        self.push(A)
        taken = self.take()
        for state in OPEN:
            with self.assertRaisesRegex(ValueError, "state of an end"):
                self.queue.end(taken.id, state, 0)

    def test_unknown_entry_is_a_lookup_error(self) -> None:
        for ask in (
            self.queue.entry,
            lambda n: self.queue.cancel(n, "x"),
            lambda n: self.queue.end(n, State.PASSED, 0),
        ):
            with self.assertRaisesRegex(LookupError, "none with the id 5"):
                ask(5)

    def test_reader_makes_no_file(self) -> None:
        nowhere = self.state / "gone"
        with contextlib.closing(CommitQueue(nowhere)) as queue:
            self.assertEqual((queue.mode(), queue.entries(), queue.peek()), ("running", [], None))
            self.assertFalse(nowhere.exists())
            made = queue.push(Push(A, Ref("topic"), "push"))
            self.assertEqual(queue.entries(), [made])

    def test_each_change_is_a_greater_version(self) -> None:
        seen = [self.queue.version()]
        self.push(A)
        seen.append(self.queue.version())
        self.queue.set_mode("paused", "x")
        seen.append(self.queue.version())
        self.queue.set_message("disk full")
        seen.append(self.queue.version())
        self.assertEqual(seen, sorted(set(seen)))
        self.queue.set_message("disk full")
        self.queue.set_mode("paused", "x")
        self.assertIsNone(self.queue.take("w", 0))
        self.assertEqual(self.queue.version(), seen[-1], "nothing has changed since")


if __name__ == "__main__":
    unittest.main()
