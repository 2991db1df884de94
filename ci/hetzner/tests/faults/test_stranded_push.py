"""Pushes at the very end of a worker: each has a run, though no further push comes.

`CI_FAULT_REPEAT` scales the number of rounds (40: two hundred); `CI_FAULT_SEED` draws those of
another time again.
"""

from __future__ import annotations

import os
import random
import sys
import threading
import time
import unittest
from collections import Counter

from lib.commit_queue.entry import Entry
from lib.commit_queue.states import ENDED, State
from tests.support import github_server
from tests.support.fault_case import REPEAT
from tests.support.github_server import TOKEN
from tests.support.nursery import Nursery, lives
from tests.support.waiting import wait_until
from tests.support.worker_case import WorkerCase

ROUNDS = 5 * REPEAT  # with each Python that the faults are checked with
ONCE = "pipeline.py queue worker --once"
LIFE = 0.2  # seconds: about how long a worker lives that has little to do
SLOW = 0.1  # seconds at most until GitHub answers
PUSHERS = 3
# of such an end the worker itself tells GitHub
RUN = 'echo "20260101T000000Z-${sha:0:7}" >"$name_to"; exit 3'


class Stranded(WorkerCase):
    def setUp(self) -> None:
        super().setUp()
        seed = int(os.environ.get("CI_FAULT_SEED", random.randrange(10**9)))
        print(f"CI_FAULT_SEED={seed}", file=sys.stderr)
        self.draw = random.Random(seed)
        self.output = self.root / "workers.txt"
        github = self.enterContext(github_server.serve())
        github.judge = self.slowly
        token = {"GITHUB_TOKEN": TOKEN, "GITHUB_REPO": "o/n", "GITHUB_API_URL": github.url}
        environ = self.environ(RUN, **token)
        nursery = Nursery(environ, self.root, self.output, lock_wait=0.0)
        self.nursery = self.enterContext(nursery)

    def slowly(self, *_: object) -> str:
        """Let GitHub answer after a while, for which a worker waits in its end."""
        time.sleep(self.draw.uniform(0, SLOW))
        return ""

    def test_worker_that_each_push_starts_leaves_none_behind(self) -> None:
        """One that is refused, since another still lives, leaves its push to that one."""
        for _ in range(ROUNDS):
            waits = [self.draw.uniform(0, LIFE) for _ in range(PUSHERS)]
            workers: list[int] = []
            pushers = [
                threading.Thread(target=self.push_and_work, args=(wait, workers)) for wait in waits
            ]
            for pusher in pushers:
                pusher.start()
            for pusher in pushers:
                pusher.join()
            for worker in workers:
                self.is_gone(worker)
            self.assertEqual(self.open(), [], (waits, self.output.read_text()[-2000:]))
        refused = self.output.read_text().count("expected no other worker")
        print(f"{ROUNDS} rounds, {ROUNDS * PUSHERS} workers, {refused} refused", file=sys.stderr)

    def push_and_work(self, wait: float, workers: list[int]) -> None:
        time.sleep(wait)
        self.push_one()
        workers.append(self.nursery.begin(ONCE))

    def test_push_in_the_last_moments_waits_for_the_next_worker(self) -> None:
        late = 0
        for _ in range(ROUNDS):
            self.push_one()
            worker = self.nursery.begin(ONCE)
            time.sleep(self.draw.uniform(0, 2 * LIFE))
            self.push_one()
            self.is_gone(worker)
            left = self.open()
            late += len(left)
            self.assertLessEqual({entry.state for entry in left}, {State.WAITING})
        self.is_gone(self.nursery.begin(ONCE))
        self.assertEqual(self.open(), [])
        print(f"{late} of {ROUNDS} pushes came too late for their worker", file=sys.stderr)

    def test_worker_that_goes_on_runs_each_without_a_further_push(self) -> None:
        took: Counter[float] = Counter()
        worker = self.nursery.begin("pipeline.py queue worker")
        for _ in range(ROUNDS):
            began, entry = time.monotonic(), self.push_one()
            self.becomes(entry, State.ERROR)
            took[round(time.monotonic() - began, 1)] += 1
            time.sleep(self.draw.uniform(0, 0.02))
        os.kill(worker, 15)
        self.is_gone(worker)
        print(f"seconds of the pushes: {dict(took)}", file=sys.stderr)

    def is_gone(self, worker: int) -> None:
        """Wait until a worker has ended."""
        wait_until(lambda: not lives(worker), "the end of a worker")

    def push_one(self) -> Entry:
        sha = f"{self.draw.getrandbits(160):040x}"
        return self.push(sha, sha)

    def open(self) -> list[Entry]:
        entries = self.queue.entries(limit=10**6)
        return [entry for entry in entries if entry.state not in ENDED]


if __name__ == "__main__":
    unittest.main()
