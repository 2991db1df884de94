"""Exit code 5 in the output of a run: lines, table, summary."""

from __future__ import annotations

import json
import unittest

from dsl import Job
from tests.support.run_case import RunTest


class Shown(RunTest):
    def test_5_is_said_in_the_line_the_table_and_the_summary(self) -> None:
        self.run_jobs(Job("pytest", "exit 5"), Job("fine", "true"))
        lines = [line[11:] for line in self.log("ci").splitlines()]
        self.assertIn("PASS  pytest  (exit code 5: no tests)", lines)
        self.assertIn("PASS  fine", lines)
        self.assertRegex(self.console.getvalue(), r"(?m)^pytest +passed \(no tests\)")
        told = json.loads((self.logs / "summary.json").read_text())["jobs"]
        self.assertEqual([job["reason"] for job in told], ["exit code 5: no tests", ""])

    def test_a_run_in_vain_ends_with_4_in_all_that_it_says(self) -> None:
        made = self.pipeline(Job("a", "exit 5"))
        self.assertEqual(made.run(only_testcases="tset_a"), 4)
        self.assertEqual(json.loads((self.logs / "summary.json").read_text())["exit_code"], 4)
        log = self.log("ci")
        self.assertIn("NOTE  'tset_a' matched no test in a", log)
        self.assertIn("END   exit code 4: 1 job passed", log)
        self.assertIn("the filter of test cases matched no test", log.splitlines()[-1])

    def test_a_cached_job_says_5_of_its_body_and_not_of_its_cache(self) -> None:
        from dsl import Cache

        job = Job("a", "touch out; exit 5", cache=Cache("echo k", "out", "store"))
        self.run_jobs(job)
        self.assertIn("PASS  a  (exit code 5: no tests)", self.log("ci"))


if __name__ == "__main__":
    unittest.main()
