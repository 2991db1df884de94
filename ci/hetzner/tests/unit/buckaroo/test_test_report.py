"""The number of tests is read from the report of the test runner, not from its output."""

from __future__ import annotations

import contextlib
import io
import json
import os
import tempfile
import unittest
from pathlib import Path
from typing import Any

from lib.buckaroo import test_report


def listing(*files: str, errors: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return what Playwright's JSON reporter writes for tests in these files."""
    inner = {"title": "describe", "specs": [{"title": "t", "file": file} for file in files]}
    suite = {"title": "file", "specs": [], "suites": [inner]}
    return {"config": {"rootDir": "/core/pw-tests"}, "suites": [suite], "errors": list(errors)}


class Reports(unittest.TestCase):
    def test_spec_files_with_tests_are_listed_once_each(self) -> None:
        found = test_report.specs_with_tests(listing("b.spec.ts", "a.spec.ts", "b.spec.ts"))
        self.assertEqual(found, ["/core/pw-tests/a.spec.ts", "/core/pw-tests/b.spec.ts"])
        self.assertEqual(test_report.specs_with_tests(listing()), [])

    def test_listing_with_errors_or_of_another_form_is_no_listing(self) -> None:
        broken: list[Any] = [{}, [], {"errors": [], "config": 1}]
        for report in (listing(errors=("no config",)), *broken):
            with self.assertRaises(test_report.ReportError):
                test_report.specs_with_tests(report)

    def test_skipped_tests_did_not_run_and_broken_files_did(self) -> None:
        counts = {"numPassedTests": 1, "numFailedTests": 2, "numRuntimeErrorTestSuites": 4}
        self.assertEqual(test_report.tests_that_ran({**counts, "numPendingTests": 9}), 7)
        with self.assertRaises(test_report.ReportError):
            test_report.tests_that_ran({"numPassedTests": 1})

    def test_skipped_cases_of_vitest_did_not_run(self) -> None:
        report = b"<testsuite><testcase/><testcase><skipped/></testcase></testsuite>"
        self.assertEqual(test_report.cases_that_ran(report), 1)
        with self.assertRaises(test_report.ReportError):
            test_report.cases_that_ran(b"")

    def test_program_prints_paths_from_where_it_is(self) -> None:
        with tempfile.TemporaryDirectory() as root:
            report = listing("a.spec.ts")
            report["config"]["rootDir"] = str(Path(os.path.realpath(root)) / "pw-tests")
            Path(root, "report").write_text(json.dumps(report))
            with contextlib.chdir(root), contextlib.redirect_stdout(io.StringIO()) as out:
                self.assertEqual(test_report.main(["playwright", "report"]), 0)
            self.assertEqual(out.getvalue(), "pw-tests/a.spec.ts\n")

    def test_missing_or_broken_report_is_a_failure(self) -> None:
        with tempfile.NamedTemporaryFile() as file, contextlib.redirect_stderr(io.StringIO()):
            self.assertEqual(test_report.main(["jest", file.name]), 1)
            self.assertEqual(test_report.main(["vitest", file.name]), 1)
            self.assertEqual(test_report.main(["jest", "/nowhere"]), 1)
            self.assertEqual(test_report.main(["mocha", "/nowhere"]), 2)


if __name__ == "__main__":
    unittest.main()
