"""GitHub delivers pushes out of order at times: an older one moves no branch back."""

from __future__ import annotations

import unittest

from lib.commit_queue.entry import Entry, Push, Ref
from lib.commit_queue.states import State
from tests.support.queue_case import A, B, C, D, QueueCase

NEW = "0" * 40  # what GitHub calls the commit before the first one of a branch


class LatePushes(QueueCase):
    def ended(self, state: State) -> None:
        self.queue.end(self.take().id, state, 0 if state is State.PASSED else 1)

    def verdicts(self) -> dict[str, str]:
        return {branch: entry.sha for branch, entry in self.queue.branches()}

    def test_older_push_runs_and_supersedes_not_the_newer(self) -> None:
        for before, first, second in ((NEW, A, B), ("e" * 40, C, D)):
            newer, older = self.push(second, before=first), self.push(first, before=before)
            self.assertEqual([self.state_of(newer), self.state_of(older)], ["waiting", "waiting"])
            for entry in (newer, older):
                self.queue.cancel(entry.id, "by hand")

    def test_verdict_of_a_branch_is_that_of_its_tip(self) -> None:
        self.push(B, "main", before=A)
        self.push(A, "main", before=D)
        self.ended(State.PASSED)
        self.ended(State.FAILED)
        self.assertEqual(self.verdicts(), {"main": B})
        self.assertEqual([e.sha for e in self.queue.entries(branch="main")], [B, A])

    def test_older_push_that_joins_its_entry_moves_no_branch(self) -> None:
        for sha, before in ((A, NEW), (B, A)):
            self.push(sha, "main", before=before)
            self.ended(State.PASSED)
        self.push(A, "main", before=NEW)
        self.assertEqual(self.verdicts(), {"main": B})

    def test_older_push_is_in_its_place_while_the_tip_waits(self) -> None:
        for sha, before in ((A, NEW), (B, A), (C, B)):
            self.push(sha, "main", before=before)
            self.ended(State.PASSED)
        self.push(D, "main", before=C)
        for _ in range(3):
            self.push(A, "main", before=NEW)
            self.assertEqual(self.verdicts(), {"main": C})
            self.assertEqual([e.sha for e in self.queue.entries(branch="main")], [D, C, B, A])

    def test_older_push_that_a_newer_one_has_superseded_stays_so(self) -> None:
        older = self.push(A)  # as a poll queues it
        newer = self.push(B, before=A)
        self.assertEqual(self.push(A, before=NEW).id, older.id)
        states = [self.state_of(older), self.state_of(newer)]
        self.assertEqual(states, ["superseded", "waiting"])

    def test_branch_that_was_pushed_back_is_back(self) -> None:
        for sha, before in ((A, NEW), (B, A), (A, B)):
            self.push(sha, "main", before=before)
            while self.queue.peek():
                self.ended(State.PASSED)
        self.assertEqual(self.verdicts(), {"main": A})
        self.push(B, "main", before=A)
        self.assertEqual(self.verdicts(), {"main": B})

    def test_next_push_supersedes_both(self) -> None:
        entries = [self.push(B, before=A), self.push(A, before=NEW)]
        self.push(C, before=B)
        self.assertEqual([self.state_of(entry) for entry in entries], ["superseded"] * 2)

    def test_branch_that_a_person_has_run_an_old_commit_of_can_be_pushed_back(self) -> None:
        for sha, before in ((A, NEW), (B, A)):
            self.push(sha, before=before)
        self.push(D, source="run")
        tip = self.push(A, before=B)
        self.push(C, before=A)
        self.assertEqual(self.state_of(tip), "superseded")

    def test_older_push_that_joins_the_run_of_a_person_moves_no_branch(self) -> None:
        self.push(B, "main", before=A)
        self.push(A, "main", source="run")
        self.push(A, "main", before=NEW)
        self.ended(State.PASSED)
        self.ended(State.PASSED)
        self.assertEqual(self.verdicts(), {"main": B})

    def test_branches_of_forks_have_an_order_of_their_own(self) -> None:
        def push(sha: str, before: str, fork: str = "a/fork") -> Entry:
            return self.queue.push(Push(sha, Ref("topic", 7, fork), "webhook", before=before))

        newer = push(B, A)
        older = push(A, NEW)
        self.assertEqual([self.state_of(newer), self.state_of(older)], ["waiting", "waiting"])
        push(A, NEW, "other/fork")
        push(C, NEW, "other/fork")
        self.assertEqual(self.state_of(newer), "waiting")


if __name__ == "__main__":
    unittest.main()
