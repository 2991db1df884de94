"""How entries end: once each, with a status where no run speaks."""

from __future__ import annotations

import time
import unittest

from lib.commit_queue.entry import Entry, Push, Ref
from lib.commit_queue.states import ENDED, SPOKEN, State
from tests.support.queue_case import A, B, C, D, QueueCase


class EndingCase(QueueCase):
    def statuses(self) -> list[tuple[str, str, str]]:
        """Return the letter of the commit, state and words of the statuses to be posted."""
        return [(each.sha[0], each.state, each.description) for each in self.queue.statuses()]

    def posted(self) -> None:
        for each in self.queue.statuses():
            self.queue.forget_status(each.id)

    def cut_off(self, entry: Entry) -> Entry:
        """Have the worker of an entry die."""
        self.queue.recover()
        return self.queue.entry(entry.id)


class Cancelling(EndingCase):
    def test_entry_that_waits_ends(self) -> None:
        ended = self.queue.cancel(self.push(A).id, "cancelled by me")
        self.assertEqual((ended.state, ended.reason), ("cancelled", "cancelled by me"))
        self.assertIsNone(self.queue.peek())

    def test_entry_that_runs_is_asked_to_end(self) -> None:
        self.push(A)
        asked = self.queue.cancel(self.take().id, "cancelled by me")
        self.assertEqual((asked.state, asked.asked_to_end), ("running", "cancelled by me"))
        self.assertIs(asked.end_if_asked, State.CANCELLED)

    def test_first_reason_stays(self) -> None:
        self.push(A)
        running = self.take()
        self.push(B)
        again = self.queue.cancel(running.id, "cancelled by me")
        self.assertEqual(again.asked_to_end, "superseded by bbbbbbb")

    def test_ended_entry_is_refused_and_stays(self) -> None:
        self.push(A)
        ended = self.take()
        self.queue.end(ended.id, State.PASSED, 0)
        with self.assertRaisesRegex(LookupError, "found that 1 has ended: passed"):
            self.queue.cancel(ended.id, "x")
        self.assertEqual(self.state_of(ended), "passed")


class Recovering(EndingCase):
    def test_entry_of_a_dead_worker_waits_once_more_and_says_so(self) -> None:
        self.push(A)
        self.posted()
        again = self.cut_off(self.take())
        self.assertEqual(
            (again.state, again.reason, again.tries),
            ("waiting", "cut off: its worker has ended", 1),
        )
        self.assertEqual(self.statuses(), [("a", "pending", "was cut off and waits once more")])

    def test_entry_that_is_cut_off_twice_ends(self) -> None:
        self.push(A)
        self.cut_off(self.take())
        ended = self.cut_off(self.take())
        self.assertEqual((ended.state, ended.tries), (State.CUT_OFF, 2))
        self.assertEqual(self.statuses(), [("a", "error", "cut off twice: its worker has ended")])

    def test_entry_that_was_asked_to_end_has_that_end(self) -> None:
        self.push(A, "one")
        cancelled = self.take()
        self.queue.cancel(cancelled.id, "cancelled by me")
        self.push(B, "two")
        superseded = self.take()
        self.push(C, "two")
        self.queue.recover()
        found = [self.queue.entry(entry.id) for entry in (cancelled, superseded)]
        self.assertEqual(
            [(entry.state, entry.reason) for entry in found],
            [("cancelled", "cancelled by me"), ("superseded", "superseded by ccccccc")],
        )

    def test_run_that_was_killed_waits_once_more(self) -> None:
        self.push(A)
        again = self.queue.cut_off(self.take().id, "its run was killed")
        self.assertEqual((again.state, again.reason), ("waiting", "cut off: its run was killed"))

    def test_entry_that_is_superseded_while_it_waits_again_ends(self) -> None:
        self.push(A)
        self.cut_off(self.take())
        self.push(B)
        self.assertEqual(self.queue.entry(1).state, "superseded")


class Statuses(EndingCase):
    def test_push_that_queues_is_pending_and_one_that_joins_says_nothing(self) -> None:
        self.push(A)
        self.assertEqual(self.statuses(), [("a", "pending", "waits in the queue")])
        self.posted()
        self.pull(A)
        self.push(A, "other")
        self.assertEqual(self.statuses(), [])

    def test_each_end_without_a_verdict_has_a_status_and_others_none(self) -> None:
        for state in sorted(ENDED):
            self.push(A, source="push")
            self.posted()
            self.queue.end(self.take().id, state, None, "why")
            expected = [] if state in SPOKEN else [("a", "error", "why")]
            self.assertEqual(self.statuses(), expected, state)

    def test_superseded_commit_is_told_so(self) -> None:
        self.push(A)
        self.push(B)
        self.assertEqual(
            self.statuses(),
            [("b", "pending", "waits in the queue"), ("a", "error", "superseded by bbbbbbb")],
        )

    def test_status_links_to_the_run(self) -> None:
        self.push(A)
        self.queue.begun(self.take().id, "some-run")
        self.queue.cancel(1, "cancelled by me")
        self.queue.end(1, State.CANCELLED, 143, "cancelled by me")
        self.assertEqual([each.run for each in self.queue.statuses()], ["some-run"])

    def test_newer_status_of_a_commit_replaces_one_that_was_not_posted(self) -> None:
        self.push(A)
        self.push(B, "other")
        self.queue.cancel(1, "cancelled by me")
        self.assertEqual(
            self.statuses(),
            [("b", "pending", "waits in the queue"), ("a", "error", "cancelled by me")],
        )

    def test_status_that_is_late_does_not_follow_that_of_a_run(self) -> None:
        self.push(A)
        self.take()
        self.assertEqual(self.statuses(), [])

    def test_mute_entry_has_none(self) -> None:
        self.queue.push(Push(A, Ref("t"), "run", speaks=False))
        self.queue.cancel(1, "x")
        self.assertEqual(self.statuses(), [])


class Forgetting(EndingCase):
    def test_old_ended_entries_and_deliveries_go_and_their_ids_do_not_return(self) -> None:
        for delivery, sha in (("d1", A), ("d2", B)):
            self.queue.receive(delivery, Push(sha, Ref(delivery), "webhook"), "{entry}")
        self.queue.end(self.take().id, State.PASSED, 0)
        self.queue.cancel(2, "x")
        running = self.push(C)
        self.take()
        waiting = self.push(D, "other")
        self.assertEqual(self.queue.forget(time.time() - 3600), 0)
        self.assertEqual(self.queue.forget(time.time() + 1), 2)
        self.assertEqual(self.queue.entries(), [waiting, self.queue.entry(running.id)])
        self.assertEqual([each.sha for each in self.queue.statuses()], [D])
        again = self.queue.receive("d1", Push(A, Ref("t"), "webhook"), "{entry}")
        self.assertEqual(again, "5")


if __name__ == "__main__":
    unittest.main()
