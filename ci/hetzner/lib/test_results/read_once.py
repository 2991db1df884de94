"""Remembers what the JUnit files of a run told: the views of a run ask for the same files.

So a program reads each file once, and all of them within one time: a job may have written files
that are slow to read. Only the latest run of a program is remembered.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from lib.common.plain_text import printable
from lib.test_results import junit_file
from lib.test_results.junit_file import OtherFileError
from lib.test_results.test_case import TestCase


class Told(NamedTuple):
    """The test cases of a file, and a line if it cannot be read; neither for XML of other kinds."""

    cases: Sequence[TestCase] = ()
    fault: str = ""


class FilesOfRun:
    """The files of one run; `left` are the seconds for those that are not read yet."""

    def __init__(self, run: Path, patience: float) -> None:
        self.run = run
        self.left = patience
        self._told: dict[object, Told] = {}
        self._faults: set[str] = set()  # that are in the log of the run

    def known(self, job: str, path: Path) -> Told | None:
        """Return what a file told, None if it is not read yet, or is another file since then."""
        return self._told.get(_identity(job, path))

    def read(self, job: str, path: Path, end: float) -> Told:
        """Read a file of a job and remember what it told; `end` is on the monotonic clock."""
        identity, began = _identity(job, path), time.monotonic()
        try:
            told = Told(junit_file.read(job, path, end))
        except OtherFileError:
            told = Told()
        except (OSError, ValueError, LookupError) as error:
            told = Told(fault=printable(f"test results cannot be read: {path}: {error}"))
        finally:
            self.left -= time.monotonic() - began
        self._told[identity] = told
        return told

    def news(self, faults: Iterable[str]) -> list[str]:
        """Return the faults that were not given to this method before."""
        new = [fault for fault in faults if fault not in self._faults]
        self._faults.update(new)
        return new


def _identity(job: str, path: Path) -> object:
    """Return a value that is another one if the file is; a later attempt moves it."""
    try:
        found = path.lstat()
    except OSError:
        return job, path
    return job, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
