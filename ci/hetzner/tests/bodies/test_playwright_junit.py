"""The reporter of Playwright writes JUnit XML, whatever names and errors tests have."""

from __future__ import annotations

import json
import math
import os
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import Any

from lib.test_results import junit_file
from lib.test_results.test_case import TestCase
from tests.bodies.body_stage import HETZNER

REPORTER = HETZNER / "lib" / "buckaroo" / "playwright_junit.cjs"
# a suite as Playwright gives it to reporters: its tests answer outcome() and titlePath()
PLAY = """
const Reporter = require(process.env.PW_TEST_REPORTER);
const { files, mode } = JSON.parse(process.env.PLAYED);
const suites = files.map(({ title, tests }) => ({
  title,
  allTests: () => tests.map(({ titles, outcome, errors }) => ({
    outcome: () => outcome,
    titlePath: () => ["", "chromium", title, ...titles],
    results: errors.map((stack) => ({ duration: 500, error: stack ? { stack } : undefined })),
  })),
}));
const reporter = new Reporter({ _mode: mode });
reporter.onBegin({}, { suites: [{ suites }] });
reporter.onEnd();
console.log(reporter.printsToStdio());
"""


def test(outcome: str, *titles: str, errors: tuple[str, ...] = ("",)) -> dict[str, Any]:
    """Return a test of the suite."""
    return {"titles": titles, "outcome": outcome, "errors": errors}


class Reporter(unittest.TestCase):
    def setUp(self) -> None:
        directory = self.enterContext(tempfile.TemporaryDirectory())
        self.junit = Path(directory, "junit", "playwright-x")

    def play(self, *tests: dict[str, Any], mode: str = "test", **env: str) -> list[Path]:
        """Report these tests of one file; return the files that were written."""
        played = json.dumps({"files": [{"title": "a.spec.ts", "tests": tests}], "mode": mode})
        given = {"PW_TEST_REPORTER": str(REPORTER), "CI_JUNIT": str(self.junit), "PLAYED": played}
        done = subprocess.run(
            ["node", "-e", PLAY], env=os.environ | given | env, capture_output=True, check=True
        )
        self.assertEqual(done.stdout, b"false\n", "Playwright leaves out its progress otherwise")
        return sorted(self.junit.parent.glob("*")) if self.junit.parent.is_dir() else []

    def cases(self, *tests: dict[str, Any], **env: str) -> list[TestCase]:
        (written,) = self.play(*tests, **env)
        return junit_file.read("j", written, math.inf)

    def test_outcome_titles_and_error_of_each_test_are_told(self) -> None:
        failed = ("\x1b[31mError: no <table>\x1b[39m\n  at x", "Error: again")
        found = self.cases(
            test("expected", "sorts"),
            test(
                "unexpected",
                "group",
                'says "<&>\x00\ud800"'.encode("utf-8", "replace").decode(),
                errors=failed,
            ),
            test("flaky", "group", "later", errors=("Error: once", "")),
            test("skipped", "not now", errors=()),
        )
        told = [(case.title, case.outcome, case.seconds, case.message) for case in found]
        self.assertEqual(
            told,
            [
                ("sorts", "passed", 0.5, ""),
                ('group › says "<&>\ufffd?"', "failed", 1.0, "Error: no <table>"),
                ("group › later", "flaky", 1.0, "Error: once"),
                ("not now", "skipped", 0.0, ""),
            ],
        )
        self.assertEqual(
            {(case.classname, case.tool) for case in found}, {("a.spec.ts", "playwright")}
        )

    def test_tests_of_a_notebook_have_its_name(self) -> None:
        (case,) = self.cases(test("expected", "shows"), TEST_NOTEBOOK="n.ipynb")
        self.assertEqual(case.classname, "a.spec.ts n.ipynb")

    def test_listing_of_tests_writes_nothing(self) -> None:
        self.assertEqual(self.play(test("expected", "sorts"), mode="list"), [])

    def test_directory_that_cannot_be_made_breaks_nothing(self) -> None:
        self.junit.parent.write_text("in the way")
        self.assertEqual(self.play(test("expected", "sorts")), [])


if __name__ == "__main__":
    unittest.main()
