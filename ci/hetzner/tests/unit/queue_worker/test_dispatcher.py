"""The worker's decisions: which entry runs where, and when a command is to end."""

from __future__ import annotations

import unittest
from typing import Any

from lib.commit_queue.connection import QueueError
from lib.commit_queue.entry import Push, Ref
from lib.commit_queue.states import State
from lib.queue_worker.entry_ends import NOT_WHOLE
from lib.queue_worker.run_end import Ended
from lib.queue_worker.seam import Gone
from tests.unit.queue_worker.stand_ins import A, B, C, D, DispatcherCase

RUN = "20260101T000000Z-aaaaaaa"


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
        self.queue.recover(lambda _: False)
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
            (2, "refused"),
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
        self.runs.ends.append(Gone(1, Ended(2, said="make: *** Error 1", of_pipeline=False)))
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
        self.failing("named")
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
            self.queue.recover(lambda _: False)
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


class Broken(DispatcherCase):
    def breaks(self, code: int | None, began: bool = True, said: str = "") -> str:
        entry = self.push(A)
        self.step()
        self.end(1, code, began, said)
        self.step()
        self.assertEqual(self.state_of(entry), State.ERROR)
        return self.reason_of(entry)

    def test_command_that_cannot_run_is_an_error_with_its_last_line(self) -> None:
        said = self.breaks(127, False, "docker: not found")
        self.assertEqual(said, "the command could not run (exit code 127): docker: not found")

    def test_command_that_names_no_run_has_neither_passed_nor_failed(self) -> None:
        for code in (0, 1):
            reason = self.breaks(code, False, "no such container")
            self.assertRegex(reason, f"exit code {code} before its run began: no such container")

    def test_three_in_a_row_pause_the_queue(self) -> None:
        self.breaks(127)
        self.breaks(None, False, "no such file")
        self.assertEqual(self.queue.mode(), "running")
        self.breaks(1, False, "the container is down")
        self.assertEqual(self.queue.mode(), "paused")
        self.assertIn("the container is down", self.queue.why())
        self.push(A)
        self.assertEqual(self.step(), [])

    def test_run_in_between_begins_the_count_anew(self) -> None:
        for _ in range(3):
            self.breaks(127)
            self.breaks(127)
            self.push(B, source="push")
            self.step()
            self.end(1, 0)
            self.step()
        self.assertEqual(self.queue.mode(), "running")


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
