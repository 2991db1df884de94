"""Makes JUnit XML of a report of jest, which writes none itself.

As a program: `jest_junit.py REPORT JUNIT`. REPORT is the file of `jest --json --outputFile REPORT`
(`FormattedTestResults` in jest's @jest/test-result).
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    # Python puts a program's own directory on the path, and with -P none
    sys.path[: not sys.flags.safe_path] = [str(Path(__file__).resolve().parents[2])]

from lib.test_results.junit_file import JEST_SUITES
from lib.test_results.junit_xml import ERROR, Case, Suite, document
from lib.test_results.test_case import FAILED, FLAKY, PASSED, SKIPPED

OUTCOMES = {"passed": PASSED, "failed": FAILED}  # each other status is a test that did not run
COLOUR = re.compile("\x1b\\[[0-9;]*m")


def junit(report: Mapping[str, Any], root: Path) -> str:
    """Return the JUnit XML of a report; files are named from `root`. Raises ValueError."""
    try:
        suites = [_suite(file, root) for file in report["testResults"]]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"expected a report of jest, found another: {error!r}") from error
    return document(JEST_SUITES, suites, sum(suite.seconds for suite in suites))


def _suite(file: Mapping[str, Any], root: Path) -> Suite:
    name = os.path.relpath(file["name"], root)
    cases = [_case(test, name) for test in file["assertionResults"]]
    if file["status"] == "failed" and not cases:  # it could not be loaded
        cases = [Case("", name, ERROR, 0.0, *_told([file["message"]]))]
    return Suite(name, cases, (file["endTime"] - file["startTime"]) / 1000)


def _case(test: Mapping[str, Any], file: str) -> Case:
    outcome = OUTCOMES.get(test["status"], SKIPPED)
    failures = test["failureMessages"]
    if outcome == PASSED and (test.get("invocations") or 1) > 1:  # jest.retryTimes
        outcome, failures = FLAKY, test.get("retryReasons") or []
    seconds = (test.get("duration") or 0) / 1000
    return Case(file, test["fullName"], outcome, seconds, *_told(failures))


def _told(failures: Sequence[str]) -> tuple[str, str]:
    """Return the first line of failures, and all of their lines."""
    text = COLOUR.sub("", "\n".join(failures)).strip()
    return text.partition("\n")[0], text


def main(arguments: Sequence[str]) -> int:
    """Write the file; see the module. The exit code is 1 for a report that cannot be used."""
    if len(arguments) != 2:
        print("usage: jest_junit.py REPORT JUNIT", file=sys.stderr)
        return 2
    report, target = map(Path, arguments)
    try:
        text = junit(json.loads(report.read_bytes()), Path.cwd())
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", errors="replace")
    except (OSError, ValueError) as error:
        print(f"{report}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
