"""What stands for the world in tests of the worker's decisions: commands, the clock, GitHub."""

from __future__ import annotations

import tempfile
import unittest
from collections.abc import Sequence
from pathlib import Path

from lib.commit_queue.entry import Entry, Push, QueuedStatus, Ref
from lib.commit_queue.states import State
from lib.commit_queue.store import CommitQueue
from lib.queue_worker.dispatcher import Dispatcher
from lib.queue_worker.protocol import DispatcherParts, Gone
from lib.queue_worker.run_end import Ended
from tests.support.queue_case import MEMORY

A, B, C, D = (letter * 40 for letter in "abcd")


class FakeRuns:
    """Notes each call as a word, and refuses what a worker must not do."""

    prepares = True

    def __init__(self) -> None:
        self.at: dict[int, Entry] = {}
        self.calls: list[str] = []
        self.found: list[tuple[int, str]] = []
        self.ends: list[Gone] = []

    def start(self, entry: Entry, place: int, *, prepare: bool = False) -> None:
        if place in self.at:
            raise AssertionError(f"place {place} has a command already")
        if not prepare and any(entry.id == other.id for other in self.at.values()):
            raise AssertionError(f"entry {entry.id} has a command already")
        self.at[place] = entry
        self.calls.append(f"{'prepare' if prepare else 'start'} {entry.sha[0]}@{place}")

    def close_input(self, place: int) -> None:
        self._call("ask", place)

    def terminate(self, place: int) -> None:
        self._call("term", place)

    def kill(self, place: int) -> None:
        self._call("kill", place)

    def names(self) -> Sequence[tuple[int, str]]:
        found, self.found = self.found, []
        return found

    def gone(self) -> Sequence[Gone]:
        ends, self.ends = self.ends, []
        for gone in ends:
            del self.at[gone.place]
        return ends

    def _call(self, what: str, place: int) -> None:
        self.calls.append(f"{what} {self.at[place].sha[0]}@{place}")


class FakeStatuses:
    """Has the statuses of some commits under way."""

    def __init__(self) -> None:
        self.offered: list[QueuedStatus] = []
        self.cleared: list[str] = []
        self.under_way: set[str] = set()

    def offer(self, statuses: Sequence[QueuedStatus]) -> None:
        self.offered = list(statuses)

    def clear(self, sha: str) -> bool:
        self.cleared.append(sha)
        return sha not in self.under_way


class DispatcherCase(unittest.TestCase):
    workers = 1

    def setUp(self) -> None:
        self.state = Path(self.enterContext(tempfile.TemporaryDirectory(dir=MEMORY)))
        self.queue = CommitQueue(self.state, ["main"])
        self.addCleanup(self.queue.close)
        self.runs = FakeRuns()
        self.runs.prepares = False
        self.statuses = FakeStatuses()
        self.obstacle = ""
        self.now = 0.0
        self.lines: list[str] = []
        self.dispatcher = self.another(self.workers)

    def another(self, workers: int) -> Dispatcher:
        parts = DispatcherParts(
            self.queue,
            self.runs,
            self.statuses,
            lambda: self.obstacle,
            lambda: self.now,
            self.lines.append,
        )
        return Dispatcher(parts, name="w", workers=workers)

    def push(self, sha: str, branch: str = "topic", source: str = "webhook") -> Entry:
        return self.queue.push(Push(sha, Ref(branch), source))

    def step(self, seconds: float = 0.0) -> list[str]:
        """Let time pass, and return the calls of the step."""
        self.now += seconds
        before = len(self.runs.calls)
        self.dispatcher.step()
        return self.runs.calls[before:]

    def end(self, place: int, code: int | None = 0, began: bool = True, said: str = "") -> None:
        self.runs.ends.append(Gone(place, Ended(code, began, said=said)))

    def state_of(self, entry: Entry) -> State:
        return self.queue.entry(entry.id).state

    def reason_of(self, entry: Entry) -> str:
        return self.queue.entry(entry.id).reason
