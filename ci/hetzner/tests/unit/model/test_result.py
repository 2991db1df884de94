"""Results: which may stand in a green run, and how long a job took."""

from __future__ import annotations

import unittest

from lib.model.cause import Cause
from lib.model.result import GOOD, Outcome, Result


class ResultTest(unittest.TestCase):
    def test_a_job_that_has_not_ended_is_not_acceptable_and_took_no_time(self) -> None:
        result = Result("a")
        self.assertEqual((result.outcome, result.cause, result.begun), (None, Cause.NONE, False))
        self.assertEqual((result.acceptable, result.duration), (False, 0))
        result.started = 2.0
        self.assertEqual(result.duration, 0)

    def test_duration_is_the_time_from_start_to_end_and_none_for_a_job_never_started(self) -> None:
        result = Result("a")
        result.ended = 5.0
        self.assertEqual(result.duration, 0)
        result.started = 2.0
        self.assertEqual(result.duration, 3)

    def test_only_good_outcomes_are_acceptable_and_failures_and_skips_if_allowed(self) -> None:
        found = {o for o in Outcome if Result("a", o).acceptable}
        self.assertEqual(found, {Outcome.PASSED, Outcome.FLAKY, Outcome.RESTORED})
        found = {o for o in Outcome if Result("a", o, allowed=True).acceptable}
        self.assertEqual(found - GOOD, {Outcome.FAILED, Outcome.TIMED_OUT, Outcome.SKIPPED})
        self.assertFalse(Result("a", allowed=True).acceptable)

    def test_results_are_equal_if_all_their_fields_are(self) -> None:
        self.assertEqual(Result("a"), Result("a"))
        self.assertNotEqual(Result("a"), Result("a", reason="why"))
        self.assertNotEqual(Result("a"), "a")

    def test_a_snapshot_does_not_change_with_the_result(self) -> None:
        result = Result("a", Outcome.FAILED, reason="why")
        copied = result.snapshot()
        self.assertEqual(copied, result)
        result.outcome = Outcome.PASSED
        self.assertEqual(copied.outcome, Outcome.FAILED)


if __name__ == "__main__":
    unittest.main()
