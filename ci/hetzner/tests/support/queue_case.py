"""A queue of its own for each test."""

from __future__ import annotations

import os
import tempfile
import unittest
from pathlib import Path

from lib.commit_queue.entry import Entry, Push, Ref
from lib.commit_queue.states import State
from lib.commit_queue.store import CommitQueue

A, B, C, D = ("a" * 40, "b" * 40, "c" * 40, "d" * 40)


# where a write to disk costs nothing, None for the usual place: a queue waits for each of its own
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class QueueCase(unittest.TestCase):
    def setUp(self) -> None:
        self.state = Path(self.enterContext(tempfile.TemporaryDirectory(dir=MEMORY)))
        self.queue = CommitQueue(self.state, ["main", "release/*"])
        self.addCleanup(self.queue.close)

    def push(
        self,
        sha: str,
        branch: str = "topic",
        source: str = "webhook",
        first: bool = False,
        before: str = "",
    ) -> Entry:
        return self.queue.push(Push(sha, Ref(branch), source, first, before=before))

    def pull(self, sha: str, branch: str = "topic", fork: str = "", before: str = "") -> Entry:
        return self.queue.push(Push(sha, Ref(branch, 7, fork), "webhook", before=before))

    def take(self) -> Entry:
        taken = self.queue.take("w", 0)
        assert taken is not None
        return taken

    def state_of(self, entry: Entry) -> State:
        return self.queue.entry(entry.id).state

    def taken_in_order(self) -> list[str]:
        """Return the letters of the commits in the order in which they start."""
        order = []
        while taken := self.queue.take("w", 0):
            order.append(taken.sha[0])
        return order
