"""A branch that is deleted: what waits or runs for it alone ends, and it has no verdict."""

from __future__ import annotations

from lib.commit_queue.entry import Deletion, Push, Ref
from lib.commit_queue.states import VERDICTS, State
from tests.support.queue_case import A, B, C, QueueCase


class Deletions(QueueCase):
    def delete(self, branch: str, before: str) -> None:
        self.queue.delete(Deletion(Ref(branch), before))

    def test_entry_that_waits_ends_with_a_status_and_one_that_runs_is_asked_to_end(self) -> None:
        self.push(A)
        running = self.take()
        self.push(B, source="run")  # that of a person stays
        waiting = self.push(A, "other")
        self.assertEqual(waiting.id, running.id)
        self.delete("other", A)
        self.assertEqual(self.queue.entry(running.id).asked_to_end, "")
        self.delete("topic", A)
        asked = self.queue.entry(running.id)
        self.assertEqual(asked.asked_to_end, "its branch was deleted")
        self.assertIs(asked.end_if_asked, State.CANCELLED)
        self.assertEqual([entry.sha for entry in self.queue.waiting()], [B])
        gone = self.push(C)
        self.delete("topic", C)
        self.assertEqual(self.state_of(gone), "cancelled")
        told = {status.sha: status.description for status in self.queue.statuses()}
        self.assertEqual(told[C], "its branch was deleted")

    def test_commit_of_another_branch_runs_on(self) -> None:
        both = self.push(A)
        self.push(A, "main")
        self.delete("topic", A)
        entry = self.queue.entry(both.id)
        self.assertEqual((entry.state, entry.refs), ("waiting", (Ref("main"),)))

    def test_commits_of_a_protected_branch_run_on(self) -> None:
        entry = self.push(A, "release/1")
        self.delete("release/1", A)
        self.assertEqual(self.state_of(entry), "waiting")
        self.assertEqual(self.queue.tips(), {"release/1": ""})

    def test_branch_has_no_verdict_and_a_new_one_of_its_name_none_of_the_old(self) -> None:
        old = self.push(A)
        self.queue.end(self.take().id, State.PASSED, 0)
        self.delete("topic", A)
        self.assertEqual(self.queue.branches(), [])
        self.assertEqual(self.queue.entry(old.id).where, "deleted:topic")
        self.push(B, before="0" * 40)
        self.assertEqual(self.queue.entries(states=VERDICTS, branch="topic"), [])
        self.assertEqual(self.queue.tips(), {"topic": B})
        self.queue.end(self.take().id, State.FAILED, 1)
        self.assertEqual([(name, e.sha) for name, e in self.queue.branches()], [("topic", B)])

    def test_branch_that_is_restored_has_its_verdict_again(self) -> None:
        tested = self.push(A)
        self.queue.end(self.take().id, State.PASSED, 0)
        for _ in range(2):
            self.delete("topic", A)
            self.assertEqual(self.push(A, before="0" * 40).id, tested.id)
        self.assertEqual([name for name, _ in self.queue.branches()], ["topic"])
        self.assertEqual(self.queue.entry(tested.id).refs, (Ref("topic"),))

    def test_deletion_that_is_told_after_a_new_push_deletes_nothing(self) -> None:
        self.push(A)
        entry = self.push(B)
        for before in (A, C, "", "0" * 40):
            self.delete("topic", before)
        self.delete("unheard-of", "")
        self.assertEqual((self.state_of(entry), self.queue.tips()), ("waiting", {"topic": B}))

    def test_branches_of_a_fork_and_of_the_box_are_others(self) -> None:
        for fork in ("a/fork", "pushed"):
            self.queue.push(Push(A, Ref("topic", fork=fork), "hook"))
        self.push(A)
        self.delete("topic", A)
        (entry,) = self.queue.entries()
        self.assertEqual({ref.fork for ref in entry.refs}, {"a/fork", "pushed"})
        self.queue.delete(Deletion(Ref("topic", fork="pushed"), A))
        self.assertEqual(self.queue.entry(entry.id).refs, (Ref("topic", fork="a/fork"),))
