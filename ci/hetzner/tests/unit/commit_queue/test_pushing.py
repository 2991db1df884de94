"""What a push does: it joins an entry or queues one, and supersedes those of its branch."""

from __future__ import annotations

import unittest

from lib.commit_queue.entry import Push, Ref
from lib.commit_queue.states import State
from tests.support.queue_case import A, B, C, QueueCase

FORK = "someone/project"


class Joining(QueueCase):
    def test_push_event_and_pull_request_event_of_one_commit_are_one_entry(self) -> None:
        for first, second in ((self.push, self.pull), (self.pull, self.push)):
            sha = {self.push: A, self.pull: B}[first]
            one, other = first(sha), second(sha)
            self.assertEqual((one.id, other.refs), (other.id, (Ref("topic", 7),)))
            self.take()

    def test_pull_request_event_joins_the_entry_that_runs_or_has_passed_or_failed(self) -> None:
        pushed = self.push(A)
        self.take()
        self.assertEqual(self.pull(A).id, pushed.id)
        self.queue.end(pushed.id, State.FAILED, 1)
        self.assertEqual(self.pull(A).id, pushed.id)
        self.assertIsNone(self.queue.peek())

    def test_commit_of_two_branches_is_one_entry_with_both(self) -> None:
        self.assertEqual(self.push(A, "one").id, self.push(A, "two").id)
        self.assertEqual(self.queue.entry(1).refs, (Ref("one"), Ref("two")))

    def test_person_who_pushes_a_commit_that_has_ended_gets_a_new_run(self) -> None:
        first = self.push(A)
        self.queue.end(self.take().id, State.PASSED, 0)
        for source in ("push", "run"):
            again = self.push(A, source=source)
            self.assertGreater(again.id, first.id)
            self.queue.end(self.take().id, State.PASSED, 0)

    def test_person_joins_the_entry_that_waits_or_runs(self) -> None:
        first = self.push(A)
        self.assertEqual(self.push(A, source="run").id, first.id)
        self.take()
        self.assertEqual(self.push(A, source="push").id, first.id)

    def test_commit_whose_run_says_nothing_of_it_runs_again(self) -> None:
        for state in (State.ERROR, State.CANCELLED, State.CUT_OFF):
            before = self.push(A)
            self.queue.end(before.id, state, None)
            self.assertGreater(self.push(A).id, before.id)
            self.queue.end(self.take().id, state, None)

    def test_latest_end_counts_and_not_an_earlier_one(self) -> None:
        self.push(A)
        self.queue.end(self.take().id, State.PASSED, 0)
        again = self.push(A, source="push")
        self.queue.cancel(again.id, "cancelled by hand")
        self.assertGreater(self.push(A, "other").id, again.id)

    def test_word_that_git_takes_for_no_commit_or_branch_is_refused(self) -> None:
        for sha, branch in (
            ("HEAD", "b"),
            ("-" * 40, "b"),
            (A, "--x"),
            (A, "a b"),
            (A.upper(), "b"),
        ):
            with self.assertRaisesRegex(ValueError, "expected the "):
                self.push(sha, branch)
        self.assertEqual(self.queue.entries(), [])

    def test_push_that_speaks_does_not_join_a_run_that_is_mute(self) -> None:
        mute = self.queue.push(Push(A, Ref(""), "run", speaks=False))
        self.assertEqual(self.push(A).id, mute.id)  # while it waits, it learns to speak
        self.assertTrue(self.queue.entry(mute.id).speaks)
        self.take()
        mute = self.queue.push(Push(B, Ref(""), "run", speaks=False))
        self.take()
        self.assertGreater(self.push(B).id, mute.id)

    def test_each_repetition_is_an_entry(self) -> None:
        made = [self.queue.push(Push(A, Ref(""), "repeat", repeat="r1")) for _ in range(3)]
        self.assertEqual([entry.id for entry in made], [1, 2, 3])
        self.assertEqual(self.push(A).id, 4)

    def test_person_who_names_no_branch_adds_none(self) -> None:
        self.push(A)
        self.push(A, "", "push")
        self.assertEqual(self.queue.entry(1).refs, (Ref("topic"),))


class Superseding(QueueCase):
    def test_newer_push_ends_the_older_one_that_waits(self) -> None:
        old = self.push(A)
        self.push(B)
        ended = self.queue.entry(old.id)
        self.assertEqual((ended.state, ended.reason), ("superseded", "superseded by bbbbbbb"))
        self.assertEqual(ended.refs, (Ref("topic"),))

    def test_newer_push_asks_the_older_one_that_runs_to_end(self) -> None:
        self.push(A)
        running = self.take()
        self.push(B)
        asked = self.queue.entry(running.id)
        self.assertEqual((asked.state, asked.asked_to_end), ("running", "superseded by bbbbbbb"))
        self.assertIs(asked.end_if_asked, State.SUPERSEDED)

    def test_commits_of_a_protected_branch_all_run(self) -> None:
        for branch in ("main", "release/1"):
            entries = [self.push(sha, branch) for sha in (A, B, C)]
            self.assertEqual([self.state_of(entry) for entry in entries], ["waiting"] * 3)
            for entry in entries:  # or the next branch would join them
                self.queue.end(entry.id, State.ERROR, None)

    def test_branch_of_a_fork_is_another_branch(self) -> None:
        ours, theirs = self.push(A), self.pull(B, fork=FORK)
        self.assertEqual((self.state_of(ours), self.state_of(theirs)), ("waiting", "waiting"))
        self.pull(C, fork=FORK)
        self.assertEqual((self.state_of(ours), self.state_of(theirs)), ("waiting", "superseded"))

    def test_main_of_a_fork_is_not_protected(self) -> None:
        old = self.pull(A, "main", fork=FORK)
        self.pull(B, "main", fork=FORK)
        self.assertEqual(self.state_of(old), "superseded")

    def test_entry_of_two_branches_loses_one_of_them(self) -> None:
        both = self.push(A, "one")
        self.push(A, "two")
        self.push(B, "one")
        self.assertEqual(self.queue.entry(both.id).refs, (Ref("two"),))
        self.assertEqual(self.state_of(both), "waiting")
        self.push(C, "two")
        self.assertEqual(self.state_of(both), "superseded")

    def test_entry_of_a_protected_branch_and_another_one_stays(self) -> None:
        both = self.push(A, "main")
        self.push(A, "topic")
        self.push(B, "topic")
        self.push(C, "main")
        self.assertEqual(self.state_of(both), "waiting")

    def test_entry_of_a_person_is_not_superseded(self) -> None:
        for source in ("push", "run"):
            entry = self.push(A, source=source)
            newer = self.push(B)
            self.assertEqual(self.state_of(entry), "waiting")
            for each in (entry, newer):
                self.queue.end(each.id, State.PASSED, 0)

    def test_entry_that_a_person_has_joined_is_not_superseded(self) -> None:
        entry = self.push(A)
        self.push(A, source="run")
        self.push(B)
        self.assertEqual(self.state_of(entry), "waiting")

    def test_push_of_a_person_supersedes_nothing(self) -> None:
        entry = self.push(A)
        for source in ("push", "run", "repeat"):
            self.push(B, source=source)
        self.assertEqual(self.state_of(entry), "waiting")

    def test_hook_and_poller_supersede_as_a_webhook_does(self) -> None:
        for source in ("hook", "poll"):
            entry = self.push(A, source=source)
            self.push(B, source=source)
            self.assertEqual(self.state_of(entry), "superseded")

    def test_tag_of_a_commit_of_a_branch_keeps_its_run(self) -> None:
        old = self.push(A)
        self.assertEqual(self.push(A, "").id, old.id)
        self.push(B)
        self.assertEqual(self.state_of(old), "waiting")

    def test_push_without_a_branch_supersedes_nothing(self) -> None:
        entry = self.push(A, "", "hook")
        self.push(B, "", "hook")
        self.assertEqual(self.state_of(entry), "waiting")

    def test_branch_that_goes_back_to_a_tested_commit_supersedes_the_newer(self) -> None:
        tested = self.push(A)
        self.queue.end(self.take().id, State.PASSED, 0)
        newer = self.push(B)
        self.assertEqual(self.push(A).id, tested.id)
        self.assertEqual(self.state_of(newer), "superseded")

    def test_branch_that_goes_back_to_a_superseded_commit_runs_it(self) -> None:
        old = self.push(A)
        self.push(B)
        self.assertGreater(self.push(A).id, old.id)
        self.assertEqual(self.taken_in_order(), ["a"])


class LateEvents(QueueCase):
    """GitHub sends the event of a pull request in any order beside that of later pushes."""

    def test_late_event_of_a_superseded_commit_brings_it_not_back(self) -> None:
        old, newer = self.push(A), self.push(B)
        self.assertEqual(self.pull(A).id, old.id)
        self.assertEqual((self.state_of(old), self.state_of(newer)), ("superseded", "waiting"))

    def test_late_event_of_a_commit_that_is_asked_to_end_brings_it_not_back(self) -> None:
        self.push(A)
        old, newer = self.take(), self.push(B)
        self.assertEqual(self.pull(A).id, old.id)
        self.assertEqual(self.state_of(newer), "waiting")

    def test_late_event_of_a_tested_commit_supersedes_not_the_newer(self) -> None:
        self.push(A)
        self.queue.end(self.take().id, State.PASSED, 0)
        newer = self.push(B)
        self.pull(A)
        self.assertEqual(self.state_of(newer), "waiting")

    def test_late_event_of_a_cancelled_commit_brings_it_not_back(self) -> None:
        old = self.push(A)
        self.queue.cancel(old.id, "cancelled by hand")
        self.assertEqual(self.pull(A).id, old.id)
        self.assertIsNone(self.queue.peek())

    def test_late_event_of_a_commit_of_two_branches_moves_neither(self) -> None:
        for branch in ("f", "g"):
            self.push(A, branch)
        newer = self.push(B, "g", before=A)
        self.pull(A, "g")
        self.assertEqual(self.state_of(newer), "waiting")
        self.assertEqual(self.queue.tips(), {"f": A, "g": B})

    def test_where_pull_requests_are_the_only_events_they_supersede(self) -> None:
        old, newer = self.pull(A), self.pull(B, before=A)
        self.assertEqual((self.state_of(old), self.state_of(newer)), ("superseded", "waiting"))


class Deliveries(QueueCase):
    def receive(self, delivery: str, sha: str = A) -> str:
        return self.queue.receive(delivery, Push(sha, Ref("t"), "webhook"), "queued {entry}")

    def test_delivery_that_was_seen_before_gets_the_same_answer_and_queues_once(self) -> None:
        self.assertEqual(self.receive("d1"), "queued 1")
        self.queue.end(self.take().id, State.CANCELLED, None)
        self.assertEqual(self.receive("d1"), "queued 1")
        self.assertEqual(len(self.queue.entries()), 1)

    def test_other_delivery_of_the_commit_has_the_answer_of_its_entry(self) -> None:
        self.assertEqual([self.receive("d1"), self.receive("d2")], ["queued 1", "queued 1"])


if __name__ == "__main__":
    unittest.main()
