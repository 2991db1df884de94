"""The order in which entries start."""

from __future__ import annotations

import unittest
from random import Random
from unittest import mock

from lib.commit_queue.entry import Entry, Push, Ref
from lib.commit_queue.states import State
from tests.support.queue_case import A, B, C, D, QueueCase


class Order(QueueCase):
    def test_order_is_that_of_the_pushes_also_within_one_instant(self) -> None:
        self.enterContext(mock.patch("time.time", return_value=1e9))
        for sha in (C, A, D, B):
            self.push(sha, "main")
        self.assertEqual(self.taken_in_order(), ["c", "a", "d", "b"])

    def test_clock_that_goes_back_changes_no_order(self) -> None:
        for now, sha in enumerate((A, B, C)):
            with mock.patch("time.time", return_value=1e9 - now):
                self.push(sha, "main")
        self.assertEqual(self.taken_in_order(), ["a", "b", "c"])

    def test_first_goes_before_others(self) -> None:
        self.push(A, "one")
        self.push(B, "two", "push", first=True)
        self.push(C, "three")
        self.assertEqual(self.taken_in_order(), ["b", "a", "c"])

    def test_entry_that_a_person_joins_with_first_goes_before_others(self) -> None:
        self.push(A, "one")
        self.push(B, "two")
        self.push(B, "two", "push", first=True)
        self.assertEqual(self.taken_in_order(), ["b", "a"])

    def test_peek_tells_what_take_starts(self) -> None:
        for branch, sha in (("one", A), ("one", B), ("two", C)):
            self.push(sha, branch, "push")
        while next_one := self.queue.peek():
            self.assertEqual(self.take().id, next_one.id)


class OfOneCommit(QueueCase):
    """Two runs of a commit at a time would both post its status, and the slower one the last."""

    def test_commit_that_is_pushed_back_waits_for_the_end_of_its_own_run(self) -> None:
        old = self.pushed_back()
        self.assertIsNone(self.queue.take("w", 2))
        self.assertIsNone(self.queue.peek())
        self.queue.end(old.id, State.SUPERSEDED, 143, old.asked_to_end)
        told = [(s.sha, s.state, s.description) for s in self.queue.statuses()]
        self.assertEqual(told[-1], (A, "pending", "waits in the queue"))
        self.assertEqual(self.take().sha, A)
        self.assertEqual([s.sha for s in self.queue.statuses()], [B])

    def test_end_of_one_that_waits_is_left_to_the_run_that_speaks(self) -> None:
        self.pushed_back()
        again = self.queue.entries(states=[State.WAITING], limit=1)[0]
        self.queue.cancel(again.id, "by hand")
        self.assertEqual([s.sha for s in self.queue.statuses()], [B])

    def test_others_start_meanwhile_and_those_that_do_not_speak(self) -> None:
        self.pushed_back()
        self.push(C, "other")
        self.queue.push(Push(A, Ref(""), "repeat", repeat="r", speaks=False))
        self.assertEqual(self.taken_in_order(), ["c", "a"])

    def test_it_stands_last_among_those_that_wait(self) -> None:
        self.pushed_back()  # the topic: its entry would be the next one
        self.push(C, "main")
        self.push(D, "main")
        expected = [entry.sha[0] for entry in self.queue.waiting()]
        self.assertEqual(expected, ["c", "d", "a"])
        self.assertEqual(self.taken_in_order(), expected[:2])

    def test_run_that_does_not_speak_delays_none_of_its_commit(self) -> None:
        self.queue.push(Push(A, Ref(""), "repeat", repeat="r", speaks=False))
        self.take()
        self.push(A)
        self.assertEqual(self.take().sha, A)

    def pushed_back(self) -> Entry:
        """Push a commit, another and the first again; return the entry that runs."""
        self.push(A)
        old = self.take()
        self.push(B)
        self.push(A)
        return self.queue.entry(old.id)


class Fairness(QueueCase):
    def test_branch_with_many_commits_delays_no_other(self) -> None:
        for number in range(4):
            self.push(f"{number:x}" * 40, "main")
        self.push(A, "topic")
        self.assertEqual(self.taken_in_order(), ["0", "a", "1", "2", "3"])

    def test_branch_that_was_served_longest_ago_is_next(self) -> None:
        for number, branch in enumerate(("one", "two", "three")):
            self.push(f"{number:040x}", branch)
        self.taken_in_order()
        for sha, branch in ((A, "three"), (B, "two"), (C, "one")):
            self.push(sha, branch)
        self.assertEqual(self.taken_in_order(), ["c", "b", "a"])

    def test_repetitions_delay_no_branch(self) -> None:
        for _ in range(3):
            self.queue.push(Push(A, Ref(""), "repeat", repeat="r", speaks=False))
        self.push(B)
        self.push(C, "main")
        self.assertEqual(self.taken_in_order(), ["a", "b", "c", "a", "a"])


class Forecast(QueueCase):
    def test_list_of_those_that_wait_has_the_order_in_which_they_start(self) -> None:
        random = Random(1)
        for _ in range(20):
            for _ in range(random.randrange(12)):
                self.push(
                    random.randbytes(20).hex(),
                    random.choice(("main", "one", "two", "")),
                    random.choice(("webhook", "push")),
                    first=random.random() < 0.2,
                )
            if random.random() < 0.5 and (both := self.queue.peek()):
                self.push(both.sha, "release/1")
            expected = [entry.id for entry in self.queue.waiting()]
            count = random.randrange(len(expected) + 1)
            found = [self.take().id for _ in range(count)]
            self.assertEqual(found, expected[:count])


class Modes(QueueCase):
    def test_paused_or_draining_queue_starts_nothing_and_takes_pushes(self) -> None:
        self.push(A)
        for mode in ("paused", "draining"):
            self.queue.set_mode(mode, "an upgrade")
            self.assertEqual((self.queue.mode(), self.queue.why()), (mode, "an upgrade"))
            self.assertIsNone(self.queue.take("w", 0))
            self.assertIsNone(self.queue.peek())
            self.push(B, mode)
        self.queue.set_mode("running")
        self.assertEqual(self.queue.why(), "")
        self.assertEqual(self.taken_in_order(), ["a", "b"])

    def test_unknown_mode_is_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "expected one of running, paused, draining"):
            self.queue.set_mode("stopped")

    def test_message_tells_what_holds_the_queue_up(self) -> None:
        self.assertEqual(self.queue.message(), "")
        self.queue.set_message("the disk is full")
        self.assertEqual(self.queue.message(), "the disk is full")


if __name__ == "__main__":
    unittest.main()
