"""Reads the results of test cases in the JUnit XML files that jobs kept.

The files are a job's, so number, size and time are bounded. A document type is refused: with one,
XML may grow without bound (docs.python.org/3/library/xml.html#xml-vulnerabilities).
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from lib.common import files, redact
from lib.common.plain_text import printable

SUITES = ("testsuites", "testsuite")  # the first element of a JUnit file
MOST_FILES = 500  # of a run
LARGEST = 50_000_000  # bytes of a file
MOST_CASES = 100_000  # of a run
LONGEST = 300  # characters of a name
PATIENCE = 5.0  # seconds for all files of a run
CHUNK = 1 << 16  # bytes
PASSED, FAILED, SKIPPED, FLAKY = "passed", "failed", "skipped", "flaky"
_SEVERITY = {outcome: rank for rank, outcome in enumerate((SKIPPED, PASSED, FLAKY, FAILED))}


class TestCase(NamedTuple):
    """A test case of a job: `outcome` is passed, failed, skipped or flaky (by its own retries)."""

    job: str
    name: str
    outcome: str
    seconds: float


class _OtherFileError(Exception):
    """The file is XML of another kind, such as a report of coverage."""


def read(kept: Path, jobs: Collection[str]) -> tuple[list[TestCase], list[str]]:
    """Return the test cases in `<kept>/<job>/**/*.xml` of these jobs, and a line for each fault.

    A name that comes more than once has the worst outcome and the sum of the seconds.
    """
    found: dict[tuple[str, str], TestCase] = {}
    faults = []
    end = time.monotonic() + PATIENCE
    for number, (job, path) in enumerate(_paths(kept, jobs)):
        if number == MOST_FILES or len(found) >= MOST_CASES or time.monotonic() > end:
            faults.append(
                f"some test results are not in the history: at most {MOST_FILES} files, "
                f"{MOST_CASES} cases and {PATIENCE:g} s are read, see {printable(str(kept))}"
            )
            break
        try:
            for case in _cases(job, path, end):
                _add(found, case)
        except _OtherFileError:
            continue
        except (OSError, ValueError, LookupError) as error:
            faults.append(printable(f"test results cannot be read: {path}: {error}"))
    return list(found.values()), faults


def _paths(kept: Path, jobs: Collection[str]) -> Iterator[tuple[str, Path]]:
    for job in sorted(jobs):
        if (kept / job).is_symlink():
            continue
        for directory, names, file_names in os.walk(kept / job):  # it follows no link below it
            names.sort()
            for name in sorted(file_names):
                if name.endswith(".xml"):
                    yield job, Path(directory, name)


def _add(found: dict[tuple[str, str], TestCase], case: TestCase) -> None:
    key = (case.job, case.name)
    if other := found.get(key):
        outcome = max(case.outcome, other.outcome, key=_SEVERITY.__getitem__)
        case = case._replace(outcome=outcome, seconds=case.seconds + other.seconds)
    found[key] = case


def _cases(job: str, path: Path, end: float) -> list[TestCase]:
    """Return the test cases of a file. Raises OSError, ValueError, _OtherFileError.

    LookupError stands for an encoding that Python does not know.
    """
    from xml.parsers import expat  # late: only runs that kept such a file need it

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
                    raise ValueError(f"expected to read it within {PATIENCE:g} s, found it longer")
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
        self._begun = False
        self._case: TestCase | None = None

    def refuse(self, name: str, *_: object) -> None:
        if name not in SUITES:
            raise _OtherFileError
        raise ValueError("expected no document type, found one: it is not read")

    def start(self, name: str, given: dict[str, str]) -> None:
        if not self._begun and name not in SUITES:
            raise _OtherFileError
        self._begun = True
        if name == "testcase":
            parts = [given.get("classname", ""), given.get("name", "")]
            full = printable("::".join(part for part in parts if part))
            seconds = _seconds(given.get("time", "0"))
            self._case = TestCase(
                self._job, redact.shorten(full, LONGEST, self._mask), PASSED, seconds
            )
        elif self._case and (outcome := _outcome(name)):
            worse = max(outcome, self._case.outcome, key=_SEVERITY.__getitem__)
            skipped = outcome == SKIPPED and self._case.outcome == PASSED
            self._case = self._case._replace(outcome=SKIPPED if skipped else worse)

    def end(self, name: str) -> None:
        if name == "testcase" and self._case:
            self.cases.append(self._case)
            self._case = None
            if len(self.cases) > MOST_CASES:
                raise ValueError(f"expected at most {MOST_CASES} test cases, found more")


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
