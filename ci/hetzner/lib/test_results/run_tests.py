"""Reads the test cases of a run from its directory: those in the JUnit files that its jobs wrote.

The files of a job's field `junit` are in `junit/<job>/latest/`, those of an earlier attempt in
`latest.1/`, and so on. A job without that field may have kept XML files with others, in
`kept/<job>/`: they are read as well. Code from a branch makes them, so their number, size and time
are bounded, and no link is followed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from lib.common.plain_text import printable
from lib.test_results import junit_file
from lib.test_results.junit_file import MOST_CASES, OtherFileError
from lib.test_results.test_case import FAILED, FLAKY, PASSED, TestCase, worse

JUNIT, LATEST = "junit", "latest"
KEPT = "kept"
MOST_FILES = 500  # of a run
PATIENCE = 5.0  # seconds for all files of a run
Found = dict[str, list[TestCase]]


def place(run: Path, job: str) -> Path:
    """Return the directory of the JUnit files of a job's latest attempt."""
    return run / JUNIT / job / LATEST


def tests_of(run: Path) -> Found:
    """Return the test cases of a run by job, in the order of their files.

    A name that comes more than once has the worst outcome and the sum of the seconds.
    """
    return read(run)[0]


def read(
    run: Path, jobs: Collection[str] | None = None, patience: float | None = None
) -> tuple[Found, list[str]]:
    """Do the same for some jobs (default: all); return the faults of files as well, a line each."""
    end = time.monotonic() + (PATIENCE if patience is None else patience)
    reading = _Reading(run, end)
    for job in sorted(_jobs(run) if jobs is None else jobs):
        reading.add(job)
    return reading.found, reading.faults


def _jobs(run: Path) -> set[str]:
    """Return the jobs that have files; `kept/a.1` is of an earlier attempt of a job `a`."""
    kept = set(_directories(run / KEPT))
    earlier = {n for n in kept if n.rpartition(".")[2].isdigit() and n.rpartition(".")[0] in kept}
    return {*_directories(run / JUNIT), *(kept - earlier)}


def _directories(path: Path) -> list[str]:
    try:
        with os.scandir(path) as entries:
            return [each.name for each in entries if each.is_dir(follow_symlinks=False)]
    except OSError:
        return []


class _Reading:
    """The test cases of a run so far, within the bounds."""

    def __init__(self, run: Path, end: float) -> None:
        self.found: Found = {}
        self.faults: list[str] = []
        self._run = run
        self._end = end
        self._files = self._cases = 0
        self._spent = False

    def add(self, job: str) -> None:
        """Add the cases of a job."""
        attempts = _attempts(self._run / JUNIT / job)
        *earlier, last = attempts or [self._run / KEPT / job]
        latest = self._of_attempt(job, last)
        if not latest:
            return
        for attempt in earlier:
            for name, case in self._of_attempt(job, attempt).items():
                later = latest.get(name)
                if later and case.outcome == FAILED and later.outcome == PASSED:
                    latest[name] = later._replace(outcome=FLAKY, message=case.message)
        self.found[job] = list(latest.values())

    def _of_attempt(self, job: str, directory: Path) -> dict[str, TestCase]:
        cases: dict[str, TestCase] = {}
        for path in _files(directory):
            if self._is_spent():
                break
            self._files += 1
            try:
                found = junit_file.read(job, path, self._end)
            except OtherFileError:
                continue
            except (OSError, ValueError, LookupError) as error:
                self.faults.append(printable(f"test results cannot be read: {path}: {error}"))
                continue
            self._cases += _merge(cases, found)
        return cases

    def _is_spent(self) -> bool:
        late = time.monotonic() > self._end
        if not self._spent and (self._files >= MOST_FILES or self._cases >= MOST_CASES or late):
            self._spent = True
            self.faults.append(
                f"some test results are not read: the bounds are {MOST_FILES} files, {MOST_CASES} "
                f"cases and {PATIENCE:g} s, see {printable(str(self._run))}"
            )
        return self._spent


def _attempts(directory: Path) -> Sequence[Path]:
    """Return the directories of a job's attempts, the first attempt first; none if it is a link."""
    if directory.is_symlink():
        return ()
    numbers = {}
    for name in _directories(directory):
        start, _, number = name.partition(".")
        if name == LATEST or (start == LATEST and number.isascii() and number.isdigit()):
            numbers[name] = int(number[:9]) if number else 10**9
    if LATEST not in numbers:
        return ()
    return [directory / name for name in sorted(numbers, key=numbers.__getitem__)]


def _files(directory: Path) -> Iterator[Path]:
    if directory.is_symlink():
        return
    for below, names, file_names in os.walk(directory):  # it follows no link below it
        names.sort()
        yield from (Path(below, name) for name in sorted(file_names) if name.endswith(".xml"))


def _merge(found: dict[str, TestCase], cases: Iterable[TestCase]) -> int:
    """Add cases to those of other files; return the number of new names."""
    before = len(found)
    for case in cases:
        if other := found.get(case.name):
            outcome = worse(case.outcome, other.outcome)
            message = other.message or case.message
            seconds = case.seconds + other.seconds
            case = case._replace(outcome=outcome, seconds=seconds, message=message)
        found[case.name] = case
    return len(found) - before
