"""The worker's decisions: which entry starts where, and what an error of the queue costs."""

from __future__ import annotations

import unittest
from typing import Any

from lib.commit_queue.connection import QueueError
from lib.commit_queue.entry import Push, Ref
from lib.commit_queue.states import State
from tests.unit.queue_worker.stand_ins import A, B, C, D, DispatcherCase


class Starting(DispatcherCase):
    def test_entry_starts_and_ends_with_the_verdict_of_its_run(self) -> None:
        for sha, code, state in (
            (A, 0, State.PASSED),
            (B, 1, State.FAILED),
            (C, 4, State.FAILED),
            (D, 124, State.FAILED),
        ):
            entry = self.push(sha, branch=sha)
            self.assertEqual(self.step(), [f"start {sha[0]}@1"])
            self.assertEqual(self.state_of(entry), State.RUNNING)
            self.end(1, code)
            self.assertEqual(self.step(63), [])
            self.assertEqual(self.state_of(entry), state)
        self.assertFalse(self.dispatcher.busy)

    def test_each_change_is_a_line(self) -> None:
        self.push(A, "feature")
        self.step()
        self.end(1, 0)
        self.step(63)
        named = f"1 {A[:7]} feature"
        expected = [f"{named}: started in place 1", f"{named}: passed in 1 min 3 s"]
        self.assertEqual(self.lines, expected)

    def test_one_entry_runs_at_a_time(self) -> None:
        self.push(A, "a")
        self.push(B, "b")
        self.assertEqual(self.step(), ["start a@1"])
        self.assertEqual(self.step(), [])
        self.end(1)
        self.assertEqual(self.step(), ["start b@1"])

    def test_several_workers_run_as_many_at_places_of_their_own(self) -> None:
        self.dispatcher = self.another(workers=3)
        for sha in (A, B, C, D):
            self.push(sha, sha)
        self.assertEqual(self.step(), ["start a@1", "start b@2", "start c@3"])
        self.end(2)
        self.assertEqual(self.step(), ["start d@2"])

    def test_entry_that_was_cut_off_runs_where_it_ran(self) -> None:
        """Its run in a container may outlive the worker, and holds its place until its end."""
        self.push(A)
        self.queue.take("killed", 2)
        self.queue.recover()
        self.assertEqual(self.step(), ["start a@2"])

    def test_paused_or_draining_queue_starts_nothing_and_cuts_nothing(self) -> None:
        running = self.push(A, "a")
        self.step()
        for mode in ("paused", "draining"):
            self.queue.set_mode(mode)
            self.push(B, "b")
            self.assertEqual(self.step(), [])
            self.assertEqual(self.state_of(running), State.RUNNING)
        self.end(1)
        self.assertEqual(self.step(), [])
        self.queue.set_mode("running")
        self.assertEqual(self.step(), ["start b@1"])

    def test_obstacle_is_told_once_and_keeps_entries_from_starting(self) -> None:
        self.push(A)
        self.obstacle = "the disk is full"
        for _ in range(3):
            self.assertEqual(self.step(), [])
            self.assertEqual(self.queue.message(), "the disk is full")
        self.assertEqual(self.lines, ["nothing is started: the disk is full"])
        self.obstacle = ""
        self.assertEqual(self.step(), ["start a@1"])
        self.assertEqual(self.queue.message(), "")

    def test_obstacle_that_nothing_waits_for_is_no_message(self) -> None:
        self.obstacle = "the disk is full"
        entry = self.push(A)
        self.step()
        self.queue.cancel(entry.id, "by hand")
        self.step()
        self.assertEqual(self.queue.message(), "")

    def test_name_of_the_run_is_kept(self) -> None:
        entry = self.push(A)
        self.step()
        self.runs.found.append((1, "20260101T000000Z-aaaaaaa"))
        self.step()
        self.assertEqual(self.queue.entry(entry.id).run, "20260101T000000Z-aaaaaaa")


class Statuses(DispatcherCase):
    def test_run_starts_when_no_status_of_its_commit_is_under_way(self) -> None:
        entry = self.push(A)
        self.statuses.under_way.add(A)
        self.assertEqual(self.step(), [])
        self.assertEqual(self.state_of(entry), State.RUNNING)
        self.assertEqual(self.statuses.offered, [])
        self.statuses.under_way.clear()
        self.assertEqual(self.step(), ["start a@1"])

    def test_statuses_of_entries_that_wait_are_offered(self) -> None:
        self.push(A, "a")
        self.push(B, "b")
        self.step()
        self.assertEqual([s.sha for s in self.statuses.offered if s.sha == B], [B])
        self.assertEqual(self.statuses.cleared, [A])

    def test_entry_that_does_not_speak_leaves_the_statuses_of_its_commit_alone(self) -> None:
        self.queue.push(Push(A, Ref("a"), "run", speaks=False))
        self.assertEqual(self.step(), ["start a@1"])
        self.assertEqual(self.statuses.cleared, [])

    def test_entry_is_cancelled_while_it_waits_for_them(self) -> None:
        entry = self.push(A)
        self.statuses.under_way.add(A)
        self.step()
        self.queue.cancel(entry.id, "by hand")
        self.statuses.under_way.clear()
        self.assertEqual(self.step(), [])
        self.assertEqual(self.state_of(entry), State.CANCELLED)
        self.assertFalse(self.dispatcher.busy)


class QueueThatFails(DispatcherCase):
    """Each step that an error of the queue cuts short is made up for by the next."""

    def failing(self, method: str, after: bool = False) -> None:
        """Let a call of the queue fail once, without or after its effect."""
        real = getattr(self.queue, method)

        def call(*words: Any, **more: Any) -> None:
            setattr(self.queue, method, real)
            if after:
                real(*words, **more)
            raise QueueError("the disk is full")

        setattr(self.queue, method, call)

    def test_end_is_kept(self) -> None:
        for after in (False, True):
            entry = self.push(A, source="push")
            self.step()
            self.failing("end", after)
            self.end(1)
            with self.assertRaises(QueueError):
                self.step()
            self.assertTrue(self.dispatcher.busy)
            self.step()
            self.assertEqual(self.state_of(entry), State.PASSED)
            self.assertFalse(self.dispatcher.busy)

    def test_name_is_kept(self) -> None:
        entry = self.push(A)
        self.step()
        self.runs.found.append((1, "20260101T000000Z-aaaaaaa"))
        self.failing("begun")
        with self.assertRaises(QueueError):
            self.step()
        self.step()
        self.assertEqual(self.queue.entry(entry.id).run, "20260101T000000Z-aaaaaaa")

    def test_start_is_made_up_for(self) -> None:
        for after in (False, True):
            entry = self.push(A, source="push")
            self.failing("take", after)
            with self.assertRaises(QueueError):
                self.step()
            self.assertEqual(self.step(), ["start a@1"])
            self.assertEqual(self.queue.entry(entry.id).tries, 1)
            self.end(1)
            self.step()

    def test_entry_that_another_worker_has_by_now_is_left_to_it(self) -> None:
        """The lock of a worker was removed, and the next one runs its entries."""
        for begun, code in ((True, 0), (True, 137), (True, 143), (False, None)):
            entry = self.push(A, source="push")
            if not begun:
                self.statuses.under_way.add(A)
            self.step()
            self.queue.recover()
            self.queue.take("another worker", 1)
            if begun:
                self.end(1, code)
            self.dispatcher.stop()
            self.step()
            self.assertFalse(self.dispatcher.busy)
            known = self.queue.entry(entry.id)
            self.assertEqual((known.state, known.tries), (State.RUNNING, 2))
            self.queue.end(entry.id, State.PASSED, 0)
            self.dispatcher = self.another(workers=1)

    def test_entries_of_others_are_left_alone(self) -> None:
        entry = self.push(A)
        self.queue.take("another worker", 1)
        self.step()
        self.assertEqual(self.state_of(entry), State.RUNNING)


if __name__ == "__main__":
    unittest.main()
