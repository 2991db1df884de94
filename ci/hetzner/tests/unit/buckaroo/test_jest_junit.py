"""JUnit XML of a report of jest has the test cases as they ended."""

from __future__ import annotations

import contextlib
import io
import json
import math
import tempfile
import unittest
from pathlib import Path
from typing import Any

from lib.buckaroo import jest_junit
from lib.test_results import junit_file
from lib.test_results.test_case import TestCase


def test(name: str, status: str, *messages: str, **more: Any) -> dict[str, Any]:
    """Return a test case as jest tells of it."""
    return {
        "fullName": name,
        "status": status,
        "duration": 250,
        "failureMessages": list(messages),
        **more,
    }


def report(*tests: dict[str, Any], status: str = "passed", message: str = "") -> dict[str, Any]:
    """Return a report of one file."""
    file = {"name": "/core/src/a.test.ts", "status": status, "message": message}
    return {"testResults": [{**file, "assertionResults": tests, "startTime": 0, "endTime": 900}]}


class Junit(unittest.TestCase):
    def cases(self, told: dict[str, Any]) -> list[TestCase]:
        with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
            file.write(jest_junit.junit(told, Path("/core")))
            file.flush()
            return junit_file.read("j", Path(file.name), math.inf)

    def test_each_test_has_file_title_outcome_and_seconds(self) -> None:
        found = self.cases(
            report(
                test("table sorts", "passed"),
                test('table <fails> & "so"\x1b[2J', "failed", "\x1b[31mError: no\x1b[39m\n  at x"),
                test("table waits", "pending"),
            )
        )
        told = [(case.classname, case.title, case.outcome, case.message) for case in found]
        file = "src/a.test.ts"
        self.assertEqual(
            told,
            [
                (file, "table sorts", "passed", ""),
                (file, 'table <fails> & "so"\ufffd[2J', "failed", "Error: no"),
                (file, "table waits", "skipped", ""),
            ],
        )
        self.assertEqual((found[0].seconds, found[0].tool), (0.25, "jest"))

    def test_test_that_passed_at_its_second_try_is_flaky(self) -> None:
        tried = test("a", "passed", invocations=2, retryReasons=["Error: once"])
        ((outcome, message),) = [(c.outcome, c.message) for c in self.cases(report(tried))]
        self.assertEqual((outcome, message), ("flaky", "Error: once"))

    def test_file_that_cannot_be_loaded_is_a_failure_without_a_class(self) -> None:
        (case,) = self.cases(report(status="failed", message="SyntaxError: x\n at y"))
        self.assertEqual((case.classname, case.title), ("", "src/a.test.ts"))
        self.assertEqual((case.outcome, case.message), ("failed", "SyntaxError: x"))

    def test_program_writes_it_or_says_why_not(self) -> None:
        with tempfile.TemporaryDirectory() as root, contextlib.redirect_stderr(io.StringIO()):
            given, made = Path(root, "report"), Path(root, "junit", "x.xml")
            self.assertEqual(jest_junit.main([str(given), str(made)]), 1)
            for broken in ("", "[]", "{}", '{"testResults": [1]}', '{"testResults": [{}]}'):
                given.write_text(broken)
                self.assertEqual(jest_junit.main([str(given), str(made)]), 1)
            self.assertFalse(made.exists())
            given.write_text(json.dumps(report(test("a", "passed"))))
            self.assertEqual(jest_junit.main([str(given), str(made)]), 0)
            self.assertIn("<testcase", made.read_text())


if __name__ == "__main__":
    unittest.main()
