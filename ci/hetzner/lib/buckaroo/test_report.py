"""Reads the reports of test runners: the specs that have tests, the number of tests that ran.

As a program: `test_report.py playwright FILE` prints the spec files that have tests in a listing of
Playwright's JSON reporter, as paths from the current directory, a line each; `test_report.py jest
FILE` prints the number of tests that ran, by jest's `--json`, and so does `test_report.py vitest
FILE`, by its reporter for JUnit. It exits with 1 for a report of errors, or without a report.

Sources: `JSONReport` in Playwright's test reporter types; "testResultsProcessor" in jest's
configuration, whose object `--json` writes.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree


class ReportError(ValueError):
    """The file is no report, or reports that the test runner itself failed."""


def specs_with_tests(report: Any) -> list[str]:
    """Return the spec files of a Playwright listing, each once, as paths. Raises ReportError."""
    try:
        if report["errors"]:
            raise ReportError(f"Playwright has errors to tell: {report['errors']}")
        root = Path(report["config"]["rootDir"])
        files = {spec["file"] for suite in report["suites"] for spec in _specs(suite)}
    except (KeyError, TypeError) as error:
        raise ReportError(f"expected a report of Playwright, it lacks {error}") from error
    return sorted(str(root / file) for file in files)


def _specs(suite: Any) -> Iterator[Any]:
    yield from suite.get("specs", ())
    for inner in suite.get("suites", ()):
        yield from _specs(inner)


def tests_that_ran(report: Any) -> int:
    """Return the number of tests that jest ran; a broken file counts as one."""
    counts = ("numPassedTests", "numFailedTests", "numRuntimeErrorTestSuites")
    try:
        return sum(int(report[name]) for name in counts)
    except (KeyError, TypeError) as error:
        raise ReportError(f"expected a report of jest, it lacks {error}") from error


def cases_that_ran(report: bytes) -> int:
    """Return the number of test cases in JUnit XML that were not skipped. Raises ReportError."""
    try:
        cases = ElementTree.fromstring(report).iter("testcase")
    except ElementTree.ParseError as error:
        raise ReportError(f"expected JUnit XML, found other text: {error}") from error
    return sum(case.find("skipped") is None for case in cases)


def main(arguments: Sequence[str]) -> int:
    """Print the content of a report; see the module."""
    if len(arguments) != 2 or arguments[0] not in ("playwright", "jest", "vitest"):
        print("usage: test_report.py playwright|jest|vitest FILE", file=sys.stderr)
        return 2
    try:
        text = Path(arguments[1]).read_bytes()
        if arguments[0] == "vitest":
            print(cases_that_ran(text))
            return 0
        report = json.loads(text)
        if arguments[0] == "jest":
            print(tests_that_ran(report))
        else:
            for path in specs_with_tests(report):
                print(os.path.relpath(path))
    except (OSError, ValueError) as error:
        print(f"{arguments[1]}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
