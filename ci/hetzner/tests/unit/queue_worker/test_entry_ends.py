"""The worker's decisions: how entries end, by themselves, when asked, and with their worker."""

from __future__ import annotations

import unittest

from lib.commit_queue.states import State
from lib.queue_worker.entry_ends import NOT_WHOLE
from lib.queue_worker.protocol import Gone
from lib.queue_worker.run_end import Ended
from tests.unit.queue_worker.stand_ins import A, B, DispatcherCase

RUN = "20260101T000000Z-aaaaaaa"


class Ending(DispatcherCase):
    def test_cancelled_run_is_asked_ever_more_firmly(self) -> None:
        entry = self.push(A)
        self.step()
        self.queue.cancel(entry.id, "by hand")
        self.assertEqual(self.step(), ["ask a@1"])
        self.assertEqual(self.dispatcher.due, 30.0)
        self.assertEqual(self.step(29.9), [])
        self.assertEqual(self.step(0.1), ["term a@1"])
        self.assertEqual(self.dispatcher.due, 60.0)
        self.assertEqual(self.step(29.9), [])
        self.assertEqual(self.step(0.1), ["kill a@1"])
        self.assertEqual(self.step(100), [])
        self.end(1, 137)
        self.step()
        self.assertEqual(self.state_of(entry), State.CANCELLED)
        self.assertEqual(self.reason_of(entry), "by hand")

    def test_newer_push_ends_the_run_of_its_branch(self) -> None:
        older = self.push(A)
        self.step()
        newer = self.push(B)
        self.assertEqual(self.step(), ["ask a@1"])
        self.end(1, 143)
        self.assertEqual(self.step(), ["start b@1"])
        self.assertEqual(self.state_of(older), State.SUPERSEDED)
        self.assertEqual(self.reason_of(older), "superseded by bbbbbbb")
        self.assertEqual(self.state_of(newer), State.RUNNING)

    def test_verdict_that_came_before_the_request_counts(self) -> None:
        entry = self.push(A)
        self.step()
        self.queue.cancel(entry.id, "by hand")
        self.end(1, 0)
        self.step()
        self.assertEqual(self.state_of(entry), State.PASSED)

    def test_killed_run_starts_once_more_and_no_more_than_that(self) -> None:
        entry = self.push(A)
        self.step()
        self.end(1, 137)
        self.assertEqual(self.step(), ["start a@1"])
        self.end(1, 137)
        self.assertEqual(self.step(), [])
        self.assertEqual(self.state_of(entry), State.CUT_OFF)

    def test_other_signals_and_codes_are_errors(self) -> None:
        for code, text in (
            (143, r"ended by signal 15 \(SIGTERM\)"),
            (2, "exit code 2, which says nothing"),
            (77, "exit code 77, which says nothing"),
            (255, "exit code 255, which says nothing"),
        ):
            entry = self.push(A)
            self.step()
            self.end(1, code)
            self.step()
            self.assertEqual(self.state_of(entry), State.ERROR)
            self.assertRegex(self.reason_of(entry), text)
        self.assertEqual(self.queue.mode(), "running")

    def test_another_program_may_mean_something_else_by_2(self) -> None:
        entry = self.push(A)
        self.step()
        self.runs.ends.append(Gone(1, Ended(2, said="make: *** Error 1")))
        self.step()
        self.assertRegex(self.reason_of(entry), "ended with exit code 2, .*: make")

    def test_run_of_a_part_of_a_commit_proves_nothing_and_is_told_of(self) -> None:
        for code, state in ((0, State.ERROR), (1, State.FAILED)):
            entry = self.push(A, source="push")
            self.step()
            self.end(1, code)
            self.runs.ends = [gone._replace(whole=False) for gone in self.runs.ends]
            self.step()
            self.assertEqual(self.state_of(entry), state)
            told = [(s.state, s.description) for s in self.statuses.offered]
            self.assertEqual(told, [("error", NOT_WHOLE)])

    def unconfirmed(self, code: int) -> None:
        """End the command with an exit code that its run does not confirm."""
        self.runs.ends.append(Gone(1, Ended(code, confirmed=False), RUN))

    def test_exit_code_that_the_run_does_not_confirm_is_no_verdict(self) -> None:
        """As of `docker exec`, when its connection breaks and the run goes on."""
        for sha, code in ((A, 0), (B, 1)):
            entry = self.push(sha, sha)
            self.step()
            self.unconfirmed(code)
            self.assertEqual(self.step(), [f"start {sha[0]}@1"])
            self.unconfirmed(code)
            self.step()
            self.assertEqual(self.state_of(entry), State.CUT_OFF)
            self.assertIn(f"exit code {code} came from its command", self.reason_of(entry))

    def test_such_a_run_that_was_asked_to_end_has_that_end(self) -> None:
        entry = self.push(A)
        self.step()
        self.queue.cancel(entry.id, "by hand")
        self.unconfirmed(0)
        self.step()
        self.assertEqual(self.state_of(entry), State.CANCELLED)

    def test_run_that_failed_before_its_jobs_keeps_its_own_words(self) -> None:
        self.push(A)
        self.step()
        said = "git said: fatal: no remote"
        self.end(1, 1, said=said)
        self.runs.ends = [gone._replace(whole=False) for gone in self.runs.ends]
        self.step()
        self.assertEqual([s.state for s in self.statuses.offered], ["error"])
        self.assertIn(said, self.statuses.offered[0].description)

    def test_end_of_an_entry_that_nobody_knows_is_passed_over(self) -> None:
        entry = self.push(A)
        self.step()
        self.queue.end(entry.id, State.CANCELLED, None)
        self.queue.forget(float("inf"))
        self.end(1)
        self.step()
        self.assertFalse(self.dispatcher.busy)
        self.assertIn("is not kept", self.lines[-1])


class Stopping(DispatcherCase):
    def test_entries_of_a_stopped_worker_wait_as_if_not_started(self) -> None:
        entry = self.push(A)
        self.step()
        self.dispatcher.stop()
        self.assertEqual(self.runs.calls[-1], "ask a@1")
        self.assertTrue(self.dispatcher.busy)
        self.end(1, 143)
        self.assertEqual(self.step(), [])
        self.assertFalse(self.dispatcher.busy)
        found = self.queue.entry(entry.id)
        self.assertEqual((found.state, found.tries), (State.WAITING, 0))

    def test_verdict_that_comes_meanwhile_counts(self) -> None:
        entry = self.push(A)
        self.step()
        self.dispatcher.stop()
        self.end(1, 1)
        self.step()
        self.assertEqual(self.state_of(entry), State.FAILED)

    def test_cancelled_entry_is_not_put_back(self) -> None:
        entry = self.push(A)
        self.step()
        self.queue.cancel(entry.id, "by hand")
        self.dispatcher.stop()
        self.end(1, 143)
        self.step()
        self.assertEqual(self.state_of(entry), State.CANCELLED)

    def test_nothing_starts_any_more(self) -> None:
        first = self.push(A)
        self.statuses.under_way.add(A)
        self.step()
        self.dispatcher.stop()
        self.statuses.under_way.clear()
        self.push(B, "b")
        self.assertEqual(self.step(), [])
        self.assertEqual(self.state_of(first), State.WAITING)

    def test_second_request_ends_all_by_force(self) -> None:
        self.push(A)
        self.step()
        self.dispatcher.stop()
        self.dispatcher.kill()
        self.assertEqual(self.runs.calls[-2:], ["ask a@1", "kill a@1"])


if __name__ == "__main__":
    unittest.main()
