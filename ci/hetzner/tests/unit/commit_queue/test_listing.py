"""Which entries there are, and the verdict of a branch."""

from __future__ import annotations

import time
import unittest

from lib.commit_queue.entry import Entry
from lib.commit_queue.states import VERDICTS, State
from tests.support.queue_case import A, B, C, D, QueueCase


class Views(QueueCase):
    def test_branches_have_their_last_ended_entry_the_newest_first(self) -> None:
        for sha, branch in ((A, "one"), (B, "two"), (C, "one")):
            self.push(sha, branch)
            self.queue.end(self.take().id, State.PASSED, 0)
        self.push(D, "two")
        self.pull(D, "three", fork="a/b")
        found = [(branch, entry.sha) for branch, entry in self.queue.branches()]
        self.assertEqual(found, [("one", C), ("two", B)])

    def test_entries_are_those_of_the_states_and_the_branch_the_newest_first(self) -> None:
        for sha, branch in ((A, "main"), (B, "two"), (C, "main")):
            self.push(sha, branch)
        self.take()
        ids = [entry.id for entry in self.queue.entries()]
        self.assertEqual(ids, [3, 2, 1])
        waiting = self.queue.entries(states={State.WAITING}, branch="main")
        self.assertEqual([entry.id for entry in waiting], [3])
        self.assertEqual([entry.id for entry in self.queue.entries(limit=1)], [3])


class BranchThatGoesBack(QueueCase):
    """The verdict of a branch is that of its latest push, also if that queued nothing new."""

    def ended(self, state: State) -> Entry:
        taken = self.take()
        self.queue.end(taken.id, state, 0 if state is State.PASSED else 1)
        return taken

    def verdict(self, branch: str) -> tuple[str, State]:
        """Return what all who ask for the last verdict of a branch are told, the same to each."""
        (listed,) = self.queue.entries(states=VERDICTS, branch=branch, limit=1)
        self.assertEqual(dict(self.queue.branches())[branch], listed)
        return listed.sha, listed.state

    def test_verdict_is_that_of_the_commit_it_went_back_to(self) -> None:
        for first, second, shas in (
            (State.FAILED, State.PASSED, (A, B)),
            (State.PASSED, State.FAILED, (C, D)),
        ):
            with self.subTest(first):
                for state, sha in zip((first, second), shas, strict=True):
                    self.push(sha, "main")
                    self.ended(state)
                self.assertEqual(self.verdict("main"), (shas[1], second))
                self.push(shas[0], "main")
                self.assertEqual(self.verdict("main"), (shas[0], first))

    def test_verdict_is_its_own_also_if_the_commit_still_ran_when_it_went_back(self) -> None:
        self.push(A, "main")
        first = self.take()
        self.push(B, "main")
        self.ended(State.PASSED)
        self.assertEqual(self.push(A, "main").id, first.id)
        self.queue.end(first.id, State.FAILED, 1)
        self.assertEqual(self.verdict("main"), (A, State.FAILED))

    def test_other_branches_of_the_commits_keep_their_verdict(self) -> None:
        self.push(A, "main")
        self.push(A, "release/1")
        self.ended(State.FAILED)
        for branch in ("main", "release/1"):
            self.push(B, branch)
        self.ended(State.PASSED)
        self.push(A, "main")
        self.assertEqual(self.verdict("main"), (A, State.FAILED))
        self.assertEqual(self.verdict("release/1"), (B, State.PASSED))

    def test_late_event_of_a_pull_request_moves_no_branch(self) -> None:
        self.push(A, "main")
        self.ended(State.PASSED)
        self.push(B, "main")
        self.ended(State.FAILED)
        joined = self.pull(A, "main")
        self.assertEqual([(ref.branch, ref.pull) for ref in joined.refs], [("main", 7)])
        self.assertEqual(self.verdict("main"), (B, State.FAILED))

    def test_person_who_has_an_old_commit_run_moves_no_branch(self) -> None:
        self.push(A, "main")
        self.ended(State.FAILED)
        self.push(B, "main")
        self.ended(State.PASSED)
        self.push(A, "main", "run")
        self.ended(State.FAILED)
        self.push(C, "old")
        self.assertEqual(self.push(C, "main", "run").branch, "old")
        self.ended(State.FAILED)
        self.assertEqual(self.verdict("main"), (B, State.PASSED))
        self.push(D, "main")
        self.ended(State.FAILED)
        self.assertEqual(self.verdict("main"), (D, State.FAILED))

    def test_person_who_has_the_latest_commit_run_again_has_a_new_verdict(self) -> None:
        self.push(A, "main")
        self.ended(State.FAILED)
        self.push(A, "main", "run")
        self.ended(State.PASSED)
        self.assertEqual(self.verdict("main"), (A, State.PASSED))

    def test_branch_without_any_push_has_the_verdict_of_its_latest_run_by_hand(self) -> None:
        for sha in (A, B):
            self.push(sha, "main", "push")
            self.ended(State.PASSED)
        self.assertEqual(self.verdict("main"), (B, State.PASSED))
        self.push(C, "main")
        self.ended(State.PASSED)
        self.push(A, "main", "push")
        self.ended(State.FAILED)
        self.assertEqual(self.verdict("main"), (C, State.PASSED))

    def test_push_keeps_the_number_of_the_pull_request(self) -> None:
        self.push(A)
        self.pull(A)
        self.assertEqual([(ref.branch, ref.pull) for ref in self.push(A).refs], [("topic", 7)])

    def test_pages_of_a_branch_have_each_entry_once(self) -> None:
        for sha in (A, B, C, D):
            self.push(sha, "main")
            self.ended(State.PASSED)
        self.push(B, "main")
        self.push("e" * 40, "other")
        found, before = [], None
        while page := self.queue.entries(branch="main", limit=1, before=before):
            found.append(page[0].sha)
            before = page[0].id
        self.assertEqual(found, [B, D, C, A])
        after_all = self.queue.entries(branch="main", before=2**62)
        self.assertEqual([entry.sha for entry in after_all], found)

    def test_branch_has_no_verdict_once_that_of_its_latest_push_is_forgotten(self) -> None:
        self.push(A, "main")
        self.ended(State.FAILED)
        between = time.time()
        self.push(B, "main")
        self.ended(State.PASSED)
        self.push(A, "main")
        self.assertEqual(self.queue.forget(between), 1)
        self.assertEqual(self.queue.branches(), [])
        self.assertEqual([entry.sha for entry in self.queue.entries()], [B])


if __name__ == "__main__":
    unittest.main()
