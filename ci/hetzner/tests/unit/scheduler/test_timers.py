"""Timers are data: the due ones in order, and late limits only after another look."""

from __future__ import annotations

import math
import unittest

from lib.model import phases
from lib.model.job import Job
from lib.model.result import Result
from lib.scheduler.nodes import NodeRun
from lib.scheduler.timers import LATE, DelayEnd, RunLimit, Timers


def delay(name: str) -> DelayEnd:
    (node,) = phases.build([Job(name, "true")], [name]).nodes
    return DelayEnd(NodeRun(node, Result(name), 0))


class TimersTest(unittest.TestCase):
    def setUp(self) -> None:
        self.timers = Timers()
        self.now = 0.0

    def expired(self) -> list[object]:
        return list(self.timers.expired(lambda: self.now))

    def test_come_in_the_order_of_their_moments_then_as_they_were_set(self) -> None:
        a, b, c = map(delay, "abc")
        self.timers.set(2, a)
        self.timers.set(1, b)
        self.timers.set(2, c)
        self.assertEqual(self.timers.due(), 1)
        self.now = 1.5
        self.assertEqual(self.expired(), [b])
        self.now = 2
        self.assertEqual(self.expired(), [a, c])
        self.assertEqual(self.timers.due(), math.inf)

    def test_one_that_is_set_while_another_acts_comes_in_the_same_turn(self) -> None:
        first, second = delay("a"), delay("b")
        self.timers.set(1, first)
        self.now = 1
        seen = []
        for timer in self.timers.expired(lambda: self.now):
            seen.append(timer)
            if timer is first:
                self.timers.set(1, second)
        self.assertEqual(seen, [first, second])

    def test_patient_one_that_is_late_waits_for_one_more_look_and_no_longer(self) -> None:
        self.timers.set(1, RunLimit(), patient=True)
        self.now = 60
        self.assertEqual(self.expired(), [])
        self.assertEqual(self.timers.due(), 60 + LATE)
        self.now = 120
        self.assertEqual(self.expired(), [RunLimit()])

    def test_patient_one_is_late_from_the_first_moment_that_counts(self) -> None:
        self.timers.set(0, RunLimit(), patient=True)
        self.now = LATE
        self.assertEqual(self.expired(), [])

    def test_patient_one_that_is_in_time_does_not_wait(self) -> None:
        self.timers.set(1, RunLimit(), patient=True)
        self.now = 1 + LATE / 2
        self.assertEqual(self.expired(), [RunLimit()])


if __name__ == "__main__":
    unittest.main()
