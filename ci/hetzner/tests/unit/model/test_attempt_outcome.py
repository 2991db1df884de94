"""What the end of an attempt is judged to be, and in which words."""

from __future__ import annotations

import unittest

from lib.model.attempt_outcome import UNKNOWN_CODE, cause, describe, judge, passed, unready
from lib.model.cause import Cause
from lib.model.job import Job
from lib.model.result import Outcome


class Codes(unittest.TestCase):
    def test_code_is_told_by_its_number_its_signal_or_its_loss(self) -> None:
        for code, words, why in (
            (0, "exit code 0", Cause.EXIT_CODE),
            (255, "exit code 255", Cause.EXIT_CODE),
            (-9, "killed by SIGKILL", Cause.SIGNAL),
            (UNKNOWN_CODE, "its exit code is lost: the host program", Cause.EXIT_CODE_LOST),
        ):
            with self.subTest(code):
                self.assertTrue(describe(code).startswith(words))
                self.assertIs(cause(code), why)

    def test_lost_code_is_no_code_that_a_process_can_have_and_never_passes(self) -> None:
        self.assertEqual(UNKNOWN_CODE, 256)
        lax = Job("a", "true", ok_codes=[0, UNKNOWN_CODE])
        self.assertIs(judge(lax, UNKNOWN_CODE, ()).outcome, Outcome.FAILED)

    def test_failure_tells_its_code_and_the_hint(self) -> None:
        job = Job("a", "true", outputs={"o": "out"})
        self.assertEqual(judge(job, 3, ()).why.text, "exit code 3")
        self.assertEqual(judge(job, 127, (), "no such program").why.text, WITH_HINT)
        lacks = "exit code 0, but it did not write its output o (out)"
        self.assertEqual(judge(job, 0, ["o"]).why.text, lacks)
        self.assertEqual(judge(job, 0, ["o"], "out is near").why.text, f"{lacks}; out is near")

    def test_pass_is_plain_flaky_or_without_tests(self) -> None:
        self.assertEqual(passed(0, 1, 2).text, "")
        self.assertEqual(passed(5, 1, 2).cause, Cause.NO_TESTS)
        self.assertEqual(passed(None, 2, 3).text, "passed on attempt 2 of 3")
        self.assertEqual(passed(5, 2, 2).cause, Cause.NO_TESTS)

    def test_no_tests_pass_at_first_and_prove_nothing_after_a_failure(self) -> None:
        job = Job("a", "true")
        self.assertIs(judge(job, 5, ()).outcome, Outcome.PASSED)
        self.assertIs(judge(job, 5, (), tries=2).outcome, Outcome.FAILED)


class Unready(unittest.TestCase):
    def test_service_lacks_what_has_not_come(self) -> None:
        both = Job("a", "true", service=True, outputs={"o": "out", "p": "p"}, listens=[80, 81])
        self.assertEqual(unready(both, {"p"}, {80}), f"o (out) never came and {SILENT}")
        self.assertEqual(unready(both, {"o", "p"}, {80}), SILENT)
        files = Job("a", "true", service=True, outputs={"o": "out"})
        self.assertEqual(unready(files, (), ()), "o (out) never came")
        self.assertIn("its body has not ended", unready(Job("a", "true", service=True), (), ()))


WITH_HINT = "exit code 127: no such program"
SILENT = "no process of it listens on port 81"

if __name__ == "__main__":
    unittest.main()
