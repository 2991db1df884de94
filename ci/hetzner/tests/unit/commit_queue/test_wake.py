"""The pipe that wakes the worker: nothing in its place, and no reader, holds a push up."""

from __future__ import annotations

import os
import select
import stat
import unittest
from collections.abc import Callable

from lib.commit_queue import paths
from lib.commit_queue.wake import Waker
from tests.support.queue_case import A, QueueCase


class Wake(QueueCase):
    def setUp(self) -> None:
        super().setUp()
        self.waker = Waker(self.state)
        self.addCleanup(self.waker.close)
        self.path = paths.wake(self.state)

    def test_each_change_wakes_the_one_that_waits(self) -> None:
        handle = self.waker.opened()
        assert handle is not None
        changes: tuple[Callable[[], object], ...] = (
            lambda: self.push(A),
            lambda: self.queue.cancel(1, "x"),
        )
        for change in changes:
            self.assertEqual(select.select([handle], [], [], 0)[0], [])
            change()
            self.assertEqual(select.select([handle], [], [], 60)[0], [handle])
            self.waker.drain()

    def test_push_needs_no_one_that_waits(self) -> None:
        self.push(A)
        self.assertFalse(self.path.exists())

    def test_what_is_in_its_place_is_moved_and_stays_as_it_was(self) -> None:
        self.path.parent.mkdir()
        elsewhere = self.state / "elsewhere"
        elsewhere.write_text("mine")
        makers = (
            lambda: self.path.write_text("a file"),
            lambda: self.path.symlink_to(elsewhere),
            self.path.mkdir,
        )
        for make in makers:
            self.waker.close()
            self.path.unlink(missing_ok=True)
            make()
            self.waker.wake()
            self.assertIsNotNone(self.waker.opened())
            self.assertTrue(stat.S_ISFIFO(os.lstat(self.path).st_mode))
        self.assertEqual(elsewhere.read_text(), "mine")
        self.assertEqual((self.path.parent / "wake.1").read_text(), "a file")

    def test_pipe_that_was_removed_is_made_again(self) -> None:
        self.waker.opened()
        self.path.unlink()
        self.waker.opened()
        self.assertTrue(self.path.exists())


if __name__ == "__main__":
    unittest.main()
