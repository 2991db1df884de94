"""What the worker asks of the queue besides the start and the end of an entry."""

from __future__ import annotations

import os
import unittest

from lib.commit_queue.states import State
from lib.commit_queue.wake import Waker
from tests.support.queue_case import A, QueueCase


class PutBack(QueueCase):
    def test_entry_waits_as_if_it_had_not_been_started(self) -> None:
        self.push(A)
        for _ in range(3):  # more often than it may be cut off
            taken = self.take()
            self.assertEqual(taken.tries, 1)
            self.queue.put_back(taken.id, "its worker was stopped")
        found = self.queue.entry(taken.id)
        self.assertEqual((found.state, found.tries, found.run), (State.WAITING, 0, ""))
        self.assertEqual(found.reason, "its worker was stopped")
        self.assertEqual([s.state for s in self.queue.statuses()], ["pending"])

    def test_entry_that_is_to_end_ends(self) -> None:
        self.push(A)
        taken = self.take()
        self.queue.cancel(taken.id, "by hand")
        self.queue.put_back(taken.id, "its worker was stopped")
        self.assertEqual(self.state_of(taken), State.CANCELLED)

    def test_end_stays(self) -> None:
        self.push(A)
        taken = self.take()
        self.queue.end(taken.id, State.PASSED, 0)
        self.queue.put_back(taken.id, "its worker was stopped")
        self.assertEqual(self.state_of(taken), State.PASSED)


class SilentRun(QueueCase):
    def test_its_end_is_told(self) -> None:
        self.push(A)
        taken = self.take()
        self.queue.end(taken.id, State.PASSED, 0, "not all was checked", silent=True)
        told = [(s.sha, s.state, s.description) for s in self.queue.statuses()]
        self.assertEqual(told, [(A, "error", "not all was checked")])


class Woken(QueueCase):
    def test_pipe_can_be_read_until_it_is_drained(self) -> None:
        waker = Waker(self.state)
        self.addCleanup(waker.close)
        handle = waker.opened()
        assert handle is not None
        self.push(A)
        self.assertEqual(os.read(handle, 1), b"w")
        for _ in range(5000):
            waker.wake()
        waker.drain()
        with self.assertRaises(BlockingIOError):
            os.read(handle, 1)


if __name__ == "__main__":
    unittest.main()
