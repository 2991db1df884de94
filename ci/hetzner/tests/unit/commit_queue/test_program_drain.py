"""A drain that a program holds: it ends with the program, and leaves a person's mode alone."""

from __future__ import annotations

from unittest import mock

from lib.commit_queue import program_drain
from tests.support.queue_case import A, QueueCase


class ProgramDrain(QueueCase):
    def test_nothing_starts_while_a_program_holds_it(self) -> None:
        self.push(A)
        with program_drain.held(self.state, "update.sh"):
            self.assertIsNone(self.queue.peek())
            self.assertIsNone(self.queue.take("w", 0))
            self.assertEqual(self.queue.mode(), "draining")
            self.assertRegex(self.queue.why(), r"^update\.sh \(pid \d+, since \d{4}-")
        self.assertEqual((self.queue.mode(), self.queue.why()), ("running", ""))
        self.assertEqual(self.take().sha, A)

    def test_start_that_was_decided_before_is_refused_in_its_transaction(self) -> None:
        self.push(A)
        with (
            program_drain.held(self.state, "update.sh"),
            mock.patch.object(self.queue, "peek", return_value=self.queue.waiting()[0]),
        ):
            self.assertIsNone(self.queue.take("w", 0))

    def test_mode_of_a_person_stays(self) -> None:
        self.queue.set_mode("paused", "new disk")
        with program_drain.held(self.state, "update.sh"):
            self.assertEqual((self.queue.mode(), self.queue.why()), ("paused", "new disk"))
        self.assertEqual((self.queue.mode(), self.queue.why()), ("paused", "new disk"))

    def test_second_program_is_refused_with_the_name_of_the_first(self) -> None:
        with (
            program_drain.held(self.state, "update.sh"),
            mock.patch.object(program_drain, "WAIT", 0.0),
            self.assertRaisesRegex(OSError, r"found update\.sh \(pid"),
            program_drain.held(self.state, "another"),
        ):
            self.fail("it was not refused")

    def test_announcement_wakes_those_who_watch(self) -> None:
        before = self.queue.version()
        self.queue.announce()
        self.assertGreater(self.queue.version(), before)
