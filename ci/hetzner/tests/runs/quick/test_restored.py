"""`Pipeline.run(restored=…)` with real processes."""

from __future__ import annotations

import json

from dsl import Job
from tests.support.run_case import RunTest

EARLIER = "passed in 20260101T000000Z-1a2b3c4"


class Restored(RunTest):
    def outcomes(self) -> dict[str, str]:
        summary = json.loads((self.logs / "summary.json").read_text())
        return {job["name"]: job["outcome"] for job in summary["jobs"]}

    def test_a_restored_job_is_told_in_log_and_summary_and_leaves_no_log(self) -> None:
        made = self.pipeline(Job("a", "false"), Job("b", "true", ["a"]))
        self.assertEqual(made.run(restored={"a": EARLIER}), 0)
        self.assertIn(f"PASS  a  (restored: {EARLIER})", self.log("ci"))
        (a, b) = json.loads((self.logs / "summary.json").read_text())["jobs"]
        told = (a["outcome"], a["cause"], a["reason"], a["log"], a["acceptable"])
        self.assertEqual(told, ("restored", "earlier run", EARLIER, None, True))
        self.assertEqual(b["outcome"], "passed")
        self.assertFalse((self.logs / "a.log").exists())

    def test_a_job_whose_output_is_gone_runs_and_the_log_says_why(self) -> None:
        jobs = Job("a", "echo 1 >out", outputs={"o": "out"}), Job("b", "cat out", ["a:o"])
        self.assertEqual(self.pipeline(*jobs).run(restored={"a": EARLIER}), 0)
        self.assertIn("NOTE  a runs again: its output o (out) is gone", self.log("ci"))
        self.assertEqual(self.outcomes(), {"a": "passed", "b": "passed"})

    def test_a_job_that_depends_on_one_that_runs_is_not_restored(self) -> None:
        made = self.pipeline(Job("a", "false"), Job("b", "true", ["a"]))
        self.assertEqual(made.run(restored={"b": EARLIER}), 1)
        self.assertEqual(self.outcomes(), {"a": "failed", "b": "skipped"})

    def test_a_filter_of_test_cases_is_refused(self) -> None:
        made = self.pipeline(Job("a", "true"))
        refused = "restored and a filter of test cases"
        with self.assertRaisesRegex(ValueError, refused):
            made.run(restored={"a": EARLIER}, only_testcases="x")
        with self.assertRaisesRegex(ValueError, refused):
            made.run(restored={"a": EARLIER}, first_testcases="x")

    def test_unknown_names_and_missing_reasons_are_refused(self) -> None:
        made = self.pipeline(Job("build", "true"))
        with self.assertRaisesRegex(ValueError, "restored: 'biuld' is not a job; did you mean"):
            made.run(restored={"biuld": EARLIER})
        with self.assertRaisesRegex(ValueError, "restored: expected the reason to restore build"):
            made.run(restored={"build": ""})

    def test_a_dry_run_shows_what_is_restored(self) -> None:
        made = self.pipeline(Job("a", "true"), Job("b", "true", ["a"]))
        lines = made.dry_run(restored={"a": EARLIER})
        self.assertIn(f"   -      restored a: {EARLIER}", lines)
        self.assertEqual(sum("start" in line for line in lines), 1)
