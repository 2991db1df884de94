"""Statuses of the queue reach GitHub from a thread, and none is lost or comes too late."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import tempfile
import threading
import unittest.mock
from pathlib import Path

from lib.commit_queue import paths
from lib.commit_queue.entry import Push, Ref
from lib.commit_queue.states import State
from lib.commit_queue.store import CommitQueue
from lib.github.outbox import CUT_OFF
from lib.queue_worker.status_poster import StatusPoster
from tests.support.github_case import WithGitHub
from tests.support.github_server import TOKEN
from tests.support.queue_case import MEMORY
from tests.support.waiting import wait_until

A, B = "a" * 40, "b" * 40
LEFT = (  # of the first alone a dead run of A can tell
    ("error", A, "ci/hetzner/fast", CUT_OFF, ""),
    ("error", A, "ci/hetzner", CUT_OFF, ""),
    ("success", A, "ci/hetzner/lint", "a job wrote this", ""),
    ("error", B, "ci/hetzner/fast", "a job wrote this", ""),
    ("error", A, "another/check", "a job wrote this", ""),
)


class PosterCase(WithGitHub):
    def setUp(self) -> None:
        super().setUp()
        self.queue = CommitQueue(Path(self.enterContext(tempfile.TemporaryDirectory(dir=MEMORY))))
        self.addCleanup(self.queue.close)
        self.done = threading.Event()

    def poster(self, pause: float = 0.01, token: str = TOKEN) -> StatusPoster:
        """Return one whose reporter makes a `pause` before it tries a second time."""
        reporter = self.reporter(first_pause=pause, token=token)
        made = StatusPoster(
            self.queue,
            reporter,
            self.done.set,
            self.log.append,
            log_url="https://box/runs/",
            first_pause=0.01,
        )
        self.addCleanup(made.close, 0)
        return made

    def offer(self, poster: StatusPoster) -> None:
        poster.offer(self.queue.statuses())

    def push(self, sha: str) -> int:
        return self.queue.push(Push(sha, Ref(sha), "webhook")).id

    def none_left(self) -> None:
        wait_until(lambda: not self.queue.statuses(), "no status in the queue")


class Posting(PosterCase):
    def test_all_are_posted_in_their_order(self) -> None:
        self.push(A)
        entry = self.queue.take("w", 1)
        assert entry is not None
        self.queue.begun(entry.id, "20260101T000000Z-aaaaaaa")
        self.queue.end(entry.id, State.ERROR, 2, "the command was refused")
        self.push(B)
        poster = self.poster()
        self.offer(poster)
        self.none_left()
        told = [(b["state"], b["description"], b.get("target_url")) for b in self.github.seen]
        url = "https://box/runs/20260101T000000Z-aaaaaaa"
        expected = ("error", "the command was refused", url)
        self.assertEqual(told, [expected, ("pending", "waits in the queue", None)])
        self.assertTrue(self.done.wait(10))

    def test_parts_that_a_dead_run_left_pending_get_their_end_as_well(self) -> None:
        self.push(A)
        entry = self.queue.take("w", 1)
        assert entry is not None
        run, state = "20260101T000000Z-aaaaaaa", self.queue.state_dir
        self.queue.begun(entry.id, run)
        for path, record in (
            (state / "runs" / run / "summary.json", {"run": "r7-8"}),
            (state / "outbox" / "r7-8.json", {"since": 1.0, "left": LEFT}),
        ):
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps(record))
        self.queue.end(entry.id, State.CUT_OFF, 137, "cut off twice")
        self.offer(self.poster())
        self.none_left()
        told = [(b["state"], b["context"], b["description"]) for b in self.github.seen]
        expected = ("error", "ci/hetzner/fast", CUT_OFF)
        self.assertEqual(told, [("error", "ci/hetzner", "cut off twice"), expected])

    def test_refused_one_is_dropped_with_a_line(self) -> None:
        self.push(A)
        self.github.replies.append((422, {}, b'{"message": "No commit found"}'))
        self.offer(self.poster())
        self.none_left()
        self.assert_one_line("status pending of ci/hetzner", A, "422 No commit found")

    def test_undelivered_one_stays_and_is_tried_again(self) -> None:
        self.push(A)
        self.github.replies += [(503, {}, b"")] * 3
        self.offer(self.poster(pause=3600))  # so the next try is the poster's
        self.none_left()
        self.assertEqual([b["state"] for b in self.github.seen], ["pending"])
        self.assertEqual(len(self.log), 3, self.log)

    def test_without_a_token_they_stay_for_a_worker_that_has_one(self) -> None:
        self.push(A)
        poster = self.poster(token="")
        self.offer(poster)
        self.offer(poster)
        poster.close(0)
        self.assertEqual(len(self.queue.statuses()), 1)
        self.assert_one_line("statuses are off")
        self.offer(self.poster())
        self.none_left()


class OfOtherHands(PosterCase):
    """A job that can write the database puts a status there."""

    def test_verdict_is_dropped_with_a_line_and_the_others_are_posted(self) -> None:
        for state in ("success", "failure", "\x1b[2J", ""):
            self.insert(state, B)
        self.push(A)
        self.offer(self.poster())
        self.none_left()
        self.assertEqual([body["state"] for body in self.github.seen], ["pending"])
        self.assertEqual(len(self.log), 4, self.log)
        self.assertIn(f"none of the queue's own: success for {B}", self.log[0])
        self.assertTrue(all(line.isprintable() for line in self.log))

    def test_status_of_no_commit_is_dropped(self) -> None:
        self.insert("error", f"../../issues/{'9' * 10_000}")
        self.insert("error", B.encode())
        self.insert("pending", B, b"bytes")
        self.offer(self.poster())
        self.none_left()
        self.assertEqual(self.github.requests, [])
        self.assertLess(len(self.log[0]), 300)

    def insert(self, state: str, sha: str | bytes, said: str | bytes = "13 jobs passed") -> None:
        self.queue.set_mode("paused")  # makes the tables
        with contextlib.closing(sqlite3.connect(paths.database(self.queue.state_dir))) as database:
            database.execute(
                "INSERT INTO statuses (entry, sha, state, description, run) "
                "VALUES (999, ?, ?, ?, '')",
                (sha, state, said),
            )
            database.commit()


class Clearing(PosterCase):
    def test_what_is_not_posted_of_a_commit_is_dropped(self) -> None:
        self.push(A)
        self.push(B)
        self.assertTrue(self.poster().clear(A))
        self.assertEqual([status.sha for status in self.queue.statuses()], [B])

    def test_one_that_is_under_way_is_waited_for(self) -> None:
        self.github.gate = threading.Event()
        self.push(A)
        self.push(B)
        poster = self.poster()
        self.offer(poster)
        wait_until(lambda: bool(self.github.requests), "a request")
        self.assertFalse(poster.clear(A))
        self.assertTrue(poster.clear(B))
        self.github.gate.set()
        self.assertTrue(self.done.wait(10))
        self.none_left()
        self.assertTrue(poster.clear(A))
        self.assertEqual(len(self.github.seen), 1)

    def test_thread_that_an_error_has_ended_blocks_no_commit_and_is_replaced(self) -> None:
        self.push(A)
        poster = self.poster()
        with (
            unittest.mock.patch.object(threading, "excepthook") as told,
            unittest.mock.patch.object(
                self.queue, "forget_status", side_effect=ValueError("a bug")
            ),
        ):
            self.offer(poster)
            wait_until(lambda: told.called, "the error")
            name = "queue statuses"
            wait_until(lambda: name not in [t.name for t in threading.enumerate()], "its end")
        self.assertTrue(poster.clear(A))
        self.push(B)

        def is_posted() -> bool:
            self.offer(poster)  # as the worker does again and again: a thread may be ending yet
            return not self.queue.statuses()

        wait_until(is_posted, "no status in the queue")

    def test_end_waits_for_what_was_offered_and_no_longer(self) -> None:
        self.push(A)
        poster = self.poster()
        self.offer(poster)
        poster.close(10)
        self.assertEqual(len(self.github.seen), 1)
        self.push(B)
        self.github.gate = threading.Event()
        slow = self.poster()
        self.offer(slow)
        # one that finds no server any more is tried again for seconds
        wait_until(lambda: len(self.github.requests) == 2, "its request")
        slow.close(0.01)
        self.assertEqual(len(self.queue.statuses()), 1)
