"""Reads one JUnit XML file, as pytest, jest, vitest, Playwright and others write it.

The file is a job's, so its size, its number of cases and the time are bounded. A document type is
refused: with one, XML may grow without bound
(docs.python.org/3/library/xml.html#xml-vulnerabilities).
"""

from __future__ import annotations

import math
import os
import time
from pathlib import Path

from lib.common import files, redact
from lib.common.plain_text import printable
from lib.test_results.test_case import (
    FAILED,
    FLAKY,
    JEST,
    JEST_JUNIT,
    PASSED,
    PLAYWRIGHT,
    PYTEST,
    SKIPPED,
    VITEST,
    TestCase,
    worse,
)

SUITES = ("testsuites", "testsuite")  # the first element of a JUnit file
LARGEST = 50_000_000  # bytes of a file
MOST_CASES = 100_000  # of a run
LONGEST = 300  # characters of a name or a message
CHUNK = 1 << 16  # bytes
JEST_SUITES = "jest tests by full name"  # of a file whose titles are the full names of jest
TOOLS = {
    "pytest": PYTEST,
    "pytest tests": PYTEST,
    JEST_SUITES: JEST,
    "jest tests": JEST_JUNIT,
    "vitest tests": VITEST,
    "playwright tests": PLAYWRIGHT,
}


class OtherFileError(Exception):
    """The file is XML of another kind, such as a report of coverage."""


def read(job: str, path: Path, end: float) -> list[TestCase]:
    """Return the test cases of a file of a job; `end` is on the monotonic clock.

    Raises OSError, ValueError, OtherFileError. LookupError stands for an encoding that Python does
    not know.
    """
    from xml.parsers import expat  # late: only runs with such a file need it

    reader = _Reader(job)
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    with os.fdopen(files.open_file(path, os.O_RDONLY), "rb") as file:
        if (size := os.fstat(file.fileno()).st_size) > LARGEST:
            raise ValueError(f"expected at most {LARGEST} bytes, found {size}")
        try:
            for _ in range(size // CHUNK + 1):  # a file that grows meanwhile is cut off
                parser.Parse(file.read(CHUNK))
                if time.monotonic() > end:
                    raise ValueError("expected to read it in time, found it too long")
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise ValueError(f"it is no whole XML ({error})") from error
    return reader.cases


class _Reader:
    """Takes the elements of one file, in their order."""

    def __init__(self, job: str) -> None:
        self.cases: list[TestCase] = []
        self._job = job
        self._mask = redact.of_environment()
        self._tool: str | None = None  # None: no element has begun
        self._case: TestCase | None = None

    def refuse(self, name: str, *_: object) -> None:
        if name not in SUITES:
            raise OtherFileError
        raise ValueError("expected no document type, found one: it is not read")

    def start(self, name: str, given: dict[str, str]) -> None:
        if self._tool is None and name not in SUITES:
            raise OtherFileError
        if name in SUITES:
            self._tool = self._tool or tool_of(given)
        elif name == "testcase":
            self._case = self._begun(given)
        elif self._case and (outcome := _outcome(name)):
            skipped = outcome == SKIPPED and self._case.outcome == PASSED
            outcome = SKIPPED if skipped else worse(outcome, self._case.outcome)
            message = self._case.message or self._line(given.get("message", "").strip())
            self._case = self._case._replace(outcome=outcome, message=message)

    def _begun(self, given: dict[str, str]) -> TestCase:
        # a title of several lines is one line here, so that no two tests have one name
        classname, title = (_joined(given.get(key, "")) for key in ("classname", "name"))
        name = "::".join(part for part in (classname, title) if part)
        return TestCase(
            self._job,
            self._line(name),
            PASSED,
            _seconds(given.get("time", "0")),
            self._line(classname),
            self._line(title),
            tool=self._tool or "",
        )

    def _line(self, text: str) -> str:
        """Return the first line of a text as it may be shown."""
        return redact.shorten(printable(text.partition("\n")[0]), LONGEST, self._mask)

    def end(self, name: str) -> None:
        if name == "testcase" and self._case:
            self.cases.append(self._case)
            self._case = None
            if len(self.cases) > MOST_CASES:
                raise ValueError(f"expected at most {MOST_CASES} test cases, found more")


def tool_of(suite: dict[str, str]) -> str:
    """Return the test runner that wrote a suite with these attributes, '' if it is unknown."""
    name = suite.get("name", "")
    if suite.keys() >= {"id", "name", "tests"} and not name:
        return PLAYWRIGHT
    return TOOLS.get(name, "")


def _joined(text: str) -> str:
    return " ".join(text.splitlines())


def _outcome(element: str) -> str:
    """Return what an element within a test case says of it, '' if nothing."""
    if element in ("flakyFailure", "flakyError"):  # as Surefire writes them
        return FLAKY
    return {"failure": FAILED, "error": FAILED, "skipped": SKIPPED}.get(element, "")


def _seconds(text: str) -> float:
    try:
        seconds = float(text.replace(",", ""))
    except ValueError:
        return 0.0
    return seconds if math.isfinite(seconds) and seconds >= 0 else 0.0
