"""The worker's decisions: the next entry is prepared while another runs."""

from __future__ import annotations

import unittest

from lib.commit_queue.entry import Push, Ref
from lib.commit_queue.states import State
from tests.unit.queue_worker.stand_ins import A, B, C, DispatcherCase


class Preparing(DispatcherCase):
    def setUp(self) -> None:
        super().setUp()
        self.runs.prepares = True

    def test_next_entry_is_prepared_at_the_free_place_and_runs_there(self) -> None:
        self.push(A, "a")
        self.push(B, "b")
        self.push(C, "c")
        self.assertEqual(self.step(), ["start a@1", "prepare b@2"])
        self.end(2)
        self.assertEqual(self.step(), [])  # the one after it has no place
        self.end(1)
        self.assertEqual(self.step(), ["start b@2", "prepare c@1"])

    def test_entry_waits_for_the_end_of_its_preparation(self) -> None:
        self.push(A, "a")
        self.push(B, "b")
        self.step()
        self.end(1)
        self.assertEqual(self.step(), ["ask b@2"])
        self.assertEqual(self.step(2.9), [])
        self.assertEqual(self.step(0.2), ["term b@2"])
        self.assertEqual(self.step(3), ["kill b@2"])
        self.end(2, 137)
        self.assertEqual(self.step(), ["start b@2"])

    def test_preparation_of_an_entry_that_is_not_next_any_more_ends(self) -> None:
        self.push(A, "a")
        entry = self.push(B, "b")
        self.step()
        self.queue.push(Push(C, Ref("c"), "push", first=True))
        self.assertEqual(self.step(), ["ask b@2"])
        self.end(2, 143)
        self.assertEqual(self.step(), ["prepare c@2"])
        self.assertEqual(self.state_of(entry), State.WAITING)

    def test_superseded_entry_is_prepared_no_more(self) -> None:
        self.push(A, "main")
        self.push(B, "b")
        self.step()
        self.push(C, "b")
        self.assertEqual(self.step(), ["ask b@2"])

    def test_failed_preparation_is_told_and_not_tried_again(self) -> None:
        self.push(A, "a")
        entry = self.push(B, "b")
        self.step()
        self.end(2, 2)
        self.assertEqual(self.step(), [])
        self.assertEqual(self.lines[-1], f"2 {B[:7]} b: was not prepared (exit code 2)")
        self.assertEqual(self.state_of(entry), State.WAITING)
        self.end(1)
        self.assertEqual(self.step(), ["start b@2"])

    def test_nothing_is_prepared_where_nothing_may_start(self) -> None:
        self.push(A, "a")
        self.step()
        self.push(B, "b")
        self.obstacle = "the disk is full"
        self.assertEqual(self.step(), [])
        self.obstacle = ""
        self.queue.set_mode("draining")
        self.assertEqual(self.step(), [])

    def test_preparation_ends_with_its_worker(self) -> None:
        self.push(A, "a")
        self.push(B, "b")
        self.step()
        self.dispatcher.stop()
        self.end(1, 143)
        self.end(2, 143)
        self.assertEqual(self.step(), [])
        self.assertFalse(self.dispatcher.busy)


if __name__ == "__main__":
    unittest.main()
