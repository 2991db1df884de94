"""Reads the test cases of a run from its directory: those in the JUnit files that its jobs wrote.

The files of a job's field `junit` are in `junit/<job>/latest/`, those of an earlier attempt in
`latest.1/`, and so on. A job without that field may have kept XML files with others, in
`kept/<job>/`: they are read as well. Code from a branch makes them, so their number, size and time
are bounded, and no link is followed. A program reads each file once, see `read_once.py`.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from lib.common.plain_text import printable
from lib.test_results.junit_file import MOST_CASES
from lib.test_results.read_once import FilesOfRun
from lib.test_results.test_case import FAILED, FLAKY, PASSED, TestCase, worse

JUNIT, LATEST = "junit", "latest"
KEPT = "kept"
MOST_FILES = 500  # of a run
PATIENCE = 5.0  # seconds for all files of a run
Found = dict[str, list[TestCase]]

_one_at_a_time = threading.Lock()  # a thread that posts statuses reads as well
_latest = FilesOfRun(Path(), PATIENCE)


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
    """Do the same for some jobs (default: all); return the faults of files as well, a line each.

    It reads files that are not known yet for `patience` seconds at most, and all calls for one run
    together for PATIENCE seconds.
    """
    with _one_at_a_time:
        known = _files_of(run)
        left = known.left if patience is None else min(known.left, patience)
        reading = _Reading(known, time.monotonic() + left)
        for job in sorted(_jobs(run) if jobs is None else jobs):
            reading.add(job)
        return reading.found, reading.faults


def forget() -> None:
    """Remember no file: a new run begins, maybe in the directory of the one before."""
    global _latest  # noqa: PLW0603 - see read_once.py
    with _one_at_a_time:
        _latest = FilesOfRun(Path(), PATIENCE)


def news(run: Path, faults: Iterable[str]) -> list[str]:
    """Return the faults that are not in the log of a run yet; they are about to be."""
    with _one_at_a_time:
        return _files_of(run).news(faults)


def _files_of(run: Path) -> FilesOfRun:
    global _latest  # noqa: PLW0603 - see read_once.py
    if _latest.run != run:
        _latest = FilesOfRun(run, PATIENCE)
    return _latest


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

    def __init__(self, known: FilesOfRun, end: float) -> None:
        self.found: Found = {}
        self.faults: list[str] = []
        self._known = known
        self._run = known.run
        self._end = end
        self._files = self._cases = 0
        self._lacks = False

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
            if self._leaves_out(self._files >= MOST_FILES or self._cases >= MOST_CASES):
                break
            self._files += 1
            told = self._known.known(job, path)
            if told is None:
                if self._leaves_out(time.monotonic() > self._end):
                    continue
                told = self._known.read(job, path, self._end)
            self.faults += [told.fault] if told.fault else []
            self._cases += _merge(cases, told.cases)
        return cases

    def _leaves_out(self, over: bool) -> bool:
        """Tell once that files are left out, if a bound is reached; return whether it is."""
        if over and not self._lacks:
            self._lacks = True
            self.faults.append(
                f"some test results are not read: the bounds are {MOST_FILES} files, {MOST_CASES} "
                f"cases and {PATIENCE:g} s, see {printable(str(self._run))}"
            )
        return over


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
