"""The worker's decisions while commands cannot start, and for one entry whose command never can."""

from __future__ import annotations

from lib.commit_queue.entry import Push, Ref
from lib.commit_queue.states import State
from lib.commit_queue.store import CommitQueue
from tests.unit.queue_worker.stand_ins import A, B, C, DispatcherCase

GONE = "Error response from daemon: No such container: ci"
WHY = f"the command ended with exit code 1 before its run began: {GONE}"
RUN = "20260101T000000Z-aaaaaaa"


class OutageCase(DispatcherCase):
    def fails(self, place: int = 1) -> None:
        """Let a command end before its run has begun."""
        self.end(place, 1, False, GONE)

    def begin(self, place: int = 1) -> None:
        """Let a run name itself."""
        self.runs.found.append((place, RUN))

    def told(self) -> list[tuple[str, str]]:
        return [(status.state, status.description) for status in self.queue.statuses()]


class Away(OutageCase):
    def test_entry_waits_and_box_queue_and_commit_say_why(self) -> None:
        entry = self.push(A)
        self.step()
        self.fails()
        self.assertEqual(self.step(), [])
        self.assertEqual((self.state_of(entry), self.reason_of(entry)), (State.WAITING, WHY))
        self.assertEqual(self.queue.entry(entry.id).tries, 0)
        self.assertIn(GONE, self.queue.held_up())
        self.assertEqual(self.told(), [("pending", f"waits: {WHY}")])
        self.assertEqual(self.queue.mode(), "running")

    def test_each_kind_of_end_before_a_run_counts(self) -> None:
        ways = {127: "could not run", None: "could not be started", 0: "0 before its run began"}
        for code, text in (*ways.items(), (2, "before"), (137, "before"), (143, "before")):
            with self.subTest(code=code):
                entry = self.push(A)
                self.step(60)
                self.end(1, code, False)
                self.step()
                self.assertEqual(self.state_of(entry), State.WAITING)
                self.assertIn(text, self.reason_of(entry))
                self.queue.cancel(entry.id, "by hand")

    def test_pauses_grow_to_a_minute_and_each_entry_is_tried_in_turn(self) -> None:
        for sha in (A, B, C):
            self.push(sha, sha)
        starts = self.step()
        for _ in "bc":  # which are new
            self.fails()
            starts += self.step()
        for pause in (4, 8, 16, 32, 60, 60):
            self.fails()
            self.assertEqual(self.step() + self.step(pause - 0.1), [])
            starts += self.step(0.1)
        self.assertEqual(starts, [f"start {letter}@1" for letter in "abcabcabc"])
        self.fails()
        self.step()
        self.assertEqual([self.queue.entry(n).state for n in (1, 2, 3)], [State.WAITING] * 3)

    def test_first_run_that_begins_ends_it(self) -> None:
        entry = self.push(A, "a")
        self.push(B, "b")
        self.step()
        for _ in range(5):
            self.fails()
            self.step()
            self.step(60)
        self.assertEqual(self.lines.count(f"nothing is started: {self.queue.message()}"), 1)
        self.assertIn(GONE, self.queue.message(), "not before a run has begun")
        self.begin()
        self.step()
        self.assertEqual((self.queue.message(), self.lines[-1]), ("", "starts again"))
        self.end(1)
        self.step()
        self.end(1)
        self.step()
        self.assertEqual(self.state_of(entry), State.PASSED)

    def test_reason_is_told_github_once_also_by_another_worker(self) -> None:
        self.push(A)
        self.step()
        self.fails()
        self.step()
        for status in self.queue.statuses():
            self.queue.forget_status(status.id)
        for _ in range(3):
            self.dispatcher = self.another(workers=1)
            self.step(60)
            self.fails()
            self.step()
            self.assertEqual(self.told(), [])

    def test_reason_that_was_not_posted_is_told_again(self) -> None:
        self.push(A)
        self.step()
        for _ in range(3):
            self.fails()
            self.step()
            self.assertEqual(self.told(), [("pending", f"waits: {WHY}")])
            self.step(60)

    def test_one_is_tried_at_a_time(self) -> None:
        self.dispatcher = self.another(workers=3)
        for sha in (A, B, C):
            self.push(sha, sha)
        self.assertEqual(len(self.step()), 3)
        for place in (1, 2, 3):
            self.fails(place)
        self.step()
        self.assertEqual(self.step(60), ["start a@1"])
        self.assertEqual(self.step(60), [])
        self.begin()
        self.assertEqual(self.step(), ["start b@2", "start c@3"])

    def test_nothing_is_prepared_meanwhile(self) -> None:
        self.runs.prepares = True
        self.push(A, "a")
        self.push(B, "b")
        self.step()
        self.end(2)
        self.fails()
        self.assertEqual(self.step(), ["start b@2"])
        self.begin(2)
        self.assertEqual(self.step(), ["prepare a@1"])

    def test_cancelled_try_and_stopped_worker_are_no_failed_starts(self) -> None:
        entry = self.push(A)
        self.step()
        self.queue.cancel(entry.id, "by hand")
        self.step()
        self.fails()
        self.step()
        self.assertEqual(self.state_of(entry), State.CANCELLED)
        other = self.push(B)
        self.step()
        self.dispatcher.stop()
        self.fails()
        self.step()
        self.assertEqual(self.reason_of(other), "its worker was stopped")

    def test_killed_worker_in_between_changes_nothing(self) -> None:
        entry = self.push(A)
        for _ in range(4):
            self.step(60)
            self.fails()
            self.step()
            self.queue.close()
            self.queue = CommitQueue(self.state, ["main"])
            self.dispatcher = self.another(workers=1)
        self.step()
        self.queue.recover()
        self.runs.at.clear()
        self.dispatcher = self.another(workers=1)
        self.assertEqual(self.step(), ["start a@1"])
        self.end(1)
        self.step()
        self.assertEqual(self.state_of(entry), State.PASSED)

    def test_person_has_the_last_word(self) -> None:
        self.push(A)
        self.step()
        self.fails()
        self.step()
        self.queue.set_mode("paused", "new disk")
        self.assertEqual(self.step(60), [])
        self.assertEqual((self.queue.mode(), self.queue.why()), ("paused", "new disk"))


class AtFault(OutageCase):
    def test_entry_that_never_starts_ends_after_three_tries_and_delays_no_other(self) -> None:
        self.queue.push(Push(A, Ref("main"), "push", first=True))
        for number, sha in enumerate((B, C)):
            self.assertEqual(self.step(), ["start a@1"])
            self.fails()
            self.step()
            self.push(sha, "main")
            self.assertEqual(self.step(1), [f"start {sha[0]}@1"], "though it came later")
            self.assertEqual(self.queue.entry(1).state, State.WAITING, number)
            self.end(1)
        self.assertEqual(self.step(), ["start a@1"])
        self.fails()
        self.step()
        found = self.queue.entry(1)
        self.assertEqual((found.state, found.exit_code), (State.ERROR, 1))
        self.assertEqual(found.reason, f"could not start, though others did: {WHY}")
        self.assertEqual(self.told()[-1], ("error", found.reason))
        self.assertEqual(self.queue.held_up(), "", "the box is well")

    def test_commit_that_comes_later_does_not_wait_for_its_pause(self) -> None:
        self.push(A)
        for _ in range(10):
            self.step(60)
            self.fails()
            self.step()
        self.push(B, "b")
        self.assertEqual(self.step(), ["start b@1"])

    def test_its_own_tries_alone_never_end_it(self) -> None:
        entry = self.push(A)
        for _ in range(10):
            self.step(60)
            self.fails()
            self.step()
        self.assertEqual(self.state_of(entry), State.WAITING)

    def test_run_that_begins_makes_up_for_it(self) -> None:
        entry = self.push(A, "main")
        for _ in range(5):
            self.step(60)
            self.fails()
            self.step()
            self.push(B, "b", "push")
            self.step(60)  # the other
            self.end(1)
            self.step()  # its own, in its usual place
            self.end(1, 137)  # it has begun, and is killed
            self.step()
            if self.state_of(entry) is State.CUT_OFF:
                break
        self.assertEqual(self.state_of(entry), State.CUT_OFF)
