"""A summary of any content has fields of known types."""

from __future__ import annotations

import unittest
from typing import Any

from lib.run_directories import run_report
from lib.run_directories.run_report import RunReport
from tests.support.stored_runs import JOB, SHA, SUMMARY

GARBAGE: tuple[Any, ...] = (
    None,
    True,
    3,
    -1,
    1e300,
    float("nan"),
    "x",
    "",
    [],
    {},
    [[]],
    [None],
    {"a": {}},
    10**400,
)


class Report(unittest.TestCase):
    def test_fields_are_those_of_the_file(self) -> None:
        report = run_report.read(SUMMARY)
        self.assertEqual((report.sha, report.exit_code, report.seconds), (SHA, 1, 4.25))
        self.assertEqual(report.left, {"processes": 2})
        self.assertEqual(report.part, "only_jobs: test; no_deps")
        (job,) = report.jobs
        self.assertEqual((job.name, job.seconds, job.attempts, job.bad), ("test", 2.5, 2, True))

    def test_job_that_was_cut_off_is_bad_only_if_it_ran(self) -> None:
        for log, bad in (("/x.log", True), (None, False)):
            job = {**JOB, "outcome": "cancelled", "log": log}
            self.assertEqual(run_report.read({"jobs": [job]}).jobs[0].bad, bad)

    def test_any_value_in_any_place_is_read(self) -> None:
        for garbage in GARBAGE:
            for name in SUMMARY:
                self.is_typed(run_report.read({**SUMMARY, name: garbage}))
            for name in JOB:
                self.is_typed(run_report.read({**SUMMARY, "jobs": [{**JOB, name: garbage}]}))

    def is_typed(self, report: RunReport) -> None:
        for text in (report.run_id, report.sha, report.branch, report.part, report.started_at):
            self.assertIsInstance(text, str)
        self.assertIsInstance(report.seconds, float | None)
        self.assertIsInstance(report.exit_code, int | None)
        for job in report.jobs:
            for text in (job.name, job.outcome, job.cause, job.reason, job.waited_for):
                self.assertIsInstance(text, str)
            self.assertIsInstance(job.seconds, float | None)
            self.assertIsInstance(job.attempts, int)


if __name__ == "__main__":
    unittest.main()
