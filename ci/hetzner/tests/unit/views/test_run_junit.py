"""junit.xml of a run tells CI servers of its jobs and test cases what the verdict says."""

from __future__ import annotations

import unittest
from xml.etree import ElementTree

from lib.views import run_junit
from tests.support import red_run


class OfARun(unittest.TestCase):
    def setUp(self) -> None:
        self.root = ElementTree.fromstring(run_junit.view(red_run.inputs()))
        self.cases = {
            (suite.get("name"), case.get("name")): case for suite in self.root for case in suite
        }

    def told(self, job: str, name: str = "job") -> tuple[str, str]:
        """Return the element of a case, and its message."""
        (found, *more) = [*self.cases[job, name]] or [ElementTree.Element("")]
        self.assertEqual(more, [])
        return found.tag, found.get("message", "")

    def test_each_job_is_a_suite_with_a_case_for_itself(self) -> None:
        self.assertEqual([suite.get("name") for suite in self.root], [j.name for j in red_run.JOBS])
        self.assertEqual(self.told("passes"), ("", ""))
        self.assertEqual(self.told("kept"), ("", ""))
        self.assertEqual(self.told("lint"), ("failure", "exit code 3"))
        self.assertEqual(self.told("late"), ("failure", "timed out: not done after 2 s"))
        self.assertEqual(self.told("cut"), ("error", "interrupted by SIGINT"))
        self.assertEqual(self.told("twice"), ("flakyFailure", "exit code 9"))
        self.assertEqual(self.told("out"), ("skipped", "filtered"))
        self.assertEqual(self.told("never"), ("error", "it did not end"))

    def test_failed_tests_stand_for_their_job(self) -> None:
        self.assertNotIn(("tests", "job"), self.cases)
        names = [name for job, name in self.cases if job == "tests"]
        self.assertEqual(names[1:], ["fine", "not_now"])
        self.assertEqual(self.told("tests", str(names[0]))[0], "failure")
        self.assertEqual(self.told("tests", "not_now")[0], "skipped")

    def test_what_does_not_fail_the_run_is_no_failure(self) -> None:
        self.assertEqual(
            self.told("passes", "shrugs"), ("skipped", "the job passed all the same: no")
        )
        self.assertEqual(self.told("may", "y"), ("skipped", "the job is allowed to fail: so what"))
        self.assertEqual(self.told("passes", "again"), ("flakyFailure", "once"))
        failing = {job for (job, _), case in self.cases.items() if case.find("failure") is not None}
        self.assertEqual(failing, {"tests", "lint", "late"})

    def test_counts_are_those_of_the_cases(self) -> None:
        told = [self.root.get(name) for name in ("tests", "failures", "errors", "time")]
        self.assertEqual(told, [str(len(self.cases)), "3", "2", "8.000"])
        tests = self.root.find("testsuite[@name='tests']")
        assert tests is not None
        self.assertEqual([tests.get(n) for n in ("tests", "skipped")], ["3", "1"])
        self.assertEqual(tests.get("timestamp"), "2001-09-09T01:46:43")

    def test_time_that_no_calendar_has_is_left_out(self) -> None:
        damaged = red_run.inputs().record._replace(began=1e300)
        self.assertNotIn("timestamp", run_junit.view(red_run.inputs()._replace(record=damaged)))

    def test_end_of_a_log_is_text(self) -> None:
        run = run_junit.view(red_run.inputs()._replace(tests={}))
        (failure,) = ElementTree.fromstring(run).findall("*[@name='tests']/testcase/failure")
        self.assertEqual(failure.text, "E   assert </pre><script> == 2\n\ufffd[31mred ]]>")

    def test_secrets_are_masked_in_names_and_messages(self) -> None:
        masked = run_junit.view(
            red_run.inputs()._replace(redact=lambda text: text.replace("so what", "***"))
        )
        self.assertIn("allowed to fail: ***", masked)


if __name__ == "__main__":
    unittest.main()
