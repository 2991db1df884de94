"""The latest failures of a job, and the passes around them."""

from __future__ import annotations

import unittest

from lib.history import red_streak
from lib.history.past_runs import JobRun

OUTCOMES = {"p": "passed", "F": "failed", "T": "timed out", "f": "flaky", "r": "restored"}


def runs(newest_first: str) -> list[JobRun]:
    made = []
    for at, letter in enumerate(newest_first):
        outcome = OUTCOMES.get(letter, "cancelled")
        rest = (None, outcome, 1.0, None, "", None, None, None)
        made.append(JobRun("a", f"{at}", float(-at), "", "", "", *rest))
    return made


class Latest(unittest.TestCase):
    def test_streak_begins_after_the_last_pass_and_ends_before_the_next(self) -> None:
        for found, first, last, number, green, again in (
            ("FFTp", "2", "0", 3, "3", None),
            ("FF", "1", "0", 2, None, None),
            ("pfFpF", "2", "2", 1, "3", "1"),
            ("Fr", "0", "0", 1, "1", None),
            ("cFcFcp", "3", "1", 2, "5", None),
        ):
            with self.subTest(found):
                streak = red_streak.latest(runs(found))
                assert streak
                self.assertEqual((streak.first.run, streak.last.run), (first, last))
                self.assertEqual(streak.runs, number)
                self.assertEqual(streak.green and streak.green.run, green)
                self.assertEqual(streak.green_again and streak.green_again.run, again)

    def test_job_that_never_failed_has_none(self) -> None:
        for found in ("", "ppf", "cr"):
            self.assertIsNone(red_streak.latest(runs(found)))


if __name__ == "__main__":
    unittest.main()
